// What reading threads may cost.
#pragma once

#include <chrono>

namespace colonnade::limits {

// One search, waiting for its turn included. A hundred thousand messages take a tenth of a second.
constexpr auto search_time_max = std::chrono::seconds(5);

// Whether the store takes the end of a run that an erasure waits for.
constexpr auto erasure_look_interval = std::chrono::milliseconds(100);

}  // namespace colonnade::limits
