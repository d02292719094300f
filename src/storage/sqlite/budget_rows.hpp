// Rows of budgets as core's values, and how a cap stands; for reads and for changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/budgets/budget_store.hpp"
#include "storage/sqlite/database.hpp"

#define COLONNADE_BUDGET_CAP_COLUMNS                                                       \
  "no, scope, id, holder, target, period, tier, skill, agent_id, limit_micros, runs_max, " \
  "thresholds, webhook_url, emails, override_until, override_by, enabled, changed_by, "    \
  "created_at, updated_at"

namespace colonnade::storage::sqlite {

struct BudgetCapRow {
  std::int64_t no = 0;
  core::BudgetCap cap;
};
Result<BudgetCapRow> read_budget_cap_row(Statement& row);

// Hundredths of a percent, as thresholds are stored.
std::int64_t threshold_number(double percent);
double threshold_from(std::int64_t number);
std::string thresholds_text(const std::vector<double>& thresholds);

// Those that are enabled and count runs of these, in the order of core::BudgetStore.
Result<std::vector<BudgetCapRow>> matching_budget_caps(Database& database, const core::Scope& scope,
                                                       const core::BudgetParties& parties);
// As of `now`.
Result<core::BudgetStanding> budget_standing(Database& database, const BudgetCapRow& cap,
                                             std::string_view subject, Time now);

}  // namespace colonnade::storage::sqlite
