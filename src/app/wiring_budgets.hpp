// What budgets are built from, as the settings want it, and their jobs. Part of the wiring.
#pragma once

#include "app/settings.hpp"
#include "app/signed_webhooks.hpp"
#include "core/budgets/budget_alerts.hpp"
#include "core/budgets/budgets.hpp"
#include "core/jobs/job_work.hpp"

namespace colonnade::app {

// The settings' secrets are resolved and checked.
core::BudgetOptions budget_options(const Settings& settings);
SignedWebhooksOptions webhook_options(const Settings& settings);

// The handler of jobs that tell of thresholds. `alerts` must outlive the table's use.
void add_budget_handler(core::JobHandlers& handlers, core::BudgetAlerts& alerts);

}  // namespace colonnade::app
