#include "app/policy_cases.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  const auto cases = parse_cases(text, "cases.yaml");
  return cases ? "no error" : cases.error().message;
}

TEST(PolicyCases, ReadsEveryMember) {
  const auto cases = parse_cases(R"(cases:
  - id: full
    agent_id: build-bot
    tool: shell
    operation: exec
    params: {cmd: " ls ", deep: {n: 12345678901234567890123}}
    context: {env: prod}
    expect: {effect: Deny, reason_code: POLICY_DENY, risk_level: high}
  - id: 7
    tool: http
    args: {url: u}
    expect: {outcome: PENDING}
)",
                                 "cases.yaml");
  ASSERT_TRUE(cases) << cases.error().message;
  ASSERT_EQ(cases->size(), 2U);
  const PolicyCase& full = (*cases)[0];
  EXPECT_EQ(full.id, "full");
  EXPECT_EQ(full.line, 2);
  EXPECT_EQ(full.request.agent_id(), "build-bot");
  EXPECT_EQ(full.request.operation(), "exec");
  EXPECT_EQ(*full.request.params().find("cmd")->text(), "ls");
  EXPECT_EQ(full.request.params().find("deep")->find("n")->integer()->digits,
            "12345678901234567890123");
  EXPECT_EQ(*full.request.context().find("env")->text(), "prod");
  EXPECT_EQ(full.expect.outcome, gate::Outcome::halt);
  EXPECT_EQ(full.expect.risk, gate::Risk::high);
  EXPECT_EQ(to_text(full.expect), "HALT POLICY_DENY, risk high");
  const PolicyCase& brief = (*cases)[1];
  EXPECT_EQ(brief.id, "7");
  EXPECT_EQ(brief.request.operation(), "call");
  EXPECT_EQ(*brief.request.params().find("url")->text(), "u");
  EXPECT_EQ(brief.expect.outcome, gate::Outcome::abstain);
  EXPECT_FALSE(brief.expect.reason_code);
}

TEST(PolicyCases, KnowsTheWordsOfAllClients) {
  for (const char* word : {"permit", "ALLOW", "Execute"}) {
    EXPECT_EQ(outcome_from(word), gate::Outcome::execute) << word;
  }
  for (const char* word : {"DENY", "halt", "Block"}) {
    EXPECT_EQ(outcome_from(word), gate::Outcome::halt) << word;
  }
  for (const char* word : {"defer", "ABSTAIN", "pending", "require_approval"}) {
    EXPECT_EQ(outcome_from(word), gate::Outcome::abstain) << word;
  }
  EXPECT_FALSE(outcome_from("shadow"));
  EXPECT_FALSE(outcome_from(""));
}

TEST(PolicyCases, BadFilesAreNamedWithTheirPlace) {
  EXPECT_THAT(error_of(""), HasSubstr("cases.yaml"));
  EXPECT_THAT(error_of("cases: []"),
              HasSubstr("cases.yaml:1: cases: must be a list with at least"));
  EXPECT_THAT(error_of("case: []"), HasSubstr("cases.yaml:1: case: unknown key"));
  const std::string one = "cases:\n  - id: a\n    tool: t\n";
  EXPECT_THAT(error_of(one), HasSubstr("cases.yaml:2: cases[0].expect: is missing"));
  EXPECT_THAT(error_of(one + "    expect: {}\n"),
              HasSubstr("cases.yaml:4: cases[0].expect: expects nothing"));
  EXPECT_THAT(error_of(one + "    expect: {effect: maybe}\n"),
              HasSubstr("cases.yaml:4: cases[0].expect.effect: \"maybe\" is not an effect"));
  EXPECT_THAT(error_of(one + "    expect: {effect: deny, outcome: HALT}\n"),
              HasSubstr("cases[0].expect.outcome: is an alias of effect"));
  EXPECT_THAT(error_of(one + "    expect: {effect: deny, rule: 3}\n"),
              HasSubstr("cases[0].expect.rule: unknown key"));
  EXPECT_THAT(error_of(one + "    expect: {risk_level: huge}\n"),
              HasSubstr("risk_level: must be low, medium or high"));
  EXPECT_THAT(error_of(one + "    params: {a: 1}\n    args: {}\n    expect: {effect: deny}\n"),
              HasSubstr("cases.yaml:5: cases[0].args: is an alias of params"));
  EXPECT_THAT(error_of(one + "    args: [1]\n    expect: {effect: deny}\n"),
              HasSubstr("cases.yaml:4: cases[0].args: "));
  EXPECT_THAT(error_of(one + "    expect: {effect: deny}\n  - id: a\n    tool: t\n"
                             "    expect: {effect: deny}\n"),
              HasSubstr("cases.yaml:5: cases[1].id: is used twice"));
  EXPECT_THAT(error_of("cases:\n  - id: a\n    expect: {effect: deny}\n"),
              HasSubstr("cases[0].tool: is missing"));
  EXPECT_THAT(error_of("cases:\n  - id: a\n    tool: 5\n    expect: {effect: deny}\n"),
              HasSubstr("cases.yaml:3: cases[0].tool: must be a string"));
}

TEST(PolicyCases, OnlyWhatIsExpectedIsCompared) {
  gate::Decision decision;
  decision.outcome = gate::Outcome::halt;
  decision.reason_code = "POLICY_DENY";
  decision.risk_level = gate::Risk::low;
  EXPECT_TRUE(holds({.outcome = gate::Outcome::halt}, decision));
  EXPECT_FALSE(holds({.outcome = gate::Outcome::execute}, decision));
  EXPECT_TRUE(holds({.reason_code = "POLICY_DENY"}, decision));
  EXPECT_FALSE(holds({.outcome = gate::Outcome::halt, .reason_code = "OTHER"}, decision));
  EXPECT_FALSE(holds({.risk = gate::Risk::high}, decision));
  EXPECT_EQ(answer_to({.risk = gate::Risk::high}, decision), "HALT POLICY_DENY, risk low");
}

}  // namespace
}  // namespace colonnade::app
