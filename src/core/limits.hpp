// Limits that hold in several rooms of core. A room's own are in its folder.
#pragma once

#include <cstddef>

namespace colonnade::limits {

constexpr std::size_t page_rows_max = 200;
constexpr int change_attempts_max = 8;       // of a change that somebody else's overtakes
constexpr std::size_t list_rows_max = 1000;  // of one list of objects, phoson §3.3
constexpr std::size_t page_rows_default = 50;

}  // namespace colonnade::limits
