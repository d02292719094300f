// Limits of a run.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto untold_delta_time_max = 50ms;  // before output that nobody follows is stored
constexpr std::size_t untold_delta_bytes_max = 64 * KiB;
constexpr int run_rounds_max = 50;    // model calls in one run
constexpr auto run_time_max = 30min;  // a whole run, waiting for approvals excluded
constexpr int model_retries_max = 4;  // after the first attempt, only before any output
constexpr auto model_retry_delay_min = 500ms;
constexpr auto model_retry_delay_max = 30s;  // also caps Retry-After

}  // namespace colonnade::limits
