// The runner on a real store: what becomes of a job, by what its handler does.
#include "core/jobs/job_runner.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/jobs/engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using base::Task;
using std::chrono::microseconds;
using std::chrono::milliseconds;

Task<JobStep> do_at_once(JobContext context) {
  JobDone done{.output = "\"" + context.job.id + "\""};
  done.changes.push_back(counted_effect(context.job));
  co_return done;
}

Task<JobStep> fail_always(JobContext /*context*/) {
  co_return JobFailed{.error = {.kind = ErrorKind::upstream, .message = "no luck"}};
}

Task<JobStep> wait_for_stop(JobContext context) {
  base::Signal never;
  while (!context.stop.stop_requested()) co_await never.wait(context.stop);
  co_return JobFailed{.error = {.kind = ErrorKind::cancelled, .message = "told to stop"}};
}

class JobRunnerTest : public ::testing::Test {
 protected:
  Job trigger(NewJob input, const Principal& who = ann) {
    auto made = engine_.run(engine_.jobs.trigger(who, std::move(input)));
    EXPECT_TRUE(made) << made.error().message;
    return made->job;
  }

  TemporaryFolder folder_;
  JobEngine engine_{folder_.file("jobs.db")};
};

TEST_F(JobRunnerTest, AJobAndItsEffectAreStoredTogether) {
  engine_.add_handler("now", do_at_once);
  engine_.start();
  const Job made = trigger(new_job("now"));
  const Job ended = engine_.wait_for(ann, made.id, JobState::done);
  EXPECT_EQ(ended.output, "\"" + made.id + "\"");
  EXPECT_EQ(ended.attempts.made, 1);
  EXPECT_FALSE(ended.worker.empty());
  EXPECT_EQ(effects_of(engine_, made), 1);
}

// A slot that ends a job claims the next one in the same transaction, and nothing is written while
// there is nothing to do.
TEST_F(JobRunnerTest, ABusyRunnerWritesOnceAJobAndAnIdleOneNothing) {
  engine_.add_handler("now", do_at_once);
  std::vector<Job> made;
  for (int i = 0; i < 10; ++i) made.push_back(trigger(new_job("now")));
  NewJob later = new_job("now");
  later.delay = std::chrono::hours(1);
  trigger(later);
  const std::size_t before = engine_.watch.changes();
  engine_.start({.slots = 1});
  engine_.wait_for(ann, made.back().id, JobState::done);
  const Job last = trigger(new_job("now"));
  engine_.wait_for(ann, last.id, JobState::done);
  engine_.stop();
  // A claim; ten ends, each with a claim; the new job; its claim; its end with one.
  EXPECT_EQ(engine_.watch.changes() - before, 1U + 20U + 1U + 1U + 2U);
}

TEST_F(JobRunnerTest, ADelayedJobRunsWhenItsTimeHasCome) {
  engine_.add_handler("now", do_at_once);
  engine_.start();
  NewJob input = new_job("now");
  input.delay = milliseconds(30);
  const Job made = trigger(input);
  EXPECT_EQ(made.state, JobState::delayed);
  const Job ended = engine_.wait_for(ann, made.id, JobState::done);
  EXPECT_GE(*ended.started_at - made.created_at, microseconds(milliseconds(30)));
}

TEST_F(JobRunnerTest, AFailedAttemptIsTriedAgainAsOftenAsItMay) {
  std::atomic<int> calls = 0;
  engine_.add_handler("twice", [&calls](JobContext context) {
    return ++calls < 3 ? fail_always(std::move(context)) : do_at_once(std::move(context));
  });
  engine_.add_handler("never", fail_always);
  engine_.start();
  const Job lucky = trigger(new_job("twice", 3));
  const Job hopeless = trigger(new_job("never", 2));
  EXPECT_EQ(engine_.wait_for(ann, lucky.id, JobState::done).attempts.made, 3);
  EXPECT_EQ(effects_of(engine_, lucky), 1);
  const Job ended = engine_.wait_for(ann, hopeless.id, JobState::failed);
  EXPECT_EQ(ended.attempts.made, 2);
  EXPECT_EQ(ended.error, (JobError{.failure = JobFailure::error, .message = "no luck"}));
}

Task<JobStep> give_up(JobContext /*context*/) {
  co_return JobFailed{.error = {.message = "for good"}, .is_final = true};
}

Task<JobStep> throw_up(JobContext context) {
  if (!context.job.id.empty()) throw std::runtime_error("secret words");
  co_return JobDone{};
}

Task<JobStep> say_too_much(JobContext /*context*/) {
  co_return JobDone{.output = std::string(limits::job_output_bytes_max + 1, 'x')};
}

Task<JobStep> want_the_impossible(JobContext context) {
  JobDone done;
  done.changes.push_back(counted_effect(context.job));
  done.changes.emplace_back(RenameThread{.id = "nobody", .title = "x"});
  co_return done;
}

TEST_F(JobRunnerTest, WhatCannotWorkFails) {
  engine_.add_handler("final", give_up);
  engine_.add_handler("throws", throw_up);
  engine_.add_handler("talks", say_too_much);
  engine_.add_handler("impossible", want_the_impossible);
  engine_.start();
  const auto failure = [&](const char* handler, int attempts_made) {
    const Job made = trigger(new_job(handler, 2));
    const Job ended = engine_.wait_for(ann, made.id, JobState::failed);
    EXPECT_EQ(ended.attempts.made, attempts_made) << handler;
    EXPECT_EQ(effects_of(engine_, made), 0) << handler;
    return ended.error.message;
  };
  EXPECT_EQ(failure("final", 1), "for good");
  EXPECT_EQ(failure("throws", 2), "the handler failed; the server's log says how");
  EXPECT_NE(failure("talks", 1).find("output"), std::string::npos);
  EXPECT_NE(failure("impossible", 2).find("nobody"), std::string::npos);
  EXPECT_NE(failure("unheard-of", 1).find("unheard-of"), std::string::npos);
}

TEST_F(JobRunnerTest, CancellingReachesTheHandlerAndItsResultIsDropped) {
  std::promise<void> begun;
  std::promise<void> told;
  engine_.add_handler("waits", [&](JobContext context) {
    begun.set_value();
    return wait_for_stop(std::move(context));
  });
  engine_.start({.slots = 1});
  const Job made = trigger(new_job("waits"));
  begun.get_future().wait();
  const auto cancelled = engine_.run(engine_.jobs.cancel(ann, made.id, "enough"));
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->state, JobState::cancelled);
  // The slot is free again: the next job gets it.
  engine_.add_handler("now", do_at_once);
  const Job next = trigger(new_job("now"));
  engine_.wait_for(ann, next.id, JobState::done);
  EXPECT_EQ(engine_.job(ann, made.id).error.message, "enough");
  EXPECT_EQ(engine_.job(ann, made.id).attempts.made, 1);
}

TEST_F(JobRunnerTest, AnAttemptThatTakesTooLongHasTimedOut) {
  engine_.add_handler("waits", wait_for_stop);
  engine_.start();
  NewJob input = new_job("waits");
  input.job.time_max = milliseconds(20);
  const Job made = trigger(input);
  const Job ended = engine_.wait_for(ann, made.id, JobState::failed);
  EXPECT_EQ(ended.error.failure, JobFailure::timed_out);
  EXPECT_EQ(ended.attempts.made, 1);
}

TEST_F(JobRunnerTest, AJobIsHeldAndBeginsAgainWhenItIsResumed) {
  std::atomic<int> calls = 0;
  std::promise<void> begun;
  engine_.add_handler("waits", [&](JobContext context) {
    if (++calls > 1) return do_at_once(std::move(context));
    begun.set_value();
    return wait_for_stop(std::move(context));
  });
  engine_.start();
  const Job made = trigger(new_job("waits"));
  begun.get_future().wait();
  const auto held = engine_.run(engine_.jobs.hold(ann, made.id));
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->state, JobState::waiting);
  EXPECT_EQ(engine_.run(engine_.jobs.hold(ann, made.id)).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(engine_.run(engine_.jobs.resume(ann, made.id)));
  EXPECT_EQ(engine_.wait_for(ann, made.id, JobState::done).attempts.made, 1);
}

TEST_F(JobRunnerTest, ProgressIsStoredWhileTheJobRuns) {
  std::promise<Result<void>> too_long;
  const auto report_twice = [](JobContext context,
                               std::promise<Result<void>>* refused) -> Task<JobStep> {
    auto stored = co_await context.report("{\"at\":1}");
    EXPECT_TRUE(stored);
    auto long_one = co_await context.report(std::string(limits::job_progress_bytes_max + 1, 'x'));
    refused->set_value(std::move(long_one));
    auto stopped = co_await wait_for_stop(std::move(context));
    co_return stopped;
  };
  engine_.add_handler(
      "tells", [&](JobContext context) { return report_twice(std::move(context), &too_long); });
  engine_.start();
  const Job made = trigger(new_job("tells"));
  EXPECT_EQ(too_long.get_future().get().error().kind, ErrorKind::too_large);
  EXPECT_EQ(engine_.job(ann, made.id).progress, "{\"at\":1}");
  ASSERT_TRUE(engine_.run(engine_.jobs.cancel(ann, made.id)));
}

// A parent that waits has no slot: with one slot, its child could not run else.
TEST_F(JobRunnerTest, AParentWaitsForItsChildWithoutASlot) {
  std::atomic<int> calls = 0;
  const auto parent = [](JobContext context, Jobs* jobs, std::atomic<int>* count) -> Task<JobStep> {
    if (++*count > 1) {
      auto done = co_await do_at_once(std::move(context));
      co_return done;
    }
    NewJob input = new_job("now");
    input.origin.parent_id = context.job.id;
    auto child = co_await jobs->trigger(ann, std::move(input));
    EXPECT_TRUE(child);
    EXPECT_EQ(child->job.origin.depth, 1);
    co_return JobParked{.waits_for = until_job_ends(child->job.id)};
  };
  engine_.add_handler("now", do_at_once);
  engine_.add_handler("parent", [&](JobContext context) {
    return parent(std::move(context), &engine_.jobs, &calls);
  });
  engine_.start({.slots = 1});
  const Job made = trigger(new_job("parent"));
  const Job ended = engine_.wait_for(ann, made.id, JobState::done);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(ended.attempts.made, 1);
  const auto children = engine_.run(engine_.jobs.list(ann, {.parent_id = made.id}));
  ASSERT_EQ(children->jobs.size(), 1U);
  EXPECT_EQ(children->jobs[0].state, JobState::done);
}

// Waits for something outside that has happened before the job was parked.
class LateHandler final : public JobHandler {
 public:
  Task<JobStep> run(JobContext context) override {
    if (has_asked) {
      auto done = co_await do_at_once(std::move(context));
      co_return done;
    }
    co_return JobParked{.waits_for = "letter"};
  }
  Task<bool> may_go_on(Job job) override {
    EXPECT_FALSE(job.id.empty());
    has_asked = true;
    co_return true;
  }
  std::atomic<bool> has_asked = false;
};

TEST_F(JobRunnerTest, WhatHappenedBeforeAJobWasParkedIsNotWaitedFor) {
  engine_.handlers.add(JobHandlerKind::internal, "late", std::make_shared<LateHandler>());
  engine_.start();
  const Job made = trigger(new_job("late"));
  engine_.wait_for(ann, made.id, JobState::done);
}

// Waits for what does not come, or fails, and hears of its jobs' ends.
class ToldHandler final : public JobHandler {
 public:
  Task<JobStep> run(JobContext context) override {
    if (context.job.payload == "fails") {
      auto failed = co_await fail_always(std::move(context));
      co_return failed;
    }
    co_return JobParked{.waits_for = "letter", .until = context.job.created_at};
  }
  Task<void> stopped(Job job) override {
    told_.set_value(std::move(job));
    co_return;
  }
  Job told() { return told_.get_future().get(); }

 private:
  std::promise<Job> told_;
};

TEST_F(JobRunnerTest, AHandlerHearsThatTimeHasEndedItsJob) {
  const auto handler = std::make_shared<ToldHandler>();
  engine_.handlers.add(JobHandlerKind::internal, "told", handler);
  engine_.start();
  const Job made = trigger(new_job("told"));
  const Job told = handler->told();
  EXPECT_EQ(told.id, made.id);
  EXPECT_EQ(told.state, JobState::failed);
  EXPECT_EQ(told.error.failure, JobFailure::timed_out);
}

TEST_F(JobRunnerTest, AHandlerHearsOfAFailureWhenNoAttemptIsLeft) {
  const auto handler = std::make_shared<ToldHandler>();
  engine_.handlers.add(JobHandlerKind::internal, "told", handler);
  engine_.start();
  NewJob input = new_job("told", 2);
  input.job.payload = "fails";
  const Job made = trigger(input);
  // Once: a second call would throw.
  const Job told = handler->told();
  EXPECT_EQ(told.id, made.id);
  EXPECT_EQ(told.state, JobState::failed);
  EXPECT_EQ(told.attempts.made, 2);
}

TEST_F(JobRunnerTest, KindsWithoutNamesOfTheirOwnHaveOneHandlerForAll) {
  engine_.handlers.add(JobHandlerKind::tool, "", std::make_shared<FunctionHandler>(do_at_once));
  engine_.start();
  NewJob input = new_job("any-tool");
  input.job.work.kind = JobHandlerKind::tool;
  engine_.wait_for(ann, trigger(input).id, JobState::done);
}

// Counts how many run at once.
struct Crowd {
  std::mutex mutex{};
  std::map<std::string, int> now{};
  std::map<std::string, int> most{};

  void enter(const std::string& place) {
    const std::lock_guard lock(mutex);
    most[place] = std::max(most[place], ++now[place]);
  }
  void leave(const std::string& place) {
    const std::lock_guard lock(mutex);
    --now[place];
  }
};

Task<JobStep> stay_a_moment(JobContext context, Crowd* crowd) {
  const std::string place = context.job.queue.name + "/" + context.job.queue.key;
  crowd->enter(place);
  std::stop_token never;
  [[maybe_unused]] const bool slept = co_await base::sleep_for(microseconds(500), never);
  crowd->leave(place);
  auto done = co_await do_at_once(std::move(context));
  co_return done;
}

TEST_F(JobRunnerTest, TwoRunnersDoEachJobOnceAndKeepTheBoundsOfQueues) {
  Crowd crowd;
  engine_.add_handler(
      "crowd", [&](JobContext context) { return stay_a_moment(std::move(context), &crowd); });
  engine_.start({.slots = 8, .running_per_account = 100});
  engine_.start({.slots = 8, .running_per_account = 100});
  std::vector<Job> made;
  for (int i = 0; i < 120; ++i) {
    NewJob input = new_job("crowd");
    input.job.queue = {.name = i % 3 == 0 ? "narrow" : "wide",
                       .key = i % 2 == 0 ? "a" : "b",
                       .running_max = i % 3 == 0 ? 1 : 3};
    made.push_back(trigger(input, i % 5 == 0 ? bob : ann));
  }
  for (const Job& job : made) {
    const Principal& who = job.owner.user_id == "ann" ? ann : bob;
    EXPECT_EQ(engine_.wait_for(who, job.id, JobState::done).attempts.made, 1);
    EXPECT_EQ(effects_of(engine_, job), 1);
  }
  for (const auto& [place, most] : crowd.most) {
    EXPECT_LE(most, place.starts_with("narrow") ? 1 : 3) << place;
  }
  EXPECT_EQ(crowd.most.size(), 4U);
}

}  // namespace
}  // namespace colonnade::tests
