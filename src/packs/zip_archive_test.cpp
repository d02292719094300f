#include "packs/zip_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tests/packs/hostile_archives.hpp"
#include "tests/packs/zip_maker.hpp"

namespace colonnade::packs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// As if it were unpacked: "" when nothing is wrong.
std::string fault_of(const std::string& bytes) {
  const auto archive = ZipArchive::open_bytes(bytes);
  if (!archive) {
    EXPECT_EQ(archive.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(archive.error().field, "archive");
    return archive.error().message;
  }
  for (const ZipArchive::File& file : archive->files()) {
    std::uint64_t taken = 0;
    const ZipArchive::Take take = [&taken](std::string_view piece) -> base::Result<void> {
      taken += piece.size();
      return {};
    };
    const auto read = archive->read(file, take, {});
    EXPECT_LE(taken, file.bytes) << "more was handed over than was judged";
    if (!read) {
      EXPECT_EQ(read.error().kind, base::ErrorKind::invalid);
      EXPECT_EQ(read.error().field, "archive");
      return read.error().message;
    }
  }
  return "";
}

std::vector<std::string> paths(const ZipArchive& archive) {
  std::vector<std::string> out;
  for (const ZipArchive::File& one : archive.files()) out.push_back(one.path);
  return out;
}

TEST(ZipArchive, ReadsWhatIsThere) {
  const std::string bytes =
      tests::make_zip({.items = {{.name = "b/", .mode = 0040755},
                                 {.name = "b/two.txt", .bytes = "second", .method = 8},
                                 {.name = "a.txt", .bytes = "first"},
                                 {.name = "\u00fc.txt", .bytes = "third"},
                                 {.name = "empty"}},
                       .comment = "a comment"});
  const auto archive = ZipArchive::open_bytes(bytes);
  ASSERT_TRUE(archive) << archive.error().message;
  EXPECT_THAT(paths(*archive), ElementsAre("a.txt", "b/two.txt", "empty", "\u00fc.txt"));
  ASSERT_NE(archive->find("b/two.txt"), nullptr);
  EXPECT_EQ(archive->text(*archive->find("b/two.txt"), 100, {}), "second");
  EXPECT_EQ(archive->text(*archive->find("empty"), 100, {}), "");
  EXPECT_EQ(archive->find("b"), nullptr);
  EXPECT_EQ(archive->text(*archive->find("a.txt"), 4, {}).error().kind, base::ErrorKind::too_large);
  EXPECT_EQ(fault_of(bytes), "");
}

TEST(ZipArchive, ReadsA64BitEnd) {
  const std::string bytes =
      tests::make_zip({.items = {{.name = "a.txt", .bytes = "first"}}, .has_end64 = true});
  const auto archive = ZipArchive::open_bytes(bytes);
  ASSERT_TRUE(archive) << archive.error().message;
  EXPECT_THAT(paths(*archive), ElementsAre("a.txt"));
}

TEST(ZipArchive, AnEmptyOneHasNoFiles) {
  const std::string bytes = tests::make_zip({});
  const auto archive = ZipArchive::open_bytes(bytes);
  ASSERT_TRUE(archive) << archive.error().message;
  EXPECT_TRUE(archive->files().empty());
}

TEST(ZipArchive, AStopEndsTheReading) {
  const std::string bytes = tests::zip_of({{"a.txt", "first"}});
  const auto archive = ZipArchive::open_bytes(bytes);
  ASSERT_TRUE(archive) << archive.error().message;
  std::stop_source stop;
  stop.request_stop();
  const auto read = archive->text(archive->files().front(), 100, stop.get_token());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, base::ErrorKind::cancelled);
}

TEST(ZipArchive, WhatIsDenseButWithinTheLimitIsRead) {
  const std::size_t runs = 100;
  const std::string bytes =
      tests::make_zip({.items = {{.name = "a.txt",
                                  .bytes = std::string(tests::zip_bomb_bytes(runs), 'a'),
                                  .method = 8,
                                  .packed = tests::zip_bomb(runs)}}});
  EXPECT_EQ(fault_of(bytes), "");
}

TEST(ZipArchive, RefusesHostileArchivesAndSaysWhy) {
  const auto hostile = tests::hostile_archives();
  EXPECT_GE(hostile.size(), 60U);
  for (const tests::HostileArchive& one : hostile) {
    const std::string fault = fault_of(one.bytes);
    EXPECT_NE(fault, "") << one.what;
    EXPECT_THAT(fault, HasSubstr("the archive is refused: ")) << one.what;
    EXPECT_THAT(fault, HasSubstr(one.error)) << one.what;
  }
}

// No cut of a good archive is one.
TEST(ZipArchive, RefusesEveryCut) {
  const std::string bytes =
      tests::zip_of({{"tandempack.yaml", "name: a\n"}, {"b/two.txt", "second"}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(fault_of(bytes.substr(0, size)), "") << size;
  }
}

// A changed byte is refused, or what is read stays within what the table of contents says.
TEST(ZipArchive, NoChangedByteLeadsOut) {
  const std::string good =
      tests::zip_of({{"tandempack.yaml", "name: a\n"}, {"b/two.txt", "second"}});
  std::size_t refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char change : {'\x01', '\x80', '\xff'}) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      refused += fault_of(bytes).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, good.size()) << "most bytes matter";
}

}  // namespace
}  // namespace colonnade::packs
