// A stretch of time in which a zone's clock is set one way.
#pragma once

#include <chrono>
#include <cstdint>

namespace colonnade::scheduler {

// `begin` counts, `end` does not.
struct ZoneSpan {
  std::chrono::sys_seconds begin{};
  std::chrono::sys_seconds end{};
  std::chrono::seconds offset{};  // what local time is ahead of UTC
};

// What an offset may be (RFC 9636 §3.2).
constexpr std::chrono::seconds zone_offset_min{-89'999};
constexpr std::chrono::seconds zone_offset_max{93'599};

// Before and after everything that is asked for.
constexpr std::chrono::sys_seconds zone_time_min{std::chrono::seconds(-(std::int64_t{1} << 60))};
constexpr std::chrono::sys_seconds zone_time_max{std::chrono::seconds(std::int64_t{1} << 60)};

}  // namespace colonnade::scheduler
