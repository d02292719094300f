// POST /session/{id}/summarize (tandem §2.2).
#pragma once

#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::tandem {

class SummaryResource {
 public:
  SummaryResource(core::Threads& threads, core::Runs& runs, core::Erasure& erasure)
      : threads_(threads), runs_(runs), erasure_(erasure) {}

  // Asks the session's own model, without tools, in a copy of the session that is erased
  // afterwards: the session itself does not change. "" for one without messages.
  base::Task<net::Reply> summarize(core::Principal who, RequestPtr request);

 private:
  base::Task<base::Result<std::string>> summary_in(core::Principal who, std::string copy_id,
                                                   RequestPtr request);

  core::Threads& threads_;
  core::Runs& runs_;
  core::Erasure& erasure_;
};

std::vector<net::Route> summary_routes(const Callers& in, SummaryResource& summaries);

}  // namespace colonnade::dialects::tandem
