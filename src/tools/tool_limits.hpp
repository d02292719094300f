// The threads that tools share.
#pragma once

#include <cstddef>

namespace colonnade::limits {

// Files and processes of tools: a shell holds a thread for as long as its command runs.
constexpr std::size_t tool_workers_max = 32;
constexpr std::size_t tool_workers_per_account = 8;  // then an account waits for its own commands

}  // namespace colonnade::limits
