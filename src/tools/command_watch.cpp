#include "tools/command_watch.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "tools/limits.hpp"
#include "tools/process_tree.hpp"

namespace colonnade::tools {
namespace {

// The files of a file system of its own that a process of a sandbox sees there. None of one that it
// shares with us: it has not entered its sandbox yet, or has left.
std::uint64_t files_in(pid_t process, const std::string& folder) {
  const std::string seen = "/proc/" + std::to_string(process) + "/root" + folder;
  struct stat inside{};
  struct stat outside{};
  struct statvfs use{};
  if (::stat(seen.c_str(), &inside) != 0 || ::statvfs(seen.c_str(), &use) != 0) return 0;
  if (::stat(folder.c_str(), &outside) == 0 && outside.st_dev == inside.st_dev) return 0;
  return use.f_files - std::min(use.f_files, use.f_ffree);
}

std::uint64_t fallen(std::uint64_t before, std::uint64_t now) {
  return before - std::min(before, now);
}

}  // namespace

CommandWatch::CommandWatch(CommandWatchOptions options)
    : options_(std::move(options)), free_before_(free_space()) {}

std::string CommandWatch::too_little_left(const FreeSpace& now) const {
  const bool bytes = now.bytes < options_.disk.free_bytes_min;
  return "less than " +
         std::to_string(bytes ? options_.disk.free_bytes_min : options_.disk.free_files_min) +
         (bytes ? " bytes are free" : " files can still be made") +
         " on the workspace's disk; remove what is not needed";
}

CommandWatch::FreeSpace CommandWatch::free_space() const {
  struct statvfs disk{};
  if (::statvfs(options_.workspace.c_str(), &disk) != 0) {
    return {.bytes = options_.disk.free_bytes_min};
  }
  FreeSpace out{.bytes = disk.f_bavail * disk.f_frsize};
  if (disk.f_files > 0) out.files = disk.f_favail;
  return out;
}

std::optional<std::string> CommandWatch::overuse(pid_t child) {
  if (auto why = memory_overuse(child)) return why;
  return disk_overuse();
}

std::optional<std::string> CommandWatch::memory_overuse(pid_t child) const {
  constexpr std::size_t tasks_max = limits::shell_tasks_max;
  const TreeUse use = use_of_tree(child, tasks_max, limits::shell_memory_max);
  if (use.tasks > tasks_max) {
    return "it started more than " + std::to_string(tasks_max) + " processes and threads";
  }
  if (use.memory_bytes > limits::shell_memory_max) {
    return "it used more than " + std::to_string(limits::shell_memory_max) + " bytes of memory";
  }
  if (use.mappings_cut) return "it mapped too many pieces of memory";
  if (!options_.in_sandbox || use.last == child) return std::nullopt;
  for (const char* folder : {"/tmp", "/dev/shm"}) {
    if (files_in(use.last, folder) > limits::shell_temporary_files_max) {
      return "it made more than " + std::to_string(limits::shell_temporary_files_max) +
             " files in " + folder;
    }
  }
  return std::nullopt;
}

std::optional<std::string> CommandWatch::disk_overuse() {
  const FreeSpace now = free_space();
  const DiskBounds& bounds = options_.disk;
  const bool is_low =
      now.bytes < bounds.free_bytes_min || (now.files && *now.files < bounds.free_files_min);
  const std::uint64_t taken = fallen(free_before_.bytes, now.bytes);
  if (options_.is_shared) {
    const std::uint64_t files_taken =
        now.files && free_before_.files ? fallen(*free_before_.files, *now.files) : 0;
    const bool is_ours =
        taken > limits::shared_workspace_growth_max || files_taken > bounds.low_disk_files;
    return is_low && is_ours ? std::optional(too_little_left(now)) : std::nullopt;
  }
  // A file without a name takes room that a walk does not see.
  if (is_low && taken > limits::hidden_growth_max) return too_little_left(now);
  if (auto why = workspace_overuse(is_low)) return is_low ? too_little_left(now) : *why;
  return std::nullopt;
}

std::optional<std::string> CommandWatch::workspace_overuse(bool disk_is_low) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_walk_) return std::nullopt;
  const DiskBounds& bounds = options_.disk;
  const DiskUse use = disk_use(options_.workspace, bounds.workspace_files_max);
  next_walk_ = std::chrono::steady_clock::now() + bounds.walk_interval;
  if (!use_before_) use_before_ = use;
  const std::uint64_t bytes_max = disk_is_low ? bounds.low_disk_bytes : bounds.workspace_bytes_max;
  const std::size_t files_max = disk_is_low ? bounds.low_disk_files : bounds.workspace_files_max;
  if (use.bytes > std::max(bytes_max, use_before_->bytes)) {
    return "its workspace holds more than " + std::to_string(bytes_max) +
           " bytes; remove what is not needed";
  }
  if (use.files > std::max(files_max, use_before_->files)) {
    return "its workspace holds more than " + std::to_string(files_max) +
           " files; remove what is not needed";
  }
  return std::nullopt;
}

}  // namespace colonnade::tools
