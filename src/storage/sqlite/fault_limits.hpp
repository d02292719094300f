// How the store behaves while the disk fails, and how long its log may grow.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

// Pages of 4 KiB: 16 MiB. A longer log makes every read slower, a shorter one syncs more often.
constexpr std::int64_t log_frames_kept_max = 4000;
// Between the probes of a disk that has failed. The first lets those who were refused hear of it.
constexpr auto store_probe_delay_min = 100ms;
constexpr auto store_probe_delay_max = 1s;
constexpr auto store_probe_busy_time = 100ms;  // that a probe waits for readers
// Free on the disk before the store takes units again: the largest unit, so that it does not fail
// at once for the next.
constexpr std::size_t store_room_min = 1 * MiB;

}  // namespace colonnade::limits
