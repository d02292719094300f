// What looking through memories may cost.
#pragma once

#include <chrono>

namespace colonnade::limits {

constexpr auto memory_search_time_max = std::chrono::seconds(5);  // one, waiting included
// The server's own look for memories that have no vector yet.
constexpr auto memory_look_time_max = std::chrono::seconds(30);

}  // namespace colonnade::limits
