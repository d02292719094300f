// An agent that hands its tools' work on to a sub-agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "engine.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Principal alice(Scope::main(), "alice", UserRole::member);

class SubAgentsTest : public ::testing::Test {
 protected:
  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    return out;
  }
  // Its sub-agent asks a smaller model.
  Thread thread_of(Engine& engine) {
    NewAgent input{.name = "lead",
                   .instructions = "Lead.",
                   .settings = {.model = "big"},
                   .tools = std::vector<std::string>{"calculator", "launch"}};
    input.profile.tool_mode = ToolMode::sub_agent;
    input.profile.sub_agent = {.model = "small", .rounds_max = 3, .instructions = "Help {{who}}."};
    const auto agent = engine.run(engine.agents.create(alice, std::move(input)));
    return *engine.run(
        engine.threads.create(alice, {.agent_id = agent->id, .session_context = {{"who", "Ada"}}}));
  }
  static std::vector<std::string> tools_in(const ModelRequest& request) {
    std::vector<std::string> out;
    for (const ToolDefinition& tool : request.tools) out.push_back(tool.name);
    return out;
  }
  template <class Body>
  static std::vector<Body> bodies(const std::vector<Event>& events) {
    std::vector<Body> out;
    for (const Event& event : events) {
      if (const auto* body = std::get_if<Body>(&event.body)) out.push_back(*body);
    }
    return out;
  }
  static ToolResultPart result_in(const ModelRequest& request) {
    return std::get<ToolResultPart>(request.messages.back().parts.back());
  }

  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
};

const Json task{{"task", "add 2 and 2"}};

TEST_F(SubAgentsTest, DoesTheTaskWithTheAgentsTools) {
  Engine engine(folder_.file("colonnade.db"), options());
  const Thread thread = thread_of(engine);
  engine.model->script({tool_call("c1", "delegate_to_sub_agent", task)});
  engine.model->script({tool_call("c2", "calculator", {{"expression", "2+2"}})});
  engine.model->script({reply({TextPart{"It is 4."}})});
  engine.model->script({reply({TextPart{"Four."}})});
  const auto run = engine.start(alice, thread.id, "How much?");
  const auto finished = engine.wait(alice, *run);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  const auto requests = engine.model->requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_THAT(tools_in(requests[0]), ElementsAre("delegate_to_sub_agent"));
  EXPECT_EQ(requests[0].model, "big");
  EXPECT_THAT(tools_in(requests[1]), ElementsAre("calculator", "launch"));
  EXPECT_EQ(requests[1].model, "small");
  EXPECT_EQ(requests[1].instructions, "Help Ada.");
  ASSERT_EQ(requests[1].messages.size(), 1U) << "nothing of the conversation";
  EXPECT_EQ(visible_text(requests[1].messages[0].parts), "add 2 and 2");
  EXPECT_EQ(result_in(requests[3]).content, "It is 4.");
  const auto threads = *engine.run(engine.threads.list(alice, {}));
  ASSERT_EQ(threads.size(), 1U) << "the sub-agent's thread is put away";
  EXPECT_EQ(threads[0].id, thread.id);
}

// The gate asks about the sub-agent's calls as about any other's, and the answer lets it go on.
TEST_F(SubAgentsTest, ItsCallsPassTheGate) {
  Engine engine(folder_.file("colonnade.db"), options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = thread_of(engine);
  engine.model->script({tool_call("c1", "delegate_to_sub_agent", task)});
  engine.model->script({tool_call("c2", "launch", {{"target", "moon"}})});
  engine.model->script({reply({TextPart{"Launched."}})});
  engine.model->script({reply({TextPart{"Done."}})});
  const auto run = engine.start(alice, thread.id, "Go.");
  std::vector<Action> open;
  while (open.empty()) {
    open = *engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval}));
    std::this_thread::yield();
  }
  EXPECT_EQ(open[0].request.tool, "launch");
  EXPECT_NE(open[0].thread_id, thread.id);
  // Whoever follows the conversation hears of the question, and of its answer.
  const auto asked = bodies<ApprovalRequested>(engine.events(thread.id));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].approval_id, open[0].id);
  EXPECT_EQ(asked[0].tool, "launch");
  EXPECT_EQ(asked[0].arguments, (Json{{"target", "moon"}}));
  EXPECT_EQ(asked[0].tool_call_id, "") << "it is no call of this run";
  EXPECT_THAT(launches_->seen(), IsEmpty());
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open[0].id, {.approve = true})));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), ElementsAre("moon"));
  const auto answered = bodies<ApprovalResolved>(engine.events(thread.id));
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered[0].approval_id, open[0].id);
  EXPECT_TRUE(answered[0].approved);
  EXPECT_EQ(answered[0].by, "alice");
  EXPECT_EQ(answered[0].tool_call_id, "");
  for (const Event& event : engine.events(thread.id)) {
    if (!event.run_id.empty()) EXPECT_EQ(event.run_id, run->id);
  }
}

// A question that was withdrawn has no answer to tell of.
TEST_F(SubAgentsTest, AStoppedTurnIsToldOfNoAnswer) {
  Engine engine(folder_.file("colonnade.db"), options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = thread_of(engine);
  engine.model->script({tool_call("c1", "delegate_to_sub_agent", task)});
  engine.model->script({tool_call("c2", "launch", {{"target", "moon"}})});
  const auto run = engine.start(alice, thread.id, "Go.");
  std::vector<Action> open;
  while (open.empty()) {
    open = *engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval}));
    std::this_thread::yield();
  }
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::cancelled);
  const std::string id = open[0].id;
  while (!open.empty()) {
    open = *engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval}));
    std::this_thread::yield();
  }
  EXPECT_FALSE(engine.run(engine.actions.resolve(alice, id, {.approve = true})));
  EXPECT_THAT(bodies<ApprovalResolved>(engine.events(thread.id)), IsEmpty());
  EXPECT_THAT(launches_->seen(), IsEmpty());
}

// The agent itself calls none of them, whatever its model tries.
TEST_F(SubAgentsTest, TheAgentItselfHasOnlyTheHandingOn) {
  Engine engine(folder_.file("colonnade.db"), options());
  const Thread thread = thread_of(engine);
  engine.model->script({tool_call("c1", "calculator", {{"expression", "2+2"}})});
  engine.model->script({reply({TextPart{"No."}})});
  EXPECT_EQ(engine.wait(alice, *engine.start(alice, thread.id, "Go."))->run.state,
            RunState::succeeded);
  EXPECT_TRUE(result_in(engine.model->requests().back()).is_error);
}

TEST_F(SubAgentsTest, AStopEndsItToo) {
  Engine engine(folder_.file("colonnade.db"), options());
  const Thread thread = thread_of(engine);
  std::promise<void> silent;
  engine.model->on_hold([&silent] { silent.set_value(); });
  engine.model->script({tool_call("c1", "delegate_to_sub_agent", task)});
  engine.model->script({Hold{}});
  const auto run = engine.start(alice, thread.id, "Go.");
  silent.get_future().wait();
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::cancelled);
  EXPECT_EQ(engine.model->stopped_calls(), 1);
}

TEST_F(SubAgentsTest, AFailureIsToldToTheAgent) {
  Engine engine(folder_.file("colonnade.db"), options());
  const Thread thread = thread_of(engine);
  engine.model->script({tool_call("c1", "delegate_to_sub_agent", task)});
  engine.model->script({Break{{.kind = base::ErrorKind::upstream, .message = "overloaded"}}});
  engine.model->script({reply({TextPart{"Sorry."}})});
  EXPECT_EQ(engine.wait(alice, *engine.start(alice, thread.id, "Go."))->run.state,
            RunState::succeeded);
  const ToolResultPart result = result_in(engine.model->requests().back());
  EXPECT_TRUE(result.is_error);
  EXPECT_THAT(result.content, HasSubstr("overloaded"));
}

// `task`: any agent's way to hand work on.
class TaskTest : public SubAgentsTest {
 protected:
  EngineOptions with_task() {
    EngineOptions out = options();
    out.task = true;
    return out;
  }
};

TEST_F(TaskTest, ASubAgentDoesItWithTheAgentsToolsInAThreadOfItsOwn) {
  Engine engine(folder_.file("colonnade.db"), with_task());
  const Thread thread = engine.new_thread(alice);
  engine.model->script(
      {tool_call("c1", "task", {{"prompt", "add 2 and 2"}, {"description", "an addition"}})});
  engine.model->script({tool_call("c2", "calculator", {{"expression", "2+2"}})});
  engine.model->script({reply({TextPart{"It is 4."}})});
  engine.model->script({reply({TextPart{"Four."}})});
  const auto run = engine.start(alice, thread.id, "How much?");
  const auto finished = engine.wait(alice, *run);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  const auto requests = engine.model->requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_THAT(tools_in(requests[0]), ::testing::Contains("task"));
  EXPECT_THAT(tools_in(requests[0]), ::testing::Not(::testing::Contains("delegate_to_sub_agent")));
  EXPECT_THAT(tools_in(requests[1]), ::testing::Contains("calculator"));
  EXPECT_THAT(tools_in(requests[1]), ::testing::Not(::testing::Contains("task")))
      << "a sub-agent has none of its own";
  EXPECT_EQ(visible_text(requests[1].messages[0].parts), "add 2 and 2");
  EXPECT_EQ(result_in(requests[3]).content, "It is 4.");
  EXPECT_EQ(engine.run(engine.threads.list(alice, {}))->size(), 1U);
}

TEST_F(TaskTest, ASubAgentThatTriesToHandOnIsRefused) {
  Engine engine(folder_.file("colonnade.db"), with_task());
  const Thread thread = engine.new_thread(alice);
  engine.model->script({tool_call("c1", "task", {{"prompt", "go on"}})});
  engine.model->script({tool_call("c2", "task", {{"prompt", "go on"}})});
  engine.model->script({reply({TextPart{"I cannot."}})});
  engine.model->script({reply({TextPart{"Done."}})});
  const auto run = engine.start(alice, thread.id, "Go.");
  ASSERT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
  EXPECT_THAT(result_in(engine.model->requests()[2]).content, HasSubstr("TOOL_NOT_OFFERED"));
}

TEST_F(TaskTest, ItsCallsPassTheGateOfTheAgent) {
  Engine engine(folder_.file("colonnade.db"), with_task());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  engine.model->script({tool_call("c1", "task", {{"prompt", "launch it"}})});
  engine.model->script({tool_call("c2", "launch", {{"target", "moon"}})});
  engine.model->script({reply({TextPart{"Not allowed."}})});
  engine.model->script({reply({TextPart{"Done."}})});
  const auto run = engine.start(alice, thread.id, "Go.");
  std::vector<Action> open;
  while (open.empty()) {
    open = *engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval}));
    std::this_thread::yield();
  }
  ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open[0].id, {})));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
  EXPECT_THAT(launches_->seen(), IsEmpty());
  EXPECT_EQ(result_in(engine.model->requests()[3]).content, "Not allowed.");
}

}  // namespace
}  // namespace colonnade::tests
