// Limits that hold in every dialect. A dialect's own are in its folder.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t encoded_reads_bytes_max = 4 * MiB;   // answers kept, per lane
constexpr std::size_t encoded_read_bytes_max = 256 * KiB;  // one; a larger is made while it is sent
constexpr std::size_t listed_rows_at_once =
    16;  // read for one piece of a list, when they are small

}  // namespace colonnade::limits
