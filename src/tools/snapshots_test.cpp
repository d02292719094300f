#include "tools/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/lane.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;

using base::ErrorKind;
using core::FileChangeKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One thread that is bound to a directory with a few files.
class SnapshotsTest : public testing::Test {
 protected:
  SnapshotsTest() {
    fs::create_directories(at("src"));
    put("a.txt", "one\ntwo\n");
    put("src/b.bin", std::string("\0\1\2\xff", 4));
    ::chmod(at("src/b.bin").c_str(), 0640);
    thread_.directory = {.path = directory_.string(), .by_operator = true};
  }
  ~SnapshotsTest() override {
    workers_.end();
    fs::remove_all(root_);
  }

  std::string at(const std::string& name) const { return (directory_ / name).string(); }
  void put(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << bytes;
  }
  std::string bytes_of(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  int mode_of(const std::string& name) const {
    struct stat status{};
    return ::lstat(at(name).c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
  }

  Snapshots& snapshots() {
    if (!snapshots_) {
      const Workspaces workspaces({.root = (root_ / "workspaces").string()});
      snapshots_ = std::make_unique<Snapshots>((root_ / "data").string(), workspaces, workers_);
    }
    return *snapshots_;
  }
  // As a server that was killed and started again.
  void restart() { snapshots_.reset(); }
  template <class T>
  T run(base::Task<T> task) {
    return base::run_on(lanes_[0], std::move(task));
  }
  SnapshotCall call(const std::string& run_id,
                    std::optional<std::vector<std::string>> paths = std::nullopt) const {
    return {.scope = thread_.scope,
            .user_id = thread_.owner,
            .thread_id = thread_.id,
            .run_id = run_id,
            .workspace = directory_.string(),
            .paths = std::move(paths)};
  }
  // A tool that says what it changes, and one that may change anything.
  void write(const std::string& run_id, const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(run(snapshots().before(call(run_id, std::vector{name}), {})));
    put(name, bytes);
  }
  template <class Work>
  void command(const std::string& run_id, Work work) {
    auto hold = run(snapshots().before(call(run_id), {}));
    ASSERT_TRUE(hold) << hold.error().message;
    work();
    const auto done = run(snapshots().after(call(run_id), std::move(*hold)));
    ASSERT_TRUE(done) << done.error().message;
  }
  core::FileDiff diff() {
    auto out = run(snapshots().diff(thread_));
    EXPECT_TRUE(out) << (out ? "" : out.error().message);
    return out.value_or(core::FileDiff{});
  }
  core::RestoredFiles revert() {
    auto out = run(snapshots().revert(thread_));
    EXPECT_TRUE(out) << (out ? "" : out.error().message);
    return out.value_or(core::RestoredFiles{});
  }
  core::RestoredFiles unrevert() {
    auto out = run(snapshots().unrevert(thread_));
    EXPECT_TRUE(out) << (out ? "" : out.error().message);
    return out.value_or(core::RestoredFiles{});
  }
  std::vector<std::string> changed() {
    std::vector<std::string> out;
    for (const auto& file : diff().files) {
      const char* mark = file.kind == FileChangeKind::added     ? "+"
                         : file.kind == FileChangeKind::removed ? "-"
                                                                : "~";
      out.push_back(mark + file.path);
    }
    return out;
  }

  static fs::path new_folder() {
    std::string name = (fs::temp_directory_path() / "colonnade-XXXXXX").string();
    return fs::canonical(::mkdtemp(name.data()));
  }

  fs::path root_ = new_folder();
  fs::path directory_ = root_ / "project";
  core::Thread thread_{.id = "t1", .scope = core::Scope::main(), .owner = "ann"};
  base::Lanes lanes_{1};
  base::Workers workers_{2};
  std::unique_ptr<Snapshots> snapshots_;
};

TEST_F(SnapshotsTest, WithoutARunThereIsNothing) {
  EXPECT_EQ(diff().run_id, "");
  EXPECT_EQ(revert().run_id, "");
  EXPECT_EQ(unrevert().run_id, "");
}

TEST_F(SnapshotsTest, AFileThatAToolWritesIsShownAndRestored) {
  write("r1", "a.txt", "one\n2\n");
  const core::FileDiff shown = diff();
  EXPECT_EQ(shown.run_id, "r1");
  EXPECT_EQ(shown.text, "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
  EXPECT_THAT(changed(), ElementsAre("~a.txt"));
  const core::RestoredFiles undone = revert();
  EXPECT_EQ(undone.run_id, "r1");
  EXPECT_THAT(undone.restored, ElementsAre("a.txt"));
  EXPECT_THAT(undone.left_out, IsEmpty());
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  EXPECT_THAT(changed(), IsEmpty());
  EXPECT_THAT(unrevert().restored, ElementsAre("a.txt"));
  EXPECT_EQ(bytes_of("a.txt"), "one\n2\n");
  EXPECT_THAT(changed(), ElementsAre("~a.txt"));
  EXPECT_EQ(unrevert().run_id, "") << "nothing is undone any more";
}

TEST_F(SnapshotsTest, FilesThatWereMadeGoWithTheFoldersAroundThem) {
  write("r1", "new/deep/c.txt", "x");
  EXPECT_THAT(changed(), ElementsAre("+new/deep/c.txt"));
  revert();
  EXPECT_FALSE(fs::exists(at("new")));
  unrevert();
  EXPECT_EQ(bytes_of("new/deep/c.txt"), "x");
}

TEST_F(SnapshotsTest, AFolderThatHoldsSomethingElseByNowStays) {
  write("r1", "new/c.txt", "x");
  put("new/mine.txt", "mine");
  const core::RestoredFiles undone = revert();
  EXPECT_FALSE(fs::exists(at("new/c.txt")));
  EXPECT_EQ(bytes_of("new/mine.txt"), "mine");
  ASSERT_EQ(undone.left_out.size(), 1U);
  EXPECT_EQ(undone.left_out[0].path, "new");
  EXPECT_THAT(undone.left_out[0].reason, HasSubstr("still holds something"));
}

TEST_F(SnapshotsTest, WhatACommandDidIsUndoneByteForByte) {
  fs::create_symlink("a.txt", at("link"));
  fs::create_directories(at("empty"));
  ::chmod(at("empty").c_str(), 0711);
  const std::string binary = bytes_of("src/b.bin");
  command("r1", [&] {
    put("a.txt", "changed");
    ::chmod(at("a.txt").c_str(), 0755);
    fs::remove_all(at("src"));
    fs::remove(at("link"));
    fs::create_symlink("/etc/passwd", at("link"));
    fs::remove(at("empty"));
    put("made/x", "x");
    put("empty", "a file now");
  });
  EXPECT_THAT(changed(), ElementsAre("~a.txt", "~empty", "~link", "+made/x", "-src/b.bin"));
  EXPECT_THAT(diff().text, HasSubstr("old mode 0644\nnew mode 0755 a.txt"));
  EXPECT_THAT(diff().text, HasSubstr("Binary files a/src/b.bin and /dev/null differ"));
  const core::RestoredFiles undone = revert();
  EXPECT_THAT(undone.left_out, IsEmpty());
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  EXPECT_EQ(mode_of("a.txt"), 0644);
  EXPECT_EQ(bytes_of("src/b.bin"), binary);
  EXPECT_EQ(mode_of("src/b.bin"), 0640);
  EXPECT_EQ(fs::read_symlink(at("link")), "a.txt");
  EXPECT_TRUE(fs::is_directory(at("empty")));
  EXPECT_EQ(mode_of("empty"), 0711);
  EXPECT_FALSE(fs::exists(at("made")));
  EXPECT_THAT(unrevert().left_out, IsEmpty());
  EXPECT_EQ(bytes_of("a.txt"), "changed");
  EXPECT_EQ(mode_of("a.txt"), 0755);
  EXPECT_FALSE(fs::exists(at("src")));
  EXPECT_EQ(fs::read_symlink(at("link")), "/etc/passwd");
  EXPECT_EQ(bytes_of("empty"), "a file now");
  EXPECT_EQ(bytes_of("made/x"), "x");
}

TEST_F(SnapshotsTest, SeveralCallsOfARunAreUndoneTogether) {
  write("r1", "a.txt", "first");
  command("r1", [&] { put("a.txt", "second"); });
  command("r1", [&] {
    put("c.txt", "made");
    put("src/b.bin", "text");
  });
  write("r1", "c.txt", "written over");
  EXPECT_THAT(changed(), ElementsAre("~a.txt", "+c.txt", "~src/b.bin"));
  revert();
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  EXPECT_FALSE(fs::exists(at("c.txt")));
  EXPECT_EQ(bytes_of("src/b.bin").size(), 4U);
}

TEST_F(SnapshotsTest, ACommandThatChangedNothingIsNoRunToUndo) {
  write("r1", "a.txt", "changed");
  command("r2", [] {});
  EXPECT_EQ(diff().run_id, "r1");
  command("r3", [&] { put("a.txt", "changed"); });  // the same bytes
  EXPECT_EQ(diff().run_id, "r1");
  EXPECT_EQ(revert().run_id, "r1");
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
}

TEST_F(SnapshotsTest, RunsAreUndoneFromTheLastAndDoneAgainTheOtherWay) {
  write("r1", "a.txt", "1");
  write("r2", "a.txt", "2");
  EXPECT_EQ(revert().run_id, "r2");
  EXPECT_EQ(bytes_of("a.txt"), "1");
  EXPECT_EQ(revert().run_id, "r1");
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  EXPECT_EQ(revert().run_id, "");
  EXPECT_EQ(unrevert().run_id, "r1");
  EXPECT_EQ(unrevert().run_id, "r2");
  EXPECT_EQ(bytes_of("a.txt"), "2");
}

TEST_F(SnapshotsTest, ARunAfterARevertEndsWhatCouldBeDoneAgain) {
  write("r1", "a.txt", "1");
  revert();
  write("r2", "c.txt", "x");
  EXPECT_EQ(unrevert().run_id, "");
  EXPECT_EQ(revert().run_id, "r2");
  EXPECT_FALSE(fs::exists(at("c.txt")));
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
}

TEST_F(SnapshotsTest, WhatSomebodyChangedSinceARevertIsNotOverwritten) {
  write("r1", "a.txt", "1");
  revert();
  put("a.txt", "by hand");
  const core::RestoredFiles again = unrevert();
  EXPECT_THAT(again.restored, IsEmpty());
  ASSERT_EQ(again.left_out.size(), 1U);
  EXPECT_THAT(again.left_out[0].reason, HasSubstr("changed since the revert"));
  EXPECT_EQ(bytes_of("a.txt"), "by hand");
}

// --- stops of the server ------------------------------------------------------------------------

TEST_F(SnapshotsTest, ARestartLosesNothing) {
  write("r1", "a.txt", "1");
  restart();
  EXPECT_THAT(changed(), ElementsAre("~a.txt"));
  restart();
  revert();
  restart();
  EXPECT_EQ(unrevert().run_id, "r1");
  EXPECT_EQ(bytes_of("a.txt"), "1");
}

TEST_F(SnapshotsTest, ACommandThatTheServerDiedInIsComparedLater) {
  {
    auto hold = run(snapshots().before(call("r1"), {}));
    ASSERT_TRUE(hold);
    put("a.txt", "half done");
    put("made", "x");
  }
  restart();
  EXPECT_THAT(changed(), ElementsAre("~a.txt", "+made"));
  revert();
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  EXPECT_FALSE(fs::exists(at("made")));
}

TEST_F(SnapshotsTest, AThreadThatWasMovedAfterAStopWorksOn) {
  {
    auto hold = run(snapshots().before(call("r1"), {}));
    ASSERT_TRUE(hold);
  }
  restart();
  fs::remove_all(directory_);
  directory_ = root_ / "other";
  thread_.directory.path = directory_.string();
  put("a.txt", "there");
  write("r2", "a.txt", "changed");
  EXPECT_EQ(revert().run_id, "r2");
  EXPECT_EQ(bytes_of("a.txt"), "there");
  command("r3", [&] { put("a.txt", "by a command"); });
  EXPECT_THAT(changed(), ElementsAre("~a.txt"));
}

TEST_F(SnapshotsTest, ARevertThatTheServerDiedInIsFinished) {
  write("r1", "a.txt", "1");
  write("r1", "src/b.bin", "2");
  revert();
  // As it was before anything was restored, but after the revert was noted.
  const fs::path record = root_ / "data/t1/reverts/000000000001";
  auto noted = read_record(*load_file(record.string()));
  ASSERT_TRUE(noted);
  noted->flag = true;
  ASSERT_TRUE(save_file(record.string(), record_text(*noted)));
  const fs::path of_run = root_ / "data/t1/runs/000000000001";
  auto run_record = read_record(*load_file(of_run.string()));
  run_record->flag = false;
  ASSERT_TRUE(save_file(of_run.string(), record_text(*run_record)));
  put("a.txt", "1");
  put("src/b.bin", "2");
  restart();
  EXPECT_EQ(unrevert().run_id, "r1") << "it is finished first, and can be taken back";
  restart();
  EXPECT_EQ(revert().run_id, "r1");
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
}

// --- limits -------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, AFileThatIsTooLargeIsSaidToBeLeftOut) {
  put("large", "");
  fs::resize_file(at("large"), limits::snapshot_file_bytes_max + 1);
  command("r1", [&] {
    put("large", "small now");
    put("a.txt", "1");
  });
  const core::FileDiff shown = diff();
  ASSERT_EQ(shown.files.size(), 2U);
  EXPECT_THAT(shown.files[1].not_kept, HasSubstr("larger files are not kept"));
  EXPECT_THAT(shown.text, HasSubstr("What a/large was is not kept: it is larger than"));
  const core::RestoredFiles undone = revert();
  EXPECT_THAT(undone.restored, ElementsAre("a.txt"));
  ASSERT_EQ(undone.left_out.size(), 1U);
  EXPECT_EQ(undone.left_out[0].path, "large");
  EXPECT_EQ(bytes_of("large"), "small now");
}

TEST_F(SnapshotsTest, WhatCannotBeKeptForUnrevertIsNotReverted) {
  command("r1", [&] {
    put("a.txt", "");
    fs::resize_file(at("a.txt"), limits::snapshot_file_bytes_max + 1);
  });
  const core::RestoredFiles undone = revert();
  EXPECT_THAT(undone.restored, IsEmpty());
  ASSERT_EQ(undone.left_out.size(), 1U);
  EXPECT_THAT(undone.left_out[0].reason, HasSubstr("what it is now could not be kept"));
}

TEST_F(SnapshotsTest, AFolderWithTooManyFilesIsKeptAsFarAsTheLimitGoes) {
  fs::create_directories(at("many"));
  for (std::size_t i = 0; i < limits::snapshot_files_max; ++i) {
    std::ofstream(at("many/" + std::to_string(i)));
  }
  command("r1", [&] {
    put("a.txt", "1");
    put("made", "x");
  });
  const core::FileDiff shown = diff();
  EXPECT_THAT(changed(), ElementsAre("~a.txt"))
      << "what was made cannot be told from what was left";
  ASSERT_EQ(shown.notes.size(), 1U);
  EXPECT_THAT(shown.notes[0], HasSubstr("is not known"));
  EXPECT_THAT(revert().notes, ElementsAre(shown.notes[0]));
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  EXPECT_TRUE(fs::exists(at("made"))) << "nothing is removed that might have been there";
}

TEST_F(SnapshotsTest, OnlyTheNewestRunsAreKept) {
  for (std::size_t i = 0; i <= limits::snapshot_runs_max; ++i) {
    write("r" + std::to_string(i), "a.txt", std::to_string(i));
  }
  for (std::size_t i = 0; i < limits::snapshot_runs_max; ++i) EXPECT_NE(revert().run_id, "");
  EXPECT_EQ(revert().run_id, "");
  EXPECT_EQ(bytes_of("a.txt"), "0");
}

TEST_F(SnapshotsTest, AnAccountsShareIsBounded) {
  SnapshotShares shares((root_ / "data").string());
  EXPECT_TRUE(shares.take("ann", limits::snapshot_account_bytes_max));
  EXPECT_FALSE(shares.take("ann", 1));
  EXPECT_TRUE(shares.take("bob", 1));
  shares.give_back("ann", 5);
  EXPECT_TRUE(shares.take("ann", 5));
}

TEST_F(SnapshotsTest, TheShareOfAllAccountsIsBounded) {
  SnapshotShares shares((root_ / "data").string());
  const std::size_t accounts = limits::snapshot_bytes_max / limits::snapshot_account_bytes_max;
  for (std::size_t i = 0; i < accounts; ++i) {
    EXPECT_TRUE(shares.take(std::to_string(i), limits::snapshot_account_bytes_max));
  }
  EXPECT_FALSE(shares.take("one more", 1));
  shares.give_back("0", 1);
  EXPECT_TRUE(shares.take("one more", 1));
}

TEST_F(SnapshotsTest, WhatAnEarlierStartKeptCountsForItsAccount) {
  write("r1", "src/b.bin", "x");
  const std::string account = *load_file((root_ / "data/t1/account").string());
  SnapshotShares shares((root_ / "data").string());
  EXPECT_FALSE(shares.take(account, limits::snapshot_account_bytes_max - 3)) << "4 bytes are kept";
  EXPECT_TRUE(shares.take(account, limits::snapshot_account_bytes_max - 4));
}

// --- directories --------------------------------------------------------------------------------

TEST_F(SnapshotsTest, AThreadThatWasMovedIsNotRevertedElsewhere) {
  write("r1", "a.txt", "1");
  fs::create_directories(root_ / "other");
  core::Thread moved = thread_;
  moved.directory.path = (root_ / "other").string();
  for (const auto kind :
       {run(snapshots().diff(moved)).error().kind, run(snapshots().revert(moved)).error().kind}) {
    EXPECT_EQ(kind, ErrorKind::conflict);
  }
  EXPECT_THAT(run(snapshots().revert(moved)).error().message, HasSubstr(directory_.string()));
  EXPECT_EQ(revert().run_id, "r1");
}

TEST_F(SnapshotsTest, ADirectoryThatMayNotBeUsedIsNotTouched) {
  write("r1", "a.txt", "1");
  core::Thread users = thread_;
  users.directory.by_operator = false;
  EXPECT_EQ(run(snapshots().revert(users)).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(bytes_of("a.txt"), "1");
}

TEST_F(SnapshotsTest, RestoringFollowsNoLinkOutOfTheDirectory) {
  put("inner/f", "before");
  const fs::path outside = root_ / "outside";
  fs::create_directories(outside);
  std::ofstream(outside / "f") << "theirs";
  write("r1", "inner/f", "after");
  fs::remove_all(at("inner"));
  fs::create_directory_symlink(outside, at("inner"));
  [[maybe_unused]] const auto undone = run(snapshots().revert(thread_));
  std::ifstream file(outside / "f");
  std::ostringstream bytes;
  bytes << file.rdbuf();
  EXPECT_EQ(bytes.str(), "theirs");
}

TEST_F(SnapshotsTest, AFileThatIsALinkIsRestoredInItsPlace) {
  const fs::path outside = root_ / "outside.txt";
  std::ofstream(outside) << "theirs";
  command("r1", [&] {
    fs::remove(at("a.txt"));
    fs::create_symlink(outside, at("a.txt"));
  });
  revert();
  EXPECT_FALSE(fs::is_symlink(at("a.txt")));
  EXPECT_EQ(bytes_of("a.txt"), "one\ntwo\n");
  std::ifstream file(outside);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  EXPECT_EQ(bytes.str(), "theirs");
}

TEST_F(SnapshotsTest, WhatIsKeptGoesWithTheThread) {
  write("r1", "a.txt", "1");
  EXPECT_TRUE(fs::exists(root_ / "data/t1"));
  ASSERT_TRUE(snapshots().remove("t1"));
  EXPECT_FALSE(fs::exists(root_ / "data/t1"));
  ASSERT_TRUE(snapshots().remove("t1"));
  EXPECT_EQ(diff().run_id, "");
  EXPECT_EQ(bytes_of("a.txt"), "1") << "the directory is the user's";
}

// --- records ------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, RecordsKeepEveryPathThereCanBe) {
  SnapshotRecord record{
      .run_id = "r", .folder = "/a b/%", .flag = true, .is_whole = false, .notes = {"a note", "-"}};
  for (const std::string path : {"a b", "new\nline", "-", "%41", "\xff\xfe", "caf\xc3\xa9"}) {
    record.files.emplace(path, FileState{.kind = FileKind::file,
                                         .mode = 07777,
                                         .user = 1,
                                         .group = 2,
                                         .size = 3,
                                         .content = "abc",
                                         .not_kept = "why not",
                                         .inode = 4,
                                         .changed_at = -5,
                                         .modified_at = 6});
  }
  const std::string text = record_text(record);
  const auto read = read_record(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(record_text(*read), text);
  EXPECT_EQ(read->files.size(), 6U);
  EXPECT_TRUE(read->files.contains("new\nline"));
  EXPECT_EQ(read->files.at("%41").not_kept, "why not");
  EXPECT_EQ(read->files.at("-").changed_at, -5);
  EXPECT_EQ(read->notes, record.notes);
  EXPECT_TRUE(read->flag);
  EXPECT_FALSE(read->is_whole);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(read_record(text.substr(0, length))) << "cut after " << length;
  }
}

}  // namespace
}  // namespace colonnade::tools
