// The states of jobs, input by input, and the small rules beside them.
#include "core/jobs/job_state.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "core/jobs/job.hpp"
#include "core/jobs/job_input.hpp"

namespace colonnade::core {
namespace {

using std::chrono::microseconds;

using Moves = std::map<JobInput, JobState>;

// The whole table: what is not in it does not apply.
const std::map<JobState, Moves> expected{
    {JobState::delayed,
     {{JobInput::fell_due, JobState::queued},
      {JobInput::held, JobState::waiting},
      {JobInput::cancelled, JobState::cancelled},
      {JobInput::expired, JobState::failed}}},
    {JobState::queued,
     {{JobInput::claimed, JobState::running},
      {JobInput::held, JobState::waiting},
      {JobInput::cancelled, JobState::cancelled},
      {JobInput::expired, JobState::failed}}},
    {JobState::running,
     {{JobInput::finished, JobState::done},
      {JobInput::failed, JobState::failed},
      {JobInput::retried, JobState::delayed},
      {JobInput::parked, JobState::waiting},
      {JobInput::given_back, JobState::queued},
      {JobInput::held, JobState::waiting},
      {JobInput::cancelled, JobState::cancelled},
      {JobInput::lease_ended, JobState::delayed},
      {JobInput::abandoned, JobState::failed}}},
    {JobState::waiting,
     {{JobInput::woken, JobState::queued},
      {JobInput::woken_early, JobState::delayed},
      {JobInput::cancelled, JobState::cancelled},
      {JobInput::wait_ended, JobState::failed}}},
    {JobState::done, {}},
    {JobState::failed, {}},
    {JobState::cancelled, {}},
};

TEST(JobStates, EveryInputInEveryState) {
  for (const JobState state : all_job_states) {
    for (const JobInput input : all_job_inputs) {
      const Moves& moves = expected.at(state);
      const auto found = moves.find(input);
      const auto wanted = found == moves.end() ? std::nullopt : std::optional(found->second);
      EXPECT_EQ(state_after(state, input), wanted)
          << to_string(state) << ", input " << static_cast<int>(input);
    }
  }
}

TEST(JobStates, EveryLiveStateCanBeLeftAndTheEndCannot) {
  for (const JobState state : all_job_states) {
    bool any = false;
    for (const JobInput input : all_job_inputs) any = any || state_after(state, input).has_value();
    EXPECT_EQ(any, !is_terminal(state)) << to_string(state);
    EXPECT_EQ(state_after(state, JobInput::cancelled).has_value(), !is_terminal(state));
  }
}

TEST(JobStates, WordsReadBack) {
  std::set<std::string_view> words;
  for (const JobState state : all_job_states) {
    EXPECT_EQ(job_state_from(to_string(state)), state);
    words.insert(to_string(state));
  }
  EXPECT_EQ(words.size(), all_job_states.size());
  EXPECT_EQ(job_state_from("paused"), std::nullopt);
  for (const JobFailure one : {JobFailure::none, JobFailure::error, JobFailure::timed_out,
                               JobFailure::lost, JobFailure::expired}) {
    EXPECT_EQ(job_failure_from(to_string(one)), one);
  }
  for (const JobHandlerKind one :
       {JobHandlerKind::internal, JobHandlerKind::tool, JobHandlerKind::agent}) {
    EXPECT_EQ(job_handler_kind_from(to_string(one)), one);
  }
  for (const MisfireRule one : {MisfireRule::skip, MisfireRule::run_once, MisfireRule::catch_up}) {
    EXPECT_EQ(misfire_rule_from(to_string(one)), one);
  }
  for (const JobTimingKind one :
       {JobTimingKind::cron, JobTimingKind::quartz, JobTimingKind::interval, JobTimingKind::once}) {
    EXPECT_EQ(job_timing_kind_from(to_string(one)), one);
  }
}

TEST(JobRetries, DelaysDoubleToTheirBoundAndSpread) {
  JobAttempts attempts{
      .max = 100, .delay_min = microseconds(1000), .delay_max = microseconds(5000)};
  const auto delay = [&](int made, std::size_t spread = 0) {
    attempts.made = made;
    return retry_delay(attempts, spread).count();
  };
  EXPECT_EQ(delay(1), 1000);
  EXPECT_EQ(delay(2), 2000);
  EXPECT_EQ(delay(3), 4000);
  EXPECT_EQ(delay(4), 5000);
  EXPECT_EQ(delay(90), 5000);
  EXPECT_EQ(delay(1, 63), 1000 + 1000 * 63 / 256);
  EXPECT_EQ(delay(1, 64), 1000);
  attempts.delay_min = limits::job_delay_max;  // nothing overflows
  attempts.delay_max = limits::job_delay_max;
  EXPECT_EQ(retry_delay(
                {.made = 50, .delay_min = attempts.delay_min, .delay_max = attempts.delay_max}, 0),
            microseconds(limits::job_delay_max));
}

NewJob fitting() {
  return {.job = {.task = "mail", .work = {.kind = JobHandlerKind::internal, .name = "send"}}};
}

TEST(JobInputs, WhatIsWrongIsNamed) {
  const base::Time now{1'000'000};
  EXPECT_TRUE(check_new_job(fitting(), now));
  const auto refused = [&](auto spoil) {
    NewJob input = fitting();
    spoil(input);
    const auto checked = check_new_job(input, now);
    EXPECT_FALSE(checked);
    return checked ? std::string() : checked.error().field;
  };
  const std::string long_name(limits::job_name_bytes_max + 1, 'x');
  EXPECT_EQ(refused([](NewJob& j) { j.job.task.clear(); }), "task");
  EXPECT_EQ(refused([&](NewJob& j) { j.job.task = long_name; }), "task");
  EXPECT_EQ(refused([](NewJob& j) { j.job.work.name.clear(); }), "handler");
  EXPECT_EQ(refused([](NewJob& j) { j.job.queue.name = "a\nb"; }), "queue");
  EXPECT_EQ(refused([&](NewJob& j) { j.job.queue.key = long_name; }), "concurrency_key");
  EXPECT_EQ(refused([](NewJob& j) { j.job.queue.running_max = 0; }), "concurrency_limit");
  EXPECT_EQ(refused([](NewJob& j) { j.job.priority = limits::job_priority_max + 1; }), "priority");
  EXPECT_EQ(refused([](NewJob& j) { j.job.attempts.max = 0; }), "max_attempts");
  EXPECT_EQ(refused([](NewJob& j) { j.job.attempts.delay_min = microseconds(-1); }),
            "retry_delay_min");
  EXPECT_EQ(refused([](NewJob& j) { j.job.attempts.delay_max = microseconds(1); }),
            "retry_delay_max");
  EXPECT_EQ(refused([](NewJob& j) { j.job.tags.assign(limits::job_tags_max + 1, "t"); }), "tags");
  EXPECT_EQ(refused([](NewJob& j) { j.job.tags = {""}; }), "tags");
  EXPECT_EQ(
      refused([](NewJob& j) { j.job.payload.assign(limits::job_payload_bytes_max + 1, 'x'); }),
      "payload");
  EXPECT_EQ(
      refused([](NewJob& j) { j.job.metadata.assign(limits::job_metadata_bytes_max + 1, 'x'); }),
      "metadata");
  EXPECT_EQ(refused([](NewJob& j) { j.job.time_to_live = microseconds(0); }), "ttl");
  EXPECT_EQ(refused([](NewJob& j) { j.job.time_max = microseconds(0); }), "max_duration");
  EXPECT_EQ(refused([](NewJob& j) { j.delay = microseconds(-1); }), "delay");
  EXPECT_EQ(
      refused([&](NewJob& j) { j.run_at = now + limits::job_delay_max + std::chrono::seconds(1); }),
      "delay");
  EXPECT_EQ(refused([](NewJob& j) { j.key.assign(limits::job_key_bytes_max + 1, 'k'); }),
            "idempotency_key");
  EXPECT_EQ(refused([](NewJob& j) { j.key_time = microseconds(0); }), "idempotency_key_ttl");
  EXPECT_EQ(refused([](NewJob& j) { j.origin.depth = limits::job_depth_max + 1; }), "depth");
}

TEST(JobInputs, ADelayedJobLivesFromWhenItMayBegin) {
  const base::Time now{1'000'000};
  NewJob input = fitting();
  input.delay = microseconds(500);
  input.job.time_to_live = microseconds(100);
  const Job delayed = make_job({Scope::main(), "ann"}, input, "j1", now);
  EXPECT_EQ(delayed.state, JobState::delayed);
  EXPECT_EQ(delayed.run_at, now + microseconds(500));
  EXPECT_EQ(delayed.expires_at, now + microseconds(600));
  EXPECT_EQ(delayed.queue.name, "mail");  // of its task, unless it says another
  input.delay.reset();
  input.run_at = now - microseconds(1);
  const Job at_once = make_job({Scope::main(), "ann"}, input, "j2", now);
  EXPECT_EQ(at_once.state, JobState::queued);
  EXPECT_EQ(at_once.expires_at, now + microseconds(100));
  input.waits_for = std::string(until_approved);
  EXPECT_EQ(make_job({Scope::main(), "ann"}, input, "j3", now).state, JobState::waiting);
}

}  // namespace
}  // namespace colonnade::core
