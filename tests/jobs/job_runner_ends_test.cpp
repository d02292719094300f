// The runner when things end: itself, its store, its process, its leases.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "tests/jobs/engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using base::Task;
using std::chrono::microseconds;
using std::chrono::milliseconds;

Task<JobStep> effect_once(JobContext context) {
  JobDone done;
  done.changes.push_back(counted_effect(context.job));
  co_return done;
}

// Tells that it began, then waits until it is told to stop.
Task<JobStep> hold_on(JobContext context, std::promise<void>* begun) {
  begun->set_value();
  base::Signal never;
  while (!context.stop.stop_requested()) co_await never.wait(context.stop);
  co_return JobFailed{.error = {.kind = ErrorKind::cancelled, .message = "told to stop"}};
}

// Does not listen.
Task<JobStep> ignore_everything(JobContext /*context*/, std::promise<void>* begun) {
  begun->set_value();
  base::Signal never;
  while (true) {
    co_await never.wait();
  }
}

Task<JobStep> wait_for(JobContext context, base::Signal* go) {
  co_await go->wait();
  auto done = co_await effect_once(std::move(context));
  co_return done;
}

// What it does goes on by itself.
base::Task<JobStep> leave_at_once(JobContext context, std::promise<void>* begun) {
  base::Signal never;
  begun->set_value();
  while (!context.server_stops.stop_requested()) co_await never.wait(context.server_stops);
  co_return JobFailed{.error = {.kind = ErrorKind::cancelled, .message = "the server stops"}};
}

base::Task<JobStep> say_cancelled(JobContext /*context*/) {
  co_return JobCancelled{.reason = "by somebody else"};
}

class JobRunnerEnds : public ::testing::Test {
 protected:
  static Job trigger(JobEngine& engine, NewJob input) {
    auto made = engine.run(engine.jobs.trigger(ann, std::move(input)));
    EXPECT_TRUE(made) << made.error().message;
    return made->job;
  }
  std::string file() const { return folder_.file("jobs.db"); }

  TemporaryFolder folder_;
};

TEST_F(JobRunnerEnds, AJobThatIsToldThatTheServerStopsGoesBack) {
  std::string id;
  {
    JobEngine engine(file());
    std::promise<void> begun;
    engine.add_handler("waits",
                       [&](JobContext context) { return hold_on(std::move(context), &begun); });
    engine.start({.drain_time = milliseconds(1)});
    id = trigger(engine, new_job("waits")).id;
    begun.get_future().wait();
    engine.stop();
    EXPECT_EQ(engine.job(ann, id).state, JobState::queued);
  }
  JobEngine engine(file());
  engine.add_handler("waits", effect_once);
  engine.start();
  const Job ended = engine.wait_for(ann, id, JobState::done);
  EXPECT_EQ(ended.attempts.made, 1);  // the first one does not count
  EXPECT_EQ(effects_of(engine, ended), 1);
}

TEST_F(JobRunnerEnds, AJobThatGoesOnByItselfIsGivenBackBeforeTheDrainTimeIsOver) {
  JobEngine engine(file());
  std::promise<void> begun;
  engine.add_handler("leaves",
                     [&](JobContext context) { return leave_at_once(std::move(context), &begun); });
  engine.start({.drain_time = std::chrono::hours(1)});
  const Job made = trigger(engine, new_job("leaves"));
  begun.get_future().wait();
  engine.stop();
  const Job left = engine.job(ann, made.id);
  EXPECT_EQ(left.state, JobState::queued);
  EXPECT_EQ(left.error.message, "");
}

TEST_F(JobRunnerEnds, AHandlerMaySayThatItsJobWasCancelled) {
  JobEngine engine(file());
  engine.add_handler("cancelled", say_cancelled);
  engine.start();
  const Job made = trigger(engine, new_job("cancelled"));
  const Job ended = engine.wait_for(ann, made.id, JobState::cancelled);
  EXPECT_EQ(ended.error.message, "by somebody else");
}

TEST_F(JobRunnerEnds, WhatFinishesWhileTheServerStopsIsStored) {
  JobEngine engine(file());
  base::Signal go;
  std::promise<void> begun;
  engine.add_handler("slow", [&](JobContext context) {
    begun.set_value();
    return wait_for(std::move(context), &go);
  });
  engine.start({.drain_time = std::chrono::seconds(60)});
  const Job made = trigger(engine, new_job("slow"));
  begun.get_future().wait();
  engine.stopping.request_stop();
  go.notify();
  engine.stop();
  EXPECT_EQ(engine.job(ann, made.id).state, JobState::done);
  EXPECT_EQ(effects_of(engine, made), 1);
}

// It is waited for as long as is promised, and its job stays with its lease.
TEST_F(JobRunnerEnds, AHandlerThatDoesNotListenHoldsUpNobody) {
  JobEngine engine(file());
  std::promise<void> begun;
  engine.add_handler(
      "deaf", [&](JobContext context) { return ignore_everything(std::move(context), &begun); });
  engine.add_handler("now", effect_once);
  engine.start({.slots = 1, .drain_time = milliseconds(1), .stop_time = milliseconds(10)});
  const Job made = trigger(engine, new_job("deaf"));
  begun.get_future().wait();
  ASSERT_TRUE(engine.run(engine.jobs.cancel(ann, made.id)));
  engine.wait_for(ann, trigger(engine, new_job("now")).id, JobState::done);
  engine.stop();
  EXPECT_EQ(engine.job(ann, made.id).state, JobState::cancelled);
}

TEST_F(JobRunnerEnds, ADeafHandlersJobIsFoundAgainAfterTheStop) {
  std::string id;
  {
    JobEngine engine(file());
    std::promise<void> begun;
    engine.add_handler(
        "deaf", [&](JobContext context) { return ignore_everything(std::move(context), &begun); });
    engine.start({.drain_time = milliseconds(1), .stop_time = milliseconds(10)});
    id = trigger(engine, new_job("deaf")).id;
    begun.get_future().wait();
    engine.stop();
    EXPECT_EQ(engine.job(ann, id).state, JobState::running);
  }
  JobEngine engine(file());
  engine.add_handler("deaf", effect_once);
  engine.start({.is_only_one = true});
  EXPECT_EQ(engine.wait_for(ann, id, JobState::done).attempts.made, 2);
}

// The recorder's rule: what the store refuses for now is tried again, and nothing is done twice.
TEST_F(JobRunnerEnds, AStoreThatRefusesForAWhileDelaysAndDoublesNothing) {
  for (const Fault fault :
       {Fault::no_space, Fault::failed_sync, Fault::failed_write, Fault::full_queue}) {
    for (std::size_t first = 1; first <= 3; ++first) {
      TemporaryFolder folder;
      JobEngine engine(folder.file("jobs.db"));
      engine.add_handler("now", effect_once);
      const Job made = trigger(engine, new_job("now"));
      const Job other = trigger(engine, new_job("now"));
      engine.journal.fail(fault, first, 3);
      engine.start(
          {.slots = 1, .retry = {.delay_min = milliseconds(1), .delay_max = milliseconds(2)}});
      for (const Job& job : {made, other}) {
        const Job ended = engine.wait_for(ann, job.id, JobState::done);
        EXPECT_EQ(ended.attempts.made, 1) << name_of(fault) << ", append " << first;
        EXPECT_EQ(effects_of(engine, job), 1) << name_of(fault) << ", append " << first;
      }
    }
  }
}

// The process ends at each of the appends of two jobs, before or after it is stored.
TEST_F(JobRunnerEnds, ACrashAtAnyCommitLosesNothingAndDoublesNothing) {
  for (const Fault fault : {Fault::dies_before, Fault::dies_after, Fault::dies_unsynced}) {
    for (std::size_t first = 1; first <= 3; ++first) {
      TemporaryFolder folder;
      std::vector<Job> made;
      {
        JobEngine engine(folder.file("jobs.db"));
        engine.add_handler("now", effect_once);
        for (int i = 0; i < 2; ++i) made.push_back(trigger(engine, new_job("now")));
        engine.journal.fail(fault, first, 1);
        engine.start({.slots = 1,
                      .drain_time = milliseconds(1),
                      .stop_time = milliseconds(10),
                      .retry = {.delay_min = milliseconds(1), .delay_max = milliseconds(1)}});
        engine.journal.wait_for_failures(1);
        engine.stop();
      }
      JobEngine engine(folder.file("jobs.db"));
      engine.add_handler("now", effect_once);
      engine.start({.is_only_one = true});
      for (const Job& job : made) {
        const Job ended = engine.wait_for(ann, job.id, JobState::done);
        EXPECT_EQ(effects_of(engine, ended), 1) << name_of(fault) << ", append " << first;
        EXPECT_LE(ended.attempts.made, 2) << name_of(fault) << ", append " << first;
      }
    }
  }
}

TEST_F(JobRunnerEnds, ALeaseIsRenewedAsLongAsTheJobRuns) {
  JobEngine engine(file());
  base::Signal go;
  std::atomic<int> calls = 0;
  engine.add_handler("slow", [&](JobContext context) {
    ++calls;
    return wait_for(std::move(context), &go);
  });
  engine.start({.lease = std::chrono::seconds(2)});
  engine.start({.lease = std::chrono::seconds(2)});
  const Job made = trigger(engine, new_job("slow"));
  engine.watch.wait_until([&] { return engine.job(ann, made.id).state == JobState::running; });
  const Time first = *engine.job(ann, made.id).lease_until;
  engine.watch.wait_for_renewals(2);
  EXPECT_GT(*engine.job(ann, made.id).lease_until, first);
  go.notify();
  EXPECT_EQ(engine.wait_for(ann, made.id, JobState::done).attempts.made, 1);
  EXPECT_EQ(calls, 1);
}

// Its lease is a time of the clock, and the one who works on it is alive: the job is not lost, is
// not begun a second time, and its end counts.
TEST_F(JobRunnerEnds, AClockThatIsSetForwardTakesNoJobFromWhoeverWorksOnIt) {
  base::ManualClock clock;
  JobEngine engine(file(), &clock);
  base::Signal go;
  std::atomic<int> calls = 0;
  engine.add_handler("now", effect_once);
  engine.add_handler("slow", [&](JobContext context) {
    ++calls;
    return wait_for(std::move(context), &go);
  });
  engine.start();
  NewJob input = new_job("slow", 1);
  input.job.repeats_when_lost = false;
  const Job made = trigger(engine, std::move(input));
  engine.watch.wait_until([&] { return engine.job(ann, made.id).state == JobState::running; });
  for (const auto step : {std::chrono::hours(3), std::chrono::hours(-2), std::chrono::hours(24)}) {
    clock.step(step);
    // One that is done after the step says that the runner has looked at what is due.
    const Job next = trigger(engine, new_job("now"));
    engine.wait_for(ann, next.id, JobState::done);
    const Job running = engine.job(ann, made.id);
    EXPECT_EQ(running.state, JobState::running) << running.error.message;
    EXPECT_GT(*running.lease_until, clock.now());
  }
  go.notify();
  const Job ended = engine.wait_for(ann, made.id, JobState::done);
  EXPECT_EQ(ended.attempts.made, 1);
  EXPECT_EQ(effects_of(engine, made), 1);
  EXPECT_EQ(calls, 1);
}

// Somebody else has taken it over: what the first comes to is refused, its effect included.
TEST_F(JobRunnerEnds, AWorkerThatIsLateIsRefused) {
  JobEngine engine(file());
  base::Signal first_goes;
  base::Signal second_goes;
  std::promise<void> first_began;
  std::promise<void> second_began;
  std::atomic<int> calls = 0;
  engine.add_handler("now", effect_once);
  engine.add_handler("slow", [&](JobContext context) {
    const bool is_first = ++calls == 1;
    (is_first ? first_began : second_began).set_value();
    return wait_for(std::move(context), is_first ? &first_goes : &second_goes);
  });
  engine.start({.slots = 2, .running_per_account = 2});
  const Job made = trigger(engine, new_job("slow"));
  first_began.get_future().wait();
  // As another process would that believes this one dead.
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(job_change(EndLeases{.at = engine.clock.now()}));
  ASSERT_TRUE(engine.run(engine.feed.commit(std::move(unit))));
  second_began.get_future().wait();
  // Both slots are taken: the next job runs when the first worker has been refused.
  const Job next = trigger(engine, new_job("now"));
  first_goes.notify();
  engine.wait_for(ann, next.id, JobState::done);
  EXPECT_EQ(engine.job(ann, made.id).state, JobState::running);
  EXPECT_EQ(effects_of(engine, made), 0);
  second_goes.notify();
  const Job ended = engine.wait_for(ann, made.id, JobState::done);
  EXPECT_EQ(ended.attempts.made, 2);
  EXPECT_EQ(effects_of(engine, made), 1);
}

TEST_F(JobRunnerEnds, WhatMustNotBeDoneTwiceHasFailedAfterACrash) {
  std::string id;
  {
    JobEngine engine(file());
    std::promise<void> begun;
    engine.add_handler(
        "pay", [&](JobContext context) { return ignore_everything(std::move(context), &begun); });
    engine.start({.drain_time = milliseconds(1), .stop_time = milliseconds(1)});
    NewJob input = new_job("pay");
    input.job.repeats_when_lost = false;
    id = trigger(engine, input).id;
    begun.get_future().wait();
    engine.stop();
  }
  JobEngine engine(file());
  std::atomic<int> calls = 0;
  engine.add_handler("pay", [&](JobContext context) {
    ++calls;
    return effect_once(std::move(context));
  });
  engine.start({.is_only_one = true});
  const Job ended = engine.wait_for(ann, id, JobState::failed);
  EXPECT_EQ(ended.error.failure, JobFailure::lost);
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace colonnade::tests
