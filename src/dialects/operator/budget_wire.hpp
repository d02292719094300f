// Budgets in the words of the operator's routes: money is US dollars, a limit of 0 is none.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/budgets/budgets.hpp"

namespace colonnade::dialects::operators {

// {"holder","target"?,"period","limit_usd"?,"runs"?,"thresholds"?,"webhook_url"?,"emails"?,
// "enabled"?,"agent_id"?}. Errors: invalid, with the member.
base::Result<core::NewBudgetCap> decode_budget(std::string_view body);
// {"minutes"}. The same.
base::Result<int> decode_override(std::string_view body);

// {"id","scope","holder","target","period","limit_usd","runs","thresholds","webhook_url","emails",
// "override_until","override_by","enabled","tier","skill","agent_id","changed_by","created_at",
// "updated_at"}
std::string encode_budget(const core::BudgetCap& cap);
// {"budgets":[…]}
std::string encode_budgets(std::span<const core::BudgetCap> caps);
// One of those with "window","user","spent_usd","reserved_usd","runs_begun","percent","blocked".
std::string encode_standing(const core::BudgetStanding& standing, base::Time now);

}  // namespace colonnade::dialects::operators
