// Limits of Faramesh's wire.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"
#include "core/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t faramesh_actions_default = 20;      // faramesh §2.5
constexpr std::size_t faramesh_body_bytes_max = 1 * MiB;  // room for the largest action, spaced out
constexpr std::size_t faramesh_members_max = 64;          // of an object of the wire's own
constexpr std::size_t faramesh_batch_actions_max = 100;   // of one body; each is a commit
constexpr std::size_t faramesh_batch_body_bytes_max = 12 * MiB;  // room for that many large ones
constexpr std::size_t faramesh_policy_bytes_max = 512 * KiB;  // of a policy that is only looked at
constexpr std::size_t faramesh_input_echo_bytes_max = 1 * KiB;  // of a wrong input, in its refusal
constexpr std::size_t faramesh_sample_bytes_max = 1 * KiB;      // of params repeated in sample code
constexpr std::size_t faramesh_feed_events_replayed = 10;       // faramesh §3.4, to a new reader
constexpr std::size_t faramesh_feed_records_searched = page_rows_max;  // for those
constexpr std::size_t faramesh_metric_tools_max = 50;  // tool names among the metrics; then "other"

// Reading a policy that is only looked at, waiting for its turn included.
constexpr auto policy_check_time_max = std::chrono::seconds(10);

}  // namespace colonnade::limits
