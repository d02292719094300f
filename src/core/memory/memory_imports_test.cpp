#include "core/memory/memory_imports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/utf8.hpp"
#include "core/memory/limits.hpp"

namespace colonnade::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MemoryChunks, ShortParagraphsStayTogether) {
  EXPECT_THAT(memory_chunks("one\n\ntwo\n\n\n\nthree\n"), ElementsAre("one\n\ntwo\n\nthree"));
  EXPECT_THAT(memory_chunks("one\r\n\r\ntwo"), ElementsAre("one\n\ntwo"));
  EXPECT_THAT(memory_chunks(""), IsEmpty());
  EXPECT_THAT(memory_chunks(" \n\n\t\n"), IsEmpty());
}

TEST(MemoryChunks, AParagraphThatDoesNotFitBesideBeginsTheNext) {
  const std::string one(limits::memory_chunk_bytes - 10, 'a');
  const std::string two(100, 'b');
  EXPECT_THAT(memory_chunks(one + "\n\n" + two), ElementsAre(one, two));
}

TEST(MemoryChunks, ALongParagraphIsCutAtTheEndsOfLines) {
  std::string text;
  while (text.size() < 3 * limits::memory_chunk_bytes) text += "a line of some length\n";
  const std::vector<std::string> chunks = memory_chunks(text);
  ASSERT_GE(chunks.size(), 3U);
  std::string joined;
  for (const std::string& one : chunks) {
    EXPECT_LE(one.size(), limits::memory_chunk_bytes);
    EXPECT_TRUE(one.starts_with("a line") && one.ends_with("length")) << one;
    joined += one + "\n";
  }
  EXPECT_EQ(joined, text) << "nothing is lost";
}

TEST(MemoryChunks, WithoutLinesItIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 2 * limits::memory_chunk_bytes) text += "\xC3\xA4";
  text += "b";
  std::string joined;
  for (const std::string& one : memory_chunks(text)) {
    EXPECT_LE(one.size(), limits::memory_chunk_bytes);
    EXPECT_TRUE(base::is_valid_utf8(one));
    joined += one;
  }
  EXPECT_EQ(joined, text);
}

}  // namespace
}  // namespace colonnade::core
