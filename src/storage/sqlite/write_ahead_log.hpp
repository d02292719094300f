// The writer's hold on SQLite's write-ahead log: when it is copied into the database, and what is
// done with it after the disk has failed.
//
// SQLite by itself copies the log inside a commit and drops the error. And it takes a sync that
// succeeds for proof that everything before is on the disk; but after a sync that failed, the
// kernel counts the bytes as clean, goes on serving them for a while, and lets the next sync
// succeed. So here a failed sync is remembered: what it may have lost is kept, checked against the
// log's checksums, written again and synced, and the log begins anew, on new blocks, before
// anything else is committed.
//
// Used on the writer's thread alone.
#pragma once

#include <cstdint>
#include <string>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/health.hpp"

namespace colonnade::storage::sqlite {

class WriteAheadLog {
 public:
  // `syncs_commits`: each commit syncs the log by itself (durability full). Installs itself on the
  // connection, which must not copy the log on its own any more (PRAGMA wal_autocheckpoint = 0).
  WriteAheadLog(Database& database, Health& health, bool syncs_commits);
  ~WriteAheadLog();
  WriteAheadLog(const WriteAheadLog&) = delete;
  WriteAheadLog& operator=(const WriteAheadLog&) = delete;

  // After a commit: copies the log once it has grown to limits::log_frames_kept_max. What fails is
  // reported to the health.
  void keep_short();

  // Copies all of the log and cuts the file to nothing. False when a reader was in the way, or the
  // store is not healthy.
  Result<bool> empty();

  // A commit could not sync. Call at once: what it may have lost is kept as long as the kernel
  // still has it.
  void sync_failed();

  // Makes everything that was committed durable in the database and empties the log. After a fault,
  // until it succeeds; nothing may be committed before. After a failed sync it is unavailable while
  // a reader is still in the log; otherwise that reader's part of the log stays.
  Result<void> restart();

  // Makes what is in the log durable. Nothing to do when commits do that.
  Result<void> sync();

 private:
  static int committed(void* self, sqlite3* handle, const char* name, int frames);
  // False when a reader was in the way.
  Result<bool> checkpoint(int mode);
  Result<void> keep_suspects();
  Result<void> write_suspects();
  Result<std::string> read_log(std::int64_t offset, std::int64_t size);

  Database& database_;
  Health& health_;
  bool syncs_commits_;
  std::int64_t frames_ = 0;  // in the log, committed
  std::int64_t synced_ = 0;  // of these, on the disk for certain
  std::string synced_salt_;  // of the log that `synced_` speaks of; only where commits do not sync
  // A sync has failed: what it may have lost is not written again yet, and the log not begun anew.
  bool is_suspect_ = false;
  bool must_restart_ = false;
  std::string suspects_;          // a copy of that; "" before it is made
  std::int64_t suspects_at_ = 0;  // its place in the log
  std::string suspects_salt_;     // of the log it belongs to
};

}  // namespace colonnade::storage::sqlite
