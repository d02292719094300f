// Limits of schedules.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t cron_text_bytes_max =
    256;                             // one expression; the longest useful ones have 100
constexpr int cron_year_min = 1970;  // what a year field may name
constexpr int cron_year_max = 2100;
constexpr int cron_search_years = 400;  // the calendar repeats: what is not in these never comes

constexpr auto interval_min = 1s;
constexpr auto interval_max = std::chrono::hours(24 * 366 * 100);  // a century

constexpr std::size_t preview_times_max = 1000;  // of one call; clients show 5 to 100

constexpr std::size_t zone_name_bytes_max = 64;         // the longest that there is has 32
constexpr std::size_t zone_file_bytes_max = 256 * KiB;  // the largest that there is has 4 KiB

// A due time that is met this much later was met: a restart of the server is no reason to leave it
// out.
constexpr auto misfire_tolerance = 60s;
constexpr std::size_t catch_up_runs_max = 1000;  // runs that one schedule makes up for at once

}  // namespace colonnade::limits
