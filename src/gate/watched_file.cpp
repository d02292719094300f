#include "gate/watched_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/limits.hpp"
#include "gate/canonical.hpp"
#include "gate/limits.hpp"

namespace colonnade::gate {
namespace {

// File times come from a clock that may stand still for a tick; twice the coarsest of file systems.
constexpr std::chrono::nanoseconds settling_time = std::chrono::seconds(2);

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::unexpected<base::Error> cannot_read(const std::string& path, int reason) {
  return base::fail(reason == ENOENT ? base::ErrorKind::not_found : base::ErrorKind::invalid,
                    "cannot read " + path + ": " + std::generic_category().message(reason));
}

std::string fingerprint_of(const base::Result<std::string>& content) {
  return content ? sha256_hex(*content) : content.error().message;
}

}  // namespace

std::string WatchedFile::name() const { return path_.substr(path_.rfind('/') + 1); }

WatchedFile::Stamp WatchedFile::stamp() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

base::Result<std::string> WatchedFile::content() const {
  const File file(path_);
  if (file.fd() < 0) return cannot_read(path_, errno);
  std::string out;
  std::array<char, 64 * limits::KiB> piece{};
  for (;;) {
    const ssize_t count = ::read(file.fd(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path_, errno);
    if (count == 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(count));
    if (out.size() > limits::policy_file_bytes_max) {
      return base::fail(base::ErrorKind::invalid,
                        path_ + " is larger than " +
                            std::to_string(limits::policy_file_bytes_max / limits::MiB) +
                            " MiB; is it the right file?");
    }
  }
}

base::Result<std::string> WatchedFile::read() {
  // The stamp is older than the content: a change in between is seen at the next look.
  seen_ = stamp();
  // Compared with the file system's own times, which no test's clock moves.
  using FileClock = std::chrono::system_clock;
  const auto now = FileClock::now().time_since_epoch();
  settled_ = seen_.size >= 0 &&
             std::chrono::nanoseconds(now).count() - seen_.changed_ns > settling_time.count();
  auto out = content();
  fingerprint_ = fingerprint_of(out);
  return out;
}

bool WatchedFile::has_changed() {
  if (settled_ && stamp() == seen_) return false;
  const std::string before = fingerprint_;
  (void)read();
  return fingerprint_ != before;
}

}  // namespace colonnade::gate
