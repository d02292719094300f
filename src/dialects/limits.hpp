// Limits that hold in every dialect. A dialect's own are in its folder.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t encoded_reads_bytes_max = 4 * MiB;  // answers kept, per lane

}  // namespace colonnade::limits
