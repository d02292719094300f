#include "storage/sqlite/health.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace colonnade::storage::sqlite {
namespace {

using core::StoreState;

std::string because(int system_error) {
  if (system_error == 0) return "";
  return ": " + std::generic_category().message(system_error);
}

bool is_no_space(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

Fault no_space() {
  return {.state = StoreState::cannot_write,
          .reason =
              "there is no space left for the data folder (disk, quota or file size limit);"
              " free some"};
}

Fault io_fault(int code, int system_error) {
  if (is_no_space(system_error)) return no_space();
  switch (code) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
      return {.state = StoreState::cannot_sync,
              .reason = "the disk with the data folder does not confirm what was written" +
                        because(system_error) + "; look at the disk and at the kernel's log"};
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_CORRUPTFS:
      return {.state = StoreState::damaged,
              .reason =
                  "the database file is shorter than it says, or holds other bytes than were"
                  " written; restore a backup"};
    case SQLITE_IOERR_READ:
      return {.state = StoreState::cannot_write,
              .reason = "the database file cannot be read" + because(system_error) +
                        "; look at the disk and at the kernel's log"};
    default:
      return {.state = StoreState::cannot_write,
              .reason = "the database file cannot be written (disk, quota or file size limit)" +
                        because(system_error) + "; look at the disk and at the kernel's log"};
  }
}

}  // namespace

core::StoreHealth Health::now() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

std::optional<base::Error> Health::refusal() const {
  if (is_writable()) return std::nullopt;
  return core::refusal_of(now());
}

void Health::report(StoreState state, std::string reason) {
  {
    const std::lock_guard lock(mutex_);
    if (health_.state == StoreState::damaged) return;
    const bool is_new = health_.state != state;
    if (is_new) health_.since = base::SystemClock().now();
    health_.state = state;
    health_.reason = reason;
    state_.store(state, std::memory_order_release);
    if (!is_new) return;
  }
  base::log::error("store_unavailable", {{"state", core::to_string(state)}, {"error", reason}});
}

void Health::recovered() {
  base::Time since{};
  base::Time now{};
  {
    const std::lock_guard lock(mutex_);
    if (health_.state == StoreState::damaged || health_.state == StoreState::writable) return;
    since = health_.since;
    now = base::SystemClock().now();
    health_ = {.state = StoreState::writable, .reason = {}, .since = now};
    state_.store(StoreState::writable, std::memory_order_release);
  }
  base::log::info("store_writable", {{"unavailable_ms", (now - since).count() / 1000}});
}

std::optional<Fault> fault_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_FULL: return no_space();
    case SQLITE_IOERR: return io_fault(code, system_error);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Fault{.state = StoreState::cannot_write,
                   .reason = "the database file cannot be opened for writing" +
                             because(system_error) + "; look at the data folder's rights"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault{.state = StoreState::cannot_write,
                   .reason = "another program has locked the database; end that program"};
    case SQLITE_NOMEM:
      return Fault{.state = StoreState::cannot_write,
                   .reason = "there is no memory left to write with; free some"};
    case SQLITE_CORRUPT:
      // The search index alone, which is made from the messages.
      if (code == SQLITE_CORRUPT_VTAB) return std::nullopt;
      [[fallthrough]];
    case SQLITE_NOTADB:
      return Fault{.state = StoreState::damaged,
                   .reason =
                       "the database file is malformed; stop the server and restore a"
                       " backup (`colonnade doctor --help`)"};
    default: return std::nullopt;
  }
}

}  // namespace colonnade::storage::sqlite
