// What no limit of the kernel's bounds while a command runs: all its processes together, the memory
// that they share, and the disk. For tools/'s own .cpp files.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/disk_use.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {

struct DiskBounds {
  std::uint64_t free_bytes_min = limits::shell_disk_free_min;
  std::uint64_t free_files_min = limits::shell_disk_files_free_min;
  std::uint64_t workspace_bytes_max = limits::workspace_bytes_max;
  std::size_t workspace_files_max = limits::workspace_files_max;
  std::uint64_t low_disk_bytes = limits::workspace_low_disk_bytes;
  std::size_t low_disk_files = limits::workspace_low_disk_files;
  std::chrono::milliseconds walk_interval = limits::workspace_watch_interval;
};

struct CommandWatchOptions {
  std::string workspace{};
  bool is_shared = false;   // by threads: it may be of any size
  bool in_sandbox = false;  // /tmp and /dev/shm are its own
  DiskBounds disk{};
};

// Looks again and again at one command; on one thread.
class CommandWatch {
 public:
  explicit CommandWatch(CommandWatchOptions options);

  // Why the command has to end; none while it may go on. `child` is the first of its processes.
  std::optional<std::string> overuse(pid_t child);
  // The same, of the disk alone.
  std::optional<std::string> disk_overuse();

 private:
  struct FreeSpace {
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> files{};  // none where the file system has any number
  };
  FreeSpace free_space() const;
  std::optional<std::string> memory_overuse(pid_t child) const;
  std::optional<std::string> workspace_overuse(bool disk_is_low);
  std::string too_little_left(const FreeSpace& now) const;

  CommandWatchOptions options_;
  FreeSpace free_before_;
  std::optional<DiskUse> use_before_;  // of a workspace that is one thread's
  std::chrono::steady_clock::time_point next_walk_{};
};

}  // namespace colonnade::tools
