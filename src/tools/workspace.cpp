#include "tools/workspace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <ranges>
#include <system_error>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;

std::unexpected<Error> leaves(const std::string& path) {
  return fail(ErrorKind::forbidden,
              "'" + path + "' leads outside the workspace; only the workspace can be reached",
              "path");
}

std::unexpected<Error> system_error(const std::string& path, int code) {
  switch (code) {
    case EXDEV: return leaves(path);
    case ELOOP:
      return fail(
          ErrorKind::forbidden,
          "'" + path +
              "' goes through links in a circle or through the kernel's own links; only the "
              "workspace can be reached",
          "path");
    case ENOENT: return fail(ErrorKind::not_found, "'" + path + "' does not exist", "path");
    case ENOTDIR:
      return fail(ErrorKind::invalid, "'" + path + "' goes through a file that is not a folder",
                  "path");
    case EAGAIN:
      return fail(ErrorKind::conflict,
                  "'" + path + "' is being moved about; only the workspace can be reached", "path");
    case ENOSYS:
      return fail(ErrorKind::unavailable,
                  "files cannot be opened safely: the kernel lacks openat2 (Linux 5.6)");
    default:
      return fail(ErrorKind::invalid, "'" + path + "': " + std::generic_category().message(code),
                  "path");
  }
}

std::unexpected<Error> was_linked(const std::string& path) {
  return fail(
      ErrorKind::conflict,
      "'" + path +
          "' goes through a link that was made since the call was judged; only the workspace "
          "can be reached, as it was then: call again",
      "path");
}

// One try after another while a rename elsewhere disturbs the walk.
int open_beneath_at(int root, const std::string& inside, int flags, Workspace::Links links) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (links == Workspace::Links::refused) how.resolve |= RESOLVE_NO_SYMLINKS;
  for (int tries = 1;; ++tries) {
    const long out = ::syscall(SYS_openat2, root, inside.c_str(), &how, sizeof how);
    const bool again = out < 0 && (errno == EAGAIN || errno == EINTR);
    if (!again || tries >= limits::workspace_open_tries) return static_cast<int>(out);
  }
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "no regular file";
}

Result<void> must_be(const Descriptor& file, const std::string& path, bool folder) {
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return system_error(path, errno);
  if (folder && !S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::invalid, "'" + path + "' is not a folder", "path");
  }
  if (!folder && !S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid,
                "'" + path + "' is " + std::string(kind_of(status.st_mode)) +
                    "; only regular files can be opened",
                "path");
  }
  return {};
}

Result<void> write_all(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// The folder and the last name of a relative path; the name is "" when there is none.
std::pair<std::string, std::string> split(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  std::string above = slash == std::string::npos ? "." : path.substr(0, slash);
  if (name == "." || name == "..") name.clear();
  return {above.empty() ? "." : above, name};
}

}  // namespace

int open_folder_without_links(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
}

struct Workspace::Place {
  Descriptor folder;
  std::string name;
};

Workspace::Workspace(std::string folder, Descriptor root, Links links)
    : folder_(std::move(folder)), root_(std::move(root)), links_(links) {
  struct stat status{};
  if (::geteuid() != 0 || ::fstat(root_.number(), &status) != 0) return;
  owner_ = status.st_uid;
  group_ = status.st_gid;
}

int Workspace::open_at(int root, const std::string& inside, int flags) const {
  return open_beneath_at(root, inside, flags, links_);
}

Result<Workspace> Workspace::open(const std::string& folder, Links links) {
  if (folder.empty()) {
    return fail(ErrorKind::unavailable, "this thread has no workspace; the server's log says why");
  }
  Descriptor root(open_folder_without_links(folder));
  if (!root.open() && errno == ELOOP) {
    return fail(ErrorKind::conflict,
                "the workspace's path goes through a link, which could lead anywhere by now");
  }
  if (!root.open()) {
    return fail(ErrorKind::unavailable,
                "the workspace cannot be opened: " + std::generic_category().message(errno));
  }
  return Workspace(folder, std::move(root), links);
}

Result<std::string> Workspace::relative(const std::string& path) const {
  if (path.find('\0') != std::string::npos) {
    return fail(ErrorKind::invalid, "the path holds a NUL character; leave it out", "path");
  }
  if (path.size() > limits::workspace_path_bytes_max) {
    return fail(ErrorKind::too_large,
                "the path is longer than " + std::to_string(limits::workspace_path_bytes_max) +
                    " bytes; shorten it",
                "path");
  }
  if (!path.starts_with('/')) return path.empty() ? "." : path;
  for (const std::string_view prefix : {std::string_view(folder_), workspace_in_sandbox}) {
    if (!path.starts_with(prefix)) continue;
    std::string_view rest = std::string_view(path).substr(prefix.size());
    if (!rest.empty() && !rest.starts_with('/')) continue;
    while (rest.starts_with('/')) rest.remove_prefix(1);
    return rest.empty() ? "." : std::string(rest);
  }
  return leaves(path);
}

namespace {

// Follows a path name by name, as the kernel would, and keeps what it is called without links.
class PathWalk {
 public:
  PathWalk(Descriptor root, const std::string& shown)
      : root_(std::move(root)),
        folder_(::fcntl(root_.number(), F_DUPFD_CLOEXEC, 0)),
        shown_(shown) {}

  Result<std::string> follow(std::string_view path) {
    push(path);
    for (std::size_t steps = 0; !rest_.empty(); ++steps) {
      if (steps == limits::workspace_path_steps_max) return system_error(shown_, ENAMETOOLONG);
      const std::string name = std::move(rest_.back());
      rest_.pop_back();
      auto taken = name == ".." ? up() : down(name);
      if (!taken) return fail(std::move(taken.error()));
    }
    return done_.empty() ? "." : joined();
  }

 private:
  // In front of what is to be followed still.
  void push(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
      const std::size_t slash = path.find('/');
      const std::string_view name = path.substr(0, slash);
      if (!name.empty() && name != ".") names.emplace_back(name);
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    std::ranges::move(names | std::views::reverse, std::back_inserter(rest_));
  }

  Result<void> up() {
    if (done_.empty()) return leaves(shown_);
    done_.pop_back();
    if (missing_ > 0) {
      --missing_;
      return {};
    }
    folder_ = Descriptor(open_beneath_at(root_.number(), done_.empty() ? "." : joined(),
                                         O_PATH | O_DIRECTORY, Workspace::Links::refused));
    if (!folder_.open()) return system_error(shown_, EAGAIN);
    return {};
  }

  Result<void> down(const std::string& name) {
    if (missing_ == 0) {
      std::string target(limits::workspace_path_bytes_max, '\0');
      const ssize_t size =
          ::readlinkat(folder_.number(), name.c_str(), target.data(), target.size());
      if (size >= 0) {
        target.resize(static_cast<std::size_t>(size));
        return through(target);
      }
    }
    done_.push_back(name);
    if (missing_ > 0) {
      ++missing_;
      return {};
    }
    Descriptor below(
        open_beneath_at(folder_.number(), name, O_PATH | O_DIRECTORY, Workspace::Links::refused));
    if (below.open()) {
      folder_ = std::move(below);
    } else if (errno == ELOOP || errno == EAGAIN) {
      return system_error(shown_, EAGAIN);
    } else {
      missing_ = 1;  // a file, or nothing yet
    }
    return {};
  }

  Result<void> through(const std::string& target) {
    if (++links_ > limits::workspace_path_links_max) return system_error(shown_, ELOOP);
    if (target.starts_with('/')) return leaves(shown_);
    push(target);
    return {};
  }

  std::string joined() const {
    std::string out;
    for (const std::string& name : done_) out.append(out.empty() ? "" : "/").append(name);
    return out;
  }

  Descriptor root_;
  Descriptor folder_;  // the last one of done_ that exists
  const std::string& shown_;
  std::vector<std::string> rest_{};  // the next one last
  std::vector<std::string> done_{};
  std::size_t missing_ = 0;  // names at the end of done_ that are no folders
  int links_ = 0;
};

}  // namespace

Result<std::string> Workspace::canonical(const std::string& path) const {
  auto inside = relative(path);
  if (!inside) return inside;
  Descriptor root(::fcntl(root_.number(), F_DUPFD_CLOEXEC, 0));
  if (!root.open()) return system_error(path, errno);
  return PathWalk(std::move(root), path).follow(*inside);
}

Result<Descriptor> Workspace::open_beneath(const std::string& inside, const std::string& shown,
                                           int flags) const {
  Descriptor out(open_at(root_.number(), inside, flags));
  if (out.open()) return out;
  if (errno == ELOOP && links_ == Links::refused) return was_linked(shown);
  return system_error(shown, errno);
}

Result<Descriptor> Workspace::open_file(const std::string& path, int flags) const {
  auto inside = relative(path);
  if (!inside) return fail(inside.error());
  const bool folder = (flags & O_DIRECTORY) != 0;
  // First without opening what it is: to open a device or a FIFO may have an effect.
  auto seen = open_beneath(*inside, path, O_PATH);
  if (!seen) return seen;
  if (auto fits = must_be(*seen, path, folder); !fits) return fail(fits.error());
  auto file = open_beneath(*inside, path, flags | O_NONBLOCK | O_NOCTTY);
  if (!file) return file;
  if (auto fits = must_be(*file, path, folder); !fits) return fail(fits.error());
  return file;
}

Result<std::string> Workspace::read_file(const std::string& path) const {
  auto file = open_file(path, O_RDONLY);
  if (!file) return fail(file.error());
  std::string out;
  constexpr std::size_t piece_bytes = 64 * limits::KiB;
  for (;;) {
    const std::size_t size = out.size();
    if (size > limits::workspace_file_bytes_max) {
      return fail(ErrorKind::too_large,
                  "'" + path + "' is larger than " +
                      std::to_string(limits::workspace_file_bytes_max) +
                      " bytes; use the shell for a part of it",
                  "path");
    }
    out.resize(size + piece_bytes);
    const ssize_t got = ::read(file->number(), out.data() + size, piece_bytes);
    out.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return out;
    if (got < 0 && errno != EINTR) return system_error(path, errno);
  }
}

Result<Descriptor> Workspace::make_folders(const std::string& inside,
                                           const std::string& shown) const {
  constexpr mode_t folder_mode = 0755;
  Descriptor above(open_at(root_.number(), inside, O_PATH | O_DIRECTORY));
  if (above.open()) return above;
  if (errno == ELOOP && links_ == Links::refused) return was_linked(shown);
  if (errno != ENOENT) return system_error(shown, errno);
  const auto [parent, name] = split(inside);
  if (name.empty() || parent == inside) return system_error(shown, ENOENT);
  auto folder = make_folders(parent, shown);
  if (!folder) return folder;
  if (::mkdirat(folder->number(), name.c_str(), folder_mode) != 0 && errno != EEXIST) {
    return system_error(shown, errno);
  }
  // Harmless if the name is another thing by now: all of the workspace is its owner's.
  ::fchownat(folder->number(), name.c_str(), owner_, group_, AT_SYMLINK_NOFOLLOW);
  return open_beneath(inside, shown, O_PATH | O_DIRECTORY);
}

// Follows links at the end of the path by hand, since a rename would replace the link itself. Each
// step is resolved beneath the root again.
Result<Workspace::Place> Workspace::place_of(const std::string& path) const {
  auto inside = relative(path);
  if (!inside) return fail(inside.error());
  for (int links = 0; links <= limits::workspace_links_max; ++links) {
    const auto [above, name] = split(*inside);
    if (name.empty()) {
      // May still be an escape, which is the better thing to say.
      auto seen = open_beneath(*inside, path, O_PATH);
      if (!seen) return fail(seen.error());
      return fail(ErrorKind::invalid, "'" + path + "' is a folder; name a file", "path");
    }
    auto folder = make_folders(above, path);
    if (!folder) return fail(folder.error());
    std::string target(limits::workspace_path_bytes_max, '\0');
    const ssize_t size = ::readlinkat(folder->number(), name.c_str(), target.data(), target.size());
    if (size < 0) return Place{std::move(*folder), name};
    if (links_ == Links::refused) return was_linked(path);
    target.resize(static_cast<std::size_t>(size));
    if (target.starts_with('/')) return leaves(path);
    *inside = above + "/" + target;
  }
  return leaves(path);
}

Result<void> Workspace::remove_file(const std::string& path) const {
  if (auto file = open_file(path, O_RDONLY); !file) return fail(std::move(file.error()));
  auto place = place_of(path);
  if (!place) return fail(place.error());
  if (::unlinkat(place->folder.number(), place->name.c_str(), 0) != 0) {
    return system_error(path, errno);
  }
  return {};
}

Result<void> Workspace::write_file(const std::string& path, std::string_view bytes,
                                   mode_t mode) const {
  if (bytes.size() > limits::workspace_write_bytes_max) {
    return fail(ErrorKind::too_large,
                "the content is larger than " + std::to_string(limits::workspace_write_bytes_max) +
                    " bytes; write less at once",
                "content");
  }
  auto place = place_of(path);
  if (!place) return fail(place.error());
  const int folder = place->folder.number();
  mode &= 0777U;
  struct stat status{};
  if (::fstatat(folder, place->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISREG(status.st_mode)) {
      return fail(ErrorKind::invalid,
                  "'" + path + "' is " + std::string(kind_of(status.st_mode)) +
                      "; only regular files can be written",
                  "path");
    }
    mode = status.st_mode & 0777U;  // set-user-id bits do not pass to new bytes
  }
  const std::string temporary = ".colonnade-" + base::random_hex(8) + ".tmp";
  Descriptor file(::openat(folder, temporary.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.open()) return system_error(path, errno);
  auto written = write_all(file, bytes, path);
  if (written && ::fchown(file.number(), owner_, group_) != 0) written = system_error(path, errno);
  if (written && ::fchmod(file.number(), mode) != 0) written = system_error(path, errno);
  if (written && ::fsync(file.number()) != 0) written = system_error(path, errno);
  if (written && ::renameat(folder, temporary.c_str(), folder, place->name.c_str()) != 0) {
    written = system_error(path, errno);
  }
  if (!written) ::unlinkat(folder, temporary.c_str(), 0);
  return written;
}

namespace {

// Walks folders depth first. Each is opened by its one name below the one above, without links.
class Walk {
 public:
  Walk(std::stop_token stop, const std::function<bool(const Workspace::Entry&)>& visit)
      : stop_(std::move(stop)), visit_(visit) {}

  // False: enough.
  bool folder(Descriptor folder, const std::string& path, int depth) {
    for (const std::string& name : names(folder)) {
      if (++seen_ > limits::workspace_entries_max || stop_.stop_requested()) return cut();
      Workspace::Entry entry{.path = path.empty() ? name : path + "/" + name, .status = {}};
      if (::fstatat(folder.number(), name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0) {
        continue;
      }
      if (S_ISREG(entry.status.st_mode) && !visit_(entry)) return cut();
      if (!S_ISDIR(entry.status.st_mode)) continue;
      if (depth >= limits::workspace_depth_max) {
        cut_ = true;  // the rest may still be seen
        continue;
      }
      Descriptor below(
          ::openat(folder.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below.open() && !this->folder(std::move(below), entry.path, depth + 1)) return false;
    }
    return true;
  }

  bool was_cut() const { return cut_; }

 private:
  bool cut() {
    cut_ = true;
    return false;
  }

  // Read at once and sorted, so that the same files always come in the same order.
  static std::vector<std::string> names(const Descriptor& folder) {
    std::vector<std::string> out;
    Descriptor copy(::fcntl(folder.number(), F_DUPFD_CLOEXEC, 0));
    DIR* entries = copy.open() ? ::fdopendir(copy.number()) : nullptr;
    if (entries == nullptr) return out;
    copy.release();  // closedir() closes it
    // NOLINTNEXTLINE(concurrency-mt-unsafe): each thread reads a stream of its own
    while (const dirent* entry = ::readdir(entries)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      out.emplace_back(name);
      if (out.size() > limits::workspace_entries_max) break;
    }
    ::closedir(entries);
    std::ranges::sort(out);
    return out;
  }

  std::stop_token stop_;
  const std::function<bool(const Workspace::Entry&)>& visit_;
  std::size_t seen_ = 0;
  bool cut_ = false;
};

}  // namespace

Result<bool> Workspace::each_file(const std::string& path, std::stop_token stop,
                                  const std::function<bool(const Entry&)>& visit) const {
  auto inside = relative(path);
  if (!inside) return fail(inside.error());
  auto folder = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!folder) return fail(folder.error());
  std::string prefix = *inside;
  while (prefix.ends_with('/')) prefix.pop_back();
  while (prefix.starts_with("./")) prefix.erase(0, 2);
  Walk walk(std::move(stop), visit);
  walk.folder(std::move(*folder), prefix == "." ? "" : prefix, 1);
  return !walk.was_cut();
}

}  // namespace colonnade::tools
