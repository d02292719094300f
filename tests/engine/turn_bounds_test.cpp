// Runs with bounds of their own, runs that keep what they had said, and what is asked of humans by
// request_approval.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "core/governance/approval_request.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/request_approval.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class TurnBoundsTest : public ::testing::Test {
 protected:
  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_tools.push_back(std::make_unique<tools::RequestApprovalTool>());
    return out;
  }

  core::Run started(Engine& engine, const std::string& thread_id, ModelSettings settings) {
    NewMessage message{
        .thread_id = thread_id, .parts = {TextPart{"go"}}, .settings = std::move(settings)};
    auto run = engine.run(engine.runs.start(alice, std::move(message), engine.lanes[0]));
    if (!run) throw std::runtime_error(run.error().message);
    return *run;
  }

  Action pending(Engine& engine, const core::Run& run) {
    while (engine.run(engine.store->run(Scope::main(), run.id)).value()->state !=
           RunState::waiting_approval) {
      std::this_thread::yield();
    }
    const auto open = engine.run(
        engine.actions.list(alice, {.state = ActionState::pending_approval, .limit = 10}));
    if (!open || open->size() != 1) throw std::runtime_error("expected one open question");
    return open->front();
  }

  RunFinished end_of(Engine& engine, const std::string& thread_id) {
    for (const Event& event : engine.events(thread_id)) {
      if (const auto* end = std::get_if<RunFinished>(&event.body)) return *end;
    }
    throw std::runtime_error("the run has no end");
  }

  // A run that is stopped after it said "Half an ".
  FinishedRun stopped_in_the_middle(Engine& engine, const std::string& thread_id,
                                    ModelSettings settings) {
    std::promise<void> held;
    engine.model->on_hold([&] { held.set_value(); });
    engine.model->script({text("Half "), text("an "), Hold{}});
    const core::Run run = started(engine, thread_id, std::move(settings));
    held.get_future().wait();
    if (!engine.run(engine.runs.cancel(alice, run.id))) throw std::runtime_error("not cancelled");
    auto finished = engine.wait(alice, run);
    engine.model->on_hold({});
    if (!finished) throw std::runtime_error(finished.error().message);
    return *finished;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
};

TEST_F(TurnBoundsTest, AStoppedRunKeepsWhatItHadSaidWhereThatIsAsked) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  const FinishedRun finished =
      stopped_in_the_middle(engine, thread.id, {.keeps_partial_reply = true});
  EXPECT_EQ(finished.run.state, RunState::cancelled);
  EXPECT_EQ(engine.model->stopped_calls(), 1) << "the stop reaches the model's call";
  ASSERT_TRUE(finished.reply);
  EXPECT_EQ(visible_text(finished.reply->parts), "Half an ");
  const auto view = engine.run(engine.threads.view(alice, thread.id, 50));
  ASSERT_EQ(view->messages.size(), 2U);
  EXPECT_EQ(view->messages[1].id, finished.reply->id);
  const RunFinished end = end_of(engine, thread.id);
  ASSERT_TRUE(end.message);
  EXPECT_EQ(end.message->id, finished.reply->id);

  // The next turn knows it, once.
  engine.model->script({reply({TextPart{"hour."}})});
  const core::Run next = started(engine, thread.id, {});
  ASSERT_EQ(engine.wait(alice, next)->run.state, RunState::succeeded);
  const auto messages = engine.model->requests().back().messages;
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(visible_text(messages[1].parts), "Half an ");
}

TEST_F(TurnBoundsTest, AStoppedRunKeepsNothingOtherwise) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  const FinishedRun finished = stopped_in_the_middle(engine, thread.id, {});
  EXPECT_FALSE(finished.reply);
  EXPECT_EQ(engine.run(engine.threads.view(alice, thread.id, 50))->messages.size(), 1U);
  EXPECT_FALSE(end_of(engine, thread.id).message);
}

TEST_F(TurnBoundsTest, ARunThatIsStoppedWhileItWaitsKeepsWhatItHadSaid) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  engine.model->script(
      {text("First "), reply({TextPart{"First "}, ToolCallPart{.call_id = "call_1",
                                                               .tool = "launch",
                                                               .arguments = {{"target", "moon"}}}},
                             StopReason::tool_use)});
  const core::Run run = started(engine, thread.id, {.keeps_partial_reply = true});
  const Action open = pending(engine, run);
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run.id)));
  ASSERT_EQ(engine.wait(alice, run)->run.state, RunState::cancelled);
  const auto view = engine.run(engine.threads.view(alice, thread.id, 50));
  ASSERT_EQ(view->messages.size(), 2U);
  EXPECT_EQ(visible_text(view->messages[1].parts), "First ");
  EXPECT_TRUE(std::ranges::none_of(view->messages[1].parts, [](const Part& part) {
    return std::holds_alternative<ToolCallPart>(part);
  })) << "a call without a result is nothing that a vendor takes back";
  EXPECT_EQ(engine.run(engine.actions.get(alice, open.id))->reason, run_ended_reason);
  EXPECT_TRUE(launches_->seen().empty());
}

// The tool of the first call runs unasked by a grant; the second call is not made.
TEST_F(TurnBoundsTest, ACallBeyondTheAllowanceIsNotMade) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  for (const char* id : {"call_1", "call_2"}) {
    engine.model->script({tool_call(id, "launch", {{"target", id}})});
  }
  NewMessage message{.thread_id = thread.id, .parts = {TextPart{"go"}}};
  message.options.grant = WorkGrant{.by = "a test", .tools = {"launch"}};
  message.options.allowance.tool_calls = 1;
  const auto run = engine.run(engine.runs.start(alice, std::move(message), engine.lanes[0]));
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_TRUE(finished->run.error.starts_with(out_of_allowance)) << finished->run.error;
  EXPECT_EQ(launches_->seen(), (std::vector<std::string>{"call_1"}));
  const auto detail = engine.run(engine.runs.read(alice, run->id));
  ASSERT_TRUE(detail);
  ASSERT_EQ(detail->calls.size(), 2U);
  EXPECT_EQ(detail->calls.back().state, ToolCallState::failed);
}

TEST_F(TurnBoundsTest, TheModelIsNotAskedBeyondTheAllowance) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  engine.model->script({tool_call("call_1", "launch", {{"target", "moon"}})});
  NewMessage message{.thread_id = thread.id, .parts = {TextPart{"go"}}};
  message.options.grant = WorkGrant{.by = "a test", .tools = {"launch"}};
  message.options.allowance.tokens = 15;  // what the first call takes
  const auto run = engine.run(engine.runs.start(alice, std::move(message), engine.lanes[0]));
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_TRUE(finished->run.error.starts_with(out_of_allowance)) << finished->run.error;
  EXPECT_EQ(engine.model->requests().size(), 1U);
  EXPECT_EQ(launches_->seen(), (std::vector<std::string>{"moon"}));
}

TEST_F(TurnBoundsTest, ACallThatMayCostMoreThanIsLeftIsNotMade) {
  EngineOptions priced = options();
  priced.prices = {
      Price{.provider = "scripted", .model = "*", .input = 1'000'000, .output = 1'000'000}};
  Engine engine(path_, std::move(priced));
  const Thread thread = engine.new_thread(alice);
  NewMessage message{.thread_id = thread.id, .parts = {TextPart{"go"}}};
  message.options.allowance.cost_micros = 1;
  const auto run = engine.run(engine.runs.start(alice, std::move(message), engine.lanes[0]));
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_TRUE(finished->run.error.starts_with(out_of_allowance)) << finished->run.error;
  EXPECT_TRUE(engine.model->requests().empty());
}

TEST_F(TurnBoundsTest, ARunEndsAtItsOwnTimeLimit) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  engine.model->script({text("Still "), Hold{}});
  const core::Run run = started(engine, thread.id, {.run_seconds_max = 0});
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_TRUE(finished->run.error.starts_with(out_of_time)) << finished->run.error;
}

TEST_F(TurnBoundsTest, AnEndSaysWhatItUsed) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  engine.model->script({reply({TextPart{"x"}})});
  const core::Run run = started(engine, thread.id, {});
  ASSERT_TRUE(engine.wait(alice, run));
  EXPECT_EQ(end_of(engine, thread.id).usage, (Usage{.input_tokens = 10, .output_tokens = 5}));
}

TEST_F(TurnBoundsTest, TheNewestRunIsFoundWithTheBeginningOfItsEvents) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  EXPECT_FALSE(engine.run(engine.runs.newest_in(alice, thread.id))->has_value());
  for (int i = 0; i < 2; ++i) {
    engine.model->script({text("a"), reply({TextPart{"a"}})});
    const core::Run run = started(engine, thread.id, {});
    ASSERT_TRUE(engine.wait(alice, run));
    const auto newest = engine.run(engine.runs.newest_in(alice, thread.id));
    ASSERT_TRUE(newest && *newest);
    EXPECT_EQ((*newest)->run.id, run.id);
    const auto events = engine.events(thread.id, (*newest)->events_after);
    ASSERT_FALSE(events.empty());
    for (const Event& event : events) EXPECT_EQ(event.run_id, run.id);
    EXPECT_TRUE(std::holds_alternative<MessageStored>(events[0].body));
    EXPECT_TRUE(std::holds_alternative<RunStarted>(events[1].body));
    EXPECT_FALSE(engine.run(engine.runs.newest_in(bob, thread.id))->has_value());
  }
}

// --- request_approval ---------------------------------------------------------------------------

const ModelSettings with_questions{.approval_seconds_max = 300};

TEST_F(TurnBoundsTest, ApprovalIsAskedForOnlyWhereATurnSaysHowLongAQuestionWaits) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  const auto is_offered = [&](ModelSettings settings) {
    engine.model->script({reply({TextPart{"x"}})});
    EXPECT_TRUE(engine.wait(alice, started(engine, thread.id, std::move(settings))));
    const auto tools = engine.model->requests().back().tools;
    return std::ranges::any_of(
        tools, [](const ToolDefinition& one) { return one.name == approval_request_tool; });
  };
  EXPECT_FALSE(is_offered({}));
  EXPECT_TRUE(is_offered(with_questions));
}

TEST_F(TurnBoundsTest, TheAnswerIsTheResultAndNothingRuns) {
  struct Row {
    bool approve;
    const char* reason;
    const char* result;
  };
  const Row rows[] = {
      {true, "fine", R"({"approved":true,"comment":"fine","respondedBy":"alice"})"},
      {true, "", R"({"approved":true,"comment":null,"respondedBy":"alice"})"},
      {false, "not now", R"({"approved":false,"comment":"not now","respondedBy":"alice"})"}};
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  for (const Row& row : rows) {
    engine.model->script({tool_call("call_1", "request_approval", {{"action", "send_email"}})});
    const core::Run run = started(engine, thread.id, with_questions);
    const Action open = pending(engine, run);
    EXPECT_LE(*open.expires_at - open.created_at, std::chrono::seconds(300));
    engine.model->script({reply({TextPart{"Done."}})});
    ASSERT_TRUE(engine.run(
        engine.actions.resolve(alice, open.id, {.approve = row.approve, .reason = row.reason})));
    ASSERT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
    const auto told =
        std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
    EXPECT_EQ(told.content, row.result);
    EXPECT_FALSE(told.is_error);
  }
}

TEST_F(TurnBoundsTest, AnAgentAsksAUserSoOftenAnHour) {
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const Thread thread = engine.new_thread(alice);
  for (std::size_t i = 0; i < limits::approval_requests_per_hour; ++i) {
    engine.model->script({tool_call("call_1", "request_approval", {{"action", "again"}})});
    const core::Run run = started(engine, thread.id, with_questions);
    const Action open = pending(engine, run);
    engine.model->script({reply({TextPart{"ok"}})});
    ASSERT_TRUE(engine.run(engine.actions.resolve(alice, open.id, {.approve = true})));
    ASSERT_TRUE(engine.wait(alice, run));
  }
  engine.model->script({tool_call("call_1", "request_approval", {{"action", "again"}})});
  engine.model->script({reply({TextPart{"Then not."}})});
  const core::Run run = started(engine, thread.id, with_questions);
  ASSERT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
  const auto told =
      std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  EXPECT_TRUE(told.is_error);
  EXPECT_THAT(told.content, ::testing::HasSubstr("RATE_LIMIT"));
}

TEST(ApprovalAnswerTest, SaysThatNobodyAnswered) {
  EXPECT_EQ(approval_answer(false, "", no_answer_reason),
            R"({"approved":false,"reason":"timeout"})");
}

}  // namespace
}  // namespace colonnade::tests
