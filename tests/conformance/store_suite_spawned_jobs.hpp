// Jobs that agents have begun within a turn: whose thread hears of them, and how many there may be.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/jobs/job_store.hpp"
#include "core/jobs/limits.hpp"
#include "tests/conformance/store_suite_jobs.hpp"

namespace colonnade::conformance {

// Claims and what time brings are units of the whole server, whoever's jobs they move.
TEST_P(StoreJobs, AThreadHearsHowTheJobsThatWereSpawnedInItGetOn) {
  put_thread("t1");
  core::Job spawned = spawned_job("j1");
  spawned.metadata = R"({"m":1})";
  add(spawned);
  add(job_of("other"));
  put_in(Scope::whole_server(), {core::job_change(core::ClaimJobs{.claim_id = "c",
                                                                  .worker = "w1",
                                                                  .jobs_max = 2,
                                                                  .running_per_account = 9,
                                                                  .at = {2000},
                                                                  .lease_until = {3000}})});
  apply(core::FailJob{.hold = hold_of("j1"),
                      .error = {.failure = core::JobFailure::error, .message = "no luck"},
                      .retry_at = Time{2500},
                      .at = {2100}});
  settle(2600);
  claim(1, 2700);
  apply(core::FinishJob{.hold = hold_of("j1"), .output = R"({"a":2})", .at = {2800}});
  const auto heard = moves();
  ASSERT_EQ(heard.size(), 6U);
  const core::JobState states[] = {core::JobState::queued,  core::JobState::running,
                                   core::JobState::delayed, core::JobState::queued,
                                   core::JobState::running, core::JobState::done};
  for (std::size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].job_id, "j1");
    EXPECT_EQ(heard[i].task, "mail");
    EXPECT_EQ(heard[i].state, states[i]) << i;
    EXPECT_EQ(heard[i].metadata, R"({"m":1})");
    EXPECT_EQ(heard[i].output, i == 5 ? R"({"a":2})" : "");
  }
  EXPECT_EQ(heard[2].attempts_made, 1);
  EXPECT_EQ(heard[2].error, "no luck");
  EXPECT_EQ(heard[4].attempts_made, 2);
}

TEST_P(StoreJobs, WhatASpawnedJobSaysIsBoundedAndItsFailureIsTold) {
  put_thread("t1");
  core::Job wordy = spawned_job("wordy");
  wordy.metadata.assign(limits::spawned_job_text_bytes_max + 1, ' ');
  add(wordy);
  claim(1);
  const std::string output(limits::spawned_job_text_bytes_max + 1, '1');
  apply(core::FinishJob{.hold = hold_of("wordy"), .output = output, .at = {2100}});
  add(spawned_job("late"));
  claim(1, 3000);
  apply(core::FailJob{.hold = hold_of("late"),
                      .error = {.failure = core::JobFailure::timed_out, .message = "too slow"},
                      .at = {3100}});
  const auto heard = moves();
  ASSERT_EQ(heard.size(), 6U);
  EXPECT_EQ(heard[2].metadata, "");
  EXPECT_EQ(heard[2].output, "");
  EXPECT_TRUE(heard[2].output_left_out);
  EXPECT_EQ(heard[5].state, core::JobState::failed);
  EXPECT_EQ(heard[5].failure, core::JobFailure::timed_out);
  EXPECT_EQ(heard[5].error, "too slow");
  EXPECT_FALSE(heard[5].output_left_out);
}

TEST_P(StoreJobs, AThreadThatIsErasedOrNotThereHearsNothing) {
  // The cursor of a unit without events is 0.
  const auto told = [&](auto change) { return put({core::job_change(std::move(change))}) != 0; };
  EXPECT_FALSE(told(core::InsertJob{.job = spawned_job("before")}));
  EXPECT_FALSE(told(core::CancelJob{.id = "before", .at = {1500}}));
  put_thread("t1");
  EXPECT_TRUE(told(core::InsertJob{.job = spawned_job("j1")}));
  put({core::EraseThread{.id = "t1", .at = {50}}});
  EXPECT_FALSE(told(core::CancelJob{.id = "j1", .at = {2000}}));
  EXPECT_EQ(state("j1"), core::JobState::cancelled);
}

TEST_P(StoreJobs, ARunSpawnsNoMoreThanItMay) {
  add(spawned_job("j1"));
  apply(core::CancelJob{.id = "j1", .at = {2000}});
  put({core::job_change(core::InsertJob{.job = spawned_job("j2"), .spawned_max = 2})});
  const base::Error third = refused(core::InsertJob{.job = spawned_job("j3"), .spawned_max = 2});
  EXPECT_EQ(third.kind, ErrorKind::rate_limited);
  EXPECT_EQ(third.field, "run");
  core::Job of_another = spawned_job("j4");
  of_another.origin.run_id = "r2";
  put({core::job_change(core::InsertJob{.job = of_another, .spawned_max = 2})});
  put({core::job_change(core::InsertJob{.job = job_of("j5"), .spawned_max = 0})});
}

}  // namespace colonnade::conformance
