#include "tools/directory_rules.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/threads/limits.hpp"
#include "tools/descriptor.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr const char* directory_field = "directory";

std::unexpected<base::Error> refused(const core::Directory& directory, const std::string& why) {
  return fail(
      ErrorKind::forbidden,
      "the tools of this thread cannot work in its directory " + directory.path + ": " + why,
      directory_field);
}

// By name alone: asks the file system nothing.
bool is_below(const fs::path& folder, const fs::path& path) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

// "/a/b/" → "/a/b"
fs::path without_slash(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

bool may_be_named(const DirectoryRules& rules, const fs::path& path) {
  return std::ranges::any_of(rules.allowed, [&](const std::string& folder) {
    return is_below(without_slash(folder), path) || is_below(real_path(folder), path);
  });
}

std::string list_of(const std::vector<std::string>& folders) {
  std::string out;
  for (const std::string& folder : folders) out += (out.empty() ? "" : ", ") + folder;
  return out.empty() ? "none" : out;
}

Result<void> check_rule(const DirectoryRules& rules, const core::Directory& directory) {
  if (without_slash(directory.path).string() != directory.path) {
    return refused(directory, "its path has needless parts; name it anew");
  }
  if (directory.by_operator || may_be_named(rules, directory.path)) return {};
  return refused(directory,
                 "only folders below those of the setting tandem.directories (" +
                     list_of(rules.allowed) +
                     ") may be used; name one of them, or have the server's operator add it there");
}

std::unexpected<base::Error> overlaps(const core::Directory& directory,
                                      const std::string& setting) {
  return refused(directory, "it overlaps with the server's own files (the setting " + setting +
                                "), which tools must not reach; name a folder apart from them");
}

Result<void> check_overlap(const DirectoryRules& rules, const core::Directory& directory) {
  const fs::path place(directory.path);
  for (const NamedPath& own : rules.own_folders) {
    const fs::path folder = real_path(own.path);
    if (folder_holds(place, folder) || folder_holds(folder, place)) {
      return overlaps(directory, own.setting);
    }
  }
  for (const NamedPath& own : rules.own_files) {
    if (holds_path_or_link(place, own.path)) return overlaps(directory, own.setting);
  }
  return {};
}

std::unexpected<base::Error> not_opened(const core::Directory& directory, int code) {
  const std::string shown = "the directory of this thread, " + directory.path + ", ";
  switch (code) {
    case ENOENT:
      return fail(ErrorKind::not_found,
                  shown + "does not exist; make it, or move the thread to one that does",
                  directory_field);
    case ENOTDIR:
      return fail(ErrorKind::not_found, shown + "is not a folder; move the thread to one that is",
                  directory_field);
    case ELOOP:
      return fail(ErrorKind::conflict,
                  shown +
                      "goes through a link, which could lead anywhere by now; name the folder "
                      "that it leads to",
                  directory_field);
    default:
      return fail(ErrorKind::unavailable,
                  shown + "cannot be opened: " + std::generic_category().message(code) +
                      "; give the server's user the right to, or move the thread",
                  directory_field);
  }
}

// What the kernel shows of itself and of processes, this one included.
bool is_kernels(const Descriptor& folder) {
  struct statfs status{};
  if (::fstatfs(folder.number(), &status) != 0) return false;
  const auto type = static_cast<unsigned long>(status.f_type);
  return type == PROC_SUPER_MAGIC || type == SYSFS_MAGIC || type == CGROUP2_SUPER_MAGIC ||
         type == DEBUGFS_MAGIC || type == TRACEFS_MAGIC;
}

}  // namespace

fs::path real_path(fs::path path) {
  constexpr int links_max = 40;  // as the kernel follows
  std::error_code error;
  for (int links = 0; links < links_max && fs::is_symlink(path, error); ++links) {
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  fs::path out = fs::weakly_canonical(path, error);
  if (error) out = path.lexically_normal();
  return out.has_filename() ? out : out.parent_path();
}

bool folder_holds(const fs::path& folder, const fs::path& path) {
  if (is_below(folder, path)) return true;
  for (fs::path above = path;; above = above.parent_path()) {
    std::error_code error;
    if (fs::equivalent(above, folder, error) && !error) return true;
    if (above == above.parent_path()) return false;
  }
}

bool holds_path_or_link(const fs::path& folder, const std::string& path) {
  const fs::path named(path);
  return folder_holds(folder, real_path(named)) ||
         folder_holds(folder, real_path(named.parent_path()) / named.filename());
}

Result<core::Directory> kept_directory(const DirectoryRules& rules, core::Directory wanted) {
  const auto wrong = [](const std::string& why) {
    return fail(ErrorKind::invalid, "the directory " + why, directory_field);
  };
  if (wanted.path.find('\0') != std::string::npos) return wrong("holds a NUL character");
  if (!wanted.path.starts_with('/')) {
    return wrong("is not an absolute path; begin it with a slash");
  }
  if (wanted.path.size() > limits::directory_bytes_max) {
    return wrong("is longer than " + std::to_string(limits::directory_bytes_max) + " bytes");
  }
  const fs::path path = without_slash(wanted.path);
  // Who may not use it learns nothing of what is there, not even where its links lead.
  const bool looks = wanted.by_operator || may_be_named(rules, path);
  wanted.path = looks ? real_path(path).string() : path.string();
  return wanted;
}

Result<void> check_directory(const DirectoryRules& rules, const core::Directory& directory) {
  if (auto may = check_rule(rules, directory); !may) return may;
  if (auto apart = check_overlap(rules, directory); !apart) return apart;
  const Descriptor folder(open_folder_without_links(directory.path));
  if (!folder.open()) return not_opened(directory, errno);
  if (is_kernels(folder)) {
    return refused(directory, "the kernel shows processes and devices there; name another folder");
  }
  return {};
}

}  // namespace colonnade::tools
