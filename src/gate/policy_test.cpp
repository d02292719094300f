#include "gate/policy.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gate/engine.hpp"

namespace colonnade::gate {
namespace {

// The policy's error; kind `internal` when there is none.
base::Error error_of(const std::string& text) {
  const auto policy = Policy::parse(text, "policy.yaml");
  return policy ? base::Error{.message = "no error"} : policy.error();
}

std::shared_ptr<const Policy> policy_of(const std::string& text) {
  return Policy::parse(text, "policy.yaml").value();
}

std::string rule(const std::string& match, const std::string& rest = "allow: true") {
  return "rules:\n  - match: " + match + "\n    " + rest + "\n";
}

struct Wrong {
  std::string text;
  std::string field;
  std::string start;  // of the message
};

TEST(Policy, ErrorsNameLineAndKey) {
  const Wrong wrongs[] = {
      {"", "", "policy.yaml"},
      {"rules: 5", "rules", "policy.yaml:1: rules: must be a list"},
      {"risk: {rules: []}", "rules", "policy.yaml:1: rules: is missing"},
      {rule("{}"), "rules[0].match", "policy.yaml:2: rules[0].match: is empty"},
      {rule("{tool: a, operation: b}"), "rules[0].match.operation",
       "policy.yaml:2: rules[0].match.operation: unknown key; write op"},
      {"rules:\n  - match: {tool: a}\n    allow: true\n  - match:\n      tool: a\n      toool: b\n"
       "    deny: true\n",
       "rules[1].match.toool", "policy.yaml:6: rules[1].match.toool: unknown key"},
      {rule("{tool: a}", "description: x"), "rules[0]", "policy.yaml:2: rules[0]: needs one of"},
      {rule("{tool: a}", "allow: true\n    deny: yes"), "rules[0]",
       "policy.yaml:4: rules[0]: has two effects"},
      {rule("{tool: a}", "allow: \"false\""), "rules[0].allow",
       "policy.yaml:3: rules[0].allow: must be true or false"},
      {rule("{tool: a}", "deny: true\n    risk: huge"), "rules[0].risk",
       "policy.yaml:4: rules[0].risk: must be low, medium or high"},
      {rule("{tool: a, pattern: '(?=x)'}"), "rules[0].match.pattern",
       "policy.yaml:2: rules[0].match.pattern: the regular expression is not supported"},
      {rule("{field: 5, value: 1}"), "rules[0].match.field", "policy.yaml:2"},
      {"rules: []\nrisk:\n  rules:\n    - {name: a, when: {too: b}, risk_level: low}\n",
       "risk.rules[0].when.too", "policy.yaml:4: risk.rules[0].when.too: unknown key"},
      {"rules: []\nrisk: {rules: [{name: a, when: {}}]}", "risk.rules[0].risk_level",
       "policy.yaml:2: risk.rules[0].risk_level: is missing"},
      {"rules: []\nrules: []\n", "", "policy.yaml:2: the key \"rules\" is repeated"},
      {rule("{field: d, value: 2024-01-31}"), "", "policy.yaml:2: put the date 2024-01-31"},
      {rule("{amount_gt: .inf}"), "", "policy.yaml:2: the number .inf"},
      {rule("{tool: !!python/name a}"), "", "policy.yaml:2: the tag"},
      {"rules: [}", "", "policy.yaml:1: this is not valid YAML"},
      {"rules: []\n---\nrules: []\n", "", "policy.yaml:"},
      {"rules: \"\xff\"", "", "policy.yaml: the file is not UTF-8"},
  };
  for (const Wrong& wrong : wrongs) {
    const base::Error error = error_of(wrong.text);
    EXPECT_EQ(error.kind, base::ErrorKind::invalid) << wrong.text;
    EXPECT_EQ(error.field, wrong.field) << error.message;
    EXPECT_TRUE(error.message.starts_with(wrong.start)) << error.message;
  }
}

TEST(Policy, ReadsScalarsAsYaml11Does) {
  const auto document = parse_document(
      "[yes, No, on, OFF, y, ~, null, '', \"no\", 010, 0x1F, 0b11, 1_000, 1:30, -7, 1e3, 1.0e+3, "
      ".5, 1., +2, 08, 1.5e3, !!str 5, 0]",
      "f");
  ASSERT_TRUE(document.has_value()) << document.error().message;
  const Value::Array expected = {
      true, false, true, false, "y",           Value(),    Value(),    "", "no", 8,       31,  3,
      1000, 90,    -7,   "1e3", Value(1000.0), Value(0.5), Value(1.0), 2,  "08", "1.5e3", "5", 0};
  ASSERT_EQ(document->value.array()->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(document->value.array()->at(i), expected[i]) << i;
  }
}

TEST(Policy, BoundsAliasesAndNesting) {
  std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += before + (k < 9 ? "," : "]\n");
  }
  EXPECT_NE(error_of(text).message.find(":4: the aliases stand for more than 10000 values"),
            std::string::npos)
      << error_of(text).message;
  EXPECT_NE(error_of(std::string(100, '[') + std::string(100, ']')).message.find("too deep"),
            std::string::npos);
}

TEST(Policy, BoundsItsPatternsTogether) {
  std::string pattern;
  for (int i = 0; i < 20; ++i) pattern += "a{1000}";
  const std::string large = rule("{tool: a, pattern: '" + pattern + "'}");
  const std::string one = large.substr(large.find("  - "));
  std::string text = "rules:\n";
  for (int i = 0; i < 1000; ++i) text += one;
  EXPECT_TRUE(error_of(text).message.contains("too large together")) << error_of(text).message;
  EXPECT_EQ(policy_of("rules:\n" + one)->rules().size(), 1U);
}

TEST(Policy, WarnsOfRulesThatCannotMean) {
  const auto policy = policy_of(
      "rules:\n"
      "  - {match: {tool: a, pattern: '['}, allow: true}\n"
      "  - {match: {tool: 5}, allow: true}\n"
      "  - {match: {tool: a, amount_gt: much}, allow: true}\n"
      "  - {match: {field: x}, deny: true, descripton: typo}\n"
      "risk:\n"
      "  rules:\n"
      "    - {name: r, when: {operation: x}, risk_level: high}\n"
      "    - {name: s, when: {pattern: 'caf\u00e9'}, risk_level: high}\n");
  std::vector<std::pair<int, std::string>> found;
  for (const Warning& warning : policy->warnings()) found.emplace_back(warning.line, warning.path);
  const std::vector<std::pair<int, std::string>> expected = {
      {2, "rules[0].match.pattern"},    {3, "rules[1].match.tool"},
      {4, "rules[2].match.amount_gt"},  {5, "rules[3].descripton"},
      {5, "rules[3].match.field"},      {8, "risk.rules[0].when.operation"},
      {9, "risk.rules[1].when.pattern"}};
  EXPECT_EQ(found, expected);
}

struct Unevaluable {
  std::string match;
  std::string field;
  std::string message;
};

// A rule that restricts and can never match would let pass what it was written against.
TEST(Policy, ARuleThatRestrictsMustBeEvaluable) {
  const Unevaluable all[] = {{"{pattern: '(unclosed'}", "pattern", "not a regular expression"},
                             {R"({pattern: '\p{L}'})", "pattern", "not a regular expression"},
                             {"{pattern: 5}", "pattern", "pattern is a number, not a string"},
                             {"{pattern: [a]}", "pattern", "pattern is a list, not a string"},
                             {"{amount_gt: abc}", "amount_gt", "the bound is not a number"},
                             {"{amount_lte: '1,000'}", "amount_lte", "the bound is not a number"},
                             {"{amount_gte: }", "amount_gte", "the bound is not a number"},
                             {"{tool: [shell, http]}", "tool", "tool is a list, not a string"},
                             {"{tool: a, op: 5}", "op", "op is a number, not a string"}};
  for (const Unevaluable& one : all) {
    for (const char* effect : {"deny: true", "require_approval: true"}) {
      const base::Error error = error_of(rule(one.match, effect));
      EXPECT_EQ(error.kind, base::ErrorKind::invalid) << one.match << effect;
      EXPECT_EQ(error.field, "rules[0].match." + one.field);
      EXPECT_TRUE(error.message.starts_with("policy.yaml:2: ")) << error.message;
      EXPECT_TRUE(error.message.contains(one.message)) << error.message;
    }
    EXPECT_EQ(policy_of(rule(one.match))->warnings().size(), 1U) << "it allows nothing";
    const std::string risk =
        "rules: []\nrisk: {rules: [{name: a, risk_level: high, when: " + one.match + "}]}";
    EXPECT_EQ(error_of(risk).field, "risk.rules[0].when." + one.field);
  }
}

// Every amount is within such a bound, or none is.
TEST(Policy, ABoundIsAFiniteNumber) {
  for (const char* bound : {"nan", "' inf'", "'-Infinity'", "'1e999'"}) {
    for (const char* effect : {"allow: true", "deny: true"}) {
      const auto error = error_of(rule("{amount_lt: " + std::string(bound) + "}", effect));
      EXPECT_EQ(error.field, "rules[0].match.amount_lt") << bound;
      EXPECT_TRUE(error.message.contains("a finite number")) << error.message;
    }
  }
}

TEST(Policy, ARuleThatPermitsIsNotWiderThanItSays) {
  for (const char* half : {"{tool: a, field: user.role}", "{tool: a, value: admin}"}) {
    EXPECT_TRUE(error_of(rule(half)).message.contains("permit more than it says")) << half;
    EXPECT_EQ(policy_of(rule(half, "deny: true"))->warnings().size(), 1U);
  }
}

TEST(Policy, EvaluationAloneKeepsWhatAFarameshServerMakesOfSuchRules) {
  const auto document = parse_document(rule("{pattern: '('}", "deny: true"), "p").value();
  EXPECT_FALSE(Policy::compile(document, "p", "v"));
  const auto policy = Policy::compile(document, "p", "v", Reading::evaluation);
  ASSERT_TRUE(policy) << policy.error().message;
  auto request = ActionRequest::normalise(
      {.agent_id = "a", .tool = "t", .operation = "go", .params = Value::Object{}});
  EXPECT_EQ(Engine({.policy = *policy}).decide(*request).reason_code, "DEFAULT_DENY_NO_MATCH");
}

TEST(Policy, HashCoversTheVersion) {
  const std::string text = rule("{tool: a}");
  const auto one = Policy::parse(text, "p.yaml").value();
  EXPECT_EQ(one->hash(), Policy::parse(text, "p.yaml").value()->hash());
  EXPECT_NE(one->hash(), Policy::parse(text, "p.yaml", "v1").value()->hash());
  EXPECT_NE(one->version(), Policy::parse(text + "# note\n", "p.yaml").value()->version());
}

Decision decide(const std::string& policy, Value::Object params, const std::string& tool = "t",
                const std::string& agent = "a") {
  auto request = ActionRequest::normalise(
      {.agent_id = agent, .tool = tool, .operation = "go", .params = std::move(params)});
  return Engine({.policy = policy_of(policy)}).decide(*request);
}

TEST(Policy, AgentIdFallsBackToTheRequest) {
  const std::string policy = rule("{agent_id: boss}");
  EXPECT_EQ(decide(policy, {}, "t", "boss").outcome, Outcome::execute);
  EXPECT_EQ(decide(policy, {}, "t", "other").outcome, Outcome::halt);
  EXPECT_EQ(decide(policy, {{.key = "agent_id", .value = "other"}}, "t", "boss").outcome,
            Outcome::halt);
}

TEST(Policy, PatternsAreThoseOfPython) {
  const auto matches = [](const std::string& pattern, const char* text) {
    return decide(rule("{pattern: '" + pattern + "'}"), {{.key = "c", .value = text}}).outcome ==
           Outcome::execute;
  };
  EXPECT_TRUE(matches("(?i)rm -rf", "RM -RF /"));
  EXPECT_FALSE(matches("rm -rf", "RM -RF /"));
  EXPECT_TRUE(matches(R"(\}\Z)", "x"));
  EXPECT_TRUE(matches("(?P<word>ab){2}", "abab"));
  EXPECT_TRUE(matches("^\\{\"c\": \"a{,2}b", "aab"));
  EXPECT_TRUE(matches(R"(\\u00e9)", "é"));
  for (const char* pattern : {"(?<!a)b", R"((a)\1)", "a++", "(?>a)", "a{2000}"}) {
    EXPECT_NE(error_of(rule("{pattern: '" + std::string(pattern) + "'}")).message.find("supported"),
              std::string::npos)
        << pattern;
  }
  for (const char* pattern : {"[", "(", ")", "*a", "a**", "[b-a]"})
    EXPECT_FALSE(matches(pattern, "a"));
}

TEST(Policy, AnAmountThatIsNoNumberIsBeyondEveryBound) {
  const auto outcome = [](const std::string& text, Value amount) {
    return decide(text, {{.key = "amount", .value = std::move(amount)}}).outcome;
  };
  const Value odd[] = {"1,000 dollars", "", Value(), Value::Array{1}, Value::Object{}};
  for (const char* key : {"amount_gt", "amount_lt", "amount_gte", "amount_lte"}) {
    const std::string match = "{" + std::string(key) + ": 100}";
    const std::string otherwise = "  - {match: {tool: '*'}, allow: true}\n";
    for (const Value& amount : odd) {
      EXPECT_EQ(outcome(rule(match), amount), Outcome::halt) << key;
      EXPECT_EQ(outcome(rule(match, "deny: true") + otherwise, amount), Outcome::halt) << key;
      EXPECT_EQ(outcome(rule(match, "require_approval: true") + otherwise, amount),
                Outcome::abstain)
          << key;
      const auto risky = [&](const std::string& level) {
        return "rules:\n" + otherwise + "risk: {rules: [{name: a, risk_level: " + level +
               ", when: " + match + "}]}";
      };
      EXPECT_EQ(outcome(risky("high"), amount), Outcome::abstain) << key;
      EXPECT_EQ(outcome(risky("medium"), amount), Outcome::execute) << key;
    }
  }
}

TEST(Policy, DeleteIsSearchedAsPythonWritesIt) {
  const auto matches = [](const std::string& match) {
    return decide(rule(match), {{.key = "c", .value = "a\x7f"}}).outcome == Outcome::execute;
  };
  EXPECT_TRUE(matches(R"({contains: '\u007f'})"));
  EXPECT_TRUE(matches(R"({pattern: 'a\\u007f'})"));
  EXPECT_FALSE(matches("{contains: \"\\x7f\"}"));
}

// A pattern that backtracking engines never finish.
TEST(Policy, PatternsTakeLinearTime) {
  const std::string text(9000, 'a');
  EXPECT_EQ(decide(rule("{pattern: '(a+)+$'}"), {{.key = "c", .value = text}}).outcome,
            Outcome::halt);
}

TEST(Policy, FirstRuleOfTheFileWinsWhicheverListItIsIn) {
  const std::string policy =
      "rules:\n"
      "  - {match: {tool: t, op: other}, allow: true, description: zero}\n"
      "  - {match: {op: go, field: n, value: 1}, deny: true, description: one}\n"
      "  - {match: {tool: t, field: n, value: 2}, deny: true, description: two}\n"
      "  - {match: {tool: '*', op: '*', field: n, value: 3}, deny: true, description: three}\n"
      "  - {match: {tool: t, op: go}, allow: true, description: four}\n"
      "  - {match: {tool: t, op: go}, deny: true, description: five}\n"
      "  - {match: {tool: '*'}, require_approval: true, description: six}\n";
  EXPECT_EQ(decide(policy, {{.key = "n", .value = 1}}).reason, "one");
  EXPECT_EQ(decide(policy, {{.key = "n", .value = 2}}).reason, "two");
  EXPECT_EQ(decide(policy, {{.key = "n", .value = 3}}).reason, "three");
  EXPECT_EQ(decide(policy, {}).reason, "four");
  EXPECT_EQ(decide(policy, {}, "u").reason, "six");
}

TEST(Engine, ExplainsWhichRuleDecided) {
  const Engine engine(
      {.policy = policy_of("rules:\n"
                           "  - {match: {tool: other}, deny: true}\n"
                           "  - {match: {tool: t, amount_gt: 5}, deny: true, description: big}\n"
                           "  - {match: {tool: t}, allow: true, description: small}\n"
                           "risk: {rules: [{name: all, when: {}, risk_level: medium}]}\n")});
  auto request = ActionRequest::normalise(
      {.agent_id = "a", .tool = "t", .operation = "go", .params = Value::Object{}});
  const Explanation explanation = engine.explain(*request);
  ASSERT_TRUE(explanation.decided_by.has_value());
  EXPECT_EQ(explanation.decided_by->list, RuleComparison::List::policy);
  EXPECT_EQ(explanation.decided_by->position, 2u);
  EXPECT_EQ(explanation.decided_by->line, 4);
  EXPECT_EQ(explanation.decided_by->name, "small");
  ASSERT_EQ(explanation.compared.size(), 3u);
  EXPECT_EQ(explanation.compared[0].list, RuleComparison::List::risk);
  EXPECT_EQ(explanation.compared[1].position, 1u);
  EXPECT_FALSE(explanation.compared[1].matched);
  EXPECT_EQ(explanation.decision.risk_level, Risk::medium);
}

}  // namespace
}  // namespace colonnade::gate
