#include "storage/sqlite/schema.hpp"

#include <array>

#include "base/clock.hpp"
#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {
namespace {

struct Migration {
  int number;
  const char* name;
  const char* sql;
};

// One line a file of storage/migrations/, in order; written by the build.
constexpr Migration migrations[] = {
#include "storage_migrations.inc"
};

std::unexpected<base::Error> newer_than_binary(int found) {
  return fail(ErrorKind::conflict,
              "the database has schema " + std::to_string(found) +
                  ", this program knows schemas up to " + std::to_string(newest_schema()) +
                  "; run the newer program that wrote it, or restore an older backup");
}

Result<void> apply_one(Database& database, const Migration& migration) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  if (auto done = database.execute(migration.sql); !done) {
    return fail(done.error().kind,
                "migration " + std::string(migration.name) + " failed: " + done.error().message);
  }
  const auto noted =
      database.run("INSERT INTO migrations (number, name, applied_at) VALUES (?1, ?2, ?3)",
                   migration.number, migration.name, base::SystemClock().now().micros);
  if (!noted) return fail(noted.error());
  return transaction->commit();
}

}  // namespace

int newest_schema() { return std::end(migrations)[-1].number; }

Result<int> schema_of(Database& database) {
  const auto tables = database.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return fail(tables.error());
  if (*tables == 0) return 0;
  const auto ours = database.number(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migrations'");
  if (!ours) return fail(ours.error());
  if (*ours == 0) {
    return fail(ErrorKind::invalid,
                "the file is an SQLite database, but not one of Colonnade; choose another path");
  }
  const auto number = database.number("SELECT max(number) FROM migrations");
  if (!number) return fail(number.error());
  return static_cast<int>(*number);
}

Result<void> apply_migrations(Database& database) {
  const auto found = schema_of(database);
  if (!found) return fail(found.error());
  if (*found > newest_schema()) return newer_than_binary(*found);
  if (*found == newest_schema()) return {};
  const auto table = database.execute(
      "CREATE TABLE IF NOT EXISTS migrations ("
      "number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)");
  if (!table) return table;
  for (const Migration& migration : migrations) {
    if (migration.number <= *found) continue;
    if (auto done = apply_one(database, migration); !done) return done;
  }
  database.release_cache();  // half a megabyte after a first start
  return {};
}

Result<void> require_newest_schema(Database& database) {
  const auto found = schema_of(database);
  if (!found) return fail(found.error());
  if (*found > newest_schema()) return newer_than_binary(*found);
  if (*found < newest_schema()) {
    return fail(ErrorKind::conflict, "the database has schema " + std::to_string(*found) +
                                         ", this program needs schema " +
                                         std::to_string(newest_schema()) + "; migrate it first");
  }
  return {};
}

}  // namespace colonnade::storage::sqlite
