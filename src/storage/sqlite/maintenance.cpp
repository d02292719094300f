#include "storage/sqlite/maintenance.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "storage/event_codec.hpp"
#include "storage/limits.hpp"
#include "storage/sqlite/data_file.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/search_index.hpp"

namespace colonnade::storage::sqlite {
namespace {

using Findings = std::vector<std::string>;

constexpr std::size_t findings_max = 100;  // of one kind; a broken file would list every row

Result<std::unique_ptr<Database>> open_existing(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return fail(ErrorKind::not_found, "there is no database " + path);
  }
  auto database = Database::open(path, Access::read_write);
  if (!database) return database;
  const std::string wait =
      "PRAGMA busy_timeout = " +
      std::to_string(std::chrono::milliseconds(limits::database_busy_time_max).count()) +
      // Beside a server the log is the server's to copy: an error that is seen here is one it
      // misses.
      "; PRAGMA wal_autocheckpoint = 0;";
  if (auto set = (*database)->execute(wait.c_str()); !set) return fail(set.error());
  return database;
}

// A query whose every row is a finding, in its first column. A query that fails is one too: this
// runs on files that are broken.
void find(Database& database, Findings& findings, const char* sql) {
  const auto rows = database.all<std::string>(
      sql, [](Statement& row) -> Result<std::string> { return row.string(0); }, findings_max);
  if (!rows) {
    findings.push_back(rows.error().message);
  } else {
    findings.insert(findings.end(), rows->begin(), rows->end());
  }
}

void check_pages(Database& database, Findings& findings) {
  const auto rows = database.all<std::string>(
      "PRAGMA integrity_check(100)",
      [](Statement& row) -> Result<std::string> { return row.string(0); });
  if (!rows) return findings.push_back(rows.error().message);
  for (const std::string& row : *rows) {
    if (row != "ok") findings.push_back("file: " + row);
  }
}

void check_references(Database& database, Findings& findings) {
  find(database, findings,
       "SELECT 'row ' || rowid || ' of ' || \"table\" || ' refers to a missing row of ' || parent"
       " FROM pragma_foreign_key_check LIMIT ?1");
}

void check_invariants(Database& database, Findings& findings) {
  find(database, findings,
       "SELECT 'thread ' || t.id || ': ' || count(*) || ' events are numbered ' || min(e.seq) ||"
       " ' to ' || max(e.seq) FROM events e JOIN threads t ON t.no = e.thread_no"
       " GROUP BY e.thread_no"
       " HAVING min(e.seq) <> 1 OR max(e.seq) <> count(*) OR count(DISTINCT e.seq) <> count(*)"
       " LIMIT ?1");
  find(database, findings,
       "SELECT 'event ' || cursor || ' stands before an older one of its thread' FROM"
       " (SELECT cursor, seq, lag(seq) OVER (PARTITION BY thread_no ORDER BY cursor) AS before"
       " FROM events) WHERE before >= seq LIMIT ?1");
  find(database, findings,
       "SELECT 'event ' || e.cursor || ' is in another scope than its thread' FROM events e"
       " JOIN threads t ON t.no = e.thread_no WHERE t.scope <> e.scope LIMIT ?1");
  find(database, findings,
       "SELECT 'message ' || m.id || ' is in another scope than its thread' FROM messages m"
       " JOIN threads t ON t.no = m.thread_no WHERE t.scope <> m.scope LIMIT ?1");
  // NOT INDEXED: the index that forbids it may be what is broken.
  find(database, findings,
       "SELECT 'thread ' || thread_id || ' has ' || count(*) || ' unfinished runs'"
       " FROM runs NOT INDEXED WHERE state IN ('queued', 'running', 'waiting_approval')"
       " GROUP BY thread_id, scope HAVING count(*) > 1 LIMIT ?1");
  find(database, findings,
       "SELECT 'thread ' || t.id || ': its usage is not the sum of its messages' FROM threads t"
       " LEFT JOIN messages m ON m.thread_no = t.no GROUP BY t.no"
       " HAVING count(m.input_tokens) <> t.usage_messages"
       " OR coalesce(sum(m.input_tokens), 0) <> t.input_tokens"
       " OR coalesce(sum(m.output_tokens), 0) <> t.output_tokens"
       " OR coalesce(sum(m.cached_input_tokens), 0) <> t.cached_input_tokens"
       " OR coalesce(sum(m.cache_write_tokens), 0) <> t.cache_write_tokens"
       " OR coalesce(sum(m.reasoning_tokens), 0) <> t.reasoning_tokens"
       " OR sum(m.reported_cost_micros) IS NOT t.reported_cost_micros LIMIT ?1");
}

// Every body is decoded, one row in memory at a time.
void check_bodies(Database& database, Findings& findings, const char* sql, const char* what,
                  const std::function<Result<void>(std::string_view)>& decode) {
  std::size_t found = 0;
  const auto rows = database.all<bool>(sql, [&](Statement& row) -> Result<bool> {
    const auto decoded = decode(row.text(1));
    if (!decoded && ++found <= findings_max) {
      findings.push_back(std::string(what) + " " + row.string(0) + ": " + decoded.error().message);
    }
    return true;
  });
  if (!rows) findings.push_back(rows.error().message);
}

template <class T>
Result<void> outcome(const Result<T>& decoded) {
  if (!decoded) return fail(decoded.error());
  return {};
}

void check_search(Database& database, Findings& findings) {
  // What the writer had not come to yet is no difference to report.
  for (;;) {
    const auto indexed = index_messages(database);
    if (!indexed) return findings.push_back(indexed.error().message);
    if (!indexed->more) break;
  }
  // FTS5 compares its index with the messages through an INSERT that changes nothing.
  const auto compared = database.execute(
      "INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)");
  if (!compared) {
    findings.push_back("the search index does not match the messages: " + compared.error().message);
  }
}

Result<void> copy_pages(Database& source, Database& target) {
  sqlite3_backup* copy = sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
  if (copy == nullptr) {
    return fail(ErrorKind::internal,
                "the backup cannot begin: " + std::string(sqlite3_errmsg(target.handle())));
  }
  // All in one step: it reads one snapshot, so that a busy writer never makes it start over.
  const int stepped = sqlite3_backup_step(copy, -1);
  const int finished = sqlite3_backup_finish(copy);
  if (stepped == SQLITE_DONE && finished == SQLITE_OK) return {};
  const int code = stepped != SQLITE_DONE ? stepped : finished;
  const bool is_full = (code & 0xff) == SQLITE_FULL;
  return fail(is_full ? ErrorKind::unavailable : ErrorKind::internal,
              "the backup failed: " + std::string(sqlite3_errstr(code)));
}

// Of a connection that tells no health; not what passes, nor a file of another kind.
bool is_damage(const base::Error& error) {
  return error.kind == ErrorKind::internal ||
         (error.kind == ErrorKind::unavailable && !error.retryable);
}

// The schema's number, of a database whose pages are sound; else an error that says so, and what
// was not done for it.
Result<int> sound_schema(Database& database, std::string_view not_done) {
  Findings findings;
  auto schema = schema_of(database);
  if (schema) {
    check_pages(database, findings);
  } else if (is_damage(schema.error())) {
    findings.push_back(schema.error().message);
  }
  if (findings.empty()) return schema;
  return fail(ErrorKind::unavailable, "the database is damaged, so " + std::string(not_done) +
                                          ": " + findings.front() +
                                          "; `colonnade doctor` lists what is wrong");
}

Result<void> write_backup(Database& source, const std::string& partial) {
  if (auto ready = prepare_data_file(partial); !ready) return ready;
  {
    auto target = Database::open(partial, Access::read_write);
    if (!target) return fail(target.error());
    // Nobody sees the file before it is complete and synced, so it needs no journal.
    if (auto set = (*target)->execute("PRAGMA journal_mode = off; PRAGMA synchronous = off;");
        !set) {
      return set;
    }
    if (auto copied = copy_pages(source, **target); !copied) return copied;
    // A copy has its original's damage, page by page: it must not count as a backup.
    const auto sound = sound_schema(**target, "no backup was written");
    if (!sound) return fail(sound.error());
  }
  return sync_to_disk(partial);
}

// With what SQLite may have put beside it.
void remove_partial(const std::string& partial) {
  std::error_code ignored;
  for (const char* end : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(partial + end, ignored);
  }
}

}  // namespace

Result<void> migrate(const std::string& path) {
  if (auto ready = prepare_folder(path); !ready) return ready;
  const auto lock = DataLock::take(path);
  if (!lock) return fail(lock.error());
  if (auto ready = prepare_data_file(path); !ready) return ready;
  auto database = open_existing(path);
  if (!database) return fail(database.error());
  const auto before = sound_schema(**database, "it was not migrated");
  if (!before) return fail(before.error());
  if (auto set = (*database)->execute("PRAGMA journal_mode = wal; PRAGMA synchronous = full;");
      !set) {
    return set;
  }
  return apply_migrations(**database);
}

Result<int> schema_version(const std::string& path) {
  auto database = open_existing(path);
  if (!database) return fail(database.error());
  return schema_of(**database);
}

Result<std::vector<std::string>> integrity_check(const std::string& path) {
  auto database = open_existing(path);
  if (!database) return fail(database.error());
  Findings findings;
  if (const auto schema = require_newest_schema(**database); !schema) {
    if (!is_damage(schema.error())) return fail(schema.error());
    findings.push_back(schema.error().message);
    return findings;
  }
  check_pages(**database, findings);
  check_references(**database, findings);
  check_invariants(**database, findings);
  check_bodies(**database, findings, "SELECT cursor, body FROM events", "event",
               [](std::string_view body) { return outcome(read_event_body(body)); });
  check_bodies(**database, findings, "SELECT id, parts FROM messages WHERE parts IS NOT NULL",
               "message", [](std::string_view parts) { return outcome(read_parts(parts)); });
  check_search(**database, findings);
  return findings;
}

Result<void> backup(const std::string& path, const std::string& target) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(target, ignored))) {
    return fail(ErrorKind::conflict, target + " exists already; choose another name");
  }
  auto source = open_existing(path);
  if (!source) return fail(source.error());
  const std::string partial = target + ".partial";
  remove_partial(partial);
  auto written = write_backup(**source, partial);
  if (written &&
      ::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    written = errno == EEXIST
                  ? fail(ErrorKind::conflict, target + " exists already; choose another name")
                  : fail(ErrorKind::unavailable,
                         "cannot name the backup: " + std::generic_category().message(errno));
  }
  if (!written) {
    remove_partial(partial);
    return written;
  }
  return sync_to_disk(target);
}

}  // namespace colonnade::storage::sqlite
