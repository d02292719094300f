// Threads that are bound to folders which somebody else may write around: what is swapped, linked
// or moved between a check and the work leads nowhere.
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "tool_bench.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/shell.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tools::testing {
namespace {

// data/…                what ToolBench has: the server's own, with the secret
// projects/app/note.txt  a directory that may be used
class EscapeDirectories : public ToolBench {
 protected:
  EscapeDirectories() {
    outside_ = data_.parent_path() / (data_.filename().string() + "-projects");
    put(outside_ / "app/note.txt", "of the app");
    rules_ = {.allowed = {outside_.string()}, .own_folders = {{"data_dir", data_.string()}}};
    workspace_ = outside_ / "app";
  }
  ~EscapeDirectories() override {
    std::error_code ignored;
    fs::remove_all(outside_, ignored);
  }

  base::Result<std::string> folder_of(const fs::path& directory, bool by_operator = false) const {
    const Workspaces workspaces({.root = (data_ / "workspaces").string(), .rules = rules_});
    return workspaces.folder_of(core::Scope::main(), "th1",
                                {.path = directory.string(), .by_operator = by_operator});
  }
  void swap_for_link(const fs::path& target) {
    fs::rename(workspace_, outside_ / "moved");
    fs::create_directory_symlink(target, workspace_);
  }

  fs::path outside_;
  DirectoryRules rules_;
};

TEST_F(EscapeDirectories, ALinkToTheServersOwnFilesIsNoDirectory) {
  fs::create_directory_symlink(data_, outside_ / "link");
  fs::create_directory_symlink("../" + data_.filename().string(), outside_ / "relative");
  for (const char* name : {"link", "relative", "link/workspaces/th2", "app/../link"}) {
    EXPECT_FALSE(folder_of(outside_ / name)) << name;
    EXPECT_FALSE(folder_of(outside_ / name, true)) << name << ", named by an operator";
  }
}

TEST_F(EscapeDirectories, DotsLeadNowhere) {
  const fs::path own = outside_ / ".." / data_.filename();
  const auto kept = kept_directory(rules_, {.path = own.string()});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->path, data_.string());
  EXPECT_FALSE(folder_of(kept->path));
  EXPECT_FALSE(folder_of(own)) << "also when it was stored as it is";
  fs::create_directories(outside_ / "app/inner");
  EXPECT_FALSE(folder_of(outside_ / "app/../../../tmp"));
  EXPECT_FALSE(folder_of(outside_ / "app/inner/.."));
}

TEST_F(EscapeDirectories, AWorkspaceOfAnotherThreadIsNoDirectory) {
  EXPECT_FALSE(folder_of(data_ / "workspaces/th2"));
  EXPECT_FALSE(folder_of(data_ / "workspaces/th2", true));
}

TEST_F(EscapeDirectories, AFolderThatIsSwappedAfterTheCheckIsNotEntered) {
  ASSERT_TRUE(folder_of(workspace_));
  auto read = read_tool(workers_);
  before_run_ = [this] { swap_for_link(data_); };
  expect_refused(call(*read, {{"path", "note.txt"}}), "goes through a link");
  EXPECT_FALSE(folder_of(workspace_)) << "nor is it given out again";
}

TEST_F(EscapeDirectories, NothingIsWrittenThroughASwappedFolder) {
  auto write = write_tool(workers_);
  before_run_ = [this] { swap_for_link(data_); };
  expect_refused(call(*write, {{"path", "operator.token"}, {"content", "mine"}}),
                 "goes through a link");
  EXPECT_EQ(bytes_of(data_ / "operator.token"), secret);
}

// Somebody swaps the folder again and again while it is read: what comes is the app's or a refusal.
TEST_F(EscapeDirectories, ARaceIsNotWon) {
  auto read = read_tool(workers_);
  put(data_ / "note.txt", secret);
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    const fs::path link = outside_ / "link";
    fs::create_directory_symlink(data_, link);
    while (!stop) {
      std::error_code ignored;
      fs::rename(workspace_, outside_ / "moved", ignored);
      fs::rename(link, workspace_, ignored);
      fs::rename(workspace_, link, ignored);
      fs::rename(outside_ / "moved", workspace_, ignored);
    }
  });
  for (int i = 0; i < 300; ++i) {
    const auto outcome = call(*read, {{"path", "note.txt"}});
    EXPECT_EQ(outcome.content.find(secret), std::string::npos);
    EXPECT_TRUE(outcome.is_error || outcome.content.contains("of the app")) << outcome.content;
  }
  stop = true;
  swapper.join();
  put(workspace_ / "note.txt", "of the app");
  EXPECT_FALSE(call(*read, {{"path", "note.txt"}}).is_error);
}

// bubblewrap finds another folder under the name than the one that was looked at.
TEST_F(EscapeDirectories, ACommandIsNotRunInAFolderThatWasSwappedWhileItStarted) {
  ShellTool plain(workers_, SandboxOptions{});
  if (call(plain, {{"command", "true"}}).is_error) GTEST_SKIP() << "no sandbox on this machine";
  const fs::path wrapper = outside_ / "bwrap";
  put(wrapper, "#!/bin/sh\nif [ -e " + (outside_ / "swap").string() + " ]; then\n  mv " +
                   workspace_.string() + " " + (outside_ / "moved").string() + "\n  ln -s " +
                   (data_ / "workspaces/th2").string() + " " + workspace_.string() +
                   "\nfi\nexec /usr/bin/bwrap \"$@\"\n");
  ASSERT_EQ(::chmod(wrapper.c_str(), 0755), 0);
  ShellTool tool(workers_, SandboxOptions{.bubblewrap = wrapper.string()});
  const auto before = call(tool, {{"command", "cat note.txt"}});
  EXPECT_NE(before.content.find("of the app"), std::string::npos) << before.content;
  put(outside_ / "swap", "");
  expect_refused(call(tool, {{"command", "cat *; echo mine > other.txt"}}),
                 "the workspace was replaced by another folder");
  EXPECT_EQ(bytes_of(data_ / "workspaces/th2/other.txt"), secret);
}

TEST_F(EscapeDirectories, ACommandSeesItsDirectoryAndNothingBesideIt) {
  ShellTool tool(workers_, SandboxOptions{});
  if (call(tool, {{"command", "true"}}).is_error) GTEST_SKIP() << "no sandbox on this machine";
  put(outside_ / "beside.txt", secret);
  const auto outcome =
      call(tool, {{"command", "cat note.txt; cat ../beside.txt; ls " + outside_.string()}});
  EXPECT_NE(outcome.content.find("of the app"), std::string::npos);
  EXPECT_EQ(outcome.content.find(secret), std::string::npos) << outcome.content;
}

}  // namespace
}  // namespace colonnade::tools::testing
