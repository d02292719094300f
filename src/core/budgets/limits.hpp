// Limits of budgets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t budget_caps_per_scope = 200;
constexpr std::int64_t budget_micros_max = 1'000'000'000'000'000;  // a billion dollars
constexpr std::int64_t budget_runs_max = 1'000'000'000;
constexpr double budget_threshold_max = 200;  // percent, platos §2.4
constexpr std::size_t budget_thresholds_max = 20;
constexpr std::size_t budget_name_bytes_max = 256;  // of a target, a skill, an agent
constexpr std::size_t budget_webhook_bytes_max = 2048;
constexpr std::size_t budget_emails_bytes_max = 2048;  // of all addresses together
constexpr int budget_override_minutes_max = 60 * 24 * 31;

// What is spent is kept by the hour for rolling weeks, and in one row a window for all other
// periods. No window reaches further back than a month.
constexpr auto budget_spent_kept_time = 24h * 62;
constexpr auto budget_purge_interval = 1h;

// Of a call whose limit nobody set: no vendor is asked without one where a cap counts.
constexpr std::int64_t budget_message_tokens = 100;       // what stands around a message, at most
constexpr std::int64_t budget_tool_tokens = 100;          // the same of a tool's definition
constexpr std::int64_t budget_tools_tokens = 2000;        // what a vendor adds when there is any
constexpr std::int64_t budget_image_tokens = 5000;        // the largest that models make of one
constexpr std::int64_t budget_document_tokens = 100'000;  // of a file that only its vendor reads

constexpr std::size_t budget_alerts_at_once = 100;  // queued by one transaction each
constexpr int budget_alert_attempts = 8;
constexpr auto budget_alert_delay_min = 5s;
constexpr auto budget_alert_delay_max = 10min;
constexpr auto budget_alert_time_max = 15s;  // for a webhook to answer
constexpr auto budget_alert_kept_time = 24h * 62;

}  // namespace colonnade::limits
