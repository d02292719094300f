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

TEST(ReadOnlyGate, AllowsAHarmlessToolAndBindsThePermitToItsArguments) {
  ReadOnlyGate gate({"calculator"});
  core::ToolCall call{.id = "c1", .tool = "calculator", .arguments = {{"expression", "1+1"}}};
  auto verdict = gate.decide(core::Scope::main(), call);
  const auto* permit = std::get_if<core::ExecutionPermit>(&verdict);
  ASSERT_NE(permit, nullptr);
  EXPECT_EQ(permit->call().id, "c1");
  EXPECT_EQ(permit->call().arguments, call.arguments);
}

TEST(ReadOnlyGate, DeniesEverythingElseWithAReason) {
  ReadOnlyGate gate({"calculator"});
  auto verdict = gate.decide(core::Scope::main(), {.id = "c2", .tool = "shell"});
  const auto* denial = std::get_if<core::Denial>(&verdict);
  ASSERT_NE(denial, nullptr);
  EXPECT_EQ(denial->reason_code, "NO_POLICY");
  EXPECT_NE(denial->reason.find("shell"), std::string::npos);
}

}  // namespace
}  // namespace colonnade::gate
