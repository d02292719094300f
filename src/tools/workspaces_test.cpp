#include "tools/workspaces.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;

class WorkspacesTest : public testing::Test {
 protected:
  ~WorkspacesTest() override { fs::remove_all(root_); }

  std::string folder_with_files(const std::string& thread) const {
    std::string out = *workspaces_.folder_of(core::Scope::main(), thread);
    fs::create_directories(out + "/a/b");
    std::ofstream(out + "/a/b/note.txt") << "marker";
    return out;
  }

  static fs::path new_folder() {
    std::string name = (fs::temp_directory_path() / "colonnade-XXXXXX").string();
    return ::mkdtemp(name.data());
  }

  fs::path root_ = new_folder();
  Workspaces workspaces_{{.root = root_.string() + "/workspaces"}};
};

TEST_F(WorkspacesTest, RemovesTheFolderOfAThreadAlone) {
  const std::string erased = folder_with_files("t1");
  const std::string other = folder_with_files("t2");
  ASSERT_TRUE(workspaces_.remove("t1"));
  EXPECT_FALSE(fs::exists(erased));
  EXPECT_TRUE(fs::exists(other + "/a/b/note.txt"));
  EXPECT_TRUE(workspaces_.remove("t1")) << "none is no error";
}

TEST_F(WorkspacesTest, RemovesWhatWasMadeHardToRemove) {
  const std::string erased = folder_with_files("t1");
  ASSERT_EQ(::chmod((erased + "/a/b").c_str(), 0), 0);
  ASSERT_EQ(::chmod((erased + "/a").c_str(), 0500), 0);
  ASSERT_TRUE(workspaces_.remove("t1"));
  EXPECT_FALSE(fs::exists(erased));
}

TEST_F(WorkspacesTest, FollowsNoLinkOutOfTheFolder) {
  const std::string erased = folder_with_files("t1");
  const fs::path outside = root_ / "outside";
  fs::create_directory(outside);
  std::ofstream(outside / "kept.txt") << "kept";
  fs::create_directory_symlink(outside, erased + "/link");
  ASSERT_TRUE(workspaces_.remove("t1"));
  EXPECT_TRUE(fs::exists(outside / "kept.txt"));
}

TEST_F(WorkspacesTest, LeavesAFolderThatAllThreadsShare) {
  const fs::path shared = root_ / "shared";
  fs::create_directory(shared);
  const Workspaces fixed({.root = root_.string(), .fixed = shared.string()});
  ASSERT_TRUE(fixed.remove("shared"));
  EXPECT_TRUE(fs::exists(shared));
}

TEST_F(WorkspacesTest, AnIdThatNamesNoFolderRemovesNothing) {
  folder_with_files("t1");
  for (const char* id : {"", ".", "..", "../workspaces", "/tmp", "t1/a"}) {
    EXPECT_FALSE(workspaces_.remove(id)) << id;
  }
  EXPECT_TRUE(fs::exists(root_ / "workspaces/t1/a/b/note.txt"));
}

}  // namespace
}  // namespace colonnade::tools
