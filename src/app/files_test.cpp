#include "app/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace colonnade::app {
namespace {

class Files : public testing::Test {
 protected:
  ~Files() override { std::filesystem::remove_all(folder_); }
  bool exists(const std::string& path) const { return ::access(path.c_str(), F_OK) == 0; }
  const std::string folder_ = testing::TempDir() + "colonnade_files_" + std::to_string(::getpid());
  const std::string path_ = folder_ + "/below/file";
};

TEST_F(Files, AWholeFileAppearsAtItsCommit) {
  {
    auto file = AtomicFile::begin(path_);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(file->write("one\n"));
    AtomicFile moved = *std::move(file);
    ASSERT_TRUE(moved.write("two\n"));
    EXPECT_FALSE(exists(path_));
    ASSERT_TRUE(moved.commit());
  }
  EXPECT_EQ(*read_small_file(path_, 100), "one\ntwo\n");
  EXPECT_FALSE(exists(path_ + ".new"));
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(Files, WithoutACommitNothingIsLeft) {
  ASSERT_TRUE(write_owner_only_file(path_, "before"));
  {
    auto file = AtomicFile::begin(path_);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(file->write("half"));
  }
  EXPECT_EQ(*read_small_file(path_, 100), "before");
  EXPECT_FALSE(exists(path_ + ".new"));
}

TEST_F(Files, AFolderInTheWayIsNamed) {
  ASSERT_TRUE(make_owner_only_folder(path_));
  const auto done = write_owner_only_file(path_, "x");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find(path_), std::string::npos);
  EXPECT_FALSE(exists(path_ + ".new"));
}

TEST(KeyText, HasNoByteOrderMarkAndNoLineEnd) {
  EXPECT_EQ(key_text("\xef\xbb\xbfsk-1\r\n"), "sk-1");
  EXPECT_EQ(key_text("  sk-1 \n\n"), "sk-1");
  EXPECT_EQ(key_text("\xef\xbb\xbf\r\n"), "");
  EXPECT_EQ(key_text("sk-\xef\xbb\xbf-1"), "sk-\xef\xbb\xbf-1");
}

}  // namespace
}  // namespace colonnade::app
