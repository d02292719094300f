// What one run owes to budgets: what it has reserved, and what it has spent that is not booked yet.
// Makes the changes; core/runs/run_record commits them in the units of the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/budgets/budgets.hpp"
#include "core/events/journal.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

BudgetParties parties_of(const Run& run);

// The most that a call may cost.
struct CallBound {
  std::int64_t micros = 0;
  CallPrice price{};
};

// For the run's lane only, but for the opening, which comes before everything else.
class RunBudget {
 public:
  // `budgets` must outlive it; nullptr: nothing counts.
  RunBudget(const Budgets* budgets, const Run& run);

  // Whether any cap may count the run, as of now.
  bool counts() const;
  // Whether bound() can be asked.
  bool has_prices() const { return budgets_ != nullptr; }
  CallBound bound(std::string_view provider, const ModelRequest& request) const;

  // For the unit that opens the run: counts it, and reserves for its first call.
  ChangeOfBudgets open(const CallBound& bound);
  // Whether the next call must reserve first: what the run has is too little, or for another model.
  bool must_reserve(const CallBound& bound) const;
  ChangeOfBudgets reserve(const CallBound& bound) const;
  // That is durable.
  void reserved(const CallBound& bound);

  // A call came to its end. The model may be another than was asked for.
  void spend(std::string_view provider, std::string_view model, const Usage& usage);
  // One broke off after it had begun to answer: vendors bill what was read and said until then,
  // and do not say how much. No more than was reserved.
  void spend_broken(std::int64_t input_tokens, std::int64_t output_bytes);

  // For the unit that ends a call, or the run: books what was spent, and gives the rest back.
  // nullptr when there is nothing to settle.
  ChangeOfBudgets settle() const;
  // That is durable.
  void settled();
  // Of a run of which nothing is known but its row: gives back what it may have reserved.
  ChangeOfBudgets give_back() const;

 private:
  const Budgets* budgets_;
  Scope scope_;
  std::string run_id_;
  BudgetParties parties_;
  std::optional<std::int64_t> held_{};
  CallPrice price_{};  // of the reservation
  std::int64_t unbooked_ = 0;
};

}  // namespace colonnade::core
