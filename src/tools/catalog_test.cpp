#include "tools/catalog.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gate/rule_gate.hpp"
#include "tools/builtin/calculator.hpp"
#include "tools/builtin/clock.hpp"

namespace colonnade::tools {
namespace {

// A tool server that offers one tool, or is away.
class OneServer final : public AttachedTools {
 public:
  explicit OneServer(std::optional<core::ToolDefinition> offered) : offered_(std::move(offered)) {}
  base::Task<std::vector<core::ToolDefinition>> definitions(core::Agent, std::stop_token) override {
    std::vector<core::ToolDefinition> out;
    if (offered_) out.push_back(*offered_);
    co_return out;
  }
  bool may_be(std::string_view tool) const override { return tool.starts_with("files__"); }
  base::Task<std::optional<core::ToolDefinition>> definition(ToolContext, std::string) override {
    co_return offered_;
  }
  base::Task<base::Result<core::ToolOutcome>> run(ToolContext, core::ToolCall call,
                                                  std::stop_token) override {
    co_return core::ToolOutcome{.content = base::to_text(call.arguments)};
  }

 private:
  std::optional<core::ToolDefinition> offered_;
};

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

  static core::ToolCaller caller() { return {.scope = core::Scope::main()}; }
  static std::string text_of(const base::Result<base::Json>& arguments) {
    return arguments ? base::to_text(*arguments)
                     : std::string(base::to_string(arguments.error().kind)) + ": " +
                           arguments.error().message;
  }
  std::string prepared(const core::ToolDefinition& offered, base::Json arguments) {
    return text_of(base::run_on(
        lanes_[0],
        catalog_.prepare(caller(), {.tool = offered.name, .arguments = std::move(arguments)},
                         offered, core::ArgumentsFrom::model)));
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
    EXPECT_EQ(definition.input_schema.get().at("type"), "object");
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

// By our own schema for our own tools, else by the one that was offered.
TEST_F(CatalogTest, PreparesArgumentsByTheSchemaThatTheModelWasOffered) {
  const core::ToolDefinition echo{.name = "files__echo",
                                  .input_schema = {{"type", "object"},
                                                   {"properties", {{"text", {{"type", "string"}}}}},
                                                   {"required", {"text"}}}};
  EXPECT_EQ(prepared(echo, {{"text", "x"}}), R"({"text":"x"})");
  EXPECT_EQ(prepared(echo, base::Json::object()),
            "invalid: files__echo: 'text' is missing; give it as string");
  EXPECT_EQ(prepared(echo, {{"text", "x"}, {"cmd", "id"}}),
            "invalid: files__echo: 'cmd' is unknown; allowed are 'text'");
  core::ToolDefinition open = echo;
  base::Json schema = echo.input_schema;
  schema["additionalProperties"] = true;
  open.input_schema = std::move(schema);
  EXPECT_EQ(prepared(open, {{"text", "x"}, {"more", 1}}), R"({"more":1,"text":"x"})");
  const core::ToolDefinition calculator{.name = "calculator"};
  EXPECT_TRUE(prepared(calculator, base::Json::object()).starts_with("invalid: calculator: "));
}

TEST_F(CatalogTest, AToolThatWasNotOfferedIsNotRunForAModel) {
  const auto not_offered = [&](core::ArgumentsFrom from) {
    return text_of(base::run_on(
        lanes_[0],
        catalog_.prepare(caller(), {.tool = "calculator", .arguments = {{"expression", "1"}}},
                         std::nullopt, from)));
  };
  EXPECT_EQ(not_offered(core::ArgumentsFrom::model),
            "invalid: the tool 'calculator' is not offered to this agent");
  EXPECT_EQ(not_offered(core::ArgumentsFrom::approver), R"({"expression":"1"})");
}

// As the server offers it when somebody approves, which may be a day later.
TEST_F(CatalogTest, ArgumentsForAToolServerAreCheckedByWhatItOffersNow) {
  const core::ToolDefinition echo{
      .name = "files__echo",
      .input_schema = {{"type", "object"}, {"properties", {{"text", {{"type", "string"}}}}}}};
  const auto prepared_by = [&](OneServer& server, core::ArgumentsFrom from, base::Json arguments) {
    Catalog catalog(tools(clock_), Workspaces({}), &server);
    return text_of(base::run_on(
        lanes_[0], catalog.prepare(caller(), {.tool = echo.name, .arguments = std::move(arguments)},
                                   std::nullopt, from)));
  };
  using enum core::ArgumentsFrom;
  OneServer there(echo);
  for (const auto from : {model, approver, record}) {
    EXPECT_EQ(prepared_by(there, from, {{"text", "x"}}), R"({"text":"x"})");
    EXPECT_EQ(prepared_by(there, from, {{"text", 5}}),
              "invalid: files__echo: 'text' must be of type string, not number");
    EXPECT_TRUE(prepared_by(there, from, {{"cmd", "id"}}).starts_with("invalid: "));
  }
  OneServer away(std::nullopt);
  EXPECT_EQ(prepared_by(away, model, {{"text", 5}}), R"({"text":5})") << "the gate has its say";
  EXPECT_TRUE(prepared_by(away, approver, {{"text", 5}}).starts_with("unavailable: "));
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
