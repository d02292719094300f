#include "base/visible_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::base {
namespace {

TEST(VisibleText, WhatATerminalWouldObeyIsWrittenOut) {
  EXPECT_EQ(escape_hidden("a\x1b[2Jb\x7f\r"), "a\\u{1B}[2Jb\\u{7F}\\u{0D}");
  EXPECT_EQ(escape_hidden("\u009b31m"), "\\u{9B}31m");
  EXPECT_EQ(escape_hidden("\x9b"
                          "31m"),
            "\\x{9B}31m");
  EXPECT_EQ(escape_hidden("two\nlines\tand a tab"), "two\nlines\tand a tab");
}

TEST(VisibleText, WhatDoesNotShowOrTurnsTheOrderIsWrittenOut) {
  for (const char32_t c : {0x80U,   0x9FU,   0xADU,   0x61CU,   0x200BU,  0x200CU, 0x200DU,
                           0x200EU, 0x200FU, 0x2028U, 0x2029U,  0x202AU,  0x202EU, 0x2060U,
                           0x2066U, 0x2069U, 0xFEFFU, 0xE0000U, 0xE0041U, 0xE007FU}) {
    EXPECT_TRUE(is_hidden(c)) << std::hex << static_cast<unsigned>(c);
  }
  EXPECT_EQ(escape_hidden("rm \u202Efdp.x\u202C"), "rm \\u{202E}fdp.x\\u{202C}");
  EXPECT_EQ(escape_hidden("ls\U000E0041"), "ls\\u{E0041}");
  EXPECT_EQ(escape_hidden("a\u200Bb"), "a\\u{200B}b");
}

TEST(VisibleText, TextOfEveryLanguageStays) {
  for (const char* text :
       {"Grüße, Ωμέγα, שלום, مرحبا, 你好, हिन्दी", "\u2714\uFE0F \U0001F600", ""}) {
    EXPECT_EQ(escape_hidden(text), text);
  }
  EXPECT_EQ(escape_hidden("a\uFE0F"), "a\\u{FE0F}") << "hidden behind a letter";
}

TEST(VisibleText, BytesThatAreNoUtf8AreWrittenOutOneByOne) {
  EXPECT_EQ(escape_hidden("\xff\xe2\x82"), "\\x{FF}\\x{E2}\\x{82}");
  EXPECT_EQ(escape_hidden("\xc0\xafx"), "\\x{C0}\\x{AF}x");
  EXPECT_TRUE(has_hidden("\xff"));
}

TEST(VisibleText, OneLineStaysOneLine) {
  EXPECT_EQ(escape_hidden_on_one_line("ci\nid  *  operator\r\t"), "ci\\nid  *  operator\\r\\t");
  EXPECT_TRUE(has_hidden("a\nb"));
  EXPECT_FALSE(has_hidden("Ada's laptop, größer"));
}

TEST(VisibleText, JsonKeepsItsMeaning) {
  const nlohmann::json value{{"name", "a\u202Eb\U000E0041\u009b"}, {"n", "l\n"}};
  const std::string shown = escape_hidden_in_json(value.dump());
  EXPECT_FALSE(has_hidden(shown)) << shown;
  EXPECT_EQ(nlohmann::json::parse(shown), value);
}

}  // namespace
}  // namespace colonnade::base
