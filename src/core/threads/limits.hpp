// What reading threads may cost.
#pragma once

#include <chrono>

namespace colonnade::limits {

// One search, waiting for its turn included. A hundred thousand messages take a tenth of a second.
constexpr auto search_time_max = std::chrono::seconds(5);

}  // namespace colonnade::limits
