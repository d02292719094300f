// The reads of budgets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/budgets/budget_store.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"

namespace colonnade::storage::sqlite {

class BudgetReads final : public core::BudgetStore {
 public:
  // The readers must outlive it.
  explicit BudgetReads(ReaderPool& readers) : readers_(readers) {}

  base::Task<Result<std::vector<core::BudgetCap>>> budget_caps(core::Scope scope) override;
  base::Task<Result<std::optional<core::BudgetCap>>> budget_cap(core::Scope scope,
                                                                std::string id) override;
  base::Task<Result<std::optional<core::BudgetCap>>> budget_cap_of(core::Scope scope,
                                                                   core::BudgetKey key) override;
  base::Task<Result<std::vector<core::BudgetCap>>> every_budget_cap(
      core::EveryScopePage page) override;
  base::Task<Result<std::vector<core::BudgetStanding>>> budget_standings(
      core::Scope scope, core::BudgetParties parties, Time now) override;
  base::Task<Result<std::optional<core::BudgetStanding>>> budget_standing(core::Scope scope,
                                                                          std::string id,
                                                                          std::string subject,
                                                                          Time now) override;
  base::Task<Result<std::vector<core::BudgetAlert>>> budget_alerts(std::size_t limit) override;

 private:
  ReaderPool& readers_;
};

}  // namespace colonnade::storage::sqlite
