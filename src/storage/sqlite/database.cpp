#include "storage/sqlite/database.hpp"

#include <sqlite3.h>

#include <utility>

#include "base/log.hpp"
#include "storage/limits.hpp"
#include "storage/sqlite/health.hpp"

namespace colonnade::storage::sqlite {
namespace {

// What a result code means to whoever asked, in words of our own.
base::Error error_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return {.kind = ErrorKind::conflict, .message = "it contradicts what is stored already"};
    case SQLITE_INTERRUPT:
      return {.kind = ErrorKind::cancelled, .message = "the query was stopped"};
    case SQLITE_TOOBIG:
      return {.kind = ErrorKind::too_large, .message = "a value is too large to be stored"};
    default: break;
  }
  if (code == SQLITE_CORRUPT_VTAB) {
    return {.kind = ErrorKind::unavailable,
            .message = "the search index is damaged; stop the server and restore a backup"};
  }
  if (const auto fault = fault_of(code, system_error)) {
    return *core::refusal_of({.state = fault->state, .reason = fault->reason});
  }
  return {.kind = ErrorKind::internal, .message = "the database failed; the server's log says how"};
}

bool is_bug_or_damage(const base::Error& error) {
  return error.kind == ErrorKind::internal ||
         (error.kind == ErrorKind::unavailable && !error.retryable);
}

std::string in_words_of_sqlite(const char* text, int code) {
  return std::string(text) + " (SQLite code " + std::to_string(code) + ")";
}

// For whoever works on the file itself, where there is no server's log.
base::Error with_words_of_sqlite(base::Error error, const std::string& words) {
  if (is_bug_or_damage(error)) error.message = "database failure: " + words;
  return error;
}

// Told when a file is opened, before anything was stored in it.
bool is_foreign(int code) { return (code & 0xff) == SQLITE_NOTADB; }

base::Error foreign_file() {
  return {.kind = ErrorKind::invalid,
          .message = "the file is not an SQLite database; choose another path"};
}

}  // namespace

Statement::~Statement() {
  sqlite3_reset(prepared_);
  sqlite3_clear_bindings(prepared_);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(prepared_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(database_.failure(code));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(prepared_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(prepared_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(prepared_, column); }

std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(prepared_, column);
  const int size = sqlite3_column_bytes(prepared_, column);
  return bytes == nullptr
             ? std::string_view{}
             : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

void Statement::bind_one(int index, std::nullptr_t) { sqlite3_bind_null(prepared_, index); }

void Statement::bind_one(int index, std::int64_t value) {
  sqlite3_bind_int64(prepared_, index, value);
}

void Statement::bind_one(int index, std::string_view value) {
  // A null pointer would bind NULL; an empty text is not NULL.
  const char* data = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_text64(prepared_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind_one(int index, Blob value) {
  const char* data = value.bytes.data() != nullptr ? value.bytes.data() : "";
  sqlite3_bind_blob64(prepared_, index, data, value.bytes.size(), SQLITE_STATIC);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access,
                                                 const std::string& vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Access::read_write_create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
    case Access::read_write: flags |= SQLITE_OPEN_READWRITE; break;
    case Access::read_only: flags |= SQLITE_OPEN_READONLY; break;
  }
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    const char* text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    base::Error error =
        is_foreign(code) ? foreign_file()
                         : with_words_of_sqlite(
                               error_of(code, handle != nullptr ? sqlite3_system_errno(handle) : 0),
                               in_words_of_sqlite(text, code));
    sqlite3_close(handle);
    error.message = "cannot open the database " + path + ": " + error.message;
    return fail(std::move(error));
  }
  return std::unique_ptr<Database>(new Database(handle));
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<void> Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(failure(code));
  return {};
}

void Database::release_cache() { sqlite3_db_release_memory(handle_); }

Result<sqlite3_stmt*> Database::prepared(const char* sql) {
  const auto [place, is_new] = statements_.try_emplace(sql, nullptr);
  if (!is_new) return place->second;
  const int code =
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &place->second, nullptr);
  if (code == SQLITE_OK) return place->second;
  statements_.erase(place);
  return fail(failure(code));
}

Result<std::int64_t> Database::finish(Statement& statement) {
  for (;;) {
    const auto more = statement.step();
    if (!more) return fail(more.error());
    if (!*more) return sqlite3_changes64(handle_);
  }
}

Interruptible::Interruptible(Database& database, std::stop_token stop)
    : database_(database), stop_(std::move(stop)) {
  const auto look = [](void* token) {
    return static_cast<const std::stop_token*>(token)->stop_requested() ? 1 : 0;
  };
  sqlite3_progress_handler(database_.handle(), limits::search_steps_between_looks, look, &stop_);
}

Interruptible::~Interruptible() {
  sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr);
}

base::Error Database::failure(int code) { return failure(code, sqlite3_system_errno(handle_)); }

base::Error Database::failure(int code, int system_error) {
  base::Error error = error_of(code, system_error);
  const std::string words = in_words_of_sqlite(sqlite3_errmsg(handle_), code);
  if (health_ == nullptr) {
    return is_foreign(code) ? foreign_file() : with_words_of_sqlite(std::move(error), words);
  }
  const auto fault = fault_of(code, system_error);
  if (fault && (tell_ == Tell::all || fault->state == core::StoreState::damaged)) {
    health_->report(fault->state, fault->reason);
  }
  if (is_bug_or_damage(error)) base::log::error("database_failed", {{"error", words}});
  return error;
}

base::Error Database::unreadable(base::Error error) const {
  if (health_ == nullptr || error.kind != ErrorKind::internal) return error;
  base::log::error("row_unreadable", {{"error", error.message}});
  return {.kind = ErrorKind::unavailable,
          .message = "what is stored there cannot be read; the server's log says why"};
}

void Database::keep_log_at_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Database::wait_for_others(std::chrono::milliseconds time) {
  sqlite3_busy_timeout(handle_, static_cast<int>(time.count()));
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Result<Transaction> Transaction::begin(Database& database) {
  const auto begun = database.run("BEGIN IMMEDIATE");
  if (!begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr && database_->in_transaction()) (void)database_->run("ROLLBACK");
}

Result<void> Transaction::commit() {
  const auto done = database_->run("COMMIT");
  if (!done) return fail(done.error());
  database_ = nullptr;
  return {};
}

}  // namespace colonnade::storage::sqlite
