#include "gate/yaml_expansion.hpp"

#include <gtest/gtest.h>

#include "gate/document.hpp"

namespace colonnade::gate {
namespace {

// 300 bytes that stand for ten to the power of eight values.
std::string bomb(int levels) {
  std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < levels; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += before + (k < 9 ? "," : "]\n");
  }
  return text;
}

TEST(YamlExpansion, CountsWhatAliasesWouldAdd) {
  EXPECT_FALSE(expansion_fault(bomb(3)));  // 10 * 11 and 10 * 111 values
  const auto fault = expansion_fault(bomb(8));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->line, 4);
  EXPECT_TRUE(fault->message.contains("10000 values")) << fault->message;
}

TEST(YamlExpansion, CountsBytesToo) {
  const std::string text = "a: &a " + std::string(yaml_alias_bytes_max / 2, 'x');
  EXPECT_FALSE(expansion_fault(text + "\nb: [*a, *a]\n"));
  EXPECT_TRUE(expansion_fault(text + "\nb: [*a, *a, *a]\n"));
}

TEST(YamlExpansion, RefusesAValueInsideItself) {
  const auto fault = expansion_fault("a: &a\n  - 1\n  - *a\n");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->line, 3);
}

TEST(YamlExpansion, LetsThroughWhatHasNoAlias) {
  EXPECT_FALSE(expansion_fault("a: &a [1]\nb: '*'\nc: 2 * 3 & 4\n"));
  EXPECT_FALSE(expansion_fault(""));
}

TEST(YamlExpansion, IsLookedAtBeforeADocumentIsMade) {
  const auto document = parse_document(bomb(8), "policy");
  ASSERT_FALSE(document);
  EXPECT_TRUE(document.error().message.starts_with("policy:4: the aliases stand for"))
      << document.error().message;
  const auto small = parse_document("a: &a [1, 2]\nb: *a\n", "policy");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->value.object()->size(), 2U);
}

}  // namespace
}  // namespace colonnade::gate
