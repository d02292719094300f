#include "gate/rule_gate.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace colonnade::gate {
namespace {

using core::Grant;
using core::RequestForm;

// A permit can be moved, never copied and never made from a call: spending it once is all one can
// do.
static_assert(!std::is_copy_constructible_v<core::ExecutionPermit>);
static_assert(!std::is_constructible_v<core::ExecutionPermit, core::ToolCall>);
static_assert(!std::is_default_constructible_v<core::ExecutionPermit>);

core::ActionRequest request_for(const core::ToolCall& call) {
  return {.agent_id = "a",
          .tool = call.tool,
          .operation = "call",
          .params = base::to_text(call.arguments)};
}

PolicySource built_in(const ToolNames& harmless, const ToolNames& others) {
  return PolicySource({.built_in = built_in_policy(harmless, others)});
}

TEST(BuiltInPolicy, AllowsAHarmlessToolAndBindsThePermitToItsArguments) {
  const PolicySource source = built_in({"calculator"}, {});
  RuleGate gate(source);
  const core::ToolCall call{.id = "c1", .tool = "calculator", .arguments = {{"expression", "1+1"}}};
  const auto verdict = gate.decide(call, request_for(call), std::nullopt);
  EXPECT_EQ(verdict.decision.outcome, core::Outcome::execute);
  EXPECT_EQ(verdict.decision.reason_code, reason_code::policy_allow);
  ASSERT_TRUE(verdict.permit);
  EXPECT_EQ(verdict.permit->call().id, "c1");
  EXPECT_EQ(verdict.permit->call().arguments, call.arguments);
}

TEST(BuiltInPolicy, DeniesWhatItDoesNotKnow) {
  const PolicySource source = built_in({"calculator"}, {});
  RuleGate gate(source);
  const core::ToolCall call{.id = "c2", .tool = "launch"};
  const auto verdict = gate.decide(call, request_for(call), Grant{});
  EXPECT_FALSE(verdict.permit) << "no grant answers a denial";
  EXPECT_EQ(verdict.decision.outcome, core::Outcome::halt);
  EXPECT_EQ(verdict.decision.reason_code, reason_code::default_deny);
}

TEST(BuiltInPolicy, AsksAboutToolsOfToolServers) {
  const auto attached = [](std::string_view tool) { return tool.starts_with("files__"); };
  const PolicySource source = built_in({"calculator"}, {});
  RuleGate gate(source, {}, attached);
  const core::ToolCall call{.id = "c", .tool = "files__read", .arguments = {{"path", "a"}}};
  const auto asked = gate.decide(call, request_for(call), std::nullopt);
  EXPECT_EQ(asked.decision.outcome, core::Outcome::abstain);
  EXPECT_EQ(asked.decision.reason_code, reason_code::attached_tool);
  EXPECT_FALSE(asked.permit);
  EXPECT_TRUE(gate.decide(call, request_for(call), Grant{asked.decision.request_hash}).permit);
  const core::ToolCall other{.id = "c", .tool = "web__read"};
  EXPECT_EQ(gate.decide(other, request_for(other), Grant{}).decision.outcome, core::Outcome::halt);
  // A client that submits it would run it by itself.
  const auto submitted = gate.judge(request_for(call), RequestForm::submitted);
  ASSERT_TRUE(submitted);
  EXPECT_EQ(submitted->decision.reason_code, reason_code::policy_require_approval);
}

// Clients have tools of their own: what only reads runs, all else asks.
TEST(BuiltInPolicy, JudgesSubmissionsByTheDefaultOfOurTools) {
  const PolicySource source = built_in({"read"}, {"shell"});
  RuleGate gate(source);
  const auto submitted = [&](const std::string& tool, const std::string& operation) {
    const auto verdict =
        gate.judge({.agent_id = "a", .tool = tool, .operation = operation}, RequestForm::submitted);
    EXPECT_TRUE(verdict);
    EXPECT_FALSE(verdict->permit);
    return verdict->decision;
  };
  EXPECT_EQ(submitted("read", "call").outcome, core::Outcome::execute);
  const std::pair<const char*, const char*> asking[] = {
      {"http", "get"}, {"shell", "exec"}, {"shell", "call"}, {"read", "all"}};
  for (const auto& [tool, operation] : asking) {
    const core::Decision asked = submitted(tool, operation);
    EXPECT_EQ(asked.outcome, core::Outcome::abstain) << tool << operation;
    EXPECT_EQ(asked.reason_code, reason_code::policy_require_approval);
    EXPECT_FALSE(asked.policy_hash.empty());
  }
  // What was approved is started: it is decided on again as it was submitted.
  const core::ToolCall start{.tool = "shell", .arguments = {{"command", "ls"}}};
  const core::ActionRequest approved{
      .agent_id = "a", .tool = "shell", .operation = "exec", .params = R"({"cmd":"ls"})"};
  const auto asked = gate.decide_submitted(start, approved, std::nullopt);
  EXPECT_EQ(asked.decision.outcome, core::Outcome::abstain);
  EXPECT_FALSE(asked.permit);
  EXPECT_TRUE(gate.decide_submitted(start, approved, Grant{asked.decision.request_hash}).permit);
}

TEST(RuleGate, APolicyFilesSilenceDenies) {
  const PolicySource nowhere({.policy_path = "/nonexistent/policy.yaml"});
  RuleGate gate(nowhere);
  const auto verdict =
      gate.judge({.agent_id = "a", .tool = "http", .operation = "get"}, RequestForm::submitted);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->decision.outcome, core::Outcome::halt);
}

TEST(RuleGate, AnAmountThatIsNotFiniteIsRefused) {
  const PolicySource source = built_in({"pay"}, {});
  RuleGate gate(source);
  for (const char* amount : {R"("nan")", R"(" -Infinity ")", R"("1e999")", R"("INF")"}) {
    const core::ActionRequest request{.agent_id = "a",
                                      .tool = "pay",
                                      .operation = "call",
                                      .params = R"({"amount":)" + std::string(amount) + "}"};
    for (const auto form : {RequestForm::submitted, RequestForm::exact}) {
      const auto judged = gate.judge(request, form);
      ASSERT_FALSE(judged) << amount;
      EXPECT_EQ(judged.error().kind, base::ErrorKind::invalid);
      EXPECT_EQ(judged.error().field, "params.amount");
    }
    const core::ToolCall call{.tool = "pay", .arguments = base::Json::parse(request.params)};
    const auto verdict = gate.decide(call, request, Grant{});
    EXPECT_EQ(verdict.decision.outcome, core::Outcome::halt);
    EXPECT_EQ(verdict.decision.reason_code, reason_code::invalid_request);
    EXPECT_FALSE(verdict.permit);
  }
  const auto by_context = gate.judge(
      {.agent_id = "a", .tool = "pay", .operation = "call", .context = R"({"amount":"nan"})"},
      RequestForm::submitted);
  ASSERT_FALSE(by_context);
  EXPECT_EQ(by_context.error().field, "context.amount");
  // Rules look at params first.
  EXPECT_TRUE(gate.judge({.agent_id = "a",
                          .tool = "pay",
                          .operation = "call",
                          .params = R"({"amount":5})",
                          .context = R"({"amount":"nan"})"},
                         RequestForm::submitted));
}

TEST(BuiltInPolicy, AsksAboutTheOthersAndTakesAYesForExactlyWhatWasAsked) {
  const PolicySource source = built_in({}, {"write"});
  RuleGate gate(source);
  core::ToolCall call{.id = "c3", .tool = "write", .arguments = {{"path", "a"}}};
  const auto asked = gate.decide(call, request_for(call), std::nullopt);
  EXPECT_EQ(asked.decision.outcome, core::Outcome::abstain);
  EXPECT_FALSE(asked.permit);
  const Grant grant{asked.decision.request_hash};
  EXPECT_TRUE(gate.decide(call, request_for(call), grant).permit);
  EXPECT_TRUE(gate.decide(call, request_for(call), Grant{}).permit) << "standing";
  call.arguments["path"] = "b";
  EXPECT_FALSE(gate.decide(call, request_for(call), grant).permit);
}

TEST(BuiltInPolicy, WithoutToolsDeniesEverything) {
  const PolicySource source = built_in({}, {});
  RuleGate gate(source);
  const core::ToolCall call{.tool = "any"};
  EXPECT_EQ(gate.decide(call, request_for(call), Grant{}).decision.outcome, core::Outcome::halt);
}

// A tool that asks a human is never answered by a rule or by a standing permission.
TEST(RuleGate, AToolThatAsksAHumanAlwaysDoes) {
  const PolicySource source = built_in({"question"}, {});
  RuleGate gate(source, {"question"});
  const core::ToolCall call{.tool = "question", .arguments = {{"question", "which?"}}};
  const auto asked = gate.decide(call, request_for(call), Grant{});
  EXPECT_EQ(asked.decision.outcome, core::Outcome::abstain);
  EXPECT_EQ(asked.decision.reason_code, reason_code::tool_asks);
  EXPECT_FALSE(asked.permit);
  EXPECT_TRUE(gate.decide(call, request_for(call), Grant{asked.decision.request_hash}).permit);
}

TEST(RuleGate, AToolCallIsDecidedOnToTheLastSpace) {
  const PolicySource source = built_in({}, {"write"});
  RuleGate gate(source);
  const core::ToolCall call{.tool = "write", .arguments = {{"content", "  indented\n"}}};
  const auto asked = gate.decide(call, request_for(call), std::nullopt);
  EXPECT_EQ(asked.request.params, R"({"content":"  indented\n"})");
  auto submitted = gate.judge(request_for(call), RequestForm::submitted);
  ASSERT_TRUE(submitted);
  EXPECT_EQ(submitted->request.params, R"({"content":"indented"})");
  EXPECT_NE(submitted->decision.request_hash, asked.decision.request_hash);
  EXPECT_FALSE(submitted->permit);
}

// The permit is for what was judged, whoever fills in the request.
TEST(RuleGate, JudgesTheArgumentsOfTheCallItself) {
  const PolicySource source({.built_in = *Policy::parse(R"(rules:
  - match: {tool: write, contains: secret}
    deny: true
  - match: {tool: write}
    allow: true
)",
                                                        "policy.yaml")});
  RuleGate gate(source);
  const core::ToolCall call{.tool = "write", .arguments = {{"path", "secret"}}};
  core::ActionRequest request = request_for(call);
  request.params = R"({"path":"harmless"})";
  const auto verdict = gate.decide(call, request, std::nullopt);
  EXPECT_FALSE(verdict.permit);
  EXPECT_EQ(verdict.request.params, R"({"path":"secret"})");
}

// A decision is looked at again by everything that made it.
TEST(RuleGate, AToolThatAsksIsJudgedSoWhenItIsJudgedAgain) {
  const PolicySource source = built_in({"question"}, {});
  RuleGate gate(source, {"question"});
  const core::ToolCall call{.tool = "question", .arguments = {{"question", "which?\n"}}};
  const auto asked = gate.decide(call, request_for(call), std::nullopt);
  const auto again = gate.judge(asked.request, RequestForm::exact);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->decision.outcome, asked.decision.outcome);
  EXPECT_EQ(again->decision.reason_code, asked.decision.reason_code);
  EXPECT_EQ(again->decision.request_hash, asked.decision.request_hash);
  // A client that submits it asks its human by itself.
  EXPECT_EQ(gate.judge(asked.request, RequestForm::submitted)->decision.outcome,
            core::Outcome::execute);
}

TEST(RuleGate, WhatCannotBeDecidedOnIsDenied) {
  const PolicySource source = built_in({"t"}, {});
  RuleGate gate(source);
  const core::ToolCall call{.tool = "t"};
  core::ActionRequest broken = request_for(call);
  broken.params = "[1]";
  const auto verdict = gate.decide_submitted(call, broken, Grant{});
  EXPECT_EQ(verdict.decision.outcome, core::Outcome::halt);
  EXPECT_EQ(verdict.decision.reason_code, reason_code::invalid_request);
  EXPECT_NE(verdict.decision.reason.find("params"), std::string::npos);
  const auto judged = gate.judge(broken, RequestForm::submitted);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().field, "params");
}

TEST(RuleGate, KeepsTheOrderOfMembersAndEveryDigit) {
  const PolicySource source = built_in({"t"}, {});
  RuleGate gate(source);
  const std::string params = R"({"z":1.0,"a":123456789012345678901234567890,"é":[1e30,true,null]})";
  const auto judged = gate.judge(
      {.agent_id = "a", .tool = "t", .operation = "call", .params = params}, RequestForm::exact);
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->request.params,
            R"({"z":1.0,"a":123456789012345678901234567890,"é":[1e+30,true,null]})");
}

PolicySource source_of(const std::string& yaml) {
  auto policy = Policy::parse(yaml, "test");
  if (!policy) throw std::runtime_error(policy.error().message);
  return PolicySource({.built_in = std::move(*policy)});
}

// Another engine's name of a tool is the tool; what a client submits keeps its own words.
TEST(RuleGate, ARuleAboutAnotherNameOfAToolIsAboutTheTool) {
  const PolicySource source = source_of(
      "rules:\n  - match: {tool: bash, contains: secret}\n    deny: true\n"
      "  - match: {tool: WebFetch, op: call}\n    allow: true\n"
      "  - match: {tool: shell}\n    allow: true\n");
  RuleGate gate(source);
  const auto outcome = [&](const std::string& tool, const std::string& text) {
    const core::ToolCall call{.id = "c", .tool = tool, .arguments = {{"command", text}}};
    return gate.decide(call, request_for(call), std::nullopt).decision.outcome;
  };
  EXPECT_EQ(outcome("shell", "cat secret"), core::Outcome::halt);
  EXPECT_EQ(outcome("shell", "ls"), core::Outcome::execute);
  EXPECT_EQ(outcome("fetch", "x"), core::Outcome::execute);
  EXPECT_EQ(outcome("bash", "cat secret"), core::Outcome::halt) << "a client's own bash";
  EXPECT_EQ(outcome("bash", "ls"), core::Outcome::halt) << "no rule names a client's own bash";
}

// A call that reaches several files is as allowed as the least allowed of them.
TEST(RuleGate, JudgesEveryPathOfAPatch) {
  const PolicySource source = source_of(
      "rules:\n  - match: {tool: apply_patch, path_starts_with: secrets/}\n    deny: true\n"
      "    description: no secrets\n"
      "  - match: {tool: apply_patch, path_ends_with: .lock}\n    require_approval: true\n"
      "  - match: {tool: apply_patch}\n    allow: true\n");
  RuleGate gate(source);
  const auto decide = [&](std::vector<std::string> paths, const std::string& operation = "call") {
    const core::ToolCall call{
        .id = "c", .tool = "apply_patch", .arguments = {{"patchText", "x"}, {"paths", paths}}};
    core::ActionRequest request = request_for(call);
    request.operation = operation;
    return gate.decide(call, request, std::nullopt);
  };
  EXPECT_EQ(decide({"a", "b"}).decision.outcome, core::Outcome::execute);
  EXPECT_TRUE(decide({"a", "b"}).permit);
  EXPECT_EQ(decide({"a", "x.lock", "b"}).decision.outcome, core::Outcome::abstain);
  const auto denied = decide({"a", "x.lock", "secrets/key", "b"});
  EXPECT_EQ(denied.decision.outcome, core::Outcome::halt);
  EXPECT_EQ(denied.decision.reason, "no secrets");
  EXPECT_FALSE(denied.permit);
  EXPECT_EQ(decide({}).decision.outcome, core::Outcome::execute);
  // A client's own words are taken as ever.
  EXPECT_EQ(decide({"secrets/key"}, "submit").decision.outcome, core::Outcome::execute);
}

}  // namespace
}  // namespace colonnade::gate
