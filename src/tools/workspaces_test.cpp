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

TEST_F(WorkspacesTest, ReadsTheTextsOfAFolder) {
  const fs::path folder = root_ / "texts";
  fs::create_directories(folder / "sub");
  fs::create_directories(folder / ".git");
  const auto put = [&](const char* name, std::string_view bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  put("b.md", "second");
  put("a.txt", "first");
  put("sub/c.md", "third");
  put(".hidden", "no");
  put(".git/config", "no");
  put("image.bin", std::string_view("\0\1", 2));
  put("broken.txt", "\xFF");
  put("large.txt", std::string(100, 'x'));
  std::ofstream(root_ / "outside.md") << "outside";
  fs::create_symlink(root_ / "outside.md", folder / "link.md");
  core::Thread thread{.scope = core::Scope::main()};
  thread.directory = {.path = fs::canonical(folder).string(), .by_operator = true};
  core::FolderLook look{.files_max = 10, .file_bytes_max = 50, .bytes_max = 1000};
  const auto all = workspaces_.read_texts(thread, look, {});
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->texts.size(), 3U);
  EXPECT_EQ(all->texts[0].path, "a.txt");
  EXPECT_EQ(all->texts[1].path, "b.md");
  EXPECT_EQ(all->texts[1].text, "second");
  EXPECT_EQ(all->texts[2].path, "sub/c.md");
  EXPECT_EQ(all->found, 6U) << "the three that are no text, or too long, count as found";
  look.wanted = [](std::string_view path) { return path.ends_with(".md"); };
  EXPECT_EQ(workspaces_.read_texts(thread, look, {})->texts.size(), 2U);
  look = {.files_max = 5, .file_bytes_max = 50, .bytes_max = 1000};
  EXPECT_EQ(workspaces_.read_texts(thread, look, {}).error().kind, base::ErrorKind::too_large);
  look = {.files_max = 10, .file_bytes_max = 50, .bytes_max = 12};
  EXPECT_EQ(workspaces_.read_texts(thread, look, {}).error().kind, base::ErrorKind::too_large);
  thread.directory.by_operator = false;
  EXPECT_EQ(workspaces_.read_texts(thread, look, {}).error().kind, base::ErrorKind::forbidden);
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
