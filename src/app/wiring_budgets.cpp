#include "app/wiring_budgets.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace colonnade::app {
namespace {

constexpr double micros_in_dollar = 1e6;

std::int64_t micros_of(std::optional<double> dollars) {
  return std::llround(dollars.value_or(0) * micros_in_dollar);
}

}  // namespace

core::BudgetOptions budget_options(const Settings& settings) {
  const BudgetSettings& s = settings.budgets;
  core::BudgetOptions out;
  if (s.unknown_price == UnknownPrice::assume) {
    out.unknown_price = core::Price{.input = micros_of(s.assumed_input_price),
                                    .output = micros_of(s.assumed_output_price)};
  }
  if (s.webhook_secret.empty()) {
    out.no_webhooks_because =
        "there is nothing to sign its calls with; an operator sets budgets.webhook_secret";
  }
  return out;
}

SignedWebhooksOptions webhook_options(const Settings& settings) {
  return {.secret = settings.budgets.webhook_secret, .private_hosts = settings.tools.private_hosts};
}

void add_budget_handler(core::JobHandlers& handlers, core::BudgetAlerts& alerts) {
  handlers.add(
      core::JobHandlerKind::internal, std::string(core::budget_alert_job),
      std::make_shared<core::FunctionHandler>(std::bind_front(&core::BudgetAlerts::tell, &alerts)));
}

}  // namespace colonnade::app
