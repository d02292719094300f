#include "tools/text_diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

using ::testing::HasSubstr;

TEST(TextDiff, SameTextsHaveNone) {
  EXPECT_EQ(unified_diff("f", "a\n", "a\n"), "");
  EXPECT_EQ(unified_diff("f", std::nullopt, std::nullopt), "");
}

TEST(TextDiff, ALineIsReplaced) {
  EXPECT_EQ(
      unified_diff("src/f.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
      "--- a/src/f.txt\n+++ b/src/f.txt\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(TextDiff, FilesAreMadeAndRemoved) {
  EXPECT_EQ(unified_diff("f", std::nullopt, "a\nb\n"),
            "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("f", "a\n", std::nullopt), "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_diff("f", std::nullopt, ""), "--- /dev/null\n+++ b/f\n");
}

TEST(TextDiff, AMissingLineBreakIsSaid) {
  EXPECT_EQ(unified_diff("f", "a", "a\n"),
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST(TextDiff, ChangesFarApartAreHunksOfTheirOwn) {
  std::string before;
  for (int i = 1; i <= 30; ++i) before += std::to_string(i) + "\n";
  std::string after = before;
  after.replace(after.find("5\n"), 2, "five\n");
  after.replace(after.find("25\n"), 3, "");
  EXPECT_EQ(unified_diff("f", before, after),
            "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
            "@@ -22,7 +22,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n");
}

TEST(TextDiff, WhatIsNoTextIsSaidToDiffer) {
  EXPECT_EQ(unified_diff("f", std::string_view("a\0b", 3), "x"),
            "Binary files a/f and b/f differ\n");
  EXPECT_THAT(unified_diff("f", "x", std::string(limits::diff_text_bytes_max + 1, 'a')),
              HasSubstr("too large to be shown"));
}

// What `patch` would make of it.
std::string patched(const std::string& before, const std::string& diff) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < before.size();) {
    const std::size_t end = std::min(before.find('\n', at), before.size() - 1) + 1;
    lines.push_back(before.substr(at, end - at));
    at = end;
  }
  std::string out;
  std::size_t next = 0;
  std::istringstream text(diff);
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("---") || line.starts_with("+++")) continue;
    if (line.starts_with("@@")) {
      const long first = std::stol(line.substr(4));
      const bool none = line.substr(4).starts_with(std::to_string(first) + ",0");
      for (; next + (none ? 0 : 1) < static_cast<std::size_t>(first); ++next) out += lines[next];
    } else if (line[0] == ' ') {
      EXPECT_EQ(lines[next], line.substr(1) + "\n");
      out += lines[next++];
    } else if (line[0] == '-') {
      EXPECT_EQ(lines[next], line.substr(1) + "\n");
      ++next;
    } else {
      out += line.substr(1) + "\n";
    }
  }
  for (; next < lines.size(); ++next) out += lines[next];
  return out;
}

TEST(TextDiff, AppliedToTheOldTextItMakesTheNewOne) {
  std::mt19937 random(7);
  const auto text_of = [&](std::size_t lines, int words) {
    std::string out;
    for (std::size_t i = 0; i < lines; ++i) {
      out += static_cast<char>('a' + static_cast<int>(random() % static_cast<unsigned>(words)));
      out += '\n';
    }
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    const std::string before = text_of(random() % 40, 2 + round % 5);
    const std::string after = text_of(random() % 40, 2 + round % 5);
    EXPECT_EQ(patched(before, unified_diff("f", before, after)), after) << before << "→" << after;
  }
  const std::string before = text_of(4 * limits::diff_edits_max, 25);
  const std::string after = text_of(4 * limits::diff_edits_max, 25);
  EXPECT_EQ(patched(before, unified_diff("f", before, after)), after) << "too many edits";
}

}  // namespace
}  // namespace colonnade::tools
