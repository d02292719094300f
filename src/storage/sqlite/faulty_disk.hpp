// For tests: a disk that fails when it is told to, below SQLite.
//
// It is a VFS over the system's own. Besides passing calls on it keeps, for each file, what would
// be on the disk after a power cut: the bytes of every write that a successful sync confirmed. As
// in Linux, a sync that fails drops what it should have confirmed (the pages count as clean), later
// syncs succeed, and reads go on serving the bytes, until forget_unsynced_bytes() takes them away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace colonnade::storage::sqlite {

// One at a time in a process. Thread-safe. Must outlive the stores that use it.
class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // For StoreOptions::vfs.
  static std::string vfs_name();

  // Until heal(): every write after the next `after` fails, with ENOSPC or EIO; `writes_half`: the
  // first half of its bytes is written all the same.
  enum class WriteFault { no_space, io_error };
  void fail_writes(WriteFault fault, std::size_t after = 0, bool writes_half = false);
  // Until heal(): every sync after the next `after` fails.
  void fail_syncs(std::size_t after = 0);
  void heal();

  // How many calls there were that could have failed.
  std::size_t writes() const;
  std::size_t syncs() const;
  // How many failed.
  std::size_t failures() const;

  // Puts what is on the disk in place of what the kernel serves, for bytes that count as clean.
  void forget_unsynced_bytes();
  // Writes what would be there after a power cut now to a file of that path beside each other, for
  // the database `path` and its log.
  void power_cut(const std::string& path, const std::string& target) const;

  // What happened to the log (the file whose name ends in -wal), in order: "write OFFSET",
  // "sync failed", "sync", "truncate SIZE".
  std::vector<std::string> log_history() const;

  struct Tracked;  // one file
  // For the VFS.
  int before_write(Tracked& file, const void* bytes, int size, std::int64_t offset, int* to_write);
  int before_sync(Tracked& file);
  void truncated(Tracked& file, std::int64_t size);
  std::shared_ptr<Tracked> track(const std::string& path);
  void removed(const std::string& path);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Tracked>> files_;
  std::vector<std::string> history_;
  std::size_t writes_ = 0;
  std::size_t syncs_ = 0;
  std::size_t failures_ = 0;
  WriteFault write_fault_ = WriteFault::no_space;
  bool writes_half_ = false;
  std::size_t writes_left_ = 0;  // before they fail
  std::size_t syncs_left_ = 0;
  bool fails_writes_ = false;
  bool fails_syncs_ = false;
};

}  // namespace colonnade::storage::sqlite
