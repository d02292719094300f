// The model's input. More messages than this are summarized, or the oldest left out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t context_messages_max = 1000;
constexpr std::int64_t context_reserve_tokens = 1024;  // kept free besides the reply, for estimates
constexpr int context_compact_at_percent = 80;         // of the room: then old runs are summarized
constexpr int context_compact_to_percent = 40;    // of the room, after it: the next one is far away
constexpr int context_compact_gain_percent = 10;  // of the room: less is not worth a call
constexpr int context_shorten_to_percent = 75;    // of the room, once results are shortened
constexpr std::int64_t context_result_tokens_min = 128;  // what is left of a shortened tool result
constexpr std::int64_t context_summary_tokens_max = 2048;    // asked of the summarizing model
constexpr std::size_t context_summary_bytes_max = 32 * KiB;  // stored of what it said
constexpr std::size_t context_told_bytes_max = 8 * KiB;      // of one part, told to that model
// A report is believed when it is within this factor of the estimate; else the provider counts
// something else, or nothing.
constexpr int context_report_factor_max = 4;

}  // namespace colonnade::limits
