// The store suite's faults on SQLite, and what only SQLite's files can show.
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "storage/sqlite/faulty_disk.hpp"
#include "storage/sqlite/maintenance.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/test_folder.hpp"
#include "tests/conformance/store_suite_faults.hpp"

namespace colonnade::conformance {
namespace {

using storage::sqlite::Durability;
using storage::sqlite::FaultyDisk;

class FaultySqlite final : public FaultyBackend {
 public:
  explicit FaultySqlite(Durability durability)
      : options_{.durability = durability, .vfs = FaultyDisk::vfs_name()} {
    open();
  }
  core::Stores stores() override { return store_->stores(); }
  void close() override { store_->close(); }
  void reopen() override {
    store_.reset();
    open();
  }
  void fail(Fault fault, std::size_t after) override {
    using WriteFault = FaultyDisk::WriteFault;
    switch (fault) {
      case Fault::no_space: return disk_.fail_writes(WriteFault::no_space, after);
      case Fault::failing_writes: return disk_.fail_writes(WriteFault::io_error, after);
      case Fault::short_writes: return disk_.fail_writes(WriteFault::no_space, after, true);
      case Fault::failing_syncs: return disk_.fail_syncs(after);
    }
  }
  void heal() override { disk_.heal(); }
  std::size_t chances(Fault fault) override {
    return fault == Fault::failing_syncs ? disk_.syncs() : disk_.writes();
  }
  void lose_power() override {
    const std::string rest = folder_.file("rest" + std::to_string(++power_cuts_) + ".db");
    disk_.power_cut(path_, rest);
    store_.reset();
    path_ = rest;
    open();
  }
  std::vector<std::string> findings() override {
    // Of a copy: the check writes too, past the disk that is watched here.
    const std::string copy = folder_.file("copy" + std::to_string(++copies_) + ".db");
    if (auto copied = storage::sqlite::backup(path_, copy); !copied) {
      return {copied.error().message};
    }
    const auto found = storage::sqlite::integrity_check(copy);
    if (!found) return {found.error().message};
    return *found;
  }
  // The second half of the closed database is overwritten: texts, by their size.
  void damage() {
    store_.reset();
    {
      std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
      const auto size = std::filesystem::file_size(path_);
      const std::size_t kept = size / 2;
      file.seekp(static_cast<std::streamoff>(kept));
      const std::string noise(size - kept, '\x5a');
      file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
    }
    open();
  }
  // Of the open database, before anybody has read from it.
  void overwrite_header() {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file << std::string(100, '\x5a');
  }
  FaultyDisk& disk() { return disk_; }
  storage::sqlite::Store& store() { return *store_; }

 private:
  void open() {
    auto opened = storage::sqlite::Store::open(path_, options_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  FaultyDisk disk_;
  storage::sqlite::TestFolder folder_;
  std::string path_ = folder_.file("data.db");
  storage::sqlite::StoreOptions options_;
  int power_cuts_ = 0;
  int copies_ = 0;
  std::unique_ptr<storage::sqlite::Store> store_;
};

FaultyFactory with(std::string name, Durability durability, Fault fault) {
  return {.name = std::move(name),
          .make = [durability] { return std::make_unique<FaultySqlite>(durability); },
          .fault = fault,
          .survives_power_cuts = durability == Durability::full};
}

// With durability normal a commit does not sync: tests of its own below.
INSTANTIATE_TEST_SUITE_P(
    Sqlite, StoreFaults,
    testing::Values(with("full_no_space", Durability::full, Fault::no_space),
                    with("full_failing_writes", Durability::full, Fault::failing_writes),
                    with("full_short_writes", Durability::full, Fault::short_writes),
                    with("full_failing_syncs", Durability::full, Fault::failing_syncs),
                    with("normal_no_space", Durability::normal, Fault::no_space),
                    with("normal_failing_writes", Durability::normal, Fault::failing_writes),
                    with("normal_short_writes", Durability::normal, Fault::short_writes)));

core::Result<std::int64_t> commit(core::Journal& journal, core::Unit unit) {
  std::promise<core::Result<std::int64_t>> done;
  journal.append(std::move(unit),
                 [&](core::Result<std::int64_t> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

core::Unit message_unit(int number, std::size_t bytes) {
  const std::string id = "m" + std::to_string(number);
  return {.scope = here,
          .changes = {core::InsertMessage{message_of(id, "t1", std::string(bytes, 'x'))}},
          .events = {delta_of("t1", id)}};
}

void wait_for(core::Journal& journal, core::StoreState state) {
  while (journal.health().state != state) std::this_thread::yield();
}

// Nothing may be written over what the failed sync may have lost: the log begins anew first, on new
// blocks.
TEST(SqliteFaults, AfterAFailedSyncTheLogBeginsAnewBeforeAnythingIsCommitted) {
  FaultySqlite backend(Durability::full);
  core::Journal& journal = backend.stores().journal;
  ASSERT_TRUE(commit(journal, {.scope = here, .changes = {core::InsertThread{thread_of("t1")}}}));
  backend.disk().fail_syncs();
  ASSERT_FALSE(commit(journal, message_unit(1, 10)));
  const std::size_t before = backend.disk().log_history().size();
  backend.disk().heal();
  wait_for(journal, core::StoreState::writable);
  ASSERT_TRUE(commit(journal, message_unit(1, 10)));
  const auto history = backend.disk().log_history();
  const auto emptied =
      std::find(history.begin() + static_cast<std::ptrdiff_t>(before), history.end(), "truncate 0");
  ASSERT_NE(emptied, history.end());
  // Before that, only what was durable already was written again, and in its own place.
  const std::string failed = [&] {
    for (auto at = history.begin() + static_cast<std::ptrdiff_t>(before); at != history.begin();) {
      if (*--at == "sync failed") {
        while (at != history.begin() && (at - 1)->starts_with("write ")) --at;
        return *at;
      }
    }
    return std::string();
  }();
  ASSERT_TRUE(failed.starts_with("write ")) << failed;
  EXPECT_EQ(std::find(history.begin() + static_cast<std::ptrdiff_t>(before), emptied, failed),
            emptied);
}

// With durability normal the log is synced when it is copied. What was acknowledged since the last
// such sync survives that one's failure, although the kernel will not say so again and drops the
// bytes.
TEST(SqliteFaults, WhatAFailedSyncOfTheLogMayHaveLostIsWrittenAgain) {
  FaultySqlite backend(Durability::normal);
  core::Journal& journal = backend.stores().journal;
  ASSERT_TRUE(commit(journal, {.scope = here, .changes = {core::InsertThread{thread_of("t1")}}}));
  backend.disk().fail_syncs();
  // Until the log has grown so far that it is copied.
  int stored = 0;
  while (journal.health().state == core::StoreState::writable) {
    if (!commit(journal, message_unit(stored, 500'000))) break;
    ++stored;
  }
  ASSERT_GT(stored, 20);
  wait_for(journal, core::StoreState::cannot_sync);
  backend.disk().forget_unsynced_bytes();
  backend.disk().heal();
  wait_for(journal, core::StoreState::writable);
  backend.lose_power();
  for (int i = 0; i < stored; ++i) {
    const auto found = awaited(backend.stores().threads.message(here, "m" + std::to_string(i)));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->has_value()) << i;
  }
  EXPECT_EQ(backend.findings(), Ids{});
}

// A file whose pages are overwritten is found damaged by the first read that meets them; nothing is
// stored any more.
TEST(SqliteFaults, DamageIsFoundByAReadAndStaysUntilTheEnd) {
  FaultySqlite backend(Durability::full);
  ASSERT_TRUE(commit(backend.stores().journal,
                     {.scope = here, .changes = {core::InsertThread{thread_of("t1")}}}));
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(commit(backend.stores().journal, message_unit(i, 20'000)));
  }
  backend.damage();
  core::Journal& journal = backend.stores().journal;
  bool failed = false;
  for (int i = 0; i < 40; ++i) {
    const auto found = awaited(backend.stores().threads.message(here, "m" + std::to_string(i)));
    if (found) continue;
    failed = true;
    EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(found.error().retryable);
    const std::string& told = found.error().message;
    for (const char* words : {"SQLite", "disk image", "malformed (", "code"}) {
      EXPECT_EQ(told.find(words), std::string::npos) << told;
    }
  }
  EXPECT_TRUE(failed);
  EXPECT_EQ(journal.health().state, core::StoreState::damaged);
  const auto refused = commit(journal, message_unit(100, 10));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(refused.error().retryable);
}

// The file's first page is another's now: nothing that a client did, and no path to choose.
TEST(SqliteFaults, AFileThatIsNoDatabaseAnyMoreIsDamage) {
  FaultySqlite backend(Durability::full);
  ASSERT_TRUE(commit(backend.stores().journal,
                     {.scope = here, .changes = {core::InsertThread{thread_of("t1")}}}));
  backend.reopen();
  backend.overwrite_header();
  const auto found = awaited(backend.stores().threads.thread(here, "t1"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(found.error().message.starts_with("the store is damaged: "));
  EXPECT_EQ(backend.stores().journal.health().state, core::StoreState::damaged);
}

}  // namespace
}  // namespace colonnade::conformance
