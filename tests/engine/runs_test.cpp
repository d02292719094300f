// long: one fixture, and what a run does in every state
// Whole turns on a real store with a scripted model.
#include "core/runs/runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

template <class T>
std::vector<const T*> of_kind(const std::vector<Event>& events) {
  std::vector<const T*> out;
  for (const Event& event : events) {
    if (const auto* body = std::get_if<T>(&event.body)) out.push_back(body);
  }
  return out;
}

std::vector<std::size_t> kinds(const std::vector<Event>& events) {
  std::vector<std::size_t> out;
  for (const Event& event : events) out.push_back(event.body.index());
  return out;
}

template <class T>
std::size_t kind() {
  return EventBody(T{}).index();
}

class RunsTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

TEST_F(RunsTest, AMessageIsAnsweredStoredTitledAndTold) {
  Engine engine(path_);
  engine.model->script({text("Sun"), text("ny."), reply({TextPart{"Sunny."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "What's the weather? Keep it short.");
  ASSERT_TRUE(run) << run.error().message;
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  ASSERT_TRUE(finished->reply);
  EXPECT_EQ(visible_text(finished->reply->parts), "Sunny.");
  EXPECT_EQ(finished->reply->model, "scripted-1");
  EXPECT_EQ(finished->reply->usage->input_tokens, 10);

  const auto view = engine.run(engine.threads.view(alice, thread.id, 50));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->thread.title, "What's the weather?");
  EXPECT_FALSE(view->running);
  ASSERT_EQ(view->messages.size(), 2U);
  EXPECT_EQ(view->messages[0].role, Role::user);
  EXPECT_EQ(view->messages[1].id, finished->reply->id);

  const auto events = engine.events(thread.id);
  const auto order = kinds(events);
  ASSERT_GE(order.size(), 4U);
  EXPECT_EQ(order[0], kind<MessageStored>());
  EXPECT_EQ(order[1], kind<RunStarted>());
  EXPECT_EQ(order.back(), kind<RunFinished>());
  std::string said;
  for (const auto* delta : of_kind<TextDelta>(events)) said += delta->text;
  EXPECT_EQ(said, "Sunny.");
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].seq, static_cast<std::int64_t>(i + 1));
  }
}

TEST_F(RunsTest, WhatAnAnswerRestsOnIsToldBehindItsText) {
  Engine engine(path_);
  const Citation forecast{.url = "https://a.example/w", .title = "W", .text = "rain"};
  const Citation almanac{.title = "Almanac"};
  Say first = tool_call("call_1", "calculator", {{"expression", "6*7"}});
  std::get<ModelReply>(first.events.front()).citations = {forecast};
  engine.model->script({text("Let me see."), std::move(first)});
  Say second = reply({TextPart{"It rains."}});
  std::get<ModelReply>(second.events.front()).citations = {almanac};
  engine.model->script({text("It rains."), std::move(second)});
  const Thread thread = engine.new_thread(alice);
  const auto finished = engine.wait(alice, *engine.start(alice, thread.id, "Will it rain?"));
  ASSERT_TRUE(finished) << finished.error().message;
  const auto events = engine.events(thread.id);
  const auto cited = of_kind<SourcesCited>(events);
  ASSERT_EQ(cited.size(), 2U);
  EXPECT_EQ(cited[0]->citations, std::vector<Citation>{forecast});
  EXPECT_EQ(cited[1]->citations, std::vector<Citation>{almanac});
  const auto order = kinds(events);
  const auto first_cited = std::ranges::find(order, kind<SourcesCited>());
  EXPECT_LT(std::ranges::find(order, kind<TextDelta>()), first_cited);
  EXPECT_LT(first_cited, std::ranges::find(order, kind<ToolCallRequested>()));
  EXPECT_EQ(order[order.size() - 2], kind<SourcesCited>()) << "right before the run's end";
}

TEST_F(RunsTest, ToolCallsGoThroughTheGateAndTheirResultsBackToTheModel) {
  Engine engine(path_);
  engine.model->script({tool_call("call_1", "calculator", {{"expression", "6*7"}})});
  engine.model->script({text("It is 42."), reply({TextPart{"It is 42."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "6 times 7");
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(finished->run.rounds, 2);
  EXPECT_EQ(finished->run.usage.output_tokens, 10);

  const auto requests = engine.model->requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].tools.size(), 2U);
  EXPECT_EQ(requests[0].instructions, "Be brief.");
  const auto& turn = requests[1].messages.back();
  EXPECT_EQ(turn.role, Role::assistant);
  ASSERT_EQ(turn.parts.size(), 2U);
  EXPECT_EQ(std::get<ToolResultPart>(turn.parts[1]),
            (ToolResultPart{.call_id = "call_1", .tool = "calculator", .content = "42"}));
  EXPECT_EQ(finished->reply->parts.size(), 3U);

  const auto calls = engine.run(engine.store->tool_calls(Scope::main(), run->id));
  ASSERT_TRUE(calls);
  ASSERT_EQ(calls->size(), 1U);
  EXPECT_EQ(calls->front().state, ToolCallState::succeeded);
  EXPECT_EQ(calls->front().result, "42");
  const auto events = engine.events(thread.id);
  EXPECT_EQ(of_kind<ToolCallRequested>(events).size(), 1U);
  EXPECT_EQ(of_kind<ToolCallStarted>(events).size(), 1U);
  EXPECT_EQ(of_kind<ToolCallFinished>(events).size(), 1U);
}

TEST_F(RunsTest, ADeniedToolDoesNotRunAndTheModelHearsWhy) {
  Engine engine(path_);
  engine.model->script({tool_call("call_1", "shell", {{"cmd", "rm"}})});
  engine.model->script({reply({TextPart{"I may not."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "clean up");
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  const auto result =
      std::get<ToolResultPart>(engine.model->requests()[1].messages.back().parts[1]);
  EXPECT_TRUE(result.is_error);
  EXPECT_THAT(result.content, ::testing::HasSubstr("DEFAULT_DENY_NO_MATCH"));
  EXPECT_TRUE(of_kind<ToolCallStarted>(engine.events(thread.id)).empty());
}

TEST_F(RunsTest, MalformedArgumentsFailTheCallAndTheModelHearsWhy) {
  Engine engine(path_);
  engine.model->script(
      {reply({ToolCallPart{
                 .call_id = "c", .tool = "calculator", .malformed_arguments = "{\"expression\": "}},
             StopReason::tool_use)});
  engine.model->script({reply({TextPart{"Sorry."}})});
  const Thread thread = engine.new_thread(alice);
  const auto finished = engine.wait(alice, *engine.start(alice, thread.id, "1+1"));
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  const auto result =
      std::get<ToolResultPart>(engine.model->requests()[1].messages.back().parts[1]);
  EXPECT_TRUE(result.is_error);
  EXPECT_THAT(result.content, ::testing::HasSubstr("not a JSON object"));
}

TEST_F(RunsTest, AnswersThatAreCutOffInTheirCallsAreNotPaidForEver) {
  Engine engine(path_);
  for (int i = 0; i < limits::cut_off_replies_max; ++i) {
    engine.model->script({reply({ToolCallPart{.call_id = "c" + std::to_string(i),
                                              .tool = "calculator",
                                              .malformed_arguments = "{\"expression\": "}},
                                StopReason::max_tokens)});
  }
  const Thread thread = engine.new_thread(alice);
  const auto finished = engine.wait(alice, *engine.start(alice, thread.id, "1+1"));
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, ::testing::HasSubstr("max_output_tokens"));
  const auto requests = engine.model->requests();
  ASSERT_EQ(requests.size(), static_cast<std::size_t>(limits::cut_off_replies_max));
  const auto result = std::get<ToolResultPart>(requests[1].messages.back().parts[1]);
  EXPECT_THAT(result.content, ::testing::HasSubstr("the output limit cut your answer off"));
}

TEST_F(RunsTest, OneRunAThread) {
  Engine engine(path_);
  engine.model->script({Hold{}, reply({TextPart{"done"}})});
  const Thread thread = engine.new_thread(alice);
  const auto first = engine.start(alice, thread.id, "one");
  ASSERT_TRUE(first);
  EXPECT_TRUE(engine.run(engine.threads.view(alice, thread.id, 1))->running);
  const auto second = engine.start(alice, thread.id, "two");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  engine.model->release();
  EXPECT_EQ(engine.wait(alice, *first)->run.state, RunState::succeeded);
  EXPECT_EQ(engine.run(engine.threads.view(alice, thread.id, 50))->messages.size(), 2U);
  engine.model->script({reply({TextPart{"again"}})});
  const auto third = engine.start(alice, thread.id, "three");
  ASSERT_TRUE(third) << "the thread is free again";
  EXPECT_EQ(engine.wait(alice, *third)->run.state, RunState::succeeded);
}

// A driver lets go of its thread a moment after the end of its run was told.
// A run whose model is silent until it is cancelled. One at a time: a Hold has one waiter.
Result<Run> start_and_hold(Engine& engine, const Principal& who, const std::string& thread_id) {
  const auto holds = std::make_shared<std::promise<void>>();
  engine.model->on_hold([holds] { holds->set_value(); });
  engine.model->script({Hold{}, reply({TextPart{"Done."}})});
  auto run = engine.start(who, thread_id, "one");
  if (run) holds->get_future().wait();
  return run;
}

TEST_F(RunsTest, ActiveRunsOfOneAccountAreBoundedAndLeaveAnothersAlone) {
  Engine engine(path_, {.runs = {.active_per_account = 1, .active_max = 2}});
  const Thread thread = engine.new_thread(alice);
  const auto first = start_and_hold(engine, alice, thread.id);
  ASSERT_TRUE(first) << first.error().message;
  const Thread other_thread = engine.new_thread(alice);
  const auto refused = engine.start(alice, other_thread.id, "two");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(engine.start(alice, thread.id, "again").error().kind, ErrorKind::conflict)
      << "a busy thread is said first";
  const auto view = engine.run(engine.threads.view(alice, other_thread.id, 50));
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->messages.empty()) << "nothing is stored of what was refused";
  EXPECT_FALSE(view->running);

  engine.model->script({reply({TextPart{"Of bob."}})});
  const auto of_bob = engine.start(bob, engine.new_thread(bob).id, "three");
  ASSERT_TRUE(of_bob) << of_bob.error().message;
  ASSERT_TRUE(engine.wait(bob, *of_bob));

  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, first->id)));
  ASSERT_TRUE(engine.wait(alice, *first));
  engine.model->script({reply({TextPart{"Now."}})});
  const auto now = engine.start(alice, other_thread.id, "two");
  ASSERT_TRUE(now) << now.error().message;
  EXPECT_TRUE(engine.wait(alice, *now));
}

TEST_F(RunsTest, ActiveRunsOfAllAccountsAreBounded) {
  Engine engine(path_, {.runs = {.active_per_account = 2, .active_max = 1}});
  const auto first = start_and_hold(engine, alice, engine.new_thread(alice).id);
  ASSERT_TRUE(first) << first.error().message;
  const auto refused = engine.start(bob, engine.new_thread(bob).id, "two");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(refused.error().retry_after);
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, first->id)));
  EXPECT_TRUE(engine.wait(alice, *first));
}

TEST(RunInputs, ASecondCancelAddsNothing) {
  base::Lanes lanes(1);
  RunInputs inputs;
  inputs.cancel();
  inputs.cancel();
  const auto first = base::run_on(lanes[0], inputs.next());
  ASSERT_TRUE(first);
  EXPECT_TRUE(std::holds_alternative<CancelRequested>(*first));
  EXPECT_TRUE(inputs.empty());
}

TEST_F(RunsTest, WhoIsToldOfTheEndMayStartTheNextRunAtOnce) {
  class Starter final : public Subscriber {
   public:
    Starter(Engine& engine, std::string thread_id)
        : engine_(engine), thread_id_(std::move(thread_id)) {}
    // On lane 1, while the driver on lane 0 still waits for this delivery.
    void deliver(const EventPtr& event) override {
      if (!std::holds_alternative<RunFinished>(event->body) || started_) return;
      started_ = true;
      second = std::async(std::launch::async,
                          [this] { return engine_.start(alice, thread_id_, "two"); });
      const auto refused = [this] {
        return second.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
      };
      while (engine_.model->requests().size() < 2 && !refused()) continue;
    }
    std::future<Result<core::Run>> second;
    std::unique_ptr<Subscription> mine;

   private:
    Engine& engine_;
    std::string thread_id_;
    bool started_ = false;
  };
  Engine engine(path_);
  const Thread thread = engine.new_thread(alice);
  Starter starter(engine, thread.id);
  const auto on_lane_1 = [&engine](std::function<void()> work) {
    std::promise<void> done;
    engine.lanes[1].post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  };
  on_lane_1([&] {
    starter.mine = engine.feed.subscriptions().subscribe(
        engine.lanes[1], EventTopic::of_thread(Scope::main(), thread.id), {}, starter);
  });
  engine.model->script({reply({TextPart{"first"}})});
  engine.model->script({reply({TextPart{"second"}})});
  const auto first = engine.start(alice, thread.id, "one");
  ASSERT_TRUE(first);
  EXPECT_EQ(engine.wait(alice, *first)->run.state, RunState::succeeded);
  on_lane_1([] {});  // the delivery of the first run's end is over
  const auto second = starter.second.get();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(engine.wait(alice, *second)->run.state, RunState::succeeded);
  EXPECT_EQ(engine.run(engine.threads.view(alice, thread.id, 50))->messages.size(), 4U);
  on_lane_1([&] { starter.mine.reset(); });
}

TEST_F(RunsTest, ConcurrentStartsInOneThreadGiveOneRun) {
  Engine engine(path_);
  engine.model->script({Hold{}, reply({TextPart{"done"}})});
  const Thread thread = engine.new_thread(alice);
  std::vector<std::future<Result<core::Run>>> tries;
  for (int i = 0; i < 8; ++i) {
    tries.push_back(std::async(std::launch::async, [&engine, &thread, i] {
      base::Lane& lane = engine.lanes[static_cast<std::size_t>(i % 2)];
      NewMessage input{.thread_id = thread.id, .parts = {TextPart{"go"}}};
      return base::run_on(lane, engine.runs.start(alice, std::move(input), lane));
    }));
  }
  std::vector<core::Run> won;
  for (auto& attempt : tries) {
    auto run = attempt.get();
    if (run) {
      won.push_back(*run);
    } else {
      EXPECT_EQ(run.error().kind, ErrorKind::conflict);
    }
  }
  ASSERT_EQ(won.size(), 1U);
  engine.model->release();
  EXPECT_EQ(engine.wait(alice, won.front())->run.state, RunState::succeeded);
  EXPECT_EQ(engine.model->requests().size(), 1U);
  EXPECT_EQ(engine.run(engine.threads.view(alice, thread.id, 50))->messages.size(), 2U);
}

TEST_F(RunsTest, OthersCanNeitherWriteNorWaitNorCancel) {
  Engine engine(path_);
  engine.model->script({Hold{}});
  const Thread thread = engine.new_thread(alice);
  EXPECT_EQ(engine.start(bob, thread.id, "hi").error().kind, ErrorKind::not_found);
  EXPECT_EQ(engine.start(alice, "nothing", "hi").error().kind, ErrorKind::not_found);
  const Principal elsewhere(Scope("other", "main", "main"), "alice", UserRole::member);
  EXPECT_EQ(engine.start(elsewhere, thread.id, "hi").error().kind, ErrorKind::not_found);
  const auto run = engine.start(alice, thread.id, "hi");
  EXPECT_EQ(engine.wait(bob, *run).error().kind, ErrorKind::not_found);
  EXPECT_EQ(engine.run(engine.runs.cancel(bob, run->id)).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
  EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::cancelled);
}

TEST_F(RunsTest, CancelledFromTheFirstInstantAndInMidStream) {
  Engine engine(path_);
  const Thread thread = engine.new_thread(alice);
  for (const bool mid_stream : {false, true}) {
    std::promise<void> holding;
    engine.model->on_hold([&] { holding.set_value(); });
    engine.model->script(mid_stream ? std::vector<Act>{text("Let me "), Hold{}}
                                    : std::vector<Act>{Hold{}});
    const auto run = engine.start(alice, thread.id, "think");
    ASSERT_TRUE(run);
    if (mid_stream) holding.get_future().wait();
    ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
    const auto finished = engine.wait(alice, *run);
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->run.state, RunState::cancelled);
    EXPECT_FALSE(finished->reply);
    if (!mid_stream) engine.model->on_hold(nullptr);
  }
  EXPECT_EQ(engine.runs.counts().cancelled, 2U);
  EXPECT_EQ(engine.runs.counts().active, 0U);
}

TEST_F(RunsTest, AFailingModelFailsTheRunAndKeepsTheMessage) {
  Engine engine(path_);
  engine.model->script({Break{{.kind = ErrorKind::unauthorized, .message = "model unreachable"}}});
  const Thread thread = engine.new_thread(alice);
  const auto finished = engine.wait(alice, *engine.start(alice, thread.id, "hi"));
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_EQ(finished->run.error, "model unreachable");
  const auto view = engine.run(engine.threads.view(alice, thread.id, 50));
  ASSERT_EQ(view->messages.size(), 1U);
  EXPECT_EQ(view->thread.title, "");
  const auto events = engine.events(thread.id);
  const auto end = of_kind<RunFinished>(events);
  ASSERT_EQ(end.size(), 1U);
  EXPECT_EQ(end[0]->error, "model unreachable");
}

TEST_F(RunsTest, AnOverloadedModelIsAskedAgain) {
  Engine engine(path_);
  const Break overloaded{
      {.kind = ErrorKind::rate_limited, .message = "overloaded", .retryable = true}};
  engine.model->script({overloaded});
  engine.model->script({overloaded});
  engine.model->script({reply({TextPart{"here"}})});
  const Thread thread = engine.new_thread(alice);
  const auto finished = engine.wait(alice, *engine.start(alice, thread.id, "hi"));
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(engine.model->requests().size(), 3U);
}

TEST_F(RunsTest, ARunThatTakesTooLongFailsWithTheLimitsName) {
  EngineOptions options;
  options.runs.run_time_max = std::chrono::milliseconds(1);
  Engine engine(path_, std::move(options));
  engine.model->script({Hold{}});
  const Thread thread = engine.new_thread(alice);
  const auto finished = engine.wait(alice, *engine.start(alice, thread.id, "hi"));
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, ::testing::HasSubstr("run_time_max"));
}

// The row of a run says that it is over a moment before its subscribers have heard of it.
TEST_F(RunsTest, WhoWaitsIsToldAfterTheSubscribers) {
  class Slow final : public Subscriber {
   public:
    void deliver(const EventPtr& event) override {
      if (!std::holds_alternative<RunFinished>(event->body)) return;
      reached.set_value();
      go_on.get_future().wait();
      told = true;
    }
    std::promise<void> reached, go_on;
    std::atomic<bool> told = false;
    std::unique_ptr<Subscription> mine;
  };
  Engine engine(path_);
  const Thread thread = engine.new_thread(alice);
  Slow slow;
  std::promise<void> subscribed;
  engine.lanes[1].post([&] {
    slow.mine = engine.feed.subscriptions().subscribe(
        engine.lanes[1], EventTopic::of_thread(Scope::main(), thread.id), {}, slow);
    subscribed.set_value();
  });
  subscribed.get_future().wait();
  engine.model->script({reply({TextPart{"first"}})});
  const auto run = engine.start(alice, thread.id, "one");
  ASSERT_TRUE(run);
  slow.reached.get_future().wait();
  ASSERT_TRUE(is_terminal((*engine.run(engine.store->run(Scope::main(), run->id)))->state));
  auto waiting = std::async(std::launch::async, [&] {
    const auto finished = engine.wait(alice, *run);
    return finished && slow.told.load();
  });
  engine.lanes[0].post([&] { slow.go_on.set_value(); });
  EXPECT_TRUE(waiting.get());
  std::promise<void> ended;
  engine.lanes[1].post([&] {
    slow.mine.reset();
    ended.set_value();
  });
  ended.get_future().wait();
}

TEST_F(RunsTest, ADeletedThreadTakesNoMessages) {
  Engine engine(path_);
  const Thread thread = engine.new_thread(alice);
  ASSERT_TRUE(engine.run(engine.threads.remove(alice, thread.id)));
  const auto run = engine.start(alice, thread.id, "hi");
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().kind, ErrorKind::conflict);
  EXPECT_EQ(run.error().message, "thread deleted");
  EXPECT_TRUE(engine.model->requests().empty());
}

TEST_F(RunsTest, AnUnknownProviderIsRefusedBeforeAnythingIsStored) {
  Engine engine(path_);
  const Thread thread = engine.new_thread(alice);
  NewMessage input{
      .thread_id = thread.id, .parts = {TextPart{"hi"}}, .settings = {.provider = "nobody"}};
  const auto run = engine.run(engine.runs.start(alice, std::move(input), engine.lanes[0]));
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(engine.run(engine.threads.view(alice, thread.id, 50))->messages.empty());
}

// --- restart ------------------------------------------------------------------------------------

TEST_F(RunsTest, ARunInTheMiddleOfAModelCallGoesOnAfterARestart) {
  std::string thread_id;
  core::Run run{.scope = Scope::main()};
  std::int64_t seen = 0;
  {
    Engine engine(path_);
    std::promise<void> holding;
    engine.model->on_hold([&] { holding.set_value(); });
    engine.model->script({text("Half an ans"), Hold{}});
    thread_id = engine.new_thread(alice).id;
    run = *engine.start(alice, thread_id, "hi");
    holding.get_future().wait();
    auto waiting = std::async(std::launch::async, [&] { return engine.wait(alice, run); });
    engine.runs.park_all();
    const auto told = waiting.get();
    if (!told) EXPECT_EQ(told.error().kind, ErrorKind::unavailable);
    // Units are committed in order: once a later one is, what the model had said is.
    ASSERT_TRUE(engine.run(engine.feed.commit(Unit{.scope = Scope::main()})));
    seen = engine.events(thread_id).back().cursor;
  }
  Engine engine(path_);
  engine.model->script({text("A whole answer."), reply({TextPart{"A whole answer."}})});
  EXPECT_EQ(*engine.run(engine.runs.recover()), 1U);
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(visible_text(finished->reply->parts), "A whole answer.");
  const auto after = engine.events(thread_id, seen);
  EXPECT_EQ(kinds(after).front(), kind<OutputRestarted>());
  EXPECT_EQ(kinds(after).back(), kind<RunFinished>());
  EXPECT_EQ(engine.run(engine.threads.view(alice, thread_id, 50))->messages.size(), 2U);
}

// A tool that counts its runs and can be held.
class CountingTool final : public tools::Tool {
 public:
  CountingTool(std::atomic<int>& runs, std::promise<void>* running, tools::Effect effect)
      : runs_(runs), running_(running), effect_(effect) {
    definition_.name = "counting";
    definition_.description = "Counts.";
    definition_.input_schema = {{"type", "object"}};
  }
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return effect_; }
  base::Task<ToolOutcome> run(tools::ToolContext, base::Json, std::stop_token stop) override {
    ++runs_;
    if (running_ == nullptr) co_return ToolOutcome{.content = "counted"};
    running_->set_value();
    co_await base::sleep_for(std::chrono::hours(1), stop);
    co_return ToolOutcome{.content = "stopped", .is_error = true};
  }

 private:
  std::atomic<int>& runs_;
  std::promise<void>* running_;
  tools::Effect effect_;
  ToolDefinition definition_;
};

EngineOptions with_counting_tool(std::atomic<int>& runs, std::promise<void>* running,
                                 tools::Effect effect) {
  EngineOptions options;
  options.extra_tools.push_back(std::make_unique<CountingTool>(runs, running, effect));
  options.extra_allowed = {"counting"};
  return options;
}

TEST_F(RunsTest, AToolThatRanWhenTheServerDiedIsReportedAndNeverRepeated) {
  std::atomic<int> runs = 0;
  std::string thread_id;
  core::Run run{.scope = Scope::main()};
  {
    std::promise<void> running;
    Engine engine(path_, with_counting_tool(runs, &running, tools::Effect::changes));
    engine.model->script({tool_call("c1", "counting", base::Json::object())});
    thread_id = engine.new_thread(alice).id;
    run = *engine.start(alice, thread_id, "count");
    running.get_future().wait();
    const auto actions = engine.run(engine.actions.list(alice, {.limit = 10}));
    ASSERT_EQ(actions->size(), 1U);
    EXPECT_EQ(actions->front().state, core::ActionState::executing);
    EXPECT_EQ(actions->front().reason, "Executing");  // faramesh §3.1
    EXPECT_FALSE(actions->front().decision.reason.empty());
  }
  Engine engine(path_, with_counting_tool(runs, nullptr, tools::Effect::changes));
  engine.model->script({reply({TextPart{"I do not know whether it worked."}})});
  EXPECT_EQ(*engine.run(engine.runs.recover()), 1U);
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(engine.run(engine.store->tool_calls(Scope::main(), run.id))->front().state,
            ToolCallState::interrupted);
  const auto told = std::get<ToolResultPart>(engine.model->requests()[0].messages.back().parts[1]);
  EXPECT_TRUE(told.is_error);
  EXPECT_THAT(told.content, ::testing::HasSubstr("unknown"));
}

TEST_F(RunsTest, AnIdempotentToolIsAskedAgain) {
  std::atomic<int> runs = 0;
  core::Run run{.scope = Scope::main()};
  {
    std::promise<void> running;
    Engine engine(path_, with_counting_tool(runs, &running, tools::Effect::none));
    engine.model->script({tool_call("c1", "counting", base::Json::object())});
    run = *engine.start(alice, engine.new_thread(alice).id, "count");
    running.get_future().wait();
  }
  Engine engine(path_, with_counting_tool(runs, nullptr, tools::Effect::none));
  engine.model->script({reply({TextPart{"counted"}})});
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  EXPECT_EQ(engine.wait(alice, run)->run.state, RunState::succeeded);
  EXPECT_EQ(runs, 2);
}

TEST_F(RunsTest, AFinishedToolCallIsNotRepeatedAfterARestart) {
  std::atomic<int> runs = 0;
  core::Run run{.scope = Scope::main()};
  {
    std::promise<void> holding;
    Engine engine(path_, with_counting_tool(runs, nullptr, tools::Effect::changes));
    engine.model->on_hold([&] { holding.set_value(); });
    engine.model->script({tool_call("c1", "counting", base::Json::object())});
    engine.model->script({Hold{}});
    run = *engine.start(alice, engine.new_thread(alice).id, "count");
    holding.get_future().wait();
  }
  Engine engine(path_, with_counting_tool(runs, nullptr, tools::Effect::changes));
  engine.model->script({reply({TextPart{"counted"}})});
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const auto finished = engine.wait(alice, run);
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(finished->run.rounds, 2);
  EXPECT_EQ(finished->run.usage.input_tokens, 20) << "usage of the stored step counts";
  ASSERT_EQ(finished->reply->parts.size(), 3U);
  EXPECT_EQ(std::get<ToolResultPart>(finished->reply->parts[1]).content, "counted");
}

TEST_F(RunsTest, ARunWhoseProviderIsGoneFailsInsteadOfHanging) {
  core::Run run{.scope = Scope::main()};
  {
    Engine engine(path_);
    std::promise<void> holding;
    engine.model->on_hold([&] { holding.set_value(); });
    engine.model->script({Hold{}});
    run = *engine.start(alice, engine.new_thread(alice).id, "hi");
    holding.get_future().wait();
  }
  Engine engine(path_);
  run.settings.provider = "gone";
  Unit unit{.scope = Scope::main()};
  unit.changes.emplace_back(UpdateRun{.run = run, .from = RunState::running});
  ASSERT_TRUE(engine.run(engine.feed.commit(std::move(unit))));
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, ::testing::HasSubstr("gone"));
}

}  // namespace
}  // namespace colonnade::tests
