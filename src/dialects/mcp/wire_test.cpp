#include "dialects/mcp/wire.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::Json;

core::Action question(std::string id) {
  return {.id = std::move(id),
          .scope = core::Scope::main(),
          .request = {.agent_id = "a", .tool = "t", .operation = "call", .params = "{}"},
          .state = core::ActionState::pending_approval};
}

TEST(McpWire, ARunThatAsksForMoreThanIsShownSaysSo) {
  RunReport report{.run = {.id = "r1", .scope = core::Scope::main()}};
  report.waiting.push_back(question("q1"));
  EXPECT_FALSE(Json::parse(encode_report(report)).contains("more_approvals"));
  report.more_waiting = true;
  EXPECT_EQ(Json::parse(encode_report(report)).at("more_approvals"), true);
  const core::RunDetail view{.run = report.run};
  EXPECT_EQ(Json::parse(encode_run(view, report)).at("more_approvals"), true);
}

TEST(McpWire, APageOfQuestionsTellsWhereTheNextOneBegins) {
  const std::vector<core::Action> page{question("q2"), question("q1")};
  const Json last = Json::parse(encode_actions(page, false));
  EXPECT_EQ(last.at("more"), false);
  EXPECT_FALSE(last.contains("before"));
  const Json first = Json::parse(encode_actions(page, true));
  EXPECT_EQ(first.at("more"), true);
  EXPECT_EQ(first.at("before"), "q1");
}

}  // namespace
}  // namespace colonnade::dialects::mcp
