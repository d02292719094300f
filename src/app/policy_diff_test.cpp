#include "app/policy_diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

using Kind = RuleChange::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<RuleChange> diff(std::string_view before, std::string_view after) {
  return diff_rules(*gate::parse_document(before, "old"), *gate::parse_document(after, "new"));
}

// One word a change: kind, list position before and after.
std::vector<std::string> words(const std::vector<RuleChange>& changes) {
  std::vector<std::string> out;
  for (const RuleChange& change : changes) {
    std::string word(to_string(change.kind));
    word += change.from ? " " + std::to_string(change.from->position) : " -";
    word += change.to ? " " + std::to_string(change.to->position) : " -";
    out.push_back(change.list == "rules" ? word : change.list + " " + word);
  }
  return out;
}

std::string rule(std::string_view tool, std::string_view effect) {
  return "  - match: {tool: " + std::string(tool) + "}\n    " + std::string(effect) + ": true\n";
}

const std::string a = rule("a", "allow");
const std::string b = rule("b", "deny");
const std::string c = rule("c", "require_approval");
const std::string d = rule("d", "allow");

TEST(PolicyDiff, CommentsAndLayoutDoNotCount) {
  EXPECT_THAT(diff("rules:\n" + a + b, "# new\nrules:\n  - {allow: true, match: {tool: a}}\n" + b),
              IsEmpty());
  EXPECT_THAT(diff("rules: []", "rules: []\nother: 1\n"), IsEmpty());
}

TEST(PolicyDiff, AddedAndRemovedRulesHaveOnePlace) {
  const auto changes = diff("rules:\n" + a + b, "rules:\n" + a + c + d);
  EXPECT_THAT(words(changes), ElementsAre("removed 1 -", "added - 1", "added - 2"));
  EXPECT_EQ(changes[0].rule, "deny b");
  EXPECT_EQ(changes[0].from->line, 4);
  EXPECT_EQ(changes[2].to->line, 6);
}

// First match wins, so a rule's place matters; only the one that went elsewhere is named.
TEST(PolicyDiff, TheRuleThatWentElsewhereMoved) {
  EXPECT_THAT(words(diff("rules:\n" + a + b + c + d, "rules:\n" + d + a + b + c)),
              ElementsAre("moved 3 0"));
  EXPECT_THAT(words(diff("rules:\n" + a + b + c + d, "rules:\n" + b + c + a + d)),
              ElementsAre("moved 0 2"));
  EXPECT_THAT(words(diff("rules:\n" + a + b, "rules:\n" + a + a + b)), ElementsAre("added - 1"));
}

TEST(PolicyDiff, AChangedRuleSaysWhat) {
  const auto changes = diff(
      "rules:\n"
      "  - match: {tool: pay, amount_gt: 100, method: post}\n"
      "    deny: true\n"
      "    description: Large payments\n",
      "rules:\n" + a +
          "  - match: {tool: pay, amount_gt: 500, branch: main}\n"
          "    require_approval: true\n"
          "    description: Large payments\n");
  ASSERT_THAT(words(changes), ElementsAre("added - 0", "changed 0 1"));
  EXPECT_THAT(changes[1].differences,
              ElementsAre("match.amount_gt: 100 -> 500", "match.method: \"post\" -> nothing",
                          "match.branch: nothing -> \"main\"", "deny: true -> nothing",
                          "require_approval: nothing -> true"));
  EXPECT_EQ(changes[1].rule, "require_approval pay: Large payments");
}

TEST(PolicyDiff, WithoutANameTheConditionTellsWhatChanged) {
  EXPECT_THAT(words(diff("rules:\n" + a + b, "rules:\n" + a + rule("b", "allow"))),
              ElementsAre("changed 1 1"));
  // Two rules for one tool: the one with the same condition is the same rule.
  EXPECT_THAT(words(diff("rules:\n"
                         "  - {match: {tool: x, contains: p}, allow: true}\n"
                         "  - {match: {tool: x, contains: q}, allow: true}\n",
                         "rules:\n"
                         "  - {match: {tool: x, contains: q}, deny: true}\n"
                         "  - {match: {tool: x, contains: r}, deny: true}\n")),
              ElementsAre("changed 1 0", "changed 0 1"));
}

TEST(PolicyDiff, RiskRulesAreAListOfTheirOwn) {
  const std::string before =
      "rules: []\nrisk:\n  rules:\n    - {name: n, when: {tool: t}, risk_level: low}\n";
  const std::string after =
      "rules: []\nrisk:\n  rules:\n    - {name: n, when: {tool: t}, risk_level: high}\n";
  const auto changes = diff(before, after);
  EXPECT_THAT(words(changes), ElementsAre("risk.rules changed 0 0"));
  EXPECT_THAT(changes[0].differences, ElementsAre("risk_level: \"low\" -> \"high\""));
  EXPECT_THAT(words(diff("rules: []", after)), ElementsAre("risk.rules added - 0"));
  EXPECT_THAT(words(diff(before, "rules: []\nrisk: {}\n")), ElementsAre("risk.rules removed 0 -"));
}

TEST(PolicyDiff, ManyRulesAreNoTrouble) {
  std::string before = "rules:\n";
  std::string after = "rules:\n" + rule("t4000", "allow");
  for (int i = 0; i < 5000; ++i) {
    before += rule("t" + std::to_string(i), "allow");
    if (i != 4000) after += rule("t" + std::to_string(i), "allow");
  }
  EXPECT_THAT(words(diff(before, after)), ElementsAre("moved 4000 0"));
}

}  // namespace
}  // namespace colonnade::app
