#include "storage/attachment_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/attachments/limits.hpp"

namespace colonnade::storage {
namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view unfinished_end = ".part";

// The disk's fault: what was refused may be tried again.
std::unexpected<base::Error> disk_failure(std::string what, int error) {
  base::Error failure{.kind = ErrorKind::unavailable,
                      .message = std::move(what) + ": " + std::generic_category().message(error)};
  failure.retryable = true;
  return std::unexpected(std::move(failure));
}

class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

bool is_id(std::string_view text) {
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, digit);
}

Result<void> write_whole(const FileCalls& calls, int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const long written = calls.write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return disk_failure("cannot write an attachment", written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (calls.sync(file) != 0) return disk_failure("cannot sync an attachment", errno);
  return {};
}

Result<void> make_owner_folder(const std::string& folder) {
  std::error_code failed;
  if (std::filesystem::is_directory(folder, failed)) return {};
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return disk_failure("cannot create the folder of attachments", errno);
  }
  // Its name is in the folder above.
  const std::filesystem::path parent = std::filesystem::path(folder).parent_path();
  const std::string above = parent.empty() ? "." : parent.string();
  const OpenFile opened(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) {
    return disk_failure("cannot sync the data folder", errno);
  }
  return {};
}

}  // namespace

FileCalls system_file_calls() {
  return {.write = [](int file, const char* bytes, std::size_t count) -> long {
            return ::write(file, bytes, count);
          },
          .sync = [](int file) { return ::fsync(file); },
          .rename = [](const char* from, const char* to) { return ::rename(from, to); }};
}

AttachmentFolder::AttachmentFolder(std::string folder, FileCalls calls)
    : folder_(std::move(folder)), calls_(std::move(calls)) {}

// Ids are core's; one that is none must not become a path.
Result<std::string> AttachmentFolder::path_of(const std::string& id) const {
  if (!is_id(id)) return base::fail(ErrorKind::internal, "not an id of an attachment");
  return folder_ + "/" + id;
}

Result<void> AttachmentFolder::sync_folder() const {
  const OpenFile opened(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || calls_.sync(opened.get()) != 0) {
    return disk_failure("cannot sync the folder of attachments", errno);
  }
  return {};
}

Result<void> AttachmentFolder::write(const std::string& id, std::string_view bytes) {
  const auto path = path_of(id);
  if (!path) return base::fail(path.error());
  if (auto made = make_owner_folder(folder_); !made) return made;
  const std::string unfinished = *path + std::string(unfinished_end);
  Result<void> done;
  {
    const OpenFile file(
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return disk_failure("cannot create an attachment", errno);
    done = write_whole(calls_, file.get(), bytes);
  }
  if (done && calls_.rename(unfinished.c_str(), path->c_str()) != 0) {
    done = disk_failure("cannot name an attachment", errno);
  }
  if (done) done = sync_folder();
  if (!done) {
    ::unlink(unfinished.c_str());
    ::unlink(path->c_str());
  }
  return done;
}

Result<std::string> AttachmentFolder::read(const std::string& id) {
  const auto path = path_of(id);
  if (!path) return base::fail(path.error());
  const OpenFile file(::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) {
    if (errno == ENOENT) return base::fail(ErrorKind::not_found, "the attachment's file is gone");
    return disk_failure("cannot open an attachment", errno);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return disk_failure("cannot read an attachment", errno);
  const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  if (size > limits::attachment_bytes_max) {
    return base::fail(ErrorKind::internal, "an attachment's file is larger than any may be");
  }
  std::string bytes(size, '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto got = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_failure("cannot read an attachment", errno);
    if (got == 0) return base::fail(ErrorKind::internal, "an attachment's file was cut");
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<void> AttachmentFolder::remove(const std::string& id) {
  const auto path = path_of(id);
  if (!path) return base::fail(path.error());
  ::unlink((*path + std::string(unfinished_end)).c_str());
  if (::unlink(path->c_str()) == 0) return sync_folder();
  if (errno == ENOENT) return {};
  return disk_failure("cannot remove an attachment", errno);
}

Result<std::vector<std::string>> AttachmentFolder::ids() {
  std::vector<std::string> out;
  std::error_code failed;
  std::filesystem::directory_iterator entries(folder_, failed);
  if (failed == std::errc::no_such_file_or_directory) return out;
  if (failed) return disk_failure("cannot list the attachments", failed.value());
  for (; entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    if (failed) return disk_failure("cannot list the attachments", failed.value());
    const std::string name = entries->path().filename().string();
    if (name.ends_with(unfinished_end)) ::unlink(entries->path().c_str());
    if (is_id(name)) out.push_back(name);
  }
  return out;
}

Result<std::size_t> copy_attachments(const std::string& folder, const std::string& target) {
  std::error_code failed;
  if (std::filesystem::exists(std::filesystem::symlink_status(target, failed))) {
    return base::fail(ErrorKind::conflict, target + " exists already; choose another name");
  }
  AttachmentFolder source(folder);
  AttachmentFolder copy(target);
  std::vector<std::string> ids;
  // ids() is the server's: beside it, files that are being written are left alone.
  std::filesystem::directory_iterator entry(folder, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    std::string name = entry->path().filename().string();
    if (is_id(name)) ids.push_back(std::move(name));
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    return disk_failure("cannot list the attachments", failed.value());
  }
  std::size_t copied = 0;
  for (const std::string& id : ids) {
    auto bytes = source.read(id);
    if (!bytes && bytes.error().kind == ErrorKind::not_found) continue;
    auto written = bytes ? copy.write(id, *bytes) : base::fail(std::move(bytes.error()));
    if (!written) {
      std::filesystem::remove_all(target, failed);
      return base::fail(std::move(written.error()));
    }
    ++copied;
  }
  return copied;
}

}  // namespace colonnade::storage
