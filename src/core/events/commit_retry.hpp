// Trying again what the store could not take just now: an error of a commit that is `retryable`.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>

#include "base/task.hpp"
#include "core/events/limits.hpp"

namespace colonnade::core {

// Between two attempts to store the same thing: doubles from the first to the last, and up to half
// of it more, so that many do not try at once.
struct CommitRetry {
  std::chrono::milliseconds delay_min = limits::commit_retry_delay_min;
  std::chrono::milliseconds delay_max = limits::commit_retry_delay_max;
};

// Waits after the failed attempt number `attempt`, counted from 0; false when `stop` was requested
// first. `spread` is any number that differs between those who wait.
base::Task<bool> wait_to_retry(CommitRetry retry, int attempt, std::size_t spread,
                               std::stop_token stop);

}  // namespace colonnade::core
