// Limits of committing and of the event feed.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t commit_queue_units_max = 16'384;    // beyond this, writers are told to wait
// What a client is told to wait while the disk fails; it is probed about as often.
constexpr auto store_retry_after = 250ms;
constexpr std::size_t joined_delta_bytes_max = 64 * KiB;  // a joined event must still suit a stream

}  // namespace colonnade::limits
