#include "gate/policy_inspector.hpp"

#include <gtest/gtest.h>

#include "gate/rule_gate.hpp"

namespace colonnade::gate {
namespace {

const std::string rules = R"(rules:
  - match: {tool: http}
    allow: true
    description: "web"
  - match: {tool: shell}
    deny: true
)";

core::ActionRequest request(const std::string& tool) {
  return {.agent_id = "a", .tool = tool, .operation = "o"};
}

class PolicyInspectorTest : public testing::Test {
 protected:
  PolicySource source{{.built_in = built_in_policy({"clock"}, {"shell"})}};
  PolicyInspector inspector{source};
};

TEST_F(PolicyInspectorTest, ReportsTheActivePolicy) {
  const core::ActivePolicy policy = inspector.in_force();
  EXPECT_EQ(policy.path, "");
  EXPECT_TRUE(policy.exists);
  EXPECT_EQ(policy.hash, source.engine()->policy()->hash());
  const PolicySource nowhere({.policy_path = "/nonexistent/policy.yaml"});
  const core::ActivePolicy missing = PolicyInspector(nowhere).in_force();
  EXPECT_FALSE(missing.exists);
  EXPECT_EQ(missing.version, "none");
  EXPECT_EQ(missing.hash, "");
}

TEST_F(PolicyInspectorTest, ReadsATextWithoutTakingItUp) {
  const core::PolicySyntaxCheck good = inspector.read(rules);
  EXPECT_FALSE(good.error);
  EXPECT_EQ(good.rules, 2U);
  EXPECT_EQ(good.hash.size(), 64U);
  const core::PolicySyntaxCheck bad = inspector.read("rules:\n  - match: {tool: x}\n");
  ASSERT_TRUE(bad.error);
  EXPECT_TRUE(bad.error->message.contains("2")) << bad.error->message;
  EXPECT_NE(inspector.in_force().hash, good.hash);
}

TEST_F(PolicyInspectorTest, NamesTheRuleThatDecides) {
  const auto allowed = inspector.evaluate(rules, request("http"));
  ASSERT_TRUE(allowed) << allowed.error().message;
  EXPECT_EQ(allowed->decision.outcome, core::Outcome::execute);
  EXPECT_EQ(allowed->rule_line, 2);
  EXPECT_EQ(allowed->rule_name, "web");
  const auto unmatched = inspector.evaluate(rules, request("other"));
  ASSERT_TRUE(unmatched);
  EXPECT_EQ(unmatched->decision.reason_code, "DEFAULT_DENY_NO_MATCH");
  EXPECT_EQ(unmatched->rule_line, 0);
  // The text alone decides, whatever counts without a policy file.
  EXPECT_EQ(unmatched->decision.outcome, core::Outcome::halt);
  EXPECT_EQ(inspector.evaluate("rules: 3", request("http")).error().field, "policy");
  EXPECT_FALSE(inspector.evaluate(rules, request("  ")));
}

}  // namespace
}  // namespace colonnade::gate
