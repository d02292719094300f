// Files of a workspace as snapshots see and restore them. For tools/'s own .cpp files.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {

enum class FileKind { absent, file, folder, link, other };

// What is at a path. Never of what a link leads to.
struct FileState {
  FileKind kind = FileKind::absent;
  std::uint32_t mode = 0;  // the permission bits, 07777
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::uint64_t size = 0;
  // A file's SHA-256 in hex, by which its bytes are kept; "" when they are not. A link's target.
  std::string content{};
  std::string not_kept{};  // why its bytes are not kept
  // By which a change is noticed without reading.
  std::uint64_t inode = 0;
  std::int64_t changed_at = 0;   // ctime, nanoseconds
  std::int64_t modified_at = 0;  // mtime
};

// Whether both look alike without their bytes being read: then they are the same.
bool looks_same(const FileState& a, const FileState& b);

struct FileListing {
  std::map<std::string, FileState> files{};  // by path, folders and links included
  bool is_whole = true;  // false: it was cut at limits::snapshot_files_max, or by a depth
};

// One workspace, without following any link. Blocks; on one thread.
class SnapshotFolder {
 public:
  static base::Result<SnapshotFolder> open(const std::string& folder);

  // Nothing there is a state, not an error. Bytes are not read.
  base::Result<FileState> look(const std::string& path) const;
  // The bytes of a file of at most `bytes_max`; too_large beyond.
  base::Result<std::string> read(const std::string& path, std::size_t bytes_max) const;
  // Everything below the workspace; what cannot be opened is left out. Stopped: not whole.
  base::Result<FileListing> list(const std::stop_token& stop) const;

  // Makes the path what `state` says, with these bytes when it is a file. A file is replaced at
  // once, never half; folders above are made, and what a folder holds is left alone: conflict when
  // it stands where something else has to be. Errors say what stays as it was.
  base::Result<void> restore(const std::string& path, const FileState& state,
                             std::string_view bytes) const;

 private:
  struct Place;

  explicit SnapshotFolder(Workspace workspace) : workspace_(std::move(workspace)) {}
  base::Result<Place> place_of(const std::string& path, bool make) const;

  Workspace workspace_;
};

}  // namespace colonnade::tools
