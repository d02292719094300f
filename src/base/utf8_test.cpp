#include "base/utf8.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace colonnade::base {
namespace {

constexpr const char* replacement = "\xEF\xBF\xBD";

std::string replacements(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += replacement;
  return out;
}

TEST(ReplaceInvalidUtf8, LeavesValidTextAlone) {
  for (const std::string& text : std::vector<std::string>{
           "", "plain", "gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC", "\xF0\x9F\x8F\x9B\xEF\xB8\x8F",
           "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", std::string("a\0b", 3)}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
    EXPECT_EQ(replace_invalid_utf8(text), text);
  }
}

// Unicode 15, section 3.9, table 3-8 to 3-11: one replacement for each maximal subpart.
TEST(ReplaceInvalidUtf8, ReplacesMaximalSubparts) {
  struct Case {
    std::string text;
    std::string expected;
  };
  for (const Case& c : std::vector<Case>{
           {"\x80", replacements(1)},
           {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", replacements(8) + "A"},
           {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", replacements(8) + "A"},
           {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", replacements(5) + "A" + replacements(2) + "B"},
           {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", replacements(4) + "A"},
           {"a\xE2\x82", "a" + replacements(1)},
           {"\xF5", replacements(1)},
           {"\xC3(", replacements(1) + "("}}) {
    EXPECT_FALSE(is_valid_utf8(c.text));
    EXPECT_EQ(replace_invalid_utf8(c.text), c.expected);
  }
}

RC_GTEST_PROP(Utf8, RepairedTextIsValidAndStaysAsItIs, (const std::string& bytes)) {
  const std::string repaired = replace_invalid_utf8(bytes);
  RC_ASSERT(is_valid_utf8(repaired));
  RC_ASSERT(replace_invalid_utf8(repaired) == repaired);
  if (is_valid_utf8(bytes)) RC_ASSERT(repaired == bytes);
}

RC_GTEST_PROP(Utf8, ACutIsTheLongestWholePrefix, (const std::string& bytes)) {
  const std::string text = replace_invalid_utf8(bytes);
  for (std::size_t max = 0; max <= text.size() + 1; ++max) {
    const std::string_view cut = cut_utf8(text, max);
    RC_ASSERT(cut.size() <= max);
    RC_ASSERT(text.starts_with(cut));
    RC_ASSERT(is_valid_utf8(cut));
    RC_ASSERT(cut.size() + 4 > std::min(max, text.size()));
  }
}

TEST(CutUtf8, NeverSplitsACharacter) {
  const std::string text = "a\xF0\x9F\x8F\x9Bz";
  EXPECT_EQ(cut_utf8(text, 0), "");
  EXPECT_EQ(cut_utf8(text, 1), "a");
  EXPECT_EQ(cut_utf8(text, 2), "a");
  EXPECT_EQ(cut_utf8(text, 4), "a");
  EXPECT_EQ(cut_utf8(text, 5), "a\xF0\x9F\x8F\x9B");
  EXPECT_EQ(cut_utf8(text, 100), text);
}

TEST(FirstCharacters, CountsCharactersNotBytes) {
  const std::string text = "a\xC3\xA9\xF0\x9F\x8F\x9Bz";
  EXPECT_EQ(first_characters(text, 0), "");
  EXPECT_EQ(first_characters(text, 1), "a");
  EXPECT_EQ(first_characters(text, 2), "a\xC3\xA9");
  EXPECT_EQ(first_characters(text, 3), "a\xC3\xA9\xF0\x9F\x8F\x9B");
  EXPECT_EQ(first_characters(text, 4), text);
  EXPECT_EQ(first_characters(text, 100), text);
}

}  // namespace
}  // namespace colonnade::base
