// The database's file on disk: who may read it, and that one server at a time uses it.
#pragma once

#include <string>

#include "base/result.hpp"

namespace colonnade::storage::sqlite {

// Makes the missing folders above `path`, 0700.
base::Result<void> prepare_folder(const std::string& path);

// Makes the file (0600, whatever the umask) when it is missing, and takes group and others' rights
// away from one that is there. Never opens a file that is there: closing it again would drop the
// POSIX locks that SQLite holds on it in this process.
base::Result<void> prepare_data_file(const std::string& path);

// Writes the file's and its folder's data to the disk.
base::Result<void> sync_to_disk(const std::string& path);

// Held for as long as a server uses the data folder: flock() on the folder itself, which stays
// locked whatever is deleted in it, and on `<path>.lock`, which says who holds it. Both are gone
// with the process, however that ends.
class DataLock {
 public:
  // ErrorKind::conflict, naming the other process, when the lock is held.
  static base::Result<DataLock> take(const std::string& path);
  DataLock(DataLock&& other) noexcept;
  DataLock& operator=(DataLock&&) = delete;
  ~DataLock();

 private:
  DataLock() = default;
  int folder_ = -1;
  int file_ = -1;
};

}  // namespace colonnade::storage::sqlite
