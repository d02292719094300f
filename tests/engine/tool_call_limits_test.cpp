// How often an agent may call tools for a user, where the run's settings say that it counts.
#include <gtest/gtest.h>

#include "engine.hpp"

namespace colonnade::tests {
namespace {

using core::Principal;
using core::Scope;
using core::ToolCallState;

const Principal ann(Scope::main(), "ann", core::UserRole::member);

class ToolCallLimits : public ::testing::Test {
 protected:
  // How the calls of one run ended, in their order: three, of which two are of one reply.
  std::vector<ToolCallState> states_of_run(bool counts) {
    EngineOptions options;
    options.rate_limits = &limits_;
    Engine engine(folder_.file("test.db"), std::move(options));
    const auto sum = [](std::string id) {
      return core::ToolCallPart{
          .call_id = std::move(id), .tool = "calculator", .arguments = {{"expression", "1+1"}}};
    };
    engine.model->script({reply({sum("a"), sum("b")}, core::StopReason::tool_use)});
    engine.model->script({reply({sum("c")}, core::StopReason::tool_use)});
    engine.model->script({reply({core::TextPart{"done"}})});
    core::NewMessage input{.thread_id = engine.new_thread(ann).id,
                           .parts = {core::TextPart{"add"}}};
    input.settings.counts_tool_calls = counts;
    const auto run = engine.run(engine.runs.start(ann, std::move(input), engine.lanes[0]));
    EXPECT_TRUE(run) << run.error().message;
    const auto finished = engine.wait(ann, *run);
    EXPECT_TRUE(finished && finished->run.state == core::RunState::succeeded);
    std::vector<ToolCallState> out;
    for (const core::ToolCall& call :
         *engine.run(engine.store->tool_calls(Scope::main(), run->id))) {
      out.push_back(call.state);
    }
    return out;
  }

  TemporaryFolder folder_;
  base::ManualClock clock_;
  core::RateLimits limits_{clock_, {.tool_calls_per_minute = 2}};
};

TEST_F(ToolCallLimits, OneMoreIsDeniedAndTheRunGoesOn) {
  const std::vector<ToolCallState> states = states_of_run(true);
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[0], ToolCallState::succeeded);
  EXPECT_EQ(states[1], ToolCallState::succeeded);
  EXPECT_EQ(states[2], ToolCallState::denied);
  // The next minute has room again.
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(states_of_run(true)[0], ToolCallState::succeeded);
}

TEST_F(ToolCallLimits, RunsThatDoNotCountCallAsOftenAsTheyLike) {
  const std::vector<ToolCallState> states = states_of_run(false);
  EXPECT_EQ(states, std::vector<ToolCallState>(3, ToolCallState::succeeded));
  EXPECT_EQ(limits_.count(), 0U);
}

}  // namespace
}  // namespace colonnade::tests
