// What can be done with jobs, without a runner.
#include "core/jobs/jobs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "tests/jobs/engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

class JobsTest : public ::testing::Test {
 protected:
  Result<TriggeredJob> trigger(NewJob input, const Principal& who = ann) {
    return engine_.run(engine_.jobs.trigger(who, std::move(input)));
  }
  Result<TriggeredBatch> batch(NewJob input, std::vector<std::string> payloads) {
    return engine_.run(engine_.jobs.trigger_batch(ann, std::move(input), std::move(payloads)));
  }
  void commit(ChangeOfJobs change) {
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(std::move(change));
    ASSERT_TRUE(engine_.run(engine_.feed.commit(std::move(unit))));
  }
  std::vector<Job> claim(int count) {
    const Time now = clock_.now();
    const std::string id = base::new_id(now);
    commit(job_change(ClaimJobs{.claim_id = id,
                                .worker = "test",
                                .jobs_max = count,
                                .running_per_account = 1000,
                                .at = now,
                                .lease_until = now + std::chrono::seconds(30)}));
    return *engine_.run(engine_.job_store().claimed_jobs(id, now + std::chrono::seconds(30)));
  }

  JobFolder folder_;
  base::ManualClock clock_;
  JobEngine engine_{folder_.file("jobs.db"), &clock_};
};

TEST_F(JobsTest, ATriggeredJobIsTheCallersAndKeepsWhatItWasGiven) {
  NewJob input = new_job("send");
  input.job.payload = "{\"to\":\"x\"}";
  input.job.tags = {"a"};
  const auto made = trigger(input);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(made->is_repeat);
  const Job read = engine_.job(ann, made->job.id);
  EXPECT_EQ(read.owner, (JobOwner{Scope::main(), "ann"}));
  EXPECT_EQ(read.payload, input.job.payload);
  EXPECT_EQ(read.queue.name, "task-of-send");
  EXPECT_EQ(read.state, JobState::queued);
  input.job.task.clear();
  EXPECT_EQ(trigger(input).error().field, "task");
}

TEST_F(JobsTest, AKeyGivesTheFirstJobAgainUntilItsLifeEnds) {
  NewJob input = new_job("send");
  input.key = "k1";
  input.key_time = std::chrono::seconds(10);
  const auto first = trigger(input);
  const auto second = trigger(input);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(second->is_repeat);
  EXPECT_EQ(second->job.id, first->job.id);
  EXPECT_EQ(trigger(input, bob)->job.id, first->job.id);  // the key is the scope's
  clock_.advance(std::chrono::seconds(10));
  const auto third = trigger(input);
  EXPECT_FALSE(third->is_repeat);
  EXPECT_NE(third->job.id, first->job.id);
}

TEST_F(JobsTest, ManyTriggersOfOneKeyAtOnceAreOneJob) {
  NewJob input = new_job("send");
  input.key = "k1";
  std::vector<std::future<Result<TriggeredJob>>> answers;
  for (int i = 0; i < 32; ++i) {
    auto answer = std::make_shared<std::promise<Result<TriggeredJob>>>();
    answers.push_back(answer->get_future());
    const auto ask =
        [](Jobs* jobs, NewJob one,
           std::shared_ptr<std::promise<Result<TriggeredJob>>> told) -> base::Task<void> {
      auto made = co_await jobs->trigger(ann, std::move(one));
      told->set_value(std::move(made));
    };
    engine_.lanes[static_cast<std::size_t>(i % 2)].spawn("ask", ask(&engine_.jobs, input, answer));
  }
  std::string id;
  int fresh = 0;
  for (auto& answer : answers) {
    const auto made = answer.get();
    ASSERT_TRUE(made) << made.error().message;
    if (!made->is_repeat) ++fresh;
    if (id.empty()) id = made->job.id;
    EXPECT_EQ(made->job.id, id);
  }
  EXPECT_EQ(fresh, 1);
}

TEST_F(JobsTest, ABatchIsAllOrNoneInTheOrderOfItsPayloads) {
  NewJob input = new_job("send");
  input.key = "k";
  const auto made = batch(input, {"1", "2", "3"});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->jobs.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Job job = engine_.job(ann, made->jobs[i]);
    EXPECT_EQ(job.payload, std::to_string(i + 1));
    EXPECT_EQ(job.origin.batch_id, made->batch.id);
    EXPECT_TRUE(job.key.text.empty());
  }
  const auto again = batch(input, {"1", "2", "3"});
  EXPECT_TRUE(again->is_repeat);
  EXPECT_EQ(again->batch.id, made->batch.id);
  EXPECT_EQ(again->jobs, made->jobs);
  EXPECT_EQ(batch(new_job("send"), {}).error().field, "payloads");
  EXPECT_EQ(batch(new_job("send"), std::vector<std::string>(limits::batch_jobs_max + 1, "1"))
                .error()
                .kind,
            ErrorKind::too_large);
  const std::string heavy(limits::job_payload_bytes_max, 'x');
  const std::size_t too_many = limits::batch_bytes_max / limits::job_payload_bytes_max + 1;
  EXPECT_EQ(batch(new_job("send"), std::vector<std::string>(too_many, heavy)).error().kind,
            ErrorKind::too_large);
  EXPECT_EQ(batch(new_job("send"), {heavy + "x"}).error().field, "payloads");
}

TEST_F(JobsTest, CancellingABatchEndsWhatLives) {
  const auto made = batch(new_job("send"), {"1", "2", "3"});
  const auto taken = claim(1);
  ASSERT_EQ(taken.size(), 1U);
  commit(job_change(
      FinishJob{.hold = {.id = taken[0].id, .fence = taken[0].fence}, .at = clock_.now()}));
  const auto after = engine_.run(engine_.jobs.cancel_batch(ann, made->batch.id, "enough"));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->done, 1);
  EXPECT_EQ(after->cancelled, 2);
  EXPECT_TRUE(after->has_ended());
}

TEST_F(JobsTest, AReplayIsANewJobThatIsGivenTheSame) {
  NewJob input = new_job("send");
  input.job.payload = "{\"a\":1}";
  input.job.metadata = "{\"m\":1}";
  input.job.tags = {"t"};
  input.key = "k";
  const auto made = trigger(input);
  const Principal root(Scope::main(), "root", UserRole::operator_role);
  const auto again = engine_.run(engine_.jobs.replay(root, made->job.id));
  ASSERT_TRUE(again) << again.error().message;
  const Job read = engine_.job(ann, again->id);  // it stays its owner's
  EXPECT_NE(read.id, made->job.id);
  EXPECT_EQ(read.payload, input.job.payload);
  EXPECT_EQ(read.metadata, input.job.metadata);
  EXPECT_EQ(read.tags, input.job.tags);
  EXPECT_EQ(read.origin.replay_of, made->job.id);
  EXPECT_TRUE(read.key.text.empty());
}

TEST_F(JobsTest, DepthIsBoundedAndParentsAreOnesOwn) {
  std::string parent;
  for (int depth = 0; depth <= limits::job_depth_max; ++depth) {
    NewJob input = new_job("send");
    input.origin.parent_id = parent;
    const auto made = trigger(input);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->job.origin.depth, depth);
    parent = made->job.id;
  }
  NewJob input = new_job("send");
  input.origin.parent_id = parent;
  EXPECT_EQ(trigger(input).error().field, "depth");
  EXPECT_EQ(trigger(input, bob).error().field, "parent_id");
  EXPECT_EQ(trigger(input, bob).error().kind, ErrorKind::not_found);
}

TEST_F(JobsTest, AJobThatWaitsForApprovalBeginsWhenItIsGiven) {
  NewJob input = new_job("send");
  input.waits_for = std::string(until_approved);
  const auto made = trigger(input);
  EXPECT_TRUE(claim(5).empty());
  EXPECT_EQ(engine_.run(engine_.jobs.resume(ann, made->job.id)).error().kind, ErrorKind::conflict);
  const auto woken = engine_.run(engine_.jobs.wake(ann, made->job.id, std::string(until_approved)));
  ASSERT_TRUE(woken);
  EXPECT_EQ(woken->state, JobState::queued);
  EXPECT_EQ(claim(5).size(), 1U);
}

// A filter that fits few finds them behind many that it does not fit.
TEST_F(JobsTest, ListsGoOnBehindRowsThatAreNotWanted) {
  NewJob rare = new_job("send");
  rare.job.tags = {"rare"};
  const auto wanted = trigger(rare);
  for (std::size_t i = 0; i * limits::batch_jobs_max < 2 * limits::job_rows_looked_at; ++i) {
    ASSERT_TRUE(batch(new_job("send"), std::vector<std::string>(limits::batch_jobs_max, "1")));
  }
  const auto one_read =
      engine_.run(engine_.job_store().jobs(Scope::main(), "ann", {.tag = "rare"}));
  EXPECT_TRUE(one_read->jobs.empty());
  EXPECT_TRUE(one_read->next_before_no);
  const auto found = engine_.run(engine_.jobs.list(ann, {.tag = "rare"}));
  ASSERT_EQ(found->jobs.size(), 1U);
  EXPECT_EQ(found->jobs[0].id, wanted->job.id);
  EXPECT_FALSE(found->next_before_no);
}

TEST_F(JobsTest, WhatEndedLongAgoIsPurgedToItsEnd) {
  constexpr int ended = 3 * limits::job_purged_at_once + 7;
  NewJob input = new_job("send");
  input.job.queue.running_max = limits::queue_running_max;
  ASSERT_TRUE(batch(input, std::vector<std::string>(ended, "1")));
  for (const Job& job : claim(ended)) {
    commit(job_change(FinishJob{.hold = {.id = job.id, .fence = job.fence}, .at = clock_.now()}));
  }
  const auto live = trigger(input);
  engine_.run(engine_.jobs.purge({}));
  EXPECT_EQ(engine_.run(engine_.jobs.list(ann, {.limit = 200}))->jobs.size(), 200U);
  clock_.advance(limits::job_kept_time + std::chrono::seconds(1));
  engine_.run(engine_.jobs.purge({}));
  const auto left = engine_.run(engine_.jobs.list(ann, {}));
  ASSERT_EQ(left->jobs.size(), 1U);
  EXPECT_EQ(left->jobs[0].id, live->job.id);
}

}  // namespace
}  // namespace colonnade::tests
