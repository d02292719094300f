// What a run did that gave no answer stays known to the model.
#include "core/runs/unanswered_turns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "core/runs/limits.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using ::testing::HasSubstr;

const Principal alice(Scope::main(), "alice", UserRole::member);

class UnansweredTurnsTest : public ::testing::Test {
 protected:
  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_, "count"));
    out.extra_allowed = {"count"};
    return out;
  }
  static FinishedRun say(Engine& engine, const std::string& thread_id, const std::string& what) {
    const auto run = engine.start(alice, thread_id, what);
    EXPECT_TRUE(run) << run.error().message;
    auto finished = engine.wait(alice, *run);
    EXPECT_TRUE(finished) << finished.error().message;
    return std::move(*finished);
  }
  static std::vector<Role> roles(const ModelRequest& request) {
    std::vector<Role> out;
    for (const Message& message : request.messages) out.push_back(message.role);
    return out;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
};

TEST_F(UnansweredTurnsTest, TheCallsOfAFailedTurnAreToldInTheNextOne) {
  std::string thread_id;
  {
    Engine engine(path_, options());
    engine.model->script({tool_call("c1", "count", {{"target", "moon"}})});
    engine.model->script({Break{{.kind = base::ErrorKind::invalid, .message = "policy"}}});
    thread_id = engine.new_thread(alice).id;
    EXPECT_EQ(say(engine, thread_id, "launch").run.state, RunState::failed);
    EXPECT_EQ(engine.run(engine.threads.view(alice, thread_id, 50))->messages.size(), 1U)
        << "no message is stored for it";
  }
  Engine engine(path_, options());
  engine.model->script({reply({TextPart{"I launched it."}})});
  EXPECT_EQ(say(engine, thread_id, "what did you do?").run.state, RunState::succeeded);
  const ModelRequest request = engine.model->requests().back();
  ASSERT_EQ(roles(request), (std::vector{Role::user, Role::assistant, Role::user}));
  const auto& parts = request.messages[1].parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<ToolCallPart>(parts[0]).call_id, "c1");
  EXPECT_EQ(std::get<ToolResultPart>(parts[1]),
            (ToolResultPart{.call_id = "c1", .tool = "count", .content = "launched moon"}));
  EXPECT_THAT(visible_text(parts), HasSubstr("failed"));
  EXPECT_EQ(launches_->seen().size(), 1U);
}

TEST_F(UnansweredTurnsTest, ACancelledTurnIsToldAsCancelledWithWhatItsCallsDid) {
  Engine engine(path_, options());
  std::promise<void> holding;
  engine.model->on_hold([&] { holding.set_value(); });
  engine.model->script({tool_call("c1", "count", {{"target", "moon"}})});
  engine.model->script({Hold{}});
  const std::string thread_id = engine.new_thread(alice).id;
  const auto run = engine.start(alice, thread_id, "launch");
  holding.get_future().wait();
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::cancelled);
  engine.model->script({reply({TextPart{"I launched it."}})});
  say(engine, thread_id, "what did you do?");
  const auto parts = engine.model->requests().back().messages[1].parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<ToolResultPart>(parts[1]).content, "launched moon");
  EXPECT_THAT(visible_text(parts), HasSubstr("cancelled"));
}

TEST_F(UnansweredTurnsTest, ATurnThatFailedAtOnceLeavesNoTwoMessagesOfTheUserInARow) {
  Engine engine(path_, options());
  const std::string thread_id = engine.new_thread(alice).id;
  for (int i = 0; i < 25; ++i) say(engine, thread_id, "fail");  // no script: the model breaks
  engine.model->script({reply({TextPart{"Hello."}})});
  say(engine, thread_id, "hello");
  const ModelRequest request = engine.model->requests().back();
  ASSERT_EQ(request.messages.size(), 51U);
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    EXPECT_EQ(request.messages[i].role, i % 2 == 0 ? Role::user : Role::assistant);
    EXPECT_FALSE(visible_text(request.messages[i].parts).empty());
  }
}

TEST_F(UnansweredTurnsTest, AnAnsweredThreadReadsNothingMore) {
  Engine engine(path_, options());
  const std::string thread_id = engine.new_thread(alice).id;
  engine.model->script({reply({TextPart{"One."}})});
  say(engine, thread_id, "one");
  engine.model->script({reply({TextPart{"Two."}})});
  say(engine, thread_id, "two");
  EXPECT_EQ(engine.model->requests().back().messages.size(), 3U);
}

// --- made of its records ------------------------------------------------------------------------

const Message question{.id = "m", .run_id = "r", .role = Role::user, .parts = {TextPart{"go"}}};

RunStep step(int number, std::vector<Part> parts) {
  return {.run_id = "r", .number = number, .parts = std::move(parts)};
}

TEST(UnansweredTurn, ResultsThatAreNoStepComeFromTheRowsOfTheLastRound) {
  const std::vector<RunStep> steps = {
      step(0, {ToolCallPart{.call_id = "c", .tool = "t"}}),
      step(1, {ToolResultPart{.call_id = "c", .tool = "t", .content = "old"}}),
      step(2, {ToolCallPart{.call_id = "c", .tool = "t"}, ToolCallPart{.call_id = "d"}})};
  const std::vector<ToolCall> rows = {
      {.call_id = "c", .tool = "t", .state = ToolCallState::succeeded, .result = "old"},
      {.call_id = "c", .tool = "t", .state = ToolCallState::succeeded, .result = "new"},
      {.call_id = "d", .state = ToolCallState::requested}};
  const Message turn =
      unanswered_turn(question, {.scope = Scope::main(), .state = RunState::failed}, steps, rows);
  EXPECT_EQ(turn.role, Role::assistant);
  EXPECT_EQ(turn.id, "m") << "a summary may end with it";
  ASSERT_EQ(turn.parts.size(), 7U);
  EXPECT_EQ(std::get<ToolResultPart>(turn.parts[4]).content, "new");
  EXPECT_EQ(std::get<ToolResultPart>(turn.parts[5]).content, "not started: the run ended first");
  EXPECT_TRUE(std::get<ToolResultPart>(turn.parts[5]).is_error);
}

TEST(UnansweredTurn, ALongResultIsShortened) {
  const std::vector<RunStep> steps = {
      step(0, {ToolCallPart{.call_id = "c"}}),
      step(1, {ToolResultPart{.call_id = "c", .content = std::string(100'000, 'x')}})};
  const Message turn =
      unanswered_turn(question, {.scope = Scope::main(), .state = RunState::cancelled}, steps, {});
  EXPECT_LT(std::get<ToolResultPart>(turn.parts[1]).content.size(),
            limits::unanswered_result_bytes_max + 200);
}

}  // namespace
}  // namespace colonnade::tests
