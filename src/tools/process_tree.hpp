// What a process and everything that descends from it use.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace colonnade::tools {

struct TreeUse {
  std::size_t tasks = 0;  // processes and threads
  // Resident memory, summed; what several processes share without a file counts once, with all that
  // is mapped of it, since it stays when nobody's pages show it any more.
  std::size_t memory_bytes = 0;
  bool mappings_cut = false;  // a process has more of them than can be looked at
  pid_t last = 0;  // of those that were seen: none of the first ones, when there are others
};

// Reads /proc. Stops counting beyond `tasks_max`. Below `memory_max` of address space, shared pages
// count for each process that has them. Processes that come and go meanwhile may be missed or
// counted.
TreeUse use_of_tree(pid_t root, std::size_t tasks_max, std::size_t memory_max);

// Processes and threads of this process's user.
std::size_t tasks_of_this_user();

}  // namespace colonnade::tools
