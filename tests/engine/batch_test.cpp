// Several calls that a model makes as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/batch.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const Principal alice(Scope::main(), "alice", UserRole::member);

class BatchTest : public ::testing::Test {
 protected:
  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "shell"));
    out.extra_tools.push_back(tools::batch_tool());
    out.extra_allowed = {"shell"};
    return out;
  }
  static Json batch(std::vector<std::pair<std::string, Json>> calls) {
    Json out = {{"tool_calls", Json::array()}};
    for (auto& [tool, args] : calls) out["tool_calls"].push_back({{"tool", tool}, {"args", args}});
    return out;
  }
  // A run in which the model makes the batch and then answers.
  core::Run go(Engine& engine, Json arguments) {
    engine.model->script({tool_call("c1", "batch", std::move(arguments))});
    engine.model->script({reply({TextPart{"Done."}})});
    thread_ = engine.new_thread(alice).id;
    return *engine.start(alice, thread_, "Go.");
  }
  static ToolResultPart told(Engine& engine) {
    return std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  }
  static std::vector<Action> wait_for_questions(Engine& engine, std::size_t count) {
    for (;;) {
      auto open = *engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval}));
      if (open.size() == count) return open;
      std::this_thread::yield();
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::string thread_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
};

TEST_F(BatchTest, RunsEachOfItsCallsAndTellsAllResults) {
  Engine engine(path_, options());
  const core::Run run = go(engine, batch({{"calculator", {{"expression", "2+2"}}},
                                          {"bash", {{"target", "ls"}}},
                                          {"calculator", {{"expression", "1+"}}}}));
  const auto finished = engine.wait(alice, run);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  const ToolResultPart result = told(engine);
  EXPECT_EQ(result.call_id, "c1");
  EXPECT_EQ(result.tool, "batch");
  EXPECT_FALSE(result.is_error);
  EXPECT_THAT(result.content, HasSubstr("[1] calculator: ok\n4"));
  EXPECT_THAT(result.content, HasSubstr("[2] shell: ok\nlaunched ls"));
  EXPECT_THAT(result.content, HasSubstr("[3] calculator: error\n"));
  // Each has a record of its own, and the batch none.
  std::vector<std::string> recorded;
  for (const Action& action : *engine.run(engine.store->actions_of_run(Scope::main(), run.id))) {
    recorded.push_back(action.request.tool + " " + std::string(to_string(action.state)));
  }
  EXPECT_THAT(recorded,
              UnorderedElementsAre("calculator succeeded", "shell succeeded", "calculator failed"));
  // The answer holds one call and one result.
  const auto& parts = finished->reply->parts;
  EXPECT_EQ(std::ranges::count_if(
                parts, [](const Part& p) { return std::holds_alternative<ToolCallPart>(p); }),
            1);
  EXPECT_EQ(std::ranges::count_if(
                parts, [](const Part& p) { return std::holds_alternative<ToolResultPart>(p); }),
            1);
}

TEST_F(BatchTest, EachCallIsAskedAboutByItself) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const core::Run run = go(engine, batch({{"launch", {{"target", "moon"}}},
                                          {"launch", {{"target", "mars"}}},
                                          {"calculator", {{"expression", "2+2"}}}}));
  for (const Action& open : wait_for_questions(engine, 2)) {
    const bool is_moon = open.request.params == R"({"target":"moon"})";
    ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = is_moon})));
  }
  ASSERT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  EXPECT_THAT(told(engine).content, HasSubstr("[1] launch: ok\nlaunched moon"));
  EXPECT_THAT(told(engine).content, HasSubstr("[2] launch: error\ndenied"));
  EXPECT_THAT(told(engine).content, HasSubstr("[3] calculator: ok\n4"));
}

TEST_F(BatchTest, GoesOnAfterARestart) {
  std::string run_id;
  std::string action_id;
  {
    Engine engine(path_, options());
    run_id = go(engine,
                batch({{"launch", {{"target", "moon"}}}, {"calculator", {{"expression", "2+2"}}}}))
                 .id;
    action_id = wait_for_questions(engine, 1).front().id;
    for (;;) {
      const auto run = *engine.run(engine.store->run(Scope::main(), run_id));
      if (run->state == RunState::waiting_approval) break;
      std::this_thread::yield();
    }
  }
  Engine engine(path_, options());
  engine.model->script({reply({TextPart{"Done."}})});
  ASSERT_TRUE(engine.run(engine.actions.recover()));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, action_id, {.approve = true})));
  const auto finished = engine.run(engine.runs.wait(alice, run_id, {}));
  ASSERT_TRUE(finished);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  EXPECT_EQ(told(engine).call_id, "c1");
  EXPECT_EQ(told(engine).content, "[1] launch: ok\nlaunched moon\n\n[2] calculator: ok\n4");
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
}

TEST_F(BatchTest, WhatIsNoBatchFailsAtOnce) {
  Engine engine(path_, options());
  const core::Run run = go(engine, batch({{"calculator", {{"expression", "2+2"}}},
                                          {"batch", {{"tool_calls", Json::array()}}}}));
  ASSERT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
  EXPECT_TRUE(told(engine).is_error);
  EXPECT_THAT(told(engine).content, HasSubstr("is a batch itself"));
  EXPECT_THAT(*engine.run(engine.store->actions_of_run(Scope::main(), run.id)), IsEmpty());
}

TEST_F(BatchTest, AnUnknownToolInItIsDeniedAlone) {
  Engine engine(path_, options());
  const core::Run run =
      go(engine, batch({{"teleport", {{"to", "moon"}}}, {"calculator", {{"expression", "2+2"}}}}));
  ASSERT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
  EXPECT_THAT(told(engine).content, HasSubstr("[1] teleport: error\ndenied ("));
  EXPECT_THAT(told(engine).content, HasSubstr("[2] calculator: ok\n4"));
}

TEST_F(BatchTest, AnAgentWithoutItHasNone) {
  Engine engine(path_, options());
  const auto agent = engine.run(engine.agents.create(
      alice, {.name = "adder", .tools = std::vector<std::string>{"calculator"}}));
  engine.model->script(
      {tool_call("c1", "batch", batch({{"calculator", {{"expression", "2+2"}}}}))});
  engine.model->script({reply({TextPart{"Done."}})});
  const Thread thread = *engine.run(engine.threads.create(alice, {.agent_id = agent->id}));
  const auto run = engine.start(alice, thread.id, "Go.");
  ASSERT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
  EXPECT_THAT(told(engine).content, HasSubstr("TOOL_NOT_OFFERED"));
  EXPECT_THAT(told(engine).content, Not(HasSubstr("[1]")));
}

}  // namespace
}  // namespace colonnade::tests
