#include "gate/profile.hpp"

#include <gtest/gtest.h>

#include <string>

namespace colonnade::gate {
namespace {

std::string profile_with(const std::string& rule) {
  return "id: p\nversion: '1'\nallowed_tools: [shell]\nrules:\n  - {name: n, " + rule + "}\n";
}

struct Wrong {
  std::string rule;
  std::string field;
};

// A rule that halts or asks and can never match would let pass what it was written against.
TEST(Profile, ARuleThatRestrictsMustBeEvaluable) {
  const Wrong wrongs[] = {{"when: {tool: '*'}, pattern: '(unclosed'", "pattern"},
                          {"when: {tool: [shell]}, pattern: x", "when.tool"},
                          {"when: {tool: shell, op: 5}, pattern: x", "when.operation"},
                          {"when: {}, pattern: x", "when"},
                          {"pattern: x", "when"}};
  for (const Wrong& wrong : wrongs) {
    for (const char* outcome : {"", ", outcome: HALT", ", outcome: ABSTAIN"}) {
      const auto profile = Profile::parse(profile_with(wrong.rule + outcome), "p.yaml");
      ASSERT_FALSE(profile) << wrong.rule << outcome;
      EXPECT_EQ(profile.error().field, "rules[0]." + wrong.field) << profile.error().message;
      EXPECT_TRUE(profile.error().message.contains("restrict nothing")) << profile.error().message;
    }
    const auto passing = Profile::parse(profile_with(wrong.rule + ", outcome: EXECUTE"), "p.yaml");
    ASSERT_TRUE(passing) << passing.error().message;
    EXPECT_EQ((*passing)->warnings().size(), 1U) << wrong.rule;
  }
}

TEST(Profile, AWordThatWasMeantToRestrictDoesNotPermit) {
  for (const char* outcome : {"DENY", "deny", "Halt", "BLOCK", "require_approval", "DEFER"}) {
    const std::string text = profile_with("when: {tool: '*'}, outcome: " + std::string(outcome));
    const auto profile = Profile::parse(text, "p.yaml");
    ASSERT_FALSE(profile) << outcome;
    EXPECT_EQ(profile.error().field, "rules[0].outcome");
    const auto document = parse_document(text, "p.yaml").value();
    const auto recorded = Profile::compile(document, "p.yaml", Reading::evaluation);
    ASSERT_TRUE(recorded);
    EXPECT_EQ((*recorded)->rules()[0].outcome, Outcome::execute);
  }
  EXPECT_TRUE(Profile::parse(profile_with("when: {tool: '*'}, outcome: GO"), "p.yaml"));
}

}  // namespace
}  // namespace colonnade::gate
