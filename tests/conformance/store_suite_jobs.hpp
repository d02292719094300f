// Jobs, their batches and schedules.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/jobs/job_store.hpp"
#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

inline core::Job job_of(std::string id, std::string owner = "ann", std::int64_t at = 1000) {
  return {.id = std::move(id),
          .owner = {here, std::move(owner)},
          .task = "mail",
          .work = {.kind = core::JobHandlerKind::internal, .name = "send"},
          .queue = {.name = "mail"},
          .attempts = {.max = 3,
                       .delay_min = std::chrono::microseconds(10),
                       .delay_max = std::chrono::microseconds(40)},
          .created_at = {at},
          .updated_at = {at}};
}

inline core::JobSchedule schedule_of(std::string id, std::optional<Time> due = Time{500}) {
  return {.id = std::move(id),
          .owner = {here, "ann"},
          .job = {.task = "mail", .work = {.name = "send"}, .queue = {.name = "mail"}},
          .timing = {.kind = core::JobTimingKind::interval, .text = "60"},
          .created_at = {100},
          .updated_at = {100},
          .next_due_at = due};
}

class StoreJobs : public StoreSuite {
 protected:
  void add(core::Job job) { put({core::job_change(core::InsertJob{.job = std::move(job)})}); }
  template <class One>
  void apply(One one) {
    put({core::job_change(std::move(one))});
  }
  template <class One>
  base::Error refused(One one, const Scope& scope = here) {
    core::Unit unit{.scope = scope};
    unit.changes.emplace_back(core::job_change(std::move(one)));
    const auto done = commit(std::move(unit));
    EXPECT_FALSE(done);
    return done ? base::Error{.kind = ErrorKind::upstream} : done.error();
  }
  core::Job job(const std::string& id) {
    const auto found = awaited(stores().jobs.job(here, id));
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : job_of("none");
  }
  core::JobState state(const std::string& id) { return job(id).state; }
  // Each claim has a lease of 1,000 microseconds.
  std::vector<core::Job> claim(int jobs, std::int64_t at = 2000, int per_account = 100) {
    const core::ClaimJobs wanted{.claim_id = "claim-" + std::to_string(++claims_),
                                 .worker = "w1",
                                 .jobs_max = jobs,
                                 .running_per_account = per_account,
                                 .at = {at},
                                 .lease_until = {at + 1000}};
    apply(wanted);
    const auto taken = awaited(stores().jobs.claimed_jobs(wanted.claim_id, wanted.lease_until));
    EXPECT_TRUE(taken) << taken.error().message;
    return taken.value_or(std::vector<core::Job>{});
  }
  Ids claimed_ids(int jobs, std::int64_t at = 2000, int per_account = 100) {
    Ids out;
    for (const core::Job& one : claim(jobs, at, per_account)) out.push_back(one.id);
    return out;
  }
  core::JobHold hold_of(const std::string& id) { return {.id = id, .fence = job(id).fence}; }
  void settle(std::int64_t at) { apply(core::SettleDueJobs{.at = {at}}); }
  core::JobPage page(core::JobFilter filter, std::optional<std::string> owner = "ann") {
    const auto found = awaited(stores().jobs.jobs(here, std::move(owner), std::move(filter)));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(core::JobPage{});
  }
  Ids ids(core::JobFilter filter, std::optional<std::string> owner = "ann") {
    Ids out;
    for (const core::Job& one : page(std::move(filter), std::move(owner)).jobs) {
      out.push_back(one.id);
    }
    return out;
  }
  core::JobOutlook outlook() { return *awaited(stores().jobs.job_outlook()); }

  // One that an agent has begun in thread "t1".
  static core::Job spawned_job(std::string id) {
    core::Job out = job_of(std::move(id));
    out.origin.thread_id = "t1";
    out.origin.run_id = "r1";
    return out;
  }
  // What the thread has heard of such jobs, oldest first.
  std::vector<core::SpawnedJobMoved> moves() {
    std::vector<core::SpawnedJobMoved> out;
    for (const core::Event& event : events("t1")) {
      const auto* moved = std::get_if<core::SpawnedJobMoved>(&event.body);
      if (moved == nullptr) continue;
      EXPECT_EQ(event.run_id, "r1");
      EXPECT_EQ(event.owner, "ann");
      out.push_back(*moved);
    }
    return out;
  }

  int claims_ = 0;
};

TEST_P(StoreJobs, AJobKeepsEveryMember) {
  core::Job made = job_of("j1");
  made.payload = "{\"a\":[1,2]}";
  made.metadata = "{\"m\":1}";
  made.queue = {.name = "q", .key = "k", .running_max = 7};
  made.priority = -3;
  made.key = {.text = "once", .expires_at = {9000}};
  made.origin = {.parent_id = "p1",
                 .schedule_id = "s1",
                 .replay_of = "r1",
                 .depth = 2,
                 .due_at = Time{50},
                 .due_before = Time{40},
                 .due_times = 3,
                 .thread_id = "t1",
                 .run_id = "r1"};
  made.tags = {"x", "y \xF0\x9F\x8C\xB1"};
  made.is_test = true;
  made.repeats_when_lost = false;
  made.state = core::JobState::delayed;
  made.run_at = Time{5000};
  made.expires_at = Time{6000};
  made.time_max = std::chrono::microseconds(77);
  add(made);
  backend_->reopen();
  const core::Job read = job("j1");
  EXPECT_GT(read.no, 0);
  EXPECT_EQ(read.owner, made.owner);
  EXPECT_EQ(read.task, "mail");
  EXPECT_EQ(read.work, made.work);
  EXPECT_EQ(read.payload, made.payload);
  EXPECT_EQ(read.metadata, made.metadata);
  EXPECT_EQ(read.queue, made.queue);
  EXPECT_EQ(read.priority, -3);
  EXPECT_EQ(read.attempts, made.attempts);
  EXPECT_EQ(read.key, made.key);
  EXPECT_EQ(read.origin, made.origin);
  EXPECT_EQ(read.tags, made.tags);
  EXPECT_TRUE(read.is_test);
  EXPECT_FALSE(read.repeats_when_lost);
  EXPECT_EQ(read.state, core::JobState::delayed);
  EXPECT_EQ(read.created_at, Time{1000});
  EXPECT_EQ(read.run_at, Time{5000});
  EXPECT_EQ(read.expires_at, Time{6000});
  EXPECT_EQ(read.time_max, std::chrono::microseconds(77));
  EXPECT_EQ(read.started_at, std::nullopt);
  EXPECT_EQ(refused(core::InsertJob{.job = made}).kind, ErrorKind::conflict);
  EXPECT_FALSE(*awaited(stores().jobs.job(elsewhere, "j1")));
}

TEST_P(StoreJobs, AJobRunsFromItsClaimToItsEnd) {
  add(job_of("j1"));
  EXPECT_TRUE(outlook().any_queued);
  const auto taken = claim(5);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].state, core::JobState::running);
  EXPECT_EQ(taken[0].worker, "w1");
  EXPECT_EQ(taken[0].attempts.made, 1);
  EXPECT_EQ(taken[0].started_at, Time{2000});
  EXPECT_EQ(taken[0].lease_until, Time{3000});
  EXPECT_FALSE(outlook().any_queued);
  EXPECT_EQ(outlook().next_due_at, Time{3000});
  EXPECT_TRUE(claim(5).empty());
  const core::JobHold hold = hold_of("j1");
  apply(core::ReportProgress{.hold = hold, .progress = "[1]", .at = {2100}});
  EXPECT_EQ(job("j1").progress, "[1]");
  apply(core::RenewJobs{.holds = {hold}, .lease_until = {7000}});
  EXPECT_EQ(job("j1").lease_until, Time{7000});
  apply(core::FinishJob{.hold = hold, .output = "\"well\"", .at = {2200}});
  const core::Job ended = job("j1");
  EXPECT_EQ(ended.state, core::JobState::done);
  EXPECT_EQ(ended.output, "\"well\"");
  EXPECT_EQ(ended.finished_at, Time{2200});
  EXPECT_EQ(ended.lease_until, std::nullopt);
  EXPECT_EQ(outlook().next_due_at, std::nullopt);
}

TEST_P(StoreJobs, TwoClaimsNeverTakeTheSame) {
  for (int i = 0; i < 40; ++i) add(job_of("j" + std::to_string(i)));
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  {
    const HeldWriter held(stores().journal);
    for (int i = 0; i < 10; ++i) {
      core::Unit unit{.scope = Scope::whole_server()};
      unit.changes.emplace_back(core::job_change(core::ClaimJobs{.claim_id = std::to_string(i),
                                                                 .jobs_max = 5,
                                                                 .running_per_account = 100,
                                                                 .at = {2000},
                                                                 .lease_until = {3000}}));
      answers.push_back(append(std::move(unit)));
    }
  }
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  std::set<std::string> seen;
  std::size_t taken = 0;
  for (int i = 0; i < 10; ++i) {
    for (const core::Job& one :
         *awaited(stores().jobs.claimed_jobs(std::to_string(i), Time{3000}))) {
      seen.insert(one.id);
      ++taken;
    }
  }
  EXPECT_EQ(taken, 40U);
  EXPECT_EQ(seen.size(), 40U);
}

// Whatever else is in the unit does not happen either.
TEST_P(StoreJobs, AHoldThatWasLostIsRefused) {
  add(job_of("j1"));
  claim(1, 2000);
  const core::JobHold first = hold_of("j1");
  settle(3000);  // its lease has ended: again, later
  EXPECT_EQ(state("j1"), core::JobState::delayed);
  settle(4000);
  claim(1, 4000);
  const core::JobHold second = hold_of("j1");
  EXPECT_GT(second.fence, first.fence);
  EXPECT_EQ(job("j1").attempts.made, 2);
  const auto check = [&](auto one) {
    const base::Error error = refused(std::move(one));
    EXPECT_TRUE(core::is_lost_hold(error)) << error.message;
  };
  check(core::FinishJob{.hold = first, .at = {4100}});
  check(core::FailJob{.hold = first, .at = {4100}});
  check(core::ParkJob{.hold = first, .waits_for = "x", .at = {4100}});
  check(core::GiveBackJob{.hold = first, .at = {4100}});
  check(core::ReportProgress{.hold = first, .progress = "1", .at = {4100}});
  check(core::FinishJob{.hold = {.id = "nobody", .fence = 1}});
  apply(core::RenewJobs{.holds = {first}, .lease_until = {9000}});
  EXPECT_EQ(job("j1").lease_until, Time{5000});
  EXPECT_EQ(*awaited(stores().jobs.lost_jobs({first, {.id = "gone", .fence = 1}})),
            (Ids{"j1", "gone"}));
  EXPECT_TRUE(awaited(stores().jobs.lost_jobs({second}))->empty());
  core::Unit unit{.scope = here};
  unit.changes.emplace_back(core::InsertThread{thread_of("effect")});
  unit.changes.emplace_back(core::job_change(core::FinishJob{.hold = first, .at = {4100}}));
  EXPECT_FALSE(commit(std::move(unit)));
  EXPECT_FALSE(*awaited(stores().threads.thread(here, "effect")));
  apply(core::FinishJob{.hold = second, .at = {4100}});
  check(core::FinishJob{.hold = second, .at = {4200}});
}

TEST_P(StoreJobs, PriorityComesFirstThenWhatWasDueFirst) {
  core::Job high = job_of("high", "ann", 1300);
  high.priority = 5;
  core::Job late = job_of("late", "ann", 900);
  late.state = core::JobState::delayed;
  late.run_at = Time{1900};
  add(job_of("b", "ann", 1100));
  add(job_of("a", "ann", 1000));
  add(late);
  add(high);
  settle(2000);
  Ids order;
  while (true) {
    const Ids one = claimed_ids(1);
    if (one.empty()) break;
    order.push_back(one[0]);
  }
  EXPECT_EQ(order, (Ids{"high", "a", "b", "late"}));
}

TEST_P(StoreJobs, QueuesAndAccountsTakeTurns) {
  for (int i = 0; i < 20; ++i) add(job_of("ann-" + std::to_string(10 + i), "ann"));
  add(job_of("bob-1", "bob", 1500));
  core::Job other = job_of("other", "ann", 1600);
  other.queue.name = "reports";
  add(other);
  const Ids first = claimed_ids(4);
  const auto has = [&](const char* id) { return std::ranges::find(first, id) != first.end(); };
  EXPECT_TRUE(has("bob-1"));
  EXPECT_TRUE(has("other"));
  EXPECT_EQ(first.size(), 4U);
}

TEST_P(StoreJobs, AQueueRunsNoMoreThanItMayAndItsKeysSplitIt) {
  for (const char* key : {"", "a", "b"}) {
    for (int i = 0; i < 3; ++i) {
      core::Job one = job_of(std::string("j") + key + std::to_string(i));
      one.queue = {.name = "narrow", .key = key, .running_max = 1};
      add(one);
    }
  }
  const auto taken = claim(10);
  ASSERT_EQ(taken.size(), 3U);
  std::set<std::string> keys;
  for (const core::Job& one : taken) keys.insert(one.queue.key);
  EXPECT_EQ(keys, (std::set<std::string>{"", "a", "b"}));
  EXPECT_FALSE(outlook().any_queued);
  apply(core::FinishJob{.hold = hold_of(taken[0].id), .at = {2100}});
  EXPECT_TRUE(outlook().any_queued);
  EXPECT_EQ(claim(10).size(), 1U);
}

TEST_P(StoreJobs, AnAccountRunsNoMoreThanItMayInAllQueues) {
  for (int i = 0; i < 6; ++i) {
    core::Job one = job_of("a" + std::to_string(i));
    one.queue.name = "q" + std::to_string(i % 3);
    add(one);
  }
  add(job_of("b1", "bob"));
  const Ids first = claimed_ids(10, 2000, 2);
  EXPECT_EQ(first.size(), 3U);  // two of Ann's, one of Bob's
  EXPECT_TRUE(claimed_ids(10, 2000, 2).empty());
  const std::string ended = first[0] == "b1" ? first[1] : first[0];
  apply(core::CancelJob{.id = ended, .at = {2100}});
  EXPECT_EQ(claimed_ids(10, 2200, 2).size(), 1U);
}

TEST_P(StoreJobs, FailuresAreTriedAgainLater) {
  add(job_of("j1"));
  claim(1, 2000);
  const core::JobError error{.failure = core::JobFailure::error, .message = "no"};
  apply(core::FailJob{.hold = hold_of("j1"), .error = error, .retry_at = Time{2500}, .at = {2100}});
  EXPECT_EQ(state("j1"), core::JobState::delayed);
  EXPECT_EQ(job("j1").error.message, "no");
  EXPECT_EQ(outlook().next_due_at, Time{2500});
  EXPECT_TRUE(claim(1, 2400).empty());
  settle(2499);
  EXPECT_TRUE(claim(1, 2499).empty());
  settle(2500);
  ASSERT_EQ(claim(1, 2500).size(), 1U);
  EXPECT_EQ(job("j1").attempts.made, 2);
  EXPECT_EQ(job("j1").started_at, Time{2000});
  apply(core::FailJob{.hold = hold_of("j1"), .error = error, .at = {2600}});
  EXPECT_EQ(state("j1"), core::JobState::failed);
  EXPECT_EQ(job("j1").error, error);
}

TEST_P(StoreJobs, WhatAProcessLeftIsDoneAgainOrHasFailed) {
  core::Job once = job_of("once");
  once.repeats_when_lost = false;
  core::Job last = job_of("last");
  last.attempts.max = 1;
  add(job_of("again"));
  add(once);
  add(last);
  EXPECT_EQ(claim(3).size(), 3U);
  backend_->reopen();
  EXPECT_EQ(state("again"), core::JobState::running);
  apply(core::EndLeases{.at = {2100}});
  settle(2100);
  EXPECT_EQ(state("again"), core::JobState::delayed);
  EXPECT_EQ(job("again").attempts.made, 1);
  for (const char* id : {"once", "last"}) {
    EXPECT_EQ(state(id), core::JobState::failed);
    EXPECT_EQ(job(id).error.failure, core::JobFailure::lost);
    EXPECT_FALSE(job(id).error.message.empty());
  }
  settle(5000);
  EXPECT_EQ(claimed_ids(3, 5000), (Ids{"again"}));
}

TEST_P(StoreJobs, WhatWasNotBegunInTimeNeverIs) {
  core::Job queued = job_of("queued");
  queued.expires_at = Time{1500};
  core::Job delayed = job_of("delayed");
  delayed.state = core::JobState::delayed;
  delayed.run_at = Time{9000};
  delayed.expires_at = Time{1600};
  core::Job begun = job_of("begun");
  begun.expires_at = Time{1400};
  begun.priority = 9;
  add(queued);
  add(delayed);
  add(begun);
  EXPECT_EQ(claimed_ids(1, 1300), (Ids{"begun"}));
  // Not settled yet, and not claimed either.
  EXPECT_TRUE(claimed_ids(1, 1500).empty());
  EXPECT_EQ(job("queued").error.failure, core::JobFailure::expired);
  settle(1600);
  EXPECT_EQ(job("delayed").error.failure, core::JobFailure::expired);
  settle(2300);  // the lease has ended
  settle(2400);
  EXPECT_EQ(claimed_ids(1, 2400), (Ids{"begun"}));  // begun once is begun in time
}

TEST_P(StoreJobs, AJobThatWaitsRunsNothingAndGoesOnWhenItIsWoken) {
  core::Job narrow = job_of("waits");
  narrow.queue.running_max = 1;
  add(narrow);
  core::Job next = job_of("next");
  next.queue.running_max = 1;
  add(next);
  EXPECT_EQ(claimed_ids(5), (Ids{"waits"}));
  apply(core::ParkJob{.hold = hold_of("waits"), .waits_for = "letter", .at = {2100}});
  EXPECT_EQ(state("waits"), core::JobState::waiting);
  EXPECT_EQ(job("waits").waits_for, "letter");
  EXPECT_EQ(claimed_ids(5), (Ids{"next"}));
  apply(core::FinishJob{.hold = hold_of("next"), .at = {2200}});
  apply(core::WakeJobs{.waits_for = "parcel", .at = {2300}});
  EXPECT_EQ(state("waits"), core::JobState::waiting);
  put_in(elsewhere, {core::job_change(core::WakeJobs{.waits_for = "letter", .at = {2300}})});
  EXPECT_EQ(state("waits"), core::JobState::waiting);
  EXPECT_EQ(refused(core::WakeJob{.id = "waits", .waits_for = "parcel"}).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(core::WakeJob{.id = "nobody", .waits_for = "letter"}).kind,
            ErrorKind::not_found);
  apply(core::WakeJobs{.waits_for = "letter", .at = {2400}});
  ASSERT_EQ(claim(1, 2500).size(), 1U);
  EXPECT_EQ(job("waits").attempts.made, 1);  // the same attempt goes on
  apply(core::ParkJob{.hold = hold_of("waits"), .waits_until = Time{2700}, .at = {2600}});
  settle(2700);
  EXPECT_EQ(state("waits"), core::JobState::queued);  // it waited for the time alone
  claim(1, 2800);
  apply(core::ParkJob{
      .hold = hold_of("waits"), .waits_for = "letter", .waits_until = Time{2900}, .at = {2850}});
  settle(2900);
  EXPECT_EQ(state("waits"), core::JobState::failed);
  EXPECT_EQ(job("waits").error.failure, core::JobFailure::timed_out);
}

TEST_P(StoreJobs, WhoeverWaitsForAJobOrABatchIsWokenByItsEnd) {
  apply(
      core::InsertBatch{.batch = {.id = "b1", .owner = {here, "ann"}, .task = "mail", .jobs = 2}});
  for (const char* id : {"one", "two"}) {
    core::Job member = job_of(id);
    member.origin.batch_id = "b1";
    add(member);
  }
  for (const char* id : {"for-one", "for-batch"}) {
    core::Job waits = job_of(id);
    waits.state = core::JobState::waiting;
    waits.waits_for =
        std::string(id) == "for-one" ? core::until_job_ends("one") : core::until_batch_ends("b1");
    add(waits);
  }
  claim(2);
  apply(core::FinishJob{.hold = hold_of("one"), .at = {2100}});
  EXPECT_EQ(state("for-one"), core::JobState::queued);
  EXPECT_EQ(state("for-batch"), core::JobState::waiting);
  apply(core::FailJob{.hold = hold_of("two"), .at = {2200}});
  EXPECT_EQ(state("for-batch"), core::JobState::queued);
  const auto batch = awaited(stores().jobs.batch(here, "b1"));
  ASSERT_TRUE(batch && *batch);
  EXPECT_EQ((*batch)->done, 1);
  EXPECT_EQ((*batch)->failed, 1);
  EXPECT_TRUE((*batch)->has_ended());
  EXPECT_EQ(*awaited(stores().jobs.batch_jobs(here, "b1")), (Ids{"one", "two"}));
  EXPECT_TRUE(awaited(stores().jobs.batch_jobs(elsewhere, "b1"))->empty());
  // Whoever parks for what has ended already goes on at once.
  claim(2, 2300);
  apply(core::ParkJob{
      .hold = hold_of("for-one"), .waits_for = core::until_job_ends("two"), .at = {2400}});
  EXPECT_EQ(state("for-one"), core::JobState::queued);
  apply(core::ParkJob{
      .hold = hold_of("for-batch"), .waits_for = core::until_batch_ends("b1"), .at = {2400}});
  EXPECT_EQ(state("for-batch"), core::JobState::queued);
}

TEST_P(StoreJobs, CancellingWorksInEveryStateAndChangesNoEnd) {
  core::Job delayed = job_of("delayed");
  delayed.state = core::JobState::delayed;
  delayed.run_at = Time{9000};
  core::Job waiting = job_of("waiting");
  waiting.state = core::JobState::waiting;
  waiting.waits_for = "x";
  core::Job running = job_of("running");
  running.priority = 1;
  add(delayed);
  add(waiting);
  add(running);
  add(job_of("queued"));
  claim(1);
  const core::JobHold held = hold_of("running");
  for (const char* id : {"delayed", "waiting", "running", "queued"}) {
    apply(core::CancelJob{.id = id, .reason = "enough", .at = {2100}});
    EXPECT_EQ(state(id), core::JobState::cancelled) << id;
    EXPECT_EQ(job(id).error.message, "enough");
  }
  EXPECT_TRUE(core::is_lost_hold(refused(core::FinishJob{.hold = held})));
  apply(core::CancelJob{.id = "running", .reason = "again", .at = {2200}});
  EXPECT_EQ(job("running").error.message, "enough");
  EXPECT_EQ(refused(core::CancelJob{.id = "nobody"}).kind, ErrorKind::not_found);
  EXPECT_EQ(refused(core::CancelJob{.id = "running"}, elsewhere).kind, ErrorKind::not_found);
  EXPECT_FALSE(outlook().any_queued);
  EXPECT_EQ(outlook().next_due_at, std::nullopt);
  // The account has nothing left that lives or runs.
  put({core::job_change(core::InsertJob{.job = job_of("new"), .live_max = 1})});
  EXPECT_EQ(claimed_ids(1, 2300, 1), (Ids{"new"}));
}

TEST_P(StoreJobs, AJobThatIsHeldBeforeItsTimeStillWaitsForIt) {
  core::Job later = job_of("later");
  later.state = core::JobState::delayed;
  later.run_at = Time{5000};
  add(later);
  apply(core::HoldJob{.id = "later", .waits_for = "resume", .at = {2000}});
  settle(3000);
  EXPECT_EQ(state("later"), core::JobState::waiting);
  apply(core::WakeJob{.id = "later", .waits_for = "resume", .at = {3000}});
  EXPECT_EQ(state("later"), core::JobState::delayed);
  EXPECT_EQ(outlook().next_due_at, Time{5000});
  settle(5000);
  EXPECT_EQ(state("later"), core::JobState::queued);
}

TEST_P(StoreJobs, AJobThatIsHeldBeginsAgainWhenItIsResumed) {
  add(job_of("j1"));
  claim(1);
  const core::JobHold held = hold_of("j1");
  apply(core::HoldJob{.id = "j1", .waits_for = "resume", .at = {2100}});
  EXPECT_EQ(state("j1"), core::JobState::waiting);
  EXPECT_TRUE(core::is_lost_hold(refused(core::FinishJob{.hold = held})));
  EXPECT_EQ(refused(core::HoldJob{.id = "j1", .waits_for = "resume"}).kind, ErrorKind::conflict);
  apply(core::WakeJob{.id = "j1", .waits_for = "resume", .at = {2200}});
  ASSERT_EQ(claim(1, 2300).size(), 1U);
  EXPECT_EQ(job("j1").attempts.made, 1);
  apply(core::GiveBackJob{.hold = hold_of("j1"), .at = {2400}});
  EXPECT_EQ(state("j1"), core::JobState::queued);
  ASSERT_EQ(claim(1, 2500).size(), 1U);
  EXPECT_EQ(job("j1").attempts.made, 1);
}

}  // namespace colonnade::conformance
