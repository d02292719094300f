#include "storage/sqlite/write_ahead_log.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "storage/limits.hpp"

namespace colonnade::storage::sqlite {
namespace {

// The log's format: https://www.sqlite.org/fileformat2.html#walformat. All numbers are big-endian;
// the lowest bit of the magic number says in which order the checksums take their words.
constexpr std::int64_t header_bytes = 32;
constexpr std::int64_t frame_header_bytes = 24;
constexpr std::size_t page_size_at = 8;
constexpr std::size_t salt_at = 16;       // of the log's header
constexpr std::size_t frame_salt_at = 8;  // of a frame's header
constexpr std::size_t salt_bytes = 8;
constexpr std::size_t header_sum_at = 24;  // of the log's header
constexpr std::size_t frame_sum_at = 16;   // of a frame's header
constexpr std::size_t summed_header_bytes = 8;
constexpr std::size_t piece_bytes = 64 * 1024;  // SQLite's files take less than 128 KiB at once

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return out;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  return std::byteswap(big_endian(bytes, at));
}

struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Checksum&) const = default;

  static Checksum at(std::string_view bytes, std::size_t place) {
    return {big_endian(bytes, place), big_endian(bytes, place + 4)};
  }
  void add(std::string_view bytes, bool takes_big_endian) {
    const auto word = takes_big_endian ? big_endian : little_endian;
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      first += word(bytes, i) + second;
      second += word(bytes, i + 4) + first;
    }
  }
};

// Whether these are whole frames of the log with that header, the first of them after a frame (or
// the header) with the checksum `before`.
bool are_frames(std::string_view header, std::string_view frames, Checksum before) {
  const bool takes_big_endian = (big_endian(header, 0) & 1) != 0;
  const std::size_t frame_bytes = frame_header_bytes + big_endian(header, page_size_at);
  Checksum sum = before;
  for (; frames.size() >= frame_bytes; frames.remove_prefix(frame_bytes)) {
    if (frames.substr(frame_salt_at, salt_bytes) != header.substr(salt_at, salt_bytes)) {
      return false;
    }
    sum.add(frames.substr(0, summed_header_bytes), takes_big_endian);
    sum.add(frames.substr(frame_header_bytes, frame_bytes - frame_header_bytes), takes_big_endian);
    if (sum != Checksum::at(frames, frame_sum_at)) return false;
  }
  return frames.empty();
}

// Of the connection's log; nullptr before there is one.
sqlite3_file* log_file(sqlite3* handle) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&file));
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

WriteAheadLog::WriteAheadLog(Database& database, Health& health, bool syncs_commits)
    : database_(database), health_(health), syncs_commits_(syncs_commits) {
  sqlite3_wal_hook(database_.handle(), &WriteAheadLog::committed, this);
}

WriteAheadLog::~WriteAheadLog() { sqlite3_wal_hook(database_.handle(), nullptr, nullptr); }

int WriteAheadLog::committed(void* self, sqlite3* /*handle*/, const char* /*name*/, int frames) {
  auto& log = *static_cast<WriteAheadLog*>(self);
  if (frames < log.frames_) log.synced_ = 0;  // it began anew
  log.frames_ = frames;
  if (log.syncs_commits_) log.synced_ = frames;
  return SQLITE_OK;
}

void WriteAheadLog::keep_short() {
  if (frames_ < limits::log_frames_kept_max || !health_.is_writable()) return;
  if (auto synced = sync(); !synced) return;
  (void)checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

Result<bool> WriteAheadLog::empty() {
  if (!health_.is_writable() || is_suspect_ || must_restart_) return false;
  if (auto synced = sync(); !synced) return fail(synced.error());
  const auto is_empty = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  if (is_empty && *is_empty) frames_ = synced_ = 0;
  return is_empty;
}

void WriteAheadLog::sync_failed() {
  is_suspect_ = true;
  must_restart_ = true;
  if (!suspects_.empty()) return;
  (void)keep_suspects();  // else restart() tries again
}

Result<void> WriteAheadLog::restart() {
  if (is_suspect_) {
    if (suspects_.empty()) {
      if (auto kept = keep_suspects(); !kept) return kept;
    }
    if (auto written = write_suspects(); !written) return written;
    is_suspect_ = false;
  }
  if (auto synced = sync(); !synced) return synced;
  const auto is_empty = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  if (!is_empty) return fail(is_empty.error());
  if (*is_empty) {
    frames_ = 0;
    synced_ = 0;
    must_restart_ = false;
  } else if (must_restart_) {
    return fail({.kind = ErrorKind::unavailable,
                 .message = "a reader is still in the log",
                 .retryable = true});
  }
  return {};
}

Result<void> WriteAheadLog::sync() {
  if (syncs_commits_ || synced_ == frames_) return {};
  sqlite3_file* file = log_file(database_.handle());
  if (file == nullptr) return {};
  const int code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) {
    const int system_error = errno;
    sync_failed();
    return fail(database_.failure(code, system_error));
  }
  auto header = read_log(0, header_bytes);
  if (!header) return fail(header.error());
  synced_salt_ = header->substr(salt_at, salt_bytes);
  synced_ = frames_;
  return {};
}

// The frames since the last sync that succeeded, and the one before them: its end shares a block
// with the first. Whether the kernel still has them is seen by their checksums.
Result<void> WriteAheadLog::keep_suspects() {
  suspects_.clear();
  if (frames_ == 0) return {};
  const auto header = read_log(0, header_bytes);
  if (!header) return fail(header.error());
  const std::string salt = header->substr(salt_at, salt_bytes);
  const std::int64_t frame_bytes =
      frame_header_bytes + static_cast<std::int64_t>(big_endian(*header, page_size_at));
  const auto newest = read_log(header_bytes + (frames_ - 1) * frame_bytes, frame_header_bytes);
  if (!newest) return fail(newest.error());
  // The commit that failed was the first of a new log: all of the old one is in the database.
  if (newest->substr(frame_salt_at, salt_bytes) != salt) return {};
  if (!syncs_commits_ && salt != synced_salt_) synced_ = 0;
  const std::int64_t first = std::max<std::int64_t>(synced_ - 1, 0);
  const std::int64_t begin = header_bytes + first * frame_bytes;
  auto frames = read_log(begin, (frames_ - first) * frame_bytes);
  if (!frames) return fail(frames.error());
  Checksum before = Checksum::at(*header, header_sum_at);
  if (first > 0) {
    const auto last = read_log(begin - frame_bytes, frame_header_bytes);
    if (!last) return fail(last.error());
    before = Checksum::at(*last, frame_sum_at);
  }
  if (!are_frames(*header, *frames, before)) {
    health_.report(core::StoreState::damaged,
                   "the disk has lost what was written to the log; stop the server, and check the"
                   " disk before you start it again");
    return fail(*health_.refusal());
  }
  suspects_ = std::move(*frames);
  suspects_at_ = begin;
  suspects_salt_ = salt;
  return {};
}

Result<void> WriteAheadLog::write_suspects() {
  if (suspects_.empty()) return {};
  sqlite3_file* file = log_file(database_.handle());
  if (file == nullptr) return fail(ErrorKind::internal, "the database has lost its log");
  // Under the write lock: another program may write too. When it began the log anew, it had copied
  // all of it into the database.
  auto transaction = Transaction::begin(database_);
  if (!transaction) return fail(transaction.error());
  const auto header = read_log(0, header_bytes);
  if (!header) return fail(header.error());
  if (header->substr(salt_at, salt_bytes) == suspects_salt_) {
    int code = SQLITE_OK;
    for (std::size_t at = 0; at < suspects_.size() && code == SQLITE_OK; at += piece_bytes) {
      const std::size_t size = std::min(piece_bytes, suspects_.size() - at);
      code = file->pMethods->xWrite(file, suspects_.data() + at, static_cast<int>(size),
                                    suspects_at_ + static_cast<std::int64_t>(at));
    }
    if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) return fail(database_.failure(code, errno));
  }
  suspects_ = {};
  return {};
}

Result<bool> WriteAheadLog::checkpoint(int mode) {
  int frames = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.handle(), "main", mode, &frames, &copied);
  if (code == SQLITE_OK) return true;
  if ((code & 0xff) == SQLITE_BUSY) return false;
  if (code == SQLITE_IOERR_FSYNC) sync_failed();
  return fail(database_.failure(code));
}

Result<std::string> WriteAheadLog::read_log(std::int64_t offset, std::int64_t size) {
  sqlite3_file* file = log_file(database_.handle());
  if (file == nullptr) return fail(ErrorKind::internal, "the database has lost its log");
  std::string out(static_cast<std::size_t>(size), '\0');
  for (std::size_t at = 0; at < out.size(); at += piece_bytes) {
    const std::size_t piece = std::min(piece_bytes, out.size() - at);
    const int code = file->pMethods->xRead(file, out.data() + at, static_cast<int>(piece),
                                           offset + static_cast<std::int64_t>(at));
    if (code != SQLITE_OK) return fail(database_.failure(code, errno));
  }
  return out;
}

}  // namespace colonnade::storage::sqlite
