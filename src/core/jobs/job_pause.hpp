// How the runners of jobs and schedules wait: for the bell, for a time, and for nothing else.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/task.hpp"

namespace colonnade::core {

// Returns when `wake` was notified, `time` has passed, or `stop` was requested. Without a time
// nothing but the other two ends it, and it costs nothing meanwhile.
base::Task<void> rest_until(std::shared_ptr<base::Signal> wake,
                            std::optional<std::chrono::microseconds> time, std::stop_token stop);

}  // namespace colonnade::core
