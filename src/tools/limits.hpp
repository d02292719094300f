// Limits of the workspace, of the shell and of the threads that serve both.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

// Files and processes of tools: a shell holds a thread for as long as its command runs.
constexpr std::size_t tool_threads = 32;
constexpr std::size_t tool_threads_per_account = 8;  // then an account waits for its own commands
// The workspace. A file larger than this is data, not text for a model.
constexpr std::size_t workspace_file_bytes_max = 32 * MiB;  // read, edited or searched
constexpr std::size_t workspace_write_bytes_max = 8 * MiB;  // written by one call
constexpr std::size_t workspace_path_bytes_max = 4096;      // as the kernel's own PATH_MAX
constexpr int workspace_links_max = 8;    // symbolic links followed at the end of one path
constexpr int workspace_open_tries = 16;  // of an open that a rename elsewhere disturbs
constexpr int workspace_depth_max = 64;   // folders below each other; each holds a descriptor
constexpr std::size_t workspace_entries_max = 50'000;  // looked at by one search
constexpr std::size_t binary_probe_bytes = 8 * KiB;    // a NUL in these makes a file binary
constexpr std::int64_t pattern_memory_bytes_max = 8 * 1024 * 1024;  // of one compiled pattern
constexpr auto workspace_removal_time_max = 10min;  // of an erased thread's; the next start goes on
// The shell. What one command may use; the operator's machine must stay usable meanwhile.
constexpr std::size_t shell_command_bytes_max = 64 * KiB;  // the kernel allows 128 KiB
constexpr std::size_t shell_output_bytes_max = 96 * KiB;   // shown, of each of the two streams
constexpr std::size_t shell_output_read_max = 64 * MiB;  // more is a runaway: the command is ended
constexpr auto shell_time_default = 60s;
constexpr auto shell_cpu_time_max = 120s;                        // of each process
constexpr std::size_t shell_address_space_max = 4096 * MiB;      // of each process
constexpr std::size_t shell_memory_max = 2048 * MiB;             // resident, all processes
constexpr std::size_t shell_file_bytes_max = 512 * MiB;          // of each file
constexpr std::size_t shell_temporary_bytes_max = 256 * MiB;     // of /tmp, which is memory
constexpr std::size_t shell_shared_memory_bytes_max = 64 * MiB;  // of /dev/shm
constexpr std::size_t shell_disk_free_min = 256 * MiB;  // left on the workspace's file system
constexpr int shell_open_files_max = 1024;              // of each process
constexpr int shell_tasks_max = 256;                    // processes and threads
// What the kernel grants the user of a command. More than the command may have, because others may
// run as the same user: the kernel only keeps a bomb small until the look that ends it.
constexpr int shell_user_tasks_max = 2 * shell_tasks_max;
constexpr auto shell_watch_interval = 50ms;  // between looks at memory, processes and disk
constexpr auto child_end_time_max = 5s;      // for a killed child to be gone

}  // namespace colonnade::limits
