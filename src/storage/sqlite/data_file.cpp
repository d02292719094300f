#include "storage/sqlite/data_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace colonnade::storage::sqlite {
namespace {

using base::ErrorKind;
using base::Result;

std::unexpected<base::Error> system_failure(std::string what, int error) {
  return base::fail(ErrorKind::unavailable,
                    std::move(what) + ": " + std::generic_category().message(error));
}

std::filesystem::path folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return {};
  if (auto parent = make_folder(folder.parent_path()); !parent) return parent;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure("cannot create the folder " + folder.string(), errno);
  }
  return {};
}

Result<void> sync_one(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return system_failure("cannot open " + path, errno);
  const int failed = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  if (failed != 0) return system_failure("cannot write " + path + " to the disk", failed);
  return {};
}

}  // namespace

Result<void> prepare_folder(const std::string& path) { return make_folder(folder_of(path)); }

Result<void> prepare_data_file(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) {
    ::close(made);
    return {};
  }
  if (errno != EEXIST) return system_failure("cannot create the database " + path, errno);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return system_failure("cannot read the database " + path, errno);
  }
  // A foreign owner's file cannot be tightened; SQLite then says whether it can be used.
  if ((status.st_mode & 0177) != 0) (void)::chmod(path.c_str(), status.st_mode & 0600);
  return {};
}

Result<void> sync_to_disk(const std::string& path) {
  if (auto synced = sync_one(path, O_RDONLY); !synced) return synced;
  return sync_one(folder_of(path).string(), O_RDONLY | O_DIRECTORY);
}

Result<DataLock> DataLock::take(const std::string& path) {
  const std::string folder = folder_of(path).string();
  const std::string lock_path = path + ".lock";
  DataLock lock;
  lock.folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock.folder_ < 0) return system_failure("cannot open the folder " + folder, errno);
  lock.file_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.file_ < 0) return system_failure("cannot open the lock file " + lock_path, errno);
  for (const int file : {lock.folder_, lock.file_}) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) continue;
    // Some network file systems lock files only.
    if (file == lock.folder_ && errno != EWOULDBLOCK) continue;
    if (errno != EWOULDBLOCK) return system_failure("cannot lock " + lock_path, errno);
    std::array<char, 32> text{};
    const ssize_t size = ::pread(lock.file_, text.data(), text.size() - 1, 0);
    std::string message = "another Colonnade server";
    if (size > 0) message.append(" (process ").append(text.data()).append(")");
    message.append(" uses ").append(path);
    message.append("; stop it, or give this one a data folder of its own");
    return base::fail(ErrorKind::conflict, std::move(message));
  }
  // The number is only there to be shown; the lock itself is the kernel's.
  const std::string self = std::to_string(::getpid());
  if (::ftruncate(lock.file_, 0) == 0) (void)!::pwrite(lock.file_, self.data(), self.size(), 0);
  return lock;
}

DataLock::DataLock(DataLock&& other) noexcept
    : folder_(std::exchange(other.folder_, -1)), file_(std::exchange(other.file_, -1)) {}

DataLock::~DataLock() {
  if (file_ >= 0) ::close(file_);
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace colonnade::storage::sqlite
