// Limits of Platos' wire.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t platos_session_token_bytes_max = 16 * KiB;  // as long as a head may be
constexpr std::size_t platos_user_id_bytes_max = 256;             // platos §1.8
constexpr std::size_t platos_agent_id_bytes_max = 256;
constexpr std::size_t platos_user_meta_bytes_max = 1 * KiB;     // each of name and email
constexpr std::size_t platos_user_token_bytes_max = 8 * KiB;    // it goes into a header
constexpr std::size_t platos_body_bytes_max = 1 * MiB;          // of requests with JSON
constexpr std::size_t platos_trigger_body_bytes_max = 4 * MiB;  // a payload of 3 MiB, and options
constexpr std::size_t platos_batch_body_bytes_max = 16 * MiB;   // a batch's payloads together
constexpr int platos_batch_running_max = 20;                    // platos §5.6
constexpr std::size_t platos_fallbacks_max = 16;                // of one agent's retry rules
constexpr std::size_t platos_runs_default = 50;
constexpr std::size_t platos_runs_max = 1000;
constexpr std::size_t platos_mint_body_bytes_max = 64 * KiB;  // anybody may send it
constexpr std::size_t platos_traceparent_bytes_max = 128;
constexpr std::int64_t platos_exp_seconds_max = 253'402'300'799;  // the last second of year 9999
// platos §2.5
constexpr std::size_t platos_monitoring_rows_default = 50;
constexpr std::size_t platos_monitoring_rows_max = 200;
constexpr std::size_t platos_monitoring_days_default = 30;
constexpr std::size_t platos_monitoring_days_max = 365;
constexpr std::size_t platos_cost_days_default = 7;     // of `daysBack`
constexpr std::size_t platos_cost_agents_default = 20;  // rows of costs by agent, model or user
constexpr std::size_t platos_trace_messages_max = 500;  // of a thread's trace
// platos §1.3
constexpr std::int64_t platos_token_seconds_min = 60;
constexpr std::int64_t platos_token_seconds_max = 604'800;
constexpr std::int64_t platos_token_seconds_default = 3600;
constexpr std::int64_t platos_guest_token_seconds = 1800;

}  // namespace colonnade::limits
