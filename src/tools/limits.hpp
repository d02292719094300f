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
constexpr int workspace_links_max = 8;        // symbolic links followed at the end of one path
constexpr int workspace_path_links_max = 40;  // as the kernel's own, of a path that is followed
constexpr std::size_t workspace_path_steps_max = 4096;  // names on its way; milliseconds
constexpr int workspace_open_tries = 16;  // of an open that a rename elsewhere disturbs
constexpr int workspace_depth_max = 64;   // folders below each other; each holds a descriptor
constexpr std::size_t workspace_entries_max = 50'000;  // looked at by one search
constexpr std::size_t binary_probe_bytes = 8 * KiB;    // a NUL in these makes a file binary
constexpr std::int64_t pattern_memory_bytes_max = 8 * 1024 * 1024;  // of one compiled pattern
constexpr auto workspace_removal_time_max = 10min;  // of an erased thread's; the next start goes on
// Snapshots: what a run changes is kept before, so that it can be undone (tools/snapshots.hpp).
constexpr std::size_t snapshot_files_max = 20'000;  // of a folder that a shell may change, entries
constexpr std::size_t snapshot_file_bytes_max = 16 * MiB;     // a larger file is not kept
constexpr std::size_t snapshot_thread_bytes_max = 128 * MiB;  // of all that one thread has kept
constexpr std::size_t snapshot_account_bytes_max = 1024 * MiB;
constexpr std::size_t snapshot_bytes_max = 16 * 1024 * MiB;  // of all accounts
constexpr std::size_t snapshot_runs_max = 20;  // of a thread, the newest that changed something
constexpr auto snapshot_time_max = 60s;        // to keep, compare or restore, waiting included
constexpr std::size_t diff_text_bytes_max = 1 * MiB;  // of each of two texts that are compared
constexpr std::size_t diff_bytes_max = 2 * MiB;       // of a whole diff
constexpr std::size_t diff_edits_max = 1000;          // then the whole text counts as replaced
// Skills.
constexpr std::size_t skills_max = 200;                // of one folder
constexpr std::size_t skill_bytes_max = 200 * KiB;     // below tool_output_bytes_max
constexpr std::size_t skill_head_bytes_max = 8 * KiB;  // where name and description are
constexpr std::size_t skill_name_bytes_max = 64;
constexpr std::size_t skill_description_bytes_max = 1 * KiB;  // the rest is cut
constexpr auto skill_read_time_max = 10s;
// The shell. What one command may use; the operator's machine must stay usable meanwhile.
constexpr std::size_t shell_command_bytes_max = 64 * KiB;  // the kernel allows 128 KiB
constexpr std::size_t shell_output_bytes_max = 96 * KiB;   // shown, of each of the two streams
constexpr std::size_t shell_output_read_max = 64 * MiB;  // more is a runaway: the command is ended
constexpr auto shell_time_default = 60s;
constexpr auto shell_cpu_time_max = 120s;                    // of each process
constexpr std::size_t shell_address_space_max = 4096 * MiB;  // of each process
constexpr std::size_t shell_memory_max = 2048 * MiB;         // all processes, shared memory once
constexpr std::size_t shell_mappings_bytes_max = 2 * MiB;    // text of one process's /proc/PID/maps
constexpr std::size_t shell_file_bytes_max = 512 * MiB;      // of each file
constexpr std::size_t shell_temporary_bytes_max = 256 * MiB;     // of /tmp, which is memory
constexpr std::size_t shell_shared_memory_bytes_max = 64 * MiB;  // of /dev/shm
constexpr std::size_t shell_temporary_files_max = 65'536;        // in each of the two
constexpr std::size_t shell_disk_free_min = 256 * MiB;     // left on the workspace's file system
constexpr std::size_t shell_disk_files_free_min = 10'000;  // the same, of inodes
// A thread's own workspace, bytes on the disk and files. A command that finds more may go on, to
// remove some, as long as it adds none.
constexpr std::size_t workspace_bytes_max = 4096 * MiB;
constexpr std::size_t workspace_files_max = 200'000;
// With less than those left on the disk, a command goes on as long as its workspace is no larger
// than this, or does not grow; so that who filled the disk takes tools from nobody else.
constexpr std::size_t workspace_low_disk_bytes = 64 * MiB;
constexpr std::size_t workspace_low_disk_files = 2000;
constexpr std::size_t shared_workspace_growth_max = 8 * MiB;  // of the disk's use, by one command
constexpr std::size_t hidden_growth_max = 512 * MiB;          // the same, of what no folder shows
constexpr auto workspace_watch_interval = 2s;                 // between walks through a workspace
constexpr int shell_open_files_max = 1024;                    // of each process
constexpr int shell_tasks_max = 256;                          // processes and threads
// What the kernel grants the user of a command. More than the command may have, because others may
// run as the same user: the kernel only keeps a bomb small until the look that ends it.
constexpr int shell_user_tasks_max = 2 * shell_tasks_max;
constexpr auto shell_watch_interval = 50ms;  // between looks at memory, processes and disk
constexpr auto child_end_time_max = 5s;      // for a killed child to be gone

}  // namespace colonnade::limits
