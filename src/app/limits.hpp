// Limits of the program and of the operator's commands.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto drain_time_max = 10s;                    // SIGTERM to exit
constexpr std::size_t mcp_bridge_requests_max = 64;     // under way between a host and a server
constexpr std::size_t audit_line_bytes_max = 16 * MiB;  // of an export; far above any record
constexpr std::size_t audit_key_bytes_max = 4 * KiB;    // of a file with a key or a note
constexpr std::size_t recorded_actions_max = 100'000;   // decided again by one simulation
constexpr std::size_t recorded_actions_bytes_max = 256 * MiB;  // of a file with them

}  // namespace colonnade::limits
