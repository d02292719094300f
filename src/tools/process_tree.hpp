// What a process and everything that descends from it use.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace colonnade::tools {

struct TreeUse {
  std::size_t tasks = 0;           // processes and threads
  std::size_t resident_bytes = 0;  // summed; pages that several share count for each
};

// Reads /proc. Stops counting beyond `tasks_max`. Processes that come and go meanwhile may be
// missed or counted.
TreeUse use_of_tree(pid_t root, std::size_t tasks_max);

// Processes and threads of this process's user.
std::size_t tasks_of_this_user();

}  // namespace colonnade::tools
