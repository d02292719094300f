// Limits of the program and of the operator's commands.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto drain_time_max = 10s;                    // SIGTERM to exit
constexpr std::size_t mcp_bridge_requests_max = 64;     // under way between a host and a server
constexpr std::size_t audit_line_bytes_max = 16 * MiB;  // of an export; far above any record
constexpr std::size_t audit_key_bytes_max = 4 * KiB;    // of a file with a key or a note
constexpr std::size_t recorded_actions_max = 100'000;   // decided again by one simulation
constexpr std::size_t recorded_actions_bytes_max = 256 * MiB;  // of a file with them

// Traces that are sent on: of runs that wait for the collector, in one request, and how patiently.
constexpr std::size_t otlp_queue_runs_max = 4096;
constexpr std::size_t otlp_batch_runs_max = 32;
constexpr auto otlp_retry_delay_min = 500ms;
constexpr auto otlp_retry_delay_max = 30s;
constexpr int otlp_attempts_max = 8;
constexpr auto otlp_request_time_max = 10s;
constexpr auto otlp_stop_time_max = 3s;
// What metrics tell apart by name; the rest is "other".
constexpr std::size_t metric_models_max = 64;  // providers' models
constexpr std::size_t metric_tools_max = 128;

}  // namespace colonnade::limits
