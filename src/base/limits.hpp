// Base's own limits, and the units that all limits are written in. Each folder's limits are in its
// limits.hpp: a name, a unit and a reason. Reaching one is a tested path.
#pragma once

#include <chrono>
#include <cstddef>

namespace colonnade::limits {

using namespace std::chrono_literals;
constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

constexpr std::size_t json_depth_max = 256;           // deeper input is an attack or a mistake
constexpr std::size_t sse_line_bytes_max = 16 * MiB;  // contracts ask for at least 4 MiB

}  // namespace colonnade::limits
