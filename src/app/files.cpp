#include "app/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace colonnade::app {
namespace {

constexpr std::size_t key_file_bytes_max = 64 * 1024;  // a line of text, or a PEM key

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<base::Error> failed(std::string_view what, const std::string& path, int reason) {
  return base::fail(
      reason == ENOENT ? base::ErrorKind::not_found : base::ErrorKind::invalid,
      std::string(what) + " " + path + ": " + std::generic_category().message(reason));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

base::Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return failed("cannot read", path, errno);
  std::string out;
  char piece[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(file.fd(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot read", path, errno);
    if (count == 0) return out;
    out.append(piece, static_cast<std::size_t>(count));
    if (out.size() > bytes_max) {
      return base::fail(
          base::ErrorKind::invalid,
          path + " is larger than " + std::to_string(bytes_max) + " bytes; is it the right file?");
    }
  }
}

std::string key_text(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return trimmed(text);
}

base::Result<std::string> read_key_file(const std::string& path) {
  const auto text = read_small_file(path, key_file_bytes_max);
  if (!text) return std::unexpected(text.error());
  std::string out = key_text(*text);
  if (out.empty()) return base::fail(base::ErrorKind::invalid, path + " is empty");
  return out;
}

base::Result<void> make_owner_only_folder(const std::string& path) {
  const std::filesystem::path folder(path);
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
  if (folder.has_parent_path() && folder.parent_path() != folder) {
    if (auto above = make_owner_only_folder(folder.parent_path().string()); !above) return above;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return failed("cannot create the folder", path, errno);
  }
  if (!std::filesystem::is_directory(folder, error)) {
    return base::fail(base::ErrorKind::invalid, path + " exists, but it is not a folder");
  }
  return {};
}

base::Result<AtomicFile> AtomicFile::begin(const std::string& path) {
  const std::filesystem::path target(path);
  if (auto folder = make_owner_only_folder(target.parent_path().string()); !folder) {
    return std::unexpected(folder.error());
  }
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed("cannot write", beside, errno);
  return AtomicFile(path, fd);
}

AtomicFile::AtomicFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink((path_ + ".new").c_str());
}

base::Result<void> AtomicFile::write(std::string_view content) {
  if (!write_all(fd_, content)) return failed("cannot write", path_ + ".new", errno);
  return {};
}

base::Result<void> AtomicFile::commit() {
  const std::string beside = path_ + ".new";
  if (::fsync(fd_) != 0) return failed("cannot write", beside, errno);
  if (::rename(beside.c_str(), path_.c_str()) != 0) return failed("cannot write", path_, errno);
  ::close(std::exchange(fd_, -1));
  return {};
}

base::Result<void> write_owner_only_file(const std::string& path, std::string_view content) {
  auto file = AtomicFile::begin(path);
  if (!file) return std::unexpected(file.error());
  if (auto written = file->write(content); !written) return written;
  return file->commit();
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(blank) - begin + 1));
}

}  // namespace colonnade::app
