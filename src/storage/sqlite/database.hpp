// SQLite's C interface behind owners. Private to this folder: nothing of it appears in a port.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace colonnade::storage::sqlite {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Time;

// Bound as a BLOB instead of TEXT.
struct Blob {
  std::string_view bytes;
};

class Database;
class Health;

// A borrowed prepared statement. Ends its implicit transaction (reset) when it is destroyed, so
// that no read snapshot stays open. Bound text is not copied: it must live until then.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* prepared)
      : database_(database), prepared_(prepared) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Parameters ?1, ?2, … in order.
  template <class... Values>
  void bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
  }

  // True: a row is there. Errors as Database::failure() makes them.
  Result<bool> step();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  // Valid until the next step.
  std::string_view text(int column) const;
  std::string string(int column) const { return std::string(text(column)); }
  Time time(int column) const { return {integer(column)}; }
  std::optional<Time> optional_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }

 private:
  void bind_one(int index, std::nullptr_t);
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, int value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, std::size_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, Blob value);
  void bind_one(int index, Time value) { bind_one(index, value.micros); }
  template <class T>
  void bind_one(int index, const std::optional<T>& value) {
    if (value) {
      bind_one(index, *value);
    } else {
      bind_one(index, nullptr);
    }
  }

  Database& database_;
  sqlite3_stmt* prepared_;
};

enum class Access {
  read_write_create,
  read_write,  // the file must exist
  read_only,   // the file must exist
};

// One connection, used by one thread at a time.
class Database {
 public:
  // `vfs`: of SQLite, by name; "" for the system's own.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Access access,
                                                const std::string& vfs = "");
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs text that may hold several statements; for schema and PRAGMAs.
  Result<void> execute(const char* sql);
  // Gives back the memory of pages that no statement uses; they are read again when needed.
  void release_cache();

  // Prepares once and keeps the statement. The address of `sql` is the key, so it must be a
  // literal. A statement must not be asked for again while it is in use.
  Result<sqlite3_stmt*> prepared(const char* sql);

  // Runs one statement to its end; the number of rows it changed. Arguments may be temporaries.
  template <class... Values>
  Result<std::int64_t> run(const char* sql, const Values&... values) {
    const auto handle = prepared(sql);
    if (!handle) return fail(handle.error());
    Statement statement(*this, *handle);
    statement.bind(values...);
    return finish(statement);
  }

  // Calls `use(Statement&) -> Result<void>` for every row of a query.
  template <class Use, class... Values>
  Result<void> each(const char* sql, Use use, const Values&... values) {
    const auto handle = prepared(sql);
    if (!handle) return fail(handle.error());
    Statement statement(*this, *handle);
    statement.bind(values...);
    for (;;) {
      const auto more = statement.step();
      if (!more) return fail(more.error());
      if (!*more) return {};
      if (auto used = use(statement); !used) return fail(unreadable(std::move(used.error())));
    }
  }

  // The rows of a query, each made by `read(Statement&) -> Result<T>`.
  template <class T, class Read, class... Values>
  Result<std::vector<T>> all(const char* sql, Read read, const Values&... values) {
    std::vector<T> rows;
    auto done = each(
        sql,
        [&](Statement& statement) -> Result<void> {
          Result<T> row = read(statement);
          if (!row) return fail(std::move(row.error()));
          rows.push_back(std::move(*row));
          return {};
        },
        values...);
    if (!done) return fail(std::move(done.error()));
    return rows;
  }

  // The first row, if there is one.
  template <class T, class Read, class... Values>
  Result<std::optional<T>> one(const char* sql, Read read, const Values&... values) {
    const auto handle = prepared(sql);
    if (!handle) return fail(handle.error());
    Statement statement(*this, *handle);
    statement.bind(values...);
    const auto there = statement.step();
    if (!there) return fail(there.error());
    if (!*there) return std::optional<T>{};
    Result<T> row = read(statement);
    if (!row) return fail(unreadable(std::move(row.error())));
    return std::optional<T>(std::move(*row));
  }

  // The integer in the first column of the first row; 0 when there is none or it is NULL.
  template <class... Values>
  Result<std::int64_t> number(const char* sql, const Values&... values) {
    auto found = one<std::int64_t>(
        sql, [](Statement& row) -> Result<std::int64_t> { return row.integer(0); }, values...);
    if (!found) return fail(std::move(found.error()));
    return found->value_or(0);
  }

  // Which failures the health, which must live longer, is told of: damage alone, or whatever keeps
  // the disk from taking what is written.
  enum class Tell { damage, all };
  void tell(Health& health, Tell what) {
    health_ = &health;
    tell_ = what;
  }
  // What a result code of SQLite means; tells the health of it. Constraint violations are
  // ErrorKind::conflict, a value beyond SQLite's size too_large, what the disk or another program
  // does to us unavailable and retryable, damage unavailable, everything else internal. A
  // connection that tells a health serves clients: SQLite's words of a failure are then in the log
  // alone.
  base::Error failure(int code);
  // The same of a call below SQLite, which left `system_error` in errno.
  base::Error failure(int code, int system_error);

  // What is told of a row that was found but cannot be read: of a connection that serves clients,
  // unavailable in place of internal, and the details in the log.
  base::Error unreadable(base::Error error) const;

  // The last connection that closes copies the log into the database; not this one then.
  void keep_log_at_close();

  // How long a call may wait for another connection's lock.
  void wait_for_others(std::chrono::milliseconds time);

  // False also after a failure that made SQLite roll back by itself.
  bool in_transaction() const;
  sqlite3* handle() const { return handle_; }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<std::int64_t> finish(Statement& statement);

  sqlite3* handle_;
  Health* health_ = nullptr;
  Tell tell_ = Tell::damage;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// While it lives, a statement of the connection fails with ErrorKind::cancelled soon after `stop`
// is requested.
class Interruptible {
 public:
  Interruptible(Database& database, std::stop_token stop);
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  Database& database_;
  std::stop_token stop_;
};

// Rolls back when it is destroyed before commit() succeeded.
class Transaction {
 public:
  // Takes the write lock at once, so that nothing later in the transaction can be refused for it.
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace colonnade::storage::sqlite
