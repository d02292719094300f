#include "core/runs/run_machine.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace colonnade::core {
namespace {

using base::Error;
using base::ErrorKind;

template <class T>
bool is(const RunAction& action) {
  return std::holds_alternative<T>(action);
}

RunState end_state(const RunAction& action) {
  EXPECT_TRUE(is<Finish>(action));
  return is<Finish>(action) ? std::get<Finish>(action).state : RunState::running;
}

ModelReplied calls(std::vector<std::string> ids) {
  return {.stop_reason = StopReason::tool_use, .tool_call_ids = std::move(ids)};
}
ModelFailed failure(bool retryable, bool output_seen = false) {
  return {.error = {.kind = ErrorKind::upstream, .message = "overloaded", .retryable = retryable},
          .output_seen = output_seen};
}

TEST(RunMachine, AnswersAndIsDone) {
  RunMachine machine;
  EXPECT_TRUE(is<AskModel>(machine.start()));
  EXPECT_EQ(end_state(machine.on(ModelReplied{})), RunState::succeeded);
  EXPECT_EQ(machine.rounds(), 1);
}

TEST(RunMachine, ACutOrRefusedAnswerIsAnAnswer) {
  for (const auto reason :
       {StopReason::max_tokens, StopReason::refusal, StopReason::stop_sequence}) {
    RunMachine machine;
    machine.start();
    EXPECT_EQ(end_state(machine.on(ModelReplied{.stop_reason = reason})), RunState::succeeded);
  }
}

// Each is paid: a model that cannot know its limit would go on to the last round.
TEST(RunMachine, AnswersThatAreCutOffInTheirCallsEndTheRun) {
  RunMachine machine;
  machine.start();
  const ModelReplied cut_off{.stop_reason = StopReason::pause, .cut_off = true};
  for (int i = 1; i < limits::cut_off_replies_max; ++i) {
    EXPECT_TRUE(is<AskModel>(machine.on(cut_off)));
  }
  // One that is whole begins the count anew.
  EXPECT_TRUE(is<AskModel>(machine.on(ModelReplied{.stop_reason = StopReason::pause})));
  for (int i = 1; i < limits::cut_off_replies_max; ++i) {
    EXPECT_TRUE(is<AskModel>(machine.on(cut_off)));
  }
  const auto end = machine.on(cut_off);
  EXPECT_EQ(end_state(end), RunState::failed);
  EXPECT_NE(std::get<Finish>(end).error.find("max_output_tokens"), std::string::npos);
}

TEST(RunMachine, APauseAsksAgain) {
  RunMachine machine;
  machine.start();
  EXPECT_TRUE(is<AskModel>(machine.on(ModelReplied{.stop_reason = StopReason::pause})));
}

TEST(RunMachine, RunsParallelCallsAndAsksOnceAllAreDone) {
  RunMachine machine;
  machine.start();
  const auto ask = machine.on(calls({"a", "b"}));
  ASSERT_TRUE(is<AskGate>(ask));
  EXPECT_EQ(std::get<AskGate>(ask).tool_call_ids, (std::vector<std::string>{"a", "b"}));
  const auto run_a = machine.on(GateAnswered{"a", GateAnswer::allowed});
  ASSERT_TRUE(is<RunTool>(run_a));
  EXPECT_EQ(std::get<RunTool>(run_a).tool_call_id, "a");
  EXPECT_TRUE(is<RunTool>(machine.on(GateAnswered{"b", GateAnswer::allowed})));
  EXPECT_TRUE(is<Wait>(machine.on(ToolFinished{"b"})));
  const auto again = machine.on(ToolFinished{"a"});
  ASSERT_TRUE(is<AskModel>(again));
  EXPECT_FALSE(std::get<AskModel>(again).restarted);
  EXPECT_EQ(end_state(machine.on(ModelReplied{})), RunState::succeeded);
}

TEST(RunMachine, AToolThatFinishesBeforeTheGateHasAnsweredForItsSiblingWaits) {
  RunMachine machine;
  machine.start();
  machine.on(calls({"a", "b"}));
  machine.on(GateAnswered{"a", GateAnswer::allowed});
  EXPECT_TRUE(is<Wait>(machine.on(ToolFinished{"a"})));
  EXPECT_TRUE(is<AskModel>(machine.on(GateAnswered{"b", GateAnswer::denied})));
}

TEST(RunMachine, ADeniedCallGoesBackToTheModel) {
  RunMachine machine;
  machine.start();
  machine.on(calls({"a"}));
  EXPECT_TRUE(is<AskModel>(machine.on(GateAnswered{"a", GateAnswer::denied})));
}

TEST(RunMachine, ParksOnlyWhenNothingElseRuns) {
  RunMachine machine;
  machine.start();
  machine.on(calls({"a", "b"}));
  EXPECT_TRUE(is<Wait>(machine.on(GateAnswered{"a", GateAnswer::pending})));
  EXPECT_TRUE(is<RunTool>(machine.on(GateAnswered{"b", GateAnswer::allowed})));
  EXPECT_TRUE(is<Park>(machine.on(ToolFinished{"b"})));
  EXPECT_TRUE(is<RunTool>(machine.on(HumanAnswered{"a", true})));
  EXPECT_TRUE(is<Wait>(machine.on(HumanAnswered{"a", true}))) << "a second answer runs nothing";
  EXPECT_TRUE(is<AskModel>(machine.on(ToolFinished{"a"})));
}

TEST(RunMachine, ARejectedApprovalGoesBackToTheModel) {
  RunMachine machine;
  machine.start();
  machine.on(calls({"a"}));
  EXPECT_TRUE(is<Park>(machine.on(GateAnswered{"a", GateAnswer::pending})));
  EXPECT_TRUE(is<AskModel>(machine.on(HumanAnswered{"a", false})));
}

TEST(RunMachine, RetriesWithGrowingDelaysAndThenGivesUp) {
  RunMachine machine({.retries_max = 3}, 0.0);
  machine.start();
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 3; ++i) {
    const auto wait = machine.on(failure(true));
    ASSERT_TRUE(is<WaitToRetry>(wait));
    delays.push_back(std::get<WaitToRetry>(wait).delay.count());
    EXPECT_TRUE(is<AskModel>(machine.on(RetryDue{})));
  }
  EXPECT_EQ(delays, (std::vector<std::int64_t>{500, 1000, 2000}));
  const auto end = machine.on(failure(true));
  EXPECT_EQ(end_state(end), RunState::failed);
  EXPECT_EQ(std::get<Finish>(end).error, "overloaded");
}

TEST(RunMachine, AfterItsRetriesAnotherModelIsAskedWithRetriesOfItsOwn) {
  RunMachine machine({.retries_max = 1, .fallbacks = {ModelFault::unavailable}}, 0.0);
  machine.start();
  EXPECT_TRUE(is<WaitToRetry>(machine.on(failure(true))));
  EXPECT_TRUE(is<AskModel>(machine.on(RetryDue{})));
  const auto change = machine.on(failure(true));
  ASSERT_TRUE(is<ChangeModel>(change));
  EXPECT_EQ(std::get<ChangeModel>(change).fallback, 0U);
  EXPECT_TRUE(is<AskModel>(machine.on(ModelChosen{.changed = true})));
  EXPECT_TRUE(is<WaitToRetry>(machine.on(failure(true))));
  EXPECT_TRUE(is<AskModel>(machine.on(RetryDue{})));
  EXPECT_EQ(end_state(machine.on(failure(true))), RunState::failed) << "each is asked once";
}

TEST(RunMachine, AFaultHasTheModelsThatAreThereForIt) {
  const std::vector<ModelFault> fallbacks{ModelFault::limited, ModelFault::unauthorized,
                                          ModelFault::unavailable};
  const auto place_of = [&](ErrorKind kind, bool retryable) -> std::optional<std::size_t> {
    RunMachine machine({.retries_max = 0, .limited_retries_max = 0, .fallbacks = fallbacks});
    machine.start();
    auto action = machine.on(
        ModelFailed{.error = {.kind = kind, .message = "broken", .retryable = retryable}});
    if (!is<ChangeModel>(action)) return std::nullopt;
    return std::get<ChangeModel>(action).fallback;
  };
  EXPECT_EQ(place_of(ErrorKind::rate_limited, true), 0U);
  EXPECT_EQ(place_of(ErrorKind::unauthorized, false), 1U);
  EXPECT_EQ(place_of(ErrorKind::timeout, true), 2U);
  EXPECT_EQ(place_of(ErrorKind::invalid, false), std::nullopt) << "another would refuse it, too";
  EXPECT_EQ(place_of(ErrorKind::too_large, false), std::nullopt);
}

TEST(RunMachine, AModelThatCannotBeAskedIsPassedOver) {
  RunMachine machine(
      {.retries_max = 0, .fallbacks = {ModelFault::unavailable, ModelFault::unavailable}});
  machine.start();
  EXPECT_TRUE(is<ChangeModel>(machine.on(failure(true))));
  const auto next = machine.on(ModelChosen{});
  ASSERT_TRUE(is<ChangeModel>(next));
  EXPECT_EQ(std::get<ChangeModel>(next).fallback, 1U);
  const auto end = machine.on(ModelChosen{});
  EXPECT_EQ(end_state(end), RunState::failed);
  EXPECT_EQ(std::get<Finish>(end).error, "overloaded");
}

TEST(RunMachine, NobodyElseIsAskedOnceSomethingWasSaidOrTheRunEnds) {
  RunMachine machine({.retries_max = 0, .fallbacks = {ModelFault::unavailable}});
  machine.start();
  EXPECT_EQ(end_state(machine.on(failure(true, true))), RunState::failed);
  RunMachine cancelled({.retries_max = 0, .fallbacks = {ModelFault::unavailable}});
  cancelled.start();
  EXPECT_TRUE(is<ChangeModel>(cancelled.on(failure(true))));
  EXPECT_EQ(end_state(cancelled.on(CancelRequested{})), RunState::cancelled);
  EXPECT_EQ(end_state(cancelled.on(ModelChosen{.changed = true})), RunState::cancelled);
}

TEST(RunMachine, ARefusalForTooManyRequestsHasALimitOfItsOwn) {
  RunMachine machine({.retries_max = 0, .limited_retries_max = 1});
  machine.start();
  ModelFailed limited = failure(true);
  limited.error.kind = ErrorKind::rate_limited;
  EXPECT_TRUE(is<WaitToRetry>(machine.on(limited)));
  machine.on(RetryDue{});
  EXPECT_EQ(end_state(machine.on(limited)), RunState::failed);
  RunMachine other({.retries_max = 0, .limited_retries_max = 1});
  other.start();
  EXPECT_EQ(end_state(other.on(failure(true))), RunState::failed);
}

// Whatever the limits say: a refusal of the old key is no failure of the new one.
TEST(RunMachine, AKeyThatWasReplacedIsTriedOnceAtOnce) {
  RunMachine machine({.retries_max = 0, .limited_retries_max = 0});
  machine.start();
  ModelFailed refused = failure(true);
  refused.error.kind = ErrorKind::unauthorized;
  const auto again = machine.on(refused);
  ASSERT_TRUE(is<WaitToRetry>(again));
  EXPECT_EQ(std::get<WaitToRetry>(again).delay.count(), 0);
  EXPECT_TRUE(is<AskModel>(machine.on(RetryDue{})));
  EXPECT_EQ(end_state(machine.on(refused)), RunState::failed);
}

TEST(RunMachine, RetryAfterWinsButNobodyWaitsLongerThanTheLimit) {
  ModelFailed patient = failure(true);
  patient.error.retry_after = std::chrono::seconds(7);
  RunMachine machine({}, 0.5);
  machine.start();
  const auto wait = machine.on(patient);
  ASSERT_TRUE(is<WaitToRetry>(wait));
  EXPECT_EQ(std::get<WaitToRetry>(wait).delay, std::chrono::seconds(7));
  patient.error.retry_after = std::chrono::hours(1);
  machine.on(RetryDue{});
  EXPECT_EQ(end_state(machine.on(patient)), RunState::failed);
}

TEST(RunMachine, NothingIsSaidTwiceAfterOutputWasSeen) {
  RunMachine machine;
  machine.start();
  EXPECT_EQ(end_state(machine.on(failure(true, /*output_seen=*/true))), RunState::failed);
}

TEST(RunMachine, AnErrorThatAskingAgainCannotMendEndsTheRun) {
  RunMachine machine;
  machine.start();
  EXPECT_EQ(end_state(machine.on(failure(false))), RunState::failed);
}

TEST(RunMachine, RetriesAreCountedPerModelCall) {
  RunMachine machine({.retries_max = 1}, 0.0);
  machine.start();
  EXPECT_TRUE(is<WaitToRetry>(machine.on(failure(true))));
  machine.on(RetryDue{});
  machine.on(calls({"a"}));
  machine.on(GateAnswered{"a", GateAnswer::denied});
  EXPECT_TRUE(is<WaitToRetry>(machine.on(failure(true))));
}

TEST(RunMachine, StopsAfterTheRoundLimit) {
  RunMachine machine({.rounds_max = 2});
  machine.start();
  machine.on(calls({"a"}));
  EXPECT_TRUE(is<AskModel>(machine.on(GateAnswered{"a", GateAnswer::denied})));
  machine.on(calls({"b"}));
  const auto end = machine.on(GateAnswered{"b", GateAnswer::denied});
  EXPECT_EQ(end_state(end), RunState::failed);
  EXPECT_NE(std::get<Finish>(end).error.find("run_rounds_max"), std::string::npos);
}

// Brings a machine to one of its states, so that cancellation can be tried in each.
struct Situation {
  const char* name;
  std::function<void(RunMachine&)> reach;
  bool tool_runs;
};

const std::vector<Situation>& situations() {
  static const std::vector<Situation> all = {
      {"asking the model", [](RunMachine& m) { m.start(); }, false},
      {"waiting to retry", [](RunMachine& m) { m.start(), m.on(failure(true)); }, false},
      {"asking the gate", [](RunMachine& m) { m.start(), m.on(calls({"a", "b"})); }, false},
      {"one runs, one undecided",
       [](RunMachine& m) {
         m.start(), m.on(calls({"a", "b"})), m.on(GateAnswered{"a", GateAnswer::allowed});
       },
       true},
      {"one runs, one pending",
       [](RunMachine& m) {
         m.start(), m.on(calls({"a", "b"})), m.on(GateAnswered{"a", GateAnswer::allowed});
         m.on(GateAnswered{"b", GateAnswer::pending});
       },
       true},
      {"parked",
       [](RunMachine& m) {
         m.start(), m.on(calls({"a"})), m.on(GateAnswered{"a", GateAnswer::pending});
       },
       false},
  };
  return all;
}

TEST(RunMachine, CancellationEndsEverySituationOnceNoToolRuns) {
  for (const Situation& situation : situations()) {
    RunMachine machine;
    situation.reach(machine);
    RunAction action = machine.on(CancelRequested{});
    if (situation.tool_runs) {
      EXPECT_TRUE(is<StopTools>(action)) << situation.name;
      EXPECT_TRUE(is<Wait>(machine.on(CancelRequested{}))) << situation.name << ", asked twice";
      action = machine.on(ToolFinished{"a"});
    }
    EXPECT_EQ(end_state(action), RunState::cancelled) << situation.name;
  }
}

TEST(RunMachine, AStopThatLetsToolsEndStopsNone) {
  for (const Situation& situation : situations()) {
    RunMachine machine;
    situation.reach(machine);
    RunAction action = machine.on(StopRequested{});
    if (situation.tool_runs) {
      EXPECT_TRUE(is<Wait>(action)) << situation.name;
      action = machine.on(ToolFinished{"a"});
    }
    EXPECT_EQ(end_state(action), RunState::cancelled) << situation.name;
  }
}

TEST(RunMachine, ALimitFailsEverySituationWithItsReason) {
  for (const Situation& situation : situations()) {
    RunMachine machine;
    situation.reach(machine);
    RunAction action = machine.on(LimitReached{"out of time"});
    if (situation.tool_runs) action = machine.on(ToolFinished{"a"});
    EXPECT_EQ(end_state(action), RunState::failed) << situation.name;
    EXPECT_EQ(std::get<Finish>(action).error, "out of time") << situation.name;
  }
}

TEST(RunMachine, WhatArrivesAfterTheEndChangesNothing) {
  RunMachine machine;
  machine.start();
  machine.on(CancelRequested{});
  EXPECT_EQ(end_state(machine.on(ModelReplied{})), RunState::cancelled);
  EXPECT_EQ(end_state(machine.on(failure(true))), RunState::cancelled);
  EXPECT_EQ(end_state(machine.on(RetryDue{})), RunState::cancelled);
}

TEST(RunMachine, ResumesWhereTheStoreSaysItWas) {
  const auto with = [](ToolCallState state) {
    return std::vector<ToolCall>{{.id = "a", .state = state}};
  };
  const auto fresh = RunMachine().resume(0, {});
  ASSERT_TRUE(is<AskModel>(fresh));
  EXPECT_TRUE(std::get<AskModel>(fresh).restarted);
  EXPECT_TRUE(is<AskGate>(RunMachine().resume(1, with(ToolCallState::requested))));
  EXPECT_TRUE(is<Park>(RunMachine().resume(1, with(ToolCallState::waiting_approval))));
  for (const auto done : {ToolCallState::succeeded, ToolCallState::failed, ToolCallState::denied,
                          ToolCallState::interrupted}) {
    EXPECT_TRUE(is<AskModel>(RunMachine().resume(1, with(done))));
  }
  EXPECT_EQ(end_state(RunMachine({.rounds_max = 3}).resume(3, with(ToolCallState::succeeded))),
            RunState::failed);
}

// Whatever comes in whatever order: a tool is started at most once, never after the end was
// decided, and never without the gate's or a human's word.
TEST(RunMachine, RandomInputsNeverStartAToolTwiceOrUngated) {
  std::mt19937 random(20260101);
  for (int round = 0; round < 2000; ++round) {
    RunMachine machine({.rounds_max = 5, .retries_max = 2});
    machine.start();
    std::map<std::string, int> started;
    std::map<std::string, bool> permitted;
    bool ended = false;
    int serial = 0;
    std::vector<std::string> known = {"none"};
    for (int step = 0; step < 60; ++step) {
      const std::string& id = known[random() % known.size()];
      RunInput input;
      switch (random() % 9) {
        case 0:
        case 1: {
          std::vector<std::string> fresh = {"c" + std::to_string(serial),
                                            "d" + std::to_string(serial)};
          ++serial;
          known.insert(known.end(), fresh.begin(), fresh.end());
          input = calls(fresh);
          break;
        }
        case 2: input = failure(random() % 2 == 0); break;
        case 3: input = GateAnswered{id, GateAnswer::allowed}; break;
        case 4: input = GateAnswered{id, GateAnswer::pending}; break;
        case 5: input = ToolFinished{id}; break;
        case 6: input = HumanAnswered{id, random() % 2 == 0}; break;
        case 7: input = RetryDue{}; break;
        default:
          input = random() % 20 == 0   ? RunInput{CancelRequested{}}
                  : random() % 20 == 0 ? RunInput{StopRequested{}}
                                       : RunInput{ToolFinished{id}};
      }
      if (const auto* gate = std::get_if<GateAnswered>(&input)) {
        permitted[id] = permitted[id] || gate->answer == GateAnswer::allowed;
      }
      if (const auto* human = std::get_if<HumanAnswered>(&input)) {
        permitted[id] = permitted[id] || human->allowed;
      }
      const RunAction action = machine.on(input);
      if (const auto* run = std::get_if<RunTool>(&action)) {
        EXPECT_FALSE(ended);
        EXPECT_EQ(++started[run->tool_call_id], 1);
        EXPECT_TRUE(permitted[run->tool_call_id]);
      }
      if (is<Finish>(action)) ended = true;
      if (ended) EXPECT_FALSE(is<AskModel>(action) || is<AskGate>(action));
    }
  }
}

}  // namespace
}  // namespace colonnade::core
