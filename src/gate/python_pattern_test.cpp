#include "gate/python_pattern.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "gate/limits.hpp"
#include "gate/pattern.hpp"

namespace colonnade::gate {
namespace {

enum class Found { found, not_found, malformed, unsupported };

Found look(std::string_view expression, std::string_view text) {
  const auto compiled = Pattern::compile(expression);
  if (std::holds_alternative<Pattern::Malformed>(compiled)) return Found::malformed;
  if (std::holds_alternative<Pattern::Unsupported>(compiled)) return Found::unsupported;
  return std::get<Pattern>(compiled).is_in(text) ? Found::found : Found::not_found;
}

struct Row {
  const char* expression;
  Found expected;
};

using enum Found;

constexpr std::string_view searched = "aab a.b AB7 -&#]x";

// What Python's re.search says of that text.
const Row rows[] = {
    {R"([[:alpha:]])", not_found},
    {R"([[:alpha:]]x)", not_found},
    {R"([:alpha:])", found},
    {R"(a{,}b)", found},
    {R"(a{,2}b)", found},
    {R"(a{2,}b)", found},
    {R"(a{2)", not_found},
    {R"(a{})", not_found},
    {R"(a{x})", not_found},
    {R"(\z)", malformed},
    {R"(b\Z)", not_found},
    {R"(\pL)", malformed},
    {R"(\p{L})", malformed},
    {R"(\PN)", malformed},
    {R"(\Qa.b\E)", malformed},
    {R"(\C)", malformed},
    {R"(\h)", malformed},
    {R"(\x41)", found},
    {R"(\x{41})", malformed},
    {R"(\x4)", malformed},
    {R"(\u0041)", found},
    {R"(\U00000041)", found},
    {R"(\101)", found},
    {R"(\08)", not_found},
    {R"([\101])", found},
    {R"([\8])", malformed},
    {R"([\d-a])", malformed},
    {R"([a\-c]+-)", not_found},
    {R"([]a])", found},
    {R"([^]a])", found},
    {R"([a-])", found},
    {R"([\b])", not_found},
    {R"([\Z])", malformed},
    {R"(a{2}{3})", malformed},
    {R"(a**)", malformed},
    {R"(a+*)", malformed},
    {R"(^*a)", malformed},
    {R"(\b+a)", malformed},
    {R"((?:^)*a)", found},
    {R"((?i)AAB)", found},
    {R"((?i:AA)b)", found},
    {R"((?i:AA)B)", not_found},
    {R"((?-i:A))", found},
    {R"(a(?#note)b)", found},
    {R"((?<n>a))", malformed},
    {R"((?P<n>a)b)", found},
    {R"((?P<n>a)(?P<n>b))", malformed},
    {R"((?P<1n>a))", malformed},
    {R"((?U)a+)", malformed},
    {R"((?s)a.b)", found},
    {R"((?m)^a)", found},
    {R"((?L)a)", malformed},
    {R"((?au)a)", malformed},
    {R"((?i-i:a))", malformed},
    {R"((?))", malformed},
    {R"((?:a|)b)", found},
    {R"(x|)", found},
    {R"(a{2,1})", malformed},
    {R"([b-a])", malformed},
    {R"([a)", malformed},
    {R"((a)", malformed},
    {R"(a))", malformed},
    {R"(\)", malformed},
    {R"(*a)", malformed},
    {R"(\9)", malformed},
    {R"((a)\2)", malformed},
    {R"(\400)", malformed},
    {R"($a)", not_found},
    {R"(a$)", not_found},
    {R"(\Aa)", found},
    {R"(\s)", found},
    {R"(a&&b)", not_found},
    {R"([a&&b])", found},
    {R"(#a)", not_found},
    {R"([\]])", found},
    {R"(\_)", not_found},
    {R"(\-)", found},
};

TEST(PythonPattern, IsReadAsPythonReadsIt) {
  for (const Row& row : rows)
    EXPECT_EQ(look(row.expression, searched), row.expected) << row.expression;
}

TEST(PythonPattern, WhatOnlyPythonCanSearchIsSaid) {
  for (const char* expression : {"(?=a)",
                                 "(?!a)",
                                 "(?<=a)b",
                                 "(?<!a)b",
                                 R"((a)\1)",
                                 "(?P<n>a)(?P=n)",
                                 "a++",
                                 "a{2}+",
                                 "(?>a)",
                                 "(a)?(?(1)b|c)",
                                 "a{2000}",
                                 "a{,1001}",
                                 "a{99999999999}",
                                 "(a{999}){999}",
                                 "(?x)a b",
                                 "a(?i)b",
                                 R"(\N{DIGIT ONE})",
                                 "(?i)\u0131",
                                 "(?i)[\u00e9]",
                                 "(?P<\u00e9>a)"}) {
    EXPECT_EQ(look(expression, "a"), Found::unsupported) << expression;
  }
  EXPECT_EQ(look(std::string(limits::policy_pattern_bytes_max + 1, 'a'), "a"), Found::unsupported);
  // As deep as a pattern can be: it is one, whether or not it is too deep to search.
  const std::size_t half = limits::policy_pattern_bytes_max / 2;
  const Found deep = look(std::string(half, '(') + std::string(half, ')'), "a");
  EXPECT_NE(deep, Found::malformed);
}

TEST(PythonPattern, CharactersBeyondAsciiAreInNoText) {
  const auto compiled = Pattern::compile("caf\u00e9|b");
  const auto& pattern = std::get<Pattern>(compiled);
  EXPECT_TRUE(pattern.names_beyond_ascii());
  EXPECT_TRUE(pattern.is_in("b"));
  EXPECT_FALSE(pattern.is_in("caf\\u00e9"));
  EXPECT_EQ(look(R"(caf\\u00e9)", R"("caf\u00e9")"), Found::found);
  EXPECT_EQ(look("[^\u00e9]", "x"), Found::found);
  EXPECT_EQ(look("[a-\u00e9]", "x"), Found::found);
  EXPECT_EQ(look(R"([\ud800-\udfff])", "x"), Found::not_found);
}

}  // namespace
}  // namespace colonnade::gate
