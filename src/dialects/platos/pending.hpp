// Routes of the contract that this server does not have yet: budgets, monitoring (platos
// §2.4, §2.5). They answer 501 to whoever may call them.
#pragma once

#include <atomic>

#include "base/task.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

class PendingResource {
 public:
  base::Task<net::Reply> answer(Caller caller, RequestPtr request);

 private:
  std::atomic<bool> said_{false};  // in the log, once
};

}  // namespace colonnade::dialects::platos
