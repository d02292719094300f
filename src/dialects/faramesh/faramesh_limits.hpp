// What requests of this dialect may cost.
#pragma once

#include <chrono>

namespace colonnade::limits {

// Reading a policy that is only looked at, waiting for its turn included.
constexpr auto policy_check_time_max = std::chrono::seconds(10);

}  // namespace colonnade::limits
