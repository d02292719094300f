#include "tools/catalog.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gate/rule_gate.hpp"
#include "tools/builtin/calculator.hpp"
#include "tools/builtin/clock.hpp"

namespace colonnade::tools {
namespace {

class CatalogTest : public ::testing::Test {
 protected:
  base::Result<core::ToolOutcome> run(const std::string& tool, base::Json arguments,
                                      std::stop_token stop = {}) {
    const gate::PolicySource policy({.built_in = gate::built_in_policy({tool}, {})});
    gate::RuleGate gate(policy);
    const core::ToolCall call{.id = "c", .tool = tool, .arguments = std::move(arguments)};
    auto verdict =
        gate.decide(call, {.agent_id = "a", .tool = tool, .operation = "call"}, std::nullopt);
    return base::run_on(lanes_[0],
                        catalog_.run(lanes_[0], core::ToolCaller{.scope = core::Scope::main()},
                                     std::move(*verdict.permit), stop));
  }

  static std::vector<std::unique_ptr<Tool>> tools(base::Clock& clock) {
    std::vector<std::unique_ptr<Tool>> out;
    out.push_back(std::make_unique<CalculatorTool>());
    out.push_back(std::make_unique<ClockTool>(clock));
    return out;
  }

  base::Lanes lanes_{1};
  base::ManualClock clock_{{1'700'000'000'000'000}};
  Catalog catalog_{tools(clock_)};
};

TEST_F(CatalogTest, OffersEveryToolWithASchemaOfAnObject) {
  const auto definitions =
      base::run_on(lanes_[0], catalog_.definitions(core::Agent{.scope = core::Scope::main()}, {}));
  ASSERT_EQ(definitions.size(), 2U);
  for (const auto& definition : definitions) {
    EXPECT_FALSE(definition.description.empty());
    EXPECT_EQ(definition.input_schema.at("type"), "object");
  }
  EXPECT_EQ(catalog_.harmless(), (std::set<std::string, std::less<>>{"calculator", "clock"}));
  EXPECT_TRUE(catalog_.is_idempotent("clock"));
  EXPECT_FALSE(catalog_.is_idempotent("nothing"));
}

TEST_F(CatalogTest, RunsWhatThePermitSays) {
  const auto outcome = run("calculator", {{"expression", "6*7"}});
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->is_error);
  EXPECT_EQ(outcome->content, "42");
  const auto now = run("clock", base::Json::object());
  ASSERT_TRUE(now);
  EXPECT_EQ(now->content, R"({"utc":"2023-11-14T22:13:20.000000Z","weekday":"Tuesday"})");
}

// Before a human is asked: by our own schema for our own tools, else by the one that was offered.
TEST_F(CatalogTest, ChecksArgumentsByTheSchemaThatTheModelWasOffered) {
  const core::ToolDefinition echo{.name = "files__echo",
                                  .input_schema = {{"type", "object"}, {"required", {"text"}}}};
  EXPECT_TRUE(catalog_.check(echo, {{"text", "x"}}));
  const auto wrong = catalog_.check(echo, base::Json::object());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(wrong.error().message, "files__echo: 'text' is missing");
  EXPECT_TRUE(catalog_.check({.name = "not_offered"}, base::Json::object()));
  EXPECT_FALSE(catalog_.check({.name = "calculator"}, base::Json::object()));
}

TEST_F(CatalogTest, BadArgumentsAreAnOutcomeThatTellsTheModelWhy) {
  const auto outcome = run("calculator", {{"expr", 1}});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->is_error);
  EXPECT_NE(outcome->content.find("'expression'"), std::string::npos);
}

TEST_F(CatalogTest, AnUnknownToolAndAStopAreErrors) {
  const auto unknown = run("shell", base::Json::object());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, base::ErrorKind::not_found);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = run("clock", base::Json::object(), stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, base::ErrorKind::cancelled);
}

}  // namespace
}  // namespace colonnade::tools
