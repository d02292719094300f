#include "dialects/encoded_reads.hpp"
#include "dialects/limits.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects {
namespace {

using core::Revisions;

const core::Scope scope = core::Scope::main();

core::Unit message_in(std::string thread_id) {
  core::Unit unit{.scope = scope};
  unit.changes.emplace_back(core::InsertMessage{{.thread_id = std::move(thread_id)}});
  return unit;
}

class EncodedReadsTest : public ::testing::Test {
 protected:
  // Reads thread "a" and says what was shown and how often the store was asked so far.
  std::string read(const std::string& key = "a") {
    auto reading = reads_.begin(key, Revisions::of_thread(scope, "a"));
    if (const auto known = reads_.find(reading)) return *known;
    ++asked_;
    return *reads_.keep(std::move(reading), stored_);
  }

  Revisions revisions_;
  EncodedReads reads_{revisions_};
  std::string stored_ = "old";
  int asked_ = 0;
};

TEST_F(EncodedReadsTest, AsksTheStoreOnceWhileNothingChanges) {
  EXPECT_EQ(read(), "old");
  EXPECT_EQ(read(), "old");
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(read("another key"), "old");
  EXPECT_EQ(asked_, 2);
}

TEST_F(EncodedReadsTest, AChangeUnderWayIsAskedForEachTime) {
  read();
  const auto places = revisions_.begin(message_in("a"));
  stored_ = "new";
  EXPECT_EQ(read(), "new");
  stored_ = "newer";
  EXPECT_EQ(read(), "newer") << "what was read while it was under way is not kept";
  revisions_.end(places);
  stored_ = "newest";
  EXPECT_EQ(read(), "newest") << "nor is what was read before it ended";
  stored_ = "unseen";
  EXPECT_EQ(read(), "newest");
}

TEST_F(EncodedReadsTest, WhatWasReadBeforeAChangeIsNotKeptAfterIt) {
  // The change begins and ends between the stamp and the end of the read.
  auto reading = reads_.begin("a", Revisions::of_thread(scope, "a"));
  EXPECT_EQ(reads_.find(reading), nullptr);
  revisions_.end(revisions_.begin(message_in("a")));
  reads_.keep(std::move(reading), "old");
  stored_ = "new";
  EXPECT_EQ(read(), "new");
}

TEST_F(EncodedReadsTest, AReadThatCameToNothingLeavesNothing) {
  const auto failed = reads_.begin("a", Revisions::of_thread(scope, "a"));
  EXPECT_EQ(reads_.find(failed), nullptr);
  EXPECT_EQ(read(), "old");
}

TEST_F(EncodedReadsTest, EveryChangeThatIsShownEndsTheThreadAndTheList) {
  const std::vector<core::Change> shown = {
      core::InsertThread{{.id = "a", .scope = scope}},
      core::InsertMessage{{.thread_id = "a"}},
      core::RenameThread{.id = "a"},
      core::DeleteThread{.id = "a"},
      core::RestoreThread{.id = "a"},
      core::InsertRun{{.thread_id = "a", .scope = scope}},
      core::UpdateRun{.run = {.thread_id = "a", .scope = scope}}};
  for (const core::Change& change : shown) {
    const auto thread = revisions_.stamp(Revisions::of_thread(scope, "a"));
    const auto list = revisions_.stamp(Revisions::of_threads(scope));
    ASSERT_TRUE(thread && list);
    core::Unit unit{.scope = scope};
    unit.changes.push_back(change);
    revisions_.end(revisions_.begin(unit));
    EXPECT_FALSE(revisions_.is_current(Revisions::of_thread(scope, "a"), *thread));
    EXPECT_FALSE(revisions_.is_current(Revisions::of_threads(scope), *list));
  }
  core::Unit unseen{.scope = scope};
  unseen.changes.emplace_back(core::TouchCredential{.id = "a"});
  EXPECT_TRUE(revisions_.begin(unseen).empty());
}

TEST_F(EncodedReadsTest, MemoryIsBounded) {
  const std::string page(limits::encoded_reads_bytes_max / 16, 'x');
  const auto place = Revisions::of_thread(scope, "a");
  int asked = 0;
  const auto fetch = [&](int i) {
    auto reading = reads_.begin(std::to_string(i), place);
    if (reads_.find(reading) != nullptr) return;
    ++asked;
    reads_.keep(std::move(reading), page);
  };
  for (int i = 0; i < 40; ++i) fetch(i);
  fetch(39);
  EXPECT_EQ(asked, 40) << "the newest is there still";
  fetch(0);
  EXPECT_EQ(asked, 41) << "the oldest had to go";
}

}  // namespace
}  // namespace colonnade::dialects
