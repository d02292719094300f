// Budgets over Platos' wire: the paths of the real server and of the TypeScript client
// (platos §2.4, 7.9).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "core/budgets/budgets.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/budget_wire.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// Thread-safe. What is named in Dependencies must outlive it.
class BudgetResource {
 public:
  struct Dependencies {
    core::Budgets& budgets;
    AnswerOnce& answer_once;
    // Hosts of webhooks that need not be public; "*" for all.
    std::vector<std::string> private_hosts{};
  };
  explicit BudgetResource(Dependencies deps) : deps_(std::move(deps)) {}

  base::Task<net::Reply> list(Caller caller, RequestPtr request);
  base::Task<net::Reply> list_for_typescript(Caller caller, RequestPtr request);
  base::Task<net::Reply> status(Caller caller, RequestPtr request);
  base::Task<net::Reply> status_for_typescript(Caller caller, RequestPtr request);
  base::Task<net::Reply> put(Caller caller, RequestPtr request);
  base::Task<net::Reply> remove(Caller caller, RequestPtr request);
  base::Task<net::Reply> lift(Caller caller, RequestPtr request);

 private:
  base::Task<net::Reply> list_as(core::Principal who, EmailForm emails);
  base::Task<net::Reply> status_as(core::Principal who, RequestPtr request, EmailForm emails);
  base::Task<Attempted> put_once(core::Principal who, core::NewBudgetCap input);
  base::Task<Attempted> lift_once(core::Principal who, std::string id, int minutes);

  Dependencies deps_;
};

std::vector<net::Route> budget_routes(Access& access, BudgetResource& budgets);

}  // namespace colonnade::dialects::platos
