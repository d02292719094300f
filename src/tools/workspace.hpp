// One thread's folder, and the only way for a tool to reach files: nothing outside can be named.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "tools/descriptor.hpp"

namespace colonnade::tools {

// Where the sandbox shows the workspace to the shell; file tools accept the same paths.
constexpr std::string_view workspace_in_sandbox = "/workspace";

// Every open is resolved by the kernel beneath the folder (openat2 with RESOLVE_BENEATH and
// RESOLVE_NO_MAGICLINKS), so "..", absolute paths, symbolic links that leave and folders that are
// swapped while a path is resolved all fail. Symbolic links that stay inside work. Only regular
// files and folders are opened, never a device, FIFO or socket.
//
// No part of the folder's own path may be a link (Workspaces::folder_of gives real paths): whoever
// may write above it cannot make it lead elsewhere.
//
// Paths are relative to the folder, or absolute and inside it (by its real name or as /workspace).
// Errors repeat the path as it was given. Calls block: use it on a worker thread. Needs Linux 5.6.
// A descriptor (O_PATH) of a folder whose path no link is a part of; negative, with errno, when it
// cannot be opened.
int open_folder_without_links(const std::string& path);

class Workspace {
 public:
  // Symbolic links in paths, at their ends too. A path that was made canonical() has none: one that
  // has them by now leads elsewhere than it did, and is refused.
  enum class Links { followed, refused };

  // ErrorKind::unavailable when the folder cannot be opened.
  static base::Result<Workspace> open(const std::string& folder, Links links = Links::followed);

  // The path of the file or folder that `path` leads to, relative to the workspace: without ".",
  // "..", needless slashes and links, "." for the workspace itself. What does not exist yet is
  // named as it would be made. Errors: a path that leads outside, goes in circles or is too long.
  base::Result<std::string> canonical(const std::string& path) const;

  // The bytes of a regular file of at most limits::workspace_file_bytes_max.
  base::Result<std::string> read_file(const std::string& path) const;
  // Replaces the file or makes it, with the folders above it. Others see the old bytes or the new
  // ones, never a mixture; a file that exists keeps its permissions. A link at the end of the path
  // is followed; a second hard link keeps the old bytes. What root makes belongs to the owner of
  // the workspace.
  // `mode`: the permissions of a file that is made.
  base::Result<void> write_file(const std::string& path, std::string_view bytes,
                                mode_t mode = 0644) const;
  // Removes a regular file; of a link at the end of the path, what it leads to. not_found when
  // there is none.
  base::Result<void> remove_file(const std::string& path) const;

  struct Entry {
    std::string path;  // relative to the workspace
    struct stat status;
  };
  // Calls `visit` with every regular file below the folder `path`, in the order of their names,
  // until it returns false. Symbolic links are not followed, what cannot be opened is skipped. True
  // when everything was seen; false after limits::workspace_entries_max or a stop.
  base::Result<bool> each_file(const std::string& path, std::stop_token stop,
                               const std::function<bool(const Entry&)>& visit) const;

  // A file to read, or a folder with O_DIRECTORY in `flags`.
  base::Result<Descriptor> open_file(const std::string& path, int flags) const;

 private:
  Workspace(std::string folder, Descriptor root, Links links);
  struct Place;  // an open folder and a name in it

  int open_at(int root, const std::string& inside, int flags) const;

  base::Result<std::string> relative(const std::string& path) const;
  base::Result<Descriptor> open_beneath(const std::string& inside, const std::string& shown,
                                        int flags) const;
  base::Result<Place> place_of(const std::string& path) const;
  base::Result<Descriptor> make_folders(const std::string& inside, const std::string& shown) const;

  std::string folder_;
  Descriptor root_;
  Links links_;
  // Whom new files are given to; nobody (-1) unless this process is root.
  uid_t owner_ = static_cast<uid_t>(-1);
  gid_t group_ = static_cast<gid_t>(-1);
};

}  // namespace colonnade::tools
