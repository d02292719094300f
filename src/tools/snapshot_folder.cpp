#include "tools/snapshot_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/ids.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr mode_t permission_bits = 07777;

std::unexpected<base::Error> state_error(const std::string& path, int code) {
  return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
              "'" + path + "': " + std::generic_category().message(code));
}

std::int64_t nanoseconds(const timespec& time) {
  constexpr std::int64_t second = 1'000'000'000;
  return static_cast<std::int64_t>(time.tv_sec) * second + time.tv_nsec;
}

FileKind file_kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::folder;
  return S_ISLNK(mode) ? FileKind::link : FileKind::other;
}

// The state of a name in an open folder; absent when nothing has it.
FileState state_at(const Descriptor& folder, const std::string& name) {
  struct stat status{};
  if (::fstatat(folder.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  FileState out{.kind = file_kind_of(status.st_mode),
                .mode = static_cast<std::uint32_t>(status.st_mode & permission_bits),
                .user = status.st_uid,
                .group = status.st_gid,
                .size = static_cast<std::uint64_t>(status.st_size),
                .inode = status.st_ino,
                .changed_at = nanoseconds(status.st_ctim),
                .modified_at = nanoseconds(status.st_mtim)};
  if (out.kind == FileKind::file) return out;
  out.size = 0;
  if (out.kind != FileKind::link) return out;
  std::string target(limits::workspace_path_bytes_max, '\0');
  const ssize_t size = ::readlinkat(folder.number(), name.c_str(), target.data(), target.size());
  target.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  out.content = std::move(target);
  return out;
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<void> write_bytes(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return state_error(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// As far as this process may: only root gives files away.
void give_to_owner(int file, const FileState& state) {
  if (::geteuid() == 0) [[maybe_unused]]
    const int given = ::fchown(file, state.user, state.group);
}

class Lister {
 public:
  Lister(FileListing& out, const std::stop_token& stop) : out_(out), stop_(stop) {}

  bool folder(Descriptor folder, const std::string& path, int depth) {
    for (const std::string& name : names(folder)) {
      if (out_.files.size() >= limits::snapshot_files_max || stop_.stop_requested()) return cut();
      std::string inside = path.empty() ? name : path + "/" + name;
      FileState state = state_at(folder, name);
      if (state.kind == FileKind::absent) continue;
      const bool is_folder = state.kind == FileKind::folder;
      out_.files.emplace(inside, std::move(state));
      if (!is_folder) continue;
      if (depth >= limits::workspace_depth_max) {
        out_.is_whole = false;
        continue;
      }
      Descriptor below(
          ::openat(folder.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below.open()) {
        out_.is_whole = false;
        continue;
      }
      if (!this->folder(std::move(below), inside, depth + 1)) return false;
    }
    return true;
  }

 private:
  bool cut() {
    out_.is_whole = false;
    return false;
  }

  static std::vector<std::string> names(const Descriptor& folder) {
    std::vector<std::string> out;
    Descriptor copy(::fcntl(folder.number(), F_DUPFD_CLOEXEC, 0));
    DIR* entries = copy.open() ? ::fdopendir(copy.number()) : nullptr;
    if (entries == nullptr) return out;
    copy.release();  // closedir() closes it
    // NOLINTNEXTLINE(concurrency-mt-unsafe): each thread reads a stream of its own
    while (const dirent* entry = ::readdir(entries)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") out.emplace_back(name);
      if (out.size() > limits::snapshot_files_max) break;
    }
    ::closedir(entries);
    std::ranges::sort(out);
    return out;
  }

  FileListing& out_;
  const std::stop_token& stop_;
};

}  // namespace

bool looks_same(const FileState& a, const FileState& b) {
  if (a.kind != b.kind || a.mode != b.mode || a.user != b.user || a.group != b.group) return false;
  if (a.kind == FileKind::absent || a.kind == FileKind::folder) return true;
  if (a.kind == FileKind::link) return a.content == b.content;
  return a.size == b.size && a.inode == b.inode && a.changed_at == b.changed_at &&
         a.modified_at == b.modified_at;
}

struct SnapshotFolder::Place {
  Descriptor folder;
  std::string name;
};

Result<SnapshotFolder> SnapshotFolder::open(const std::string& folder) {
  auto workspace = Workspace::open(folder, Workspace::Links::refused);
  if (!workspace) return fail(std::move(workspace.error()));
  return SnapshotFolder(std::move(*workspace));
}

Result<SnapshotFolder::Place> SnapshotFolder::place_of(const std::string& path, bool make) const {
  const auto [above, name] = split_path(path);
  if (name.empty() || name == "." || name == "..") {
    return fail(ErrorKind::invalid, "'" + path + "' names no file");
  }
  auto folder = workspace_.open_file(above, O_RDONLY | O_DIRECTORY);
  if (folder) return Place{std::move(*folder), name};
  if (!make || folder.error().kind != ErrorKind::not_found || above == ".") {
    return fail(std::move(folder.error()));
  }
  constexpr mode_t folder_mode = 0755;
  auto outer = place_of(above, true);
  if (!outer) return outer;
  if (::mkdirat(outer->folder.number(), outer->name.c_str(), folder_mode) != 0 && errno != EEXIST) {
    return state_error(above, errno);
  }
  folder = workspace_.open_file(above, O_RDONLY | O_DIRECTORY);
  if (!folder) return fail(std::move(folder.error()));
  return Place{std::move(*folder), name};
}

Result<FileState> SnapshotFolder::look(const std::string& path) const {
  auto place = place_of(path, false);
  if (place) return state_at(place->folder, place->name);
  const ErrorKind kind = place.error().kind;
  // No folder, or a file in its place.
  if (kind == ErrorKind::not_found || kind == ErrorKind::invalid) return FileState{};
  const std::string above = split_path(path).first;
  if (kind != ErrorKind::conflict || above == ".") return fail(std::move(place.error()));
  // A link in the place of one of its folders: what is behind that is no file of this workspace.
  const auto folder = look(above);
  const bool is_gone =
      folder && (folder->kind == FileKind::link || folder->kind == FileKind::absent);
  if (!is_gone) return fail(std::move(place.error()));
  return FileState{};
}

Result<std::string> SnapshotFolder::read(const std::string& path, std::size_t bytes_max) const {
  auto file = workspace_.open_file(path, O_RDONLY);
  if (!file) return fail(std::move(file.error()));
  std::string out;
  constexpr std::size_t piece_bytes = 64 * limits::KiB;
  for (;;) {
    const std::size_t size = out.size();
    if (size > bytes_max) return fail(ErrorKind::too_large, "'" + path + "' is too large");
    out.resize(size + piece_bytes);
    const ssize_t got = ::read(file->number(), out.data() + size, piece_bytes);
    out.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return out;
    if (got < 0 && errno != EINTR) return state_error(path, errno);
  }
}

Result<FileListing> SnapshotFolder::list(const std::stop_token& stop) const {
  auto root = workspace_.open_file(".", O_RDONLY | O_DIRECTORY);
  if (!root) return fail(std::move(root.error()));
  FileListing out;
  Lister(out, stop).folder(std::move(*root), "", 1);
  return out;
}

namespace {

Result<void> remove_at(const Descriptor& folder, const std::string& name, const std::string& path) {
  if (::unlinkat(folder.number(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return state_error(path, errno);
  if (::unlinkat(folder.number(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  if (errno != ENOTEMPTY && errno != EEXIST) return state_error(path, errno);
  return fail(ErrorKind::conflict, "'" + path + "' is a folder that still holds something");
}

Result<void> make_folder_at(const Descriptor& folder, const std::string& name,
                            const FileState& state, const std::string& path) {
  const FileState now = state_at(folder, name);
  if (now.kind != FileKind::folder) {
    if (auto gone = remove_at(folder, name, path); !gone) return gone;
    if (::mkdirat(folder.number(), name.c_str(), 0700) != 0) return state_error(path, errno);
  }
  const Descriptor made(
      ::openat(folder.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made.open()) return state_error(path, errno);
  give_to_owner(made.number(), state);
  if (::fchmod(made.number(), state.mode) != 0) return state_error(path, errno);
  return {};
}

std::string temporary_name() { return ".colonnade-" + base::random_hex(8) + ".tmp"; }

// Puts what was made under a name of its own into its place.
Result<void> put_in_place(const Descriptor& folder, const std::string& temporary,
                          const std::string& name, const std::string& path) {
  const FileState now = state_at(folder, name);
  Result<void> out;
  if (now.kind == FileKind::folder) out = remove_at(folder, name, path);
  if (out && ::renameat(folder.number(), temporary.c_str(), folder.number(), name.c_str()) != 0) {
    out = state_error(path, errno);
  }
  if (!out) ::unlinkat(folder.number(), temporary.c_str(), 0);
  return out;
}

Result<void> make_link_at(const Descriptor& folder, const std::string& name, const FileState& state,
                          const std::string& path) {
  const std::string temporary = temporary_name();
  if (::symlinkat(state.content.c_str(), folder.number(), temporary.c_str()) != 0) {
    return state_error(path, errno);
  }
  if (::geteuid() == 0) {
    [[maybe_unused]] const int given = ::fchownat(folder.number(), temporary.c_str(), state.user,
                                                  state.group, AT_SYMLINK_NOFOLLOW);
  }
  return put_in_place(folder, temporary, name, path);
}

Result<void> make_file_at(const Descriptor& folder, const std::string& name, const FileState& state,
                          std::string_view bytes, const std::string& path) {
  const std::string temporary = temporary_name();
  const Descriptor file(::openat(folder.number(), temporary.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.open()) return state_error(path, errno);
  auto written = write_bytes(file, bytes, path);
  // The owner first: to give a file away takes its set-user-id bit.
  give_to_owner(file.number(), state);
  if (written && ::fchmod(file.number(), state.mode) != 0) written = state_error(path, errno);
  if (written && ::fsync(file.number()) != 0) written = state_error(path, errno);
  if (!written) {
    ::unlinkat(folder.number(), temporary.c_str(), 0);
    return written;
  }
  return put_in_place(folder, temporary, name, path);
}

}  // namespace

Result<void> SnapshotFolder::restore(const std::string& path, const FileState& state,
                                     std::string_view bytes) const {
  const bool makes = state.kind != FileKind::absent;
  auto place = place_of(path, makes);
  if (!place && !makes && place.error().kind == ErrorKind::not_found) return {};
  if (!place) return fail(std::move(place.error()));
  switch (state.kind) {
    case FileKind::absent: return remove_at(place->folder, place->name, path);
    case FileKind::folder: return make_folder_at(place->folder, place->name, state, path);
    case FileKind::link: return make_link_at(place->folder, place->name, state, path);
    case FileKind::file: return make_file_at(place->folder, place->name, state, bytes, path);
    case FileKind::other: break;
  }
  return fail(ErrorKind::invalid, "'" + path + "' was a device, FIFO or socket, which is not kept");
}

}  // namespace colonnade::tools
