// Opening, locking, migrating, checking and backing up database files.
#include "storage/sqlite/maintenance.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/lane.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::storage::sqlite {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const core::Scope scope = core::Scope::main();

core::Result<std::int64_t> commit(Store& store, core::Unit unit) {
  std::promise<core::Result<std::int64_t>> done;
  store.append(std::move(unit),
               [&](core::Result<std::int64_t> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

core::Unit thread_unit(const std::string& id) {
  core::Unit unit{.scope = scope};
  unit.changes.emplace_back(core::InsertThread{{.id = id, .scope = scope, .owner = "ann"}});
  unit.changes.emplace_back(
      core::InsertMessage{{.id = id,
                           .thread_id = id,
                           .parts = {core::TextPart{"hello"}, core::RefusalPart{"no"}},
                           .usage = core::Usage{.input_tokens = 3}}});
  unit.changes.emplace_back(core::InsertRun{{.id = id, .thread_id = id, .scope = scope}});
  unit.events.push_back({.scope = scope, .thread_id = id, .body = core::OutputRestarted{}});
  unit.events.push_back({.scope = scope, .thread_id = id, .body = core::ThreadChanged{}});
  unit.events.push_back({.scope = scope, .thread_id = id, .body = core::TextDelta{"x"}});
  return unit;
}

unsigned mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

class Maintenance : public testing::Test {
 protected:
  // A database with three threads, closed.
  void fill() {
    auto store = Store::open(path_);
    ASSERT_TRUE(store) << store.error().message;
    for (const char* id : {"t1", "t2", "t3"}) ASSERT_TRUE(commit(**store, thread_unit(id)));
  }
  void execute(const char* sql) {
    auto database = Database::open(path_, Access::read_write);
    ASSERT_TRUE(database);
    const auto done = (*database)->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  // Every page behind the first few, so that tables are hit whatever their place.
  void break_pages() {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(path_);
    for (std::uintmax_t at = 8 * 4096; at < size; at += 4096) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(64, '\x5A');
    }
  }
  std::vector<std::string> findings() {
    const auto found = integrity_check(path_);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<std::string>{"the check failed"});
  }

  TestFolder folder_;
  std::string path_ = folder_.file("inner/deep/data.db");
};

// --- opening ------------------------------------------------------------------------------------

TEST_F(Maintenance, OnlyTheOwnerMayReadTheFiles) {
  const mode_t before = ::umask(0);
  auto store = Store::open(path_);
  ::umask(before);
  ASSERT_TRUE(store);
  ASSERT_TRUE(commit(**store, thread_unit("t1")));
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(mode_of(path_ + "-wal"), 0600U);
  EXPECT_EQ(mode_of(path_ + "-shm"), 0600U);
  EXPECT_EQ(mode_of(path_ + ".lock"), 0600U);
  EXPECT_EQ(mode_of(folder_.file("inner")), 0700U);
  EXPECT_EQ(mode_of(folder_.file("inner/deep")), 0700U);
  store->reset();
  ::chmod(path_.c_str(), 0644);
  store = Store::open(path_);
  EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(Maintenance, SecondServerIsRefusedUntilTheFirstIsGone) {
  auto first = Store::open(path_);
  ASSERT_TRUE(first);
  const auto second = Store::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("another Colonnade server"));
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(::getpid())));
  EXPECT_EQ(migrate(path_).error().kind, ErrorKind::conflict);
  first->reset();
  EXPECT_TRUE(Store::open(path_));
}

// Whoever tidies up the data folder must not let a second server in.
TEST_F(Maintenance, DeletingTheLockFileLetsNobodyIn) {
  auto first = Store::open(path_);
  ASSERT_TRUE(first);
  std::filesystem::remove(path_ + ".lock");
  const auto second = Store::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_EQ(migrate(path_).error().kind, ErrorKind::conflict);
  first->reset();
  EXPECT_TRUE(Store::open(path_));
}

// Closing any descriptor of a file drops all POSIX locks that the process has on it.
TEST_F(Maintenance, RefusedSecondServerLeavesTheFirstOnesLocks) {
  auto first = Store::open(path_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(commit(**first, thread_unit("t1")));
  ASSERT_FALSE(Store::open(path_));
  ASSERT_FALSE(migrate(path_));
  // Only another process can see them; it makes system calls and nothing else.
  const int file = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    const int failed = ::fcntl(file, F_GETLK, &lock);
    ::_exit(failed == 0 && lock.l_type != F_UNLCK ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(file);
}

TEST_F(Maintenance, CleanCloseLeavesOneFile) {
  fill();
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
}

TEST_F(Maintenance, ForeignFilesAreRefusedUntouched) {
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  std::ofstream(path_) << std::string(8192, 'n');
  const auto text = Store::open(path_);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::invalid);
  EXPECT_EQ(std::filesystem::file_size(path_), 8192U);

  std::filesystem::remove(path_);
  {
    auto database = Database::open(path_, Access::read_write_create);
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->execute("CREATE TABLE other (x)"));
  }
  const auto other = Store::open(path_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::invalid);
  EXPECT_THAT(other.error().message, HasSubstr("not one of Colonnade"));
}

TEST_F(Maintenance, UnusableFolderIsAClearError) {
  const auto store = Store::open("/proc/nowhere/data.db");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(store.error().message, HasSubstr("/proc/nowhere"));
}

// --- migrating ----------------------------------------------------------------------------------

TEST_F(Maintenance, NewerSchemaIsRefusedNamingBothVersions) {
  fill();
  execute("INSERT INTO migrations (number, name, applied_at) VALUES (99, 'tomorrow', 0)");
  for (const bool migrate_first : {true, false}) {
    const auto store = Store::open(path_, {.migrate = migrate_first});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::conflict);
    EXPECT_THAT(store.error().message, HasSubstr("schema 99"));
    EXPECT_THAT(store.error().message, HasSubstr("up to " + std::to_string(newest_schema())));
  }
  EXPECT_EQ(migrate(path_).error().kind, ErrorKind::conflict);
  EXPECT_EQ(*schema_version(path_), 99);
}

TEST_F(Maintenance, MigratesOnlyWhenAllowed) {
  EXPECT_EQ(schema_version(path_).error().kind, ErrorKind::not_found);
  const auto refused = Store::open(path_, {.migrate = false});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("migrate it first"));
  EXPECT_EQ(*schema_version(path_), 0);
  ASSERT_TRUE(migrate(path_));
  ASSERT_TRUE(migrate(path_));
  EXPECT_EQ(*schema_version(path_), newest_schema());
  EXPECT_TRUE(Store::open(path_, {.migrate = false}));
}

// --- restoring ----------------------------------------------------------------------------------

class Restoring : public Maintenance {
 protected:
  // A backup with three threads; the database has a fourth, part of it in the log.
  void SetUp() override {
    fill();
    ASSERT_TRUE(backup(path_, backup_));
    auto store = Store::open(path_);
    ASSERT_TRUE(store);
    ASSERT_TRUE(commit(**store, thread_unit("t4")));
    // As a crash leaves it: what close() does to the log has not happened.
    std::filesystem::copy_file(path_ + "-wal", path_ + ".kept-wal");
    std::filesystem::copy_file(path_, path_ + ".kept");
    store->reset();
    std::filesystem::rename(path_ + ".kept", path_);
    std::filesystem::rename(path_ + ".kept-wal", path_ + "-wal");
    ASSERT_GT(std::filesystem::file_size(path_ + "-wal"), 0U);
  }
  static std::int64_t threads_in(const std::string& path) {
    auto database = Database::open(path, Access::read_write);
    if (!database) return -1;
    const auto rows = (*database)->all<std::int64_t>(
        "SELECT count(*) FROM threads",
        [](Statement& row) -> Result<std::int64_t> { return row.integer(0); });
    return rows ? rows->front() : -1;
  }
  std::string backup_ = folder_.file("backup.db");
};

TEST_F(Restoring, PutsTheBackupInPlaceAndKeepsTheOldOneWithItsLog) {
  const auto replaced = restore(path_, backup_);
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "-shm"));
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(threads_in(path_), 3) << "the old log would have brought the fourth";
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(threads_in(*replaced), 4);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".restoring"));
  EXPECT_TRUE(std::filesystem::exists(backup_));
  EXPECT_TRUE(Store::open(path_));
}

TEST_F(Restoring, WorksWhereNothingIsLeft) {
  std::filesystem::remove(path_);
  std::filesystem::remove(path_ + "-wal");
  const auto replaced = restore(path_, backup_);
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_EQ(*replaced, "");
  EXPECT_EQ(threads_in(path_), 3);
}

TEST_F(Restoring, TakesAPlainCopyWithItsLog) {
  std::filesystem::copy_file(path_, folder_.file("copy.db"));
  std::filesystem::copy_file(path_ + "-wal", folder_.file("copy.db-wal"));
  ASSERT_TRUE(restore(path_, folder_.file("copy.db")));
  EXPECT_EQ(threads_in(path_), 4);
}

TEST_F(Restoring, IsRefusedBesideAServer) {
  auto store = Store::open(path_);
  ASSERT_TRUE(store);
  EXPECT_EQ(restore(path_, backup_).error().kind, ErrorKind::conflict);
}

TEST_F(Restoring, LeavesTheOldOneAloneWhenTheBackupIsNone) {
  const auto refused = [&](const std::string& source) {
    const auto done = restore(path_, source);
    EXPECT_FALSE(done) << source;
    EXPECT_FALSE(std::filesystem::exists(path_ + ".restoring"));
    EXPECT_GT(std::filesystem::file_size(path_ + "-wal"), 0U);
    return done ? "" : done.error().message;
  };
  EXPECT_THAT(refused(folder_.file("nothing.db")), HasSubstr("there is no backup"));
  EXPECT_THAT(refused(path_), HasSubstr("the store itself"));
  std::ofstream(folder_.file("text.db")) << std::string(10'000, 'x');
  EXPECT_THAT(refused(folder_.file("text.db")), HasSubstr("is no backup"));
  std::ofstream(folder_.file("empty.db")).flush();
  EXPECT_THAT(refused(folder_.file("empty.db")), HasSubstr("is no backup"));
  {
    auto database = Database::open(backup_, Access::read_write);
    ASSERT_TRUE((*database)->execute("UPDATE threads SET input_tokens = 4 WHERE id = 't1'"));
  }
  EXPECT_THAT(refused(backup_), HasSubstr("does not pass the check"));
  EXPECT_EQ(threads_in(path_), 4);
}

// --- checking -----------------------------------------------------------------------------------

TEST_F(Maintenance, SoundDatabaseHasNoFindings) {
  fill();
  EXPECT_THAT(findings(), IsEmpty());
  const auto store = Store::open(path_);
  EXPECT_THAT(findings(), IsEmpty());  // beside a server too
}

struct Damage {
  const char* name;
  const char* sql;
  const char* finding;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class MaintenanceDamage : public Maintenance, public testing::WithParamInterface<Damage> {};

TEST_P(MaintenanceDamage, IsFound) {
  fill();
  execute(GetParam().sql);
  EXPECT_THAT(findings(), Contains(HasSubstr(GetParam().finding)));
}

INSTANTIATE_TEST_SUITE_P(
    Planted, MaintenanceDamage,
    testing::Values(
        Damage{"missing_event", "DELETE FROM events WHERE cursor = 5",
               "thread t2: 2 events are numbered 1 to 3"},
        Damage{"doubled_seq", "UPDATE events SET seq = 2 WHERE cursor = 6", "thread t2: 3 events"},
        Damage{"swapped_events", "UPDATE events SET seq = 4 - seq WHERE thread_no = 1",
               "stands before an older one"},
        Damage{"two_runs",
               "DROP INDEX runs_unfinished;"
               "INSERT INTO runs (no, scope, id, thread_id, agent_id, agent_version,"
               " user_message_id, started_by, state, settings, rounds, input_tokens, output_tokens,"
               " cached_input_tokens, cache_write_tokens, reasoning_tokens, reported_cost_micros,"
               " cost_micros, created_at, finished_at, error) SELECT NULL, scope, 'other', "
               "thread_id, agent_id, agent_version,"
               " user_message_id, started_by, state, settings, rounds, input_tokens, output_tokens,"
               " cached_input_tokens, cache_write_tokens, reasoning_tokens, reported_cost_micros,"
               " cost_micros, created_at, finished_at, error FROM runs WHERE id = 't3'",
               "thread t3 has 2 unfinished runs"},
        Damage{"search_row", "INSERT INTO message_search (rowid, text) VALUES (77, 'ghost')",
               "search index"},
        Damage{"usage", "UPDATE threads SET input_tokens = 4 WHERE id = 't1'",
               "usage is not the sum"},
        Damage{"event_body", "UPDATE events SET body = '{\"kind\":\"what\"}' WHERE cursor = 1",
               "event 1: "},
        Damage{"message_parts", "UPDATE messages SET parts = '[' WHERE id = 't2'", "message t2: "},
        Damage{"lost_thread", "PRAGMA foreign_keys = off; DELETE FROM threads WHERE id = 't2'",
               "missing row of threads"},
        Damage{"scope", "UPDATE events SET scope = 'x/y/z' WHERE cursor = 2", "another scope"}));

// As after a crash: messages are stored whose words the index has not seen.
constexpr const char* messages_not_indexed =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
    " INSERT INTO messages (scope, id, thread_no, run_id, role, user_id, device_id, created_at,"
    " model, text) SELECT m.scope, 'late' || n.i, m.thread_no, '', 'user', '', '', n.i, '',"
    " 'zebra ' || n.i FROM n, messages m WHERE m.id = 't1'";

TEST_F(Maintenance, WhatACrashLeftUnindexedIsFound) {
  fill();
  execute(messages_not_indexed);
  auto store = Store::open(path_);
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->search(scope, "ann", "zebra 1500", 10, {})->size(), 1U);
  EXPECT_EQ((*store)->search(scope, "ann", "zebra", 2000, {})->size(), 1500U);
}

TEST_F(Maintenance, WhatACrashLeftUnindexedIsNoDamage) {
  fill();
  execute(messages_not_indexed);
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_THAT(findings(), IsEmpty()) << "nothing is indexed twice";
}

TEST_F(Maintenance, AStoreThatIsClosedHasIndexedAll) {
  {
    auto store = Store::open(path_);
    ASSERT_TRUE(store);
    for (int i = 0; i < 20; ++i) {
      core::Unit unit = thread_unit("t" + std::to_string(i));
      std::get<core::InsertMessage>(unit.changes[1]).message.parts = {core::TextPart{"zebra"}};
      ASSERT_TRUE(commit(**store, std::move(unit)));
    }
    (*store)->close();
    EXPECT_EQ((*store)->search(scope, "ann", "zebra", 100, {})->size(), 20U);
  }
  auto database = Database::open(path_, Access::read_write);
  ASSERT_TRUE(database);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM message_search_docsize").value_or(-1), 20);
}

TEST_F(Maintenance, BrokenPagesAreFound) {
  fill();
  break_pages();
  EXPECT_FALSE(findings().empty());
}

// A copy of damage is no backup: whoever made it would throw the sound one before it away.
TEST_F(Maintenance, ADamagedDatabaseIsNotBackedUp) {
  fill();
  break_pages();
  const std::string target = folder_.file("backup.db");
  const auto done = backup(path_, target);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("the database is damaged, so no backup was written"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_.file(""))) {
    EXPECT_EQ(entry.path().filename().string().find("backup.db"), std::string::npos)
        << entry.path();
  }
}

// What only an index has wrong is damage too.
TEST_F(Maintenance, ADatabaseWithABrokenIndexIsNotBackedUp) {
  fill();
  execute(
      "PRAGMA writable_schema = on;"
      "UPDATE sqlite_master SET sql = replace(sql, 'WHERE state IN', 'WHERE state NOT IN')"
      " WHERE name = 'runs_unfinished'");
  EXPECT_FALSE(backup(path_, folder_.file("backup.db")));
}

TEST_F(Maintenance, ADamagedDatabaseIsNotMigrated) {
  fill();
  execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)");
  break_pages();
  const auto done = migrate(path_);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("the database is damaged, so it was not migrated"));
}

// --- backing up ---------------------------------------------------------------------------------

TEST_F(Maintenance, BackupWhileWritingIsWholeAndHoldsWhatWasAcknowledged) {
  auto store = Store::open(path_);
  ASSERT_TRUE(store);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(commit(**store, thread_unit("before" + std::to_string(i))));
  }
  std::atomic<bool> stop = false;
  std::promise<void> writing;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      EXPECT_TRUE(commit(**store, thread_unit("while" + std::to_string(i))));
      if (i == 3) writing.set_value();
    }
  });
  writing.get_future().wait();
  const std::string target = folder_.file("backup.db");
  const auto done = backup(path_, target);
  stop = true;
  writer.join();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(mode_of(target), 0600U);
  for (const char* end : {".partial", ".partial-wal", ".partial-shm", "-wal", "-shm"}) {
    EXPECT_FALSE(std::filesystem::exists(target + end)) << end;
  }
  EXPECT_THAT(*integrity_check(target), IsEmpty());

  auto restored = Store::open(target);
  ASSERT_TRUE(restored) << restored.error().message;
  base::Lanes lanes(1);
  for (int i = 0; i < 50; ++i) {
    const std::string id = "before" + std::to_string(i);
    EXPECT_EQ(base::run_on(lanes[0], (*restored)->events(scope, id, 0, 10))->size(), 3U);
  }
  EXPECT_TRUE(base::run_on(lanes[0], (*restored)->thread(scope, "while3"))->has_value());
  EXPECT_TRUE(commit(**restored, thread_unit("new life")));

  const auto again = backup(path_, target);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
}

TEST_F(Maintenance, BackupOfNothingLeavesNothing) {
  const std::string target = folder_.file("backup.db");
  EXPECT_EQ(backup(path_, target).error().kind, ErrorKind::not_found);
  EXPECT_FALSE(std::filesystem::exists(target));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace colonnade::storage::sqlite
