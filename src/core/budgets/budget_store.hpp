// The store port for budgets, as core/events/journal.hpp says of all: the caps, what was spent in
// their windows, and what is reserved for calls under way.
//
// Changes of budgets are one alternative of core::Change, a pointer to a BudgetChange
// (budget_change() makes it). What a run may spend is decided when its reservation is applied, on
// the one writer: however many runs ask at once, none is let through that passes a cap together
// with the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/every_scope.hpp"
#include "core/access/scope.hpp"
#include "core/budgets/budget.hpp"
#include "core/budgets/limits.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

// A threshold that a cap has crossed and that somebody is to be told of.
struct BudgetAlert {
  std::int64_t no = 0;  // the store's: rising
  Scope scope;
  std::string cap_id{};
  std::string subject{};
  std::string window_key{};
  double threshold = 0;
  std::int64_t spent_micros = 0;  // when it was crossed
  std::int64_t runs = 0;
  Time at{};
};

class BudgetStore {
 public:
  virtual ~BudgetStore() = default;
  // Ordered by holder, target, period, tier, skill, agent, each by its text; all of them, as there
  // are limits::budget_caps_per_scope at most.
  virtual base::Task<Result<std::vector<BudgetCap>>> budget_caps(Scope scope) = 0;
  virtual base::Task<Result<std::optional<BudgetCap>>> budget_cap(Scope scope, std::string id) = 0;
  virtual base::Task<Result<std::optional<BudgetCap>>> budget_cap_of(Scope scope,
                                                                     BudgetKey key) = 0;
  virtual base::Task<Result<std::vector<BudgetCap>>> every_budget_cap(EveryScopePage page) = 0;
  // How the caps stand that are enabled and match, in the order of budget_caps().
  virtual base::Task<Result<std::vector<BudgetStanding>>> budget_standings(Scope scope,
                                                                           BudgetParties parties,
                                                                           Time now) = 0;
  // How one cap stands, of the user `subject` when it counts for every user; enabled or not.
  virtual base::Task<Result<std::optional<BudgetStanding>>> budget_standing(Scope scope,
                                                                            std::string id,
                                                                            std::string subject,
                                                                            Time now) = 0;
  // Those that no job was made for yet, the oldest first, of every scope.
  virtual base::Task<Result<std::vector<BudgetAlert>>> budget_alerts(std::size_t limit) = 0;
};

// Inserts the cap, or replaces the one of that id; what was spent stays. conflict when another cap
// has its key, too_large when the scope has `caps_max`.
struct PutBudgetCap {
  BudgetCap cap;
  std::size_t caps_max = limits::budget_caps_per_scope;
};
// With what was spent, reserved and to be told. not_found.
struct RemoveBudgetCap {
  std::string id{};
};

// Before a model call: reserves the most that it can cost in every cap that is enabled and matches,
// in place of what was reserved for the run before. over_budget, and nothing is applied, when a cap
// that is not overridden has been reached, or would be passed; of caps with a limit of money also
// when the price is unknown.
struct ReserveBudget {
  std::string run_id{};
  BudgetParties parties{};
  std::int64_t micros = 0;
  bool price_is_known = true;
  bool begins_run = false;        // counts a run
  std::int64_t spent_micros = 0;  // by the run's calls before, not booked yet
  Time at{};
};
// After it: books what was spent in every cap that is enabled and matches, and gives back what was
// reserved for the run. Notes the thresholds that were crossed of caps with a webhook. A run
// without a reservation is fine.
struct SettleBudget {
  std::string run_id{};
  BudgetParties parties{};
  std::int64_t spent_micros = 0;
  Time at{};
};
// At a start, of every scope: what processes that are gone had reserved is given back.
struct RecoverBudgets {};
// Of every scope: what no window reaches any more, and alerts that were told before, are removed.
struct PurgeBudgets {
  Time spent_before{};
  Time told_before{};
};
// A job was made for the alert, in the same unit. conflict when one was before, or its cap is gone.
struct TakeBudgetAlert {
  std::int64_t no = 0;
  Time at{};
};

struct BudgetChange {
  std::variant<PutBudgetCap, RemoveBudgetCap, ReserveBudget, SettleBudget, RecoverBudgets,
               PurgeBudgets, TakeBudgetAlert>
      what;
};

template <class One>
std::shared_ptr<const BudgetChange> budget_change(One one) {
  return std::make_shared<const BudgetChange>(BudgetChange{std::move(one)});
}

}  // namespace colonnade::core
