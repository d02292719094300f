// Budgets in Platos' words (platos §2.4): money is cents, a limit of 0 is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/access/principal.hpp"
#include "core/budgets/budgets.hpp"

namespace colonnade::dialects::platos {

// The two clients write addresses of alerts differently.
enum class EmailForm { text_or_null, list };

// What a reader may be shown: where alerts go is the operators' alone.
struct BudgetView {
  EmailForm emails = EmailForm::text_or_null;
  bool with_alerts = false;
};
BudgetView budget_view(const core::Principal& who, EmailForm emails);

// {"cap": …}
std::string encode_budget(const core::BudgetCap& cap, const BudgetView& view);
// {"caps": […]}
std::string encode_budgets(const std::vector<core::BudgetCap>& caps, const BudgetView& view);
// {"caps": [Status…], "blocked", "reason"?}
std::string encode_budget_status(const core::BudgetStatus& status, const BudgetView& view);

// The body of an upsert. Errors: invalid, with the member's name.
base::Result<core::NewBudgetCap> decode_budget(std::string_view body);
// The minutes of an override. The same.
base::Result<int> decode_override(std::string_view body);
// The same error with the wire's name of its member.
base::Error budget_error(base::Error error);

}  // namespace colonnade::dialects::platos
