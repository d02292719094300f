#include "gate/read_only_gate.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <type_traits>

namespace colonnade::gate {
namespace {

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

TEST(ReadOnlyGate, AllowsAHarmlessToolAndBindsThePermitToItsArguments) {
  ReadOnlyGate gate({"calculator"});
  const core::ToolCall call{.id = "c1", .tool = "calculator", .arguments = {{"expression", "1+1"}}};
  const auto verdict = gate.decide(call, request_for(call), std::nullopt);
  EXPECT_EQ(verdict.decision.outcome, core::Outcome::execute);
  ASSERT_TRUE(verdict.permit);
  EXPECT_EQ(verdict.permit->call().id, "c1");
  EXPECT_EQ(verdict.permit->call().arguments, call.arguments);
}

TEST(ReadOnlyGate, DeniesWhatItDoesNotKnowWithAReason) {
  ReadOnlyGate gate({"calculator"});
  const core::ToolCall call{.id = "c2", .tool = "shell"};
  const auto verdict = gate.decide(call, request_for(call), core::Grant{});
  EXPECT_FALSE(verdict.permit) << "no grant answers a denial";
  EXPECT_EQ(verdict.decision.outcome, core::Outcome::halt);
  EXPECT_EQ(verdict.decision.reason_code, "NO_POLICY");
  EXPECT_NE(verdict.decision.reason.find("shell"), std::string::npos);
}

TEST(ReadOnlyGate, AsksAboutTheOthersAndTakesAYesForExactlyWhatWasAsked) {
  ReadOnlyGate gate({}, {"write"});
  core::ToolCall call{.id = "c3", .tool = "write", .arguments = {{"path", "a"}}};
  const auto asked = gate.decide(call, request_for(call), std::nullopt);
  EXPECT_EQ(asked.decision.outcome, core::Outcome::abstain);
  EXPECT_FALSE(asked.permit);
  const core::Grant grant{asked.decision.request_hash};
  EXPECT_TRUE(gate.decide(call, request_for(call), grant).permit);
  EXPECT_TRUE(gate.decide(call, request_for(call), core::Grant{}).permit) << "standing";
  call.arguments["path"] = "b";
  EXPECT_FALSE(gate.decide(call, request_for(call), grant).permit);
}

}  // namespace
}  // namespace colonnade::gate
