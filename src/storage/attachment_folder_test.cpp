#include "storage/attachment_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "storage/sqlite/test_folder.hpp"

namespace colonnade::storage {
namespace {

using base::ErrorKind;
using testing::UnorderedElementsAre;

constexpr const char* id = "0190c4a2f3d47b8e9a1b2c3d4e5f6a7b";

unsigned mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

bool is_empty_or_missing(const std::string& folder) {
  std::error_code ignored;
  return !std::filesystem::exists(folder) || std::filesystem::is_empty(folder, ignored);
}

class AttachmentFolderTest : public testing::Test {
 protected:
  sqlite::TestFolder data_;
  std::string path_ = data_.file("attachments");
  AttachmentFolder folder_{path_};
};

TEST_F(AttachmentFolderTest, KeepsBytesForItsOwnerOnly) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(folder_.write(id, bytes));
  EXPECT_EQ(folder_.read(id), bytes);
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(mode_of(path_ + "/" + id), 0600U);
  EXPECT_THAT(*folder_.ids(), UnorderedElementsAre(id));
  ASSERT_TRUE(folder_.remove(id));
  EXPECT_EQ(folder_.read(id).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(folder_.remove(id)) << "what is gone may be removed again";
  EXPECT_TRUE(folder_.ids()->empty());
}

TEST_F(AttachmentFolderTest, AnIdIsNeverAPath) {
  for (const char* wrong : {"", "..", "../data.db", "a/b", "/etc/passwd", "a.part", "A"}) {
    EXPECT_EQ(folder_.write(wrong, "x").error().kind, ErrorKind::internal) << wrong;
    EXPECT_EQ(folder_.read(wrong).error().kind, ErrorKind::internal) << wrong;
    EXPECT_EQ(folder_.remove(wrong).error().kind, ErrorKind::internal) << wrong;
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AttachmentFolderTest, AnEmptyOneHasNoIds) { EXPECT_TRUE(folder_.ids()->empty()); }

TEST_F(AttachmentFolderTest, WhatAWriteLeftIsSweptAndNoAttachment) {
  ASSERT_TRUE(folder_.write(id, "whole"));
  const std::string half = path_ + "/0190c4a2f3d47b8e9a1b2c3d4e5f6a7c.part";
  std::ofstream(half) << "half";
  EXPECT_THAT(*folder_.ids(), UnorderedElementsAre(id));
  EXPECT_FALSE(std::filesystem::exists(half));
}

// Each call of a write fails in its turn; nothing is left of it, and it may be tried again.
TEST_F(AttachmentFolderTest, NothingIsLeftOfAWriteThatTheDiskRefuses) {
  for (int failing = 0; failing < 4; ++failing) {
    int calls = 0;
    const auto fails = [&](int error) {
      if (calls++ != failing) return false;
      errno = error;
      return true;
    };
    FileCalls faulty = system_file_calls();
    faulty.write = [&, real = faulty.write](int file, const char* bytes, std::size_t count) {
      return fails(ENOSPC) ? -1L : real(file, bytes, count);
    };
    faulty.sync = [&, real = faulty.sync](int file) { return fails(EIO) ? -1 : real(file); };
    faulty.rename = [&, real = faulty.rename](const char* from, const char* to) {
      return fails(EIO) ? -1 : real(from, to);
    };
    AttachmentFolder folder(path_, faulty);
    const auto refused = folder.write(id, "bytes");
    ASSERT_FALSE(refused) << failing;
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(refused.error().retryable);
    EXPECT_TRUE(is_empty_or_missing(path_)) << failing;
    EXPECT_EQ(folder.read(id).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(folder.write(id, "bytes")) << "the fault has passed";
    EXPECT_EQ(folder.read(id), "bytes");
    EXPECT_TRUE(folder.remove(id));
  }
}

// The kernel may take a part at a time, or be interrupted.
TEST_F(AttachmentFolderTest, ShortWritesGoOn) {
  FileCalls slow = system_file_calls();
  bool interrupted = false;
  slow.write = [&, real = slow.write](int file, const char* bytes, std::size_t count) -> long {
    interrupted = !interrupted;
    if (interrupted) {
      errno = EINTR;
      return -1;
    }
    return real(file, bytes, std::min<std::size_t>(count, 2));
  };
  AttachmentFolder folder(path_, slow);
  ASSERT_TRUE(folder.write(id, "seven by"));
  EXPECT_EQ(folder.read(id), "seven by");
}

TEST_F(AttachmentFolderTest, IsCopiedWhole) {
  const std::string target = data_.file("copy.attachments");
  EXPECT_EQ(copy_attachments(path_, target), 0U);
  EXPECT_FALSE(std::filesystem::exists(target)) << "there was nothing to copy";
  ASSERT_TRUE(folder_.write(id, "bytes"));
  std::ofstream(path_ + "/0190c4a2f3d47b8e9a1b2c3d4e5f6a7c.part") << "being written";
  EXPECT_EQ(copy_attachments(path_, target), 1U);
  EXPECT_EQ(AttachmentFolder(target).read(id), "bytes");
  EXPECT_EQ(mode_of(target), 0700U);
  EXPECT_EQ(copy_attachments(path_, target).error().kind, ErrorKind::conflict);
}

}  // namespace
}  // namespace colonnade::storage
