// What runs leave behind of what they did: their spans, from the rows that they write anyway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "core/spans/span_retention.hpp"
#include "core/spans/trace_parent.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using ::testing::ElementsAre;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);

struct KindOf {
  std::string operator()(const ModelCallSpan& of) const {
    return of.of_summary ? "summary" : "model";
  }
  std::string operator()(const ToolSpan& of) const { return "tool " + of.tool; }
  std::string operator()(const GateSpan& of) const { return "gate " + of.outcome; }
  std::string operator()(const WaitSpan& of) const { return "wait " + of.answer; }
};

// Keeps what it is told.
class Listening final : public SpanListener {
 public:
  void span_ended(const Span& span) override {
    const std::lock_guard lock(mutex_);
    kinds_.push_back(std::visit(KindOf{}, span.of));
  }
  void run_ended(const Run& run) override {
    const std::lock_guard lock(mutex_);
    kinds_.push_back("run " + std::string(to_string(run.state)));
  }
  std::vector<std::string> kinds() const {
    const std::lock_guard lock(mutex_);
    return kinds_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> kinds_;
};

class SpansTest : public ::testing::Test {
 protected:
  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.spans = &listening_;
    return out;
  }
  static RunTraced traced(Engine& engine, const std::string& run_id) {
    auto found = engine.run(engine.store->stores().spans.traced_run(Scope::main(), run_id));
    if (!found || !*found) throw std::runtime_error("no trace of " + run_id);
    return std::move(**found);
  }
  static std::vector<std::string> kinds(const RunTraced& traced) {
    std::vector<std::string> out;
    for (const Span& span : traced.spans) out.push_back(std::visit(KindOf{}, span.of));
    return out;
  }
  static void wait_for_state(Engine& engine, const std::string& run_id, RunState state) {
    while (engine.run(engine.store->run(Scope::main(), run_id)).value()->state != state) {
      std::this_thread::yield();
    }
  }

  TemporaryFolder folder_;
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  Listening listening_;
};

TEST_F(SpansTest, ARunsWorkIsThereInOrder) {
  Engine engine(folder_.file("colonnade.db"), options());
  engine.model->script({tool_call("c1", "calculator", {{"expression", "2+2"}})});
  engine.model->script({text("Fo"), reply({TextPart{"Four."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "How much?");
  const auto finished = engine.wait(alice, *run);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  const RunTraced found = traced(engine, run->id);
  EXPECT_THAT(kinds(found), ElementsAre("model", "gate EXECUTE", "tool calculator", "model"));
  EXPECT_THAT(listening_.kinds(),
              ElementsAre("model", "gate EXECUTE", "tool calculator", "model", "run succeeded"));
  EXPECT_EQ(found.run.trace_id, run->id);
  EXPECT_EQ(found.run.provider, "scripted");
  EXPECT_EQ(found.run.model, "scripted-1");
  EXPECT_EQ(found.run.tool_calls, 1);
  const auto& first = std::get<ModelCallSpan>(found.spans[0].of);
  EXPECT_EQ(first.provider, "scripted");
  EXPECT_EQ(first.usage.input_tokens, 10);
  EXPECT_EQ(first.tool_calls, 1);
  EXPECT_EQ(first.stop_reason, "tool_use");
  EXPECT_FALSE(first.first_output_micros) << "it said nothing";
  EXPECT_TRUE(std::get<ModelCallSpan>(found.spans[3].of).first_output_micros);
  for (const Span& span : found.spans) {
    EXPECT_LE(found.run.created_at, span.start);
    EXPECT_LE(span.start, span.end);
    EXPECT_LE(span.end, *found.run.finished_at);
  }
  // What the model is asked within says which span it is.
  const auto requests = engine.model->requests();
  EXPECT_EQ(requests[0].traceparent, traceparent_text(run->id, span_id(run->id, found.spans[0])));
}

TEST_F(SpansTest, ARequestMayNameTheTrace) {
  Engine engine(folder_.file("colonnade.db"), options());
  engine.model->script({reply({TextPart{"Hello."}})});
  const Thread thread = engine.new_thread(alice);
  NewMessage input{.thread_id = thread.id, .parts = {TextPart{"hi"}}};
  const TraceParent given{.trace_id = std::string(32, 'a'), .span_id = std::string(16, 'b')};
  input.options.trace = given;
  const auto run = engine.run(engine.runs.start(alice, std::move(input), engine.lanes[0]));
  ASSERT_TRUE(run) << run.error().message;
  ASSERT_TRUE(engine.wait(alice, *run));
  const RunTraced found = traced(engine, run->id);
  EXPECT_EQ(found.run.trace_id, given.trace_id);
  EXPECT_EQ(found.run.parent, given);
  EXPECT_TRUE(engine.model->requests()[0].traceparent.starts_with("00-" + given.trace_id + "-"));
}

TEST_F(SpansTest, AFailedCallOfTheModelIsASpanWithItsError) {
  Engine engine(folder_.file("colonnade.db"), options());
  engine.model->script({Break{{.kind = base::ErrorKind::invalid, .message = "no such model"}}});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "hi");
  ASSERT_EQ(engine.wait(alice, *run)->run.state, RunState::failed);
  const RunTraced found = traced(engine, run->id);
  ASSERT_EQ(found.spans.size(), 1U);
  EXPECT_EQ(found.spans[0].error, "invalid");
  EXPECT_EQ(found.run.state, RunState::failed);
}

// The run was put away while it waited; what it did before, and the wait itself, are in one trace.
TEST_F(SpansTest, AWaitForAHumanIsASpanAlsoAcrossARestart) {
  std::string run_id;
  {
    Engine engine(folder_.file("colonnade.db"), options());
    engine.model->script({tool_call("c1", "launch", {{"target", "moon"}})});
    const Thread thread = engine.new_thread(alice);
    const auto run = engine.start(alice, thread.id, "launch it");
    ASSERT_TRUE(run) << run.error().message;
    run_id = run->id;
    wait_for_state(engine, run_id, RunState::waiting_approval);
    EXPECT_THAT(kinds(traced(engine, run_id)), ElementsAre("model", "gate ABSTAIN"));
  }
  Engine engine(folder_.file("colonnade.db"), options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  engine.model->script({reply({TextPart{"Launched."}})});
  const auto open =
      engine.run(engine.actions.list(alice, {.state = ActionState::pending_approval, .limit = 10}));
  ASSERT_TRUE(open && open->size() == 1);
  const auto answered =
      engine.run(engine.actions.resolve(alice, open->front().id, {.approve = true}));
  ASSERT_TRUE(answered) << answered.error().message;
  ASSERT_TRUE(engine.run(engine.runs.wait(alice, run_id, {})));
  const RunTraced found = traced(engine, run_id);
  EXPECT_THAT(kinds(found), ElementsAre("model", "gate ABSTAIN", "wait approved", "gate ABSTAIN",
                                        "tool launch", "model"));
  EXPECT_EQ(engine.runs.counts().started, 0U) << "a run that is taken up again is not a new one";
  EXPECT_EQ(engine.runs.counts().resumed, 1U);
}

TEST_F(SpansTest, ASubAgentsRunIsBelowTheToolThatHandedItsWorkOn) {
  EngineOptions with_task = options();
  with_task.task = true;
  Engine engine(folder_.file("colonnade.db"), std::move(with_task));
  engine.model->script({tool_call("c1", "task", {{"description", "Add"}, {"prompt", "2 and 2"}})});
  engine.model->script({reply({TextPart{"4"}})});
  engine.model->script({reply({TextPart{"Four."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "How much?");
  const auto finished = engine.wait(alice, *run);
  ASSERT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  const auto traces = engine.run(engine.monitoring.traces(alice, run->id, {}));
  ASSERT_TRUE(traces) << traces.error().message;
  ASSERT_EQ(traces->size(), 2U);
  const RunTraced& outer = traces->at(0);
  const RunTraced& inner = traces->at(1);
  EXPECT_EQ(outer.run.id, run->id);
  EXPECT_TRUE(inner.run.by_sub_agent);
  EXPECT_EQ(inner.run.trace_id, run->id);
  std::string tool;
  for (const Span& span : outer.spans) {
    if (std::holds_alternative<ToolSpan>(span.of)) tool = span_id(run->id, span);
  }
  EXPECT_EQ(inner.run.parent.span_id, tool);
  // The thread's own trace and sums have it, too: its thread is put away.
  const auto of_thread = engine.run(engine.monitoring.traces(alice, thread.id, {}));
  ASSERT_TRUE(of_thread) << of_thread.error().message;
  ASSERT_EQ(of_thread->size(), 2U);
  EXPECT_EQ(of_thread->at(1).run.id, inner.run.id);
  const auto threads = engine.run(engine.monitoring.threads(alice, {}, {}));
  ASSERT_TRUE(threads) << threads.error().message;
  ASSERT_EQ(threads->size(), 1U);
  EXPECT_GT(inner.run.usage.input_tokens, 0);
  EXPECT_EQ(threads->front().usage.input_tokens,
            outer.run.usage.input_tokens + inner.run.usage.input_tokens);
  EXPECT_EQ(threads->front().tool_calls, 1);
}

TEST_F(SpansTest, WhatIsNotTheirsIsNotThere) {
  Engine engine(folder_.file("colonnade.db"), options());
  engine.model->script({reply({TextPart{"Hello."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "hi");
  ASSERT_TRUE(engine.wait(alice, *run));
  const auto runs_of = [&](const Principal& who) {
    return engine.run(engine.monitoring.runs(who, {}, {}))->runs.size();
  };
  EXPECT_EQ(runs_of(alice), 1U);
  EXPECT_EQ(runs_of(root), 1U);
  EXPECT_EQ(runs_of(bob), 0U);
  for (const std::string& id : {run->id, thread.id}) {
    EXPECT_TRUE(engine.run(engine.monitoring.traces(alice, id, {})));
    EXPECT_TRUE(engine.run(engine.monitoring.traces(root, id, {})));
    const auto bobs = engine.run(engine.monitoring.traces(bob, id, {}));
    ASSERT_FALSE(bobs);
    EXPECT_EQ(bobs.error().kind, base::ErrorKind::not_found);
  }
  const Principal other_scope(Scope("a", "b", "c"), "root", UserRole::operator_role);
  EXPECT_EQ(runs_of(other_scope), 0U);
}

TEST_F(SpansTest, TooLongATimeIsRefusedByName) {
  Engine engine(folder_.file("colonnade.db"), options());
  const base::Time now = engine.clock.now();
  const auto sums = engine.run(
      engine.monitoring.costs(alice, {.from = now - std::chrono::days(1000), .until = now}, {}));
  ASSERT_FALSE(sums);
  EXPECT_EQ(sums.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(sums.error().field, "days");
}

TEST_F(SpansTest, OldSpansAreForgottenByTheRetention) {
  Engine engine(folder_.file("colonnade.db"), options());
  engine.model->script({reply({TextPart{"Hello."}})});
  const Thread thread = engine.new_thread(alice);
  const auto run = engine.start(alice, thread.id, "hi");
  ASSERT_TRUE(engine.wait(alice, *run));
  SpanRetention kept(engine.store->stores().spans, engine.feed, engine.clock,
                     std::chrono::hours(24));
  engine.run(kept.forget_old());
  EXPECT_EQ(traced(engine, run->id).spans.size(), 1U) << "it is young";
  SpanRetention none(engine.store->stores().spans, engine.feed, engine.clock,
                     std::chrono::hours(-1));
  engine.run(none.forget_old());
  EXPECT_TRUE(traced(engine, run->id).spans.empty());
  EXPECT_EQ(traced(engine, run->id).run.usage.input_tokens, 10);
}

}  // namespace
}  // namespace colonnade::tests
