// Changes of budgets as SQL, inside the writer's transaction, which is what makes a reservation
// safe: no other is applied between its check and its row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/budgets/budget_store.hpp"
#include "storage/sqlite/budget_rows.hpp"
#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

class BudgetChanges {
 public:
  explicit BudgetChanges(Database& database) : database_(database) {}

  // As Changes::apply().
  Result<void> apply(const core::Scope& scope, const core::BudgetChange& change);
  // Whether anything was written since the last call.
  bool take_wrote() { return std::exchange(wrote_, false); }

 private:
  struct Amount {
    std::int64_t micros = 0;
    int runs = 0;
  };

  Result<void> on(const core::Scope& scope, const core::PutBudgetCap& change);
  Result<void> on(const core::Scope& scope, const core::RemoveBudgetCap& change);
  Result<void> on(const core::Scope& scope, const core::ReserveBudget& change);
  Result<void> on(const core::Scope& scope, const core::SettleBudget& change);
  Result<void> on(const core::Scope& scope, const core::RecoverBudgets& change);
  Result<void> on(const core::Scope& scope, const core::PurgeBudgets& change);
  Result<void> on(const core::Scope& scope, const core::TakeBudgetAlert& change);

  Result<void> insert_cap(const core::Scope& scope, const core::PutBudgetCap& change);
  Result<void> check(const core::Scope& scope, const BudgetCapRow& row,
                     const core::ReserveBudget& change);
  Result<void> hold(const core::Scope& scope, const std::string& run_id, const BudgetCapRow& row,
                    const std::string& subject, std::int64_t micros);
  Result<void> give_back(const core::Scope& scope, const std::string& run_id);
  Result<void> book(const BudgetCapRow& row, const std::string& subject, Amount amount, Time at);
  Result<void> note_thresholds(const BudgetCapRow& row, const std::string& subject, Time at);

  template <class... Values>
  Result<std::int64_t> write(const char* sql, const Values&... values) {
    auto changed = database_.run(sql, values...);
    if (changed && *changed > 0) wrote_ = true;
    return changed;
  }

  Database& database_;
  bool wrote_ = false;
};

}  // namespace colonnade::storage::sqlite
