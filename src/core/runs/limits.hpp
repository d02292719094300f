// Limits of a run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto pending_output_time_max = 50ms;  // before output that nobody follows is stored
constexpr std::size_t pending_output_bytes_max = 64 * KiB;
constexpr int output_units_under_way_max = 32;  // then nothing more is read from the model
// Turns without an answer: of so many, the newest, the model is shown the steps; of older ones it
// is said only that they ended. The middle of a longer result is left out.
constexpr std::size_t unanswered_turns_read_max = 20;
constexpr std::size_t unanswered_result_bytes_max = 8 * KiB;
// Under way at once; those that wait for a human are not. Each holds its messages, a model's stream
// and up to output_units_under_way_max units.
constexpr std::size_t active_runs_per_account = 1024;
constexpr std::size_t active_runs_max = 4096;
constexpr int run_rounds_max = 50;      // model calls in one run
constexpr auto run_time_max = 30min;    // a whole run, waiting for approvals excluded
constexpr int model_retries_max = 4;    // after the first attempt, only before any output
constexpr int cut_off_replies_max = 3;  // in a row, in the middle of all their calls; each is paid
constexpr auto model_retry_delay_min = 500ms;
constexpr auto model_retry_delay_max = 30s;  // also caps Retry-After

// The texts, files and arguments of a user's message: a book of 500 pages. The default of the
// setting limits.message_bytes_max.
constexpr std::size_t message_bytes_max = 1024 * 1024;

// Of a model's window: more than the server's own tools take. A message that leaves so much is
// taken without counting them.
constexpr std::int64_t tool_tokens_usual = 16'384;

// What find_tools answers (ToolMode::by_name).
constexpr std::size_t found_tools_default = 15;
constexpr std::size_t found_tools_max = 50;
constexpr std::size_t found_tools_bytes_max = 64 * KiB;

// Calls that a model makes as one, of the tool `batch`.
constexpr std::size_t batch_calls_max = 20;

// Answers that a turn with an output schema may give: one, and one that mends it.
constexpr int structured_output_attempts_max = 2;

}  // namespace colonnade::limits
