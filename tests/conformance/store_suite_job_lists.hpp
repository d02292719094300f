// Of jobs: keys, bounds of accounts, lists, retention; and schedules.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/jobs/job_store.hpp"
#include "tests/conformance/store_suite_jobs.hpp"

namespace colonnade::conformance {

TEST_P(StoreJobs, AKeyIsHeldUntilItExpiresOrItsJobFails) {
  const auto keyed = [](std::string id, std::int64_t at, std::string owner = "ann") {
    core::Job out = job_of(std::move(id), std::move(owner), at);
    out.key = {.text = "k", .expires_at = {at + 1000}};
    return out;
  };
  const auto holder = [&](std::int64_t at, std::string task = "mail") {
    return *awaited(stores().jobs.job_of_key(here, std::move(task), "k", {at}));
  };
  add(keyed("j1", 1000));
  EXPECT_EQ(holder(1999), "j1");
  EXPECT_EQ(holder(2000), std::nullopt);
  EXPECT_EQ(holder(1500, "other"), std::nullopt);
  const base::Error held = refused(core::InsertJob{.job = keyed("j2", 1500)});
  EXPECT_EQ(held.kind, ErrorKind::conflict);
  EXPECT_EQ(held.field, "idempotency_key");
  EXPECT_EQ(refused(core::InsertJob{.job = keyed("bobs", 1500, "bob")}).field, "idempotency_key");
  add(keyed("j3", 2000));
  EXPECT_EQ(holder(2500), "j3");
  for (const core::Job& one : claim(10, 2500)) {
    apply(core::FailJob{.hold = {.id = one.id, .fence = one.fence}, .at = {2600}});
  }
  EXPECT_EQ(holder(2700), std::nullopt);
  add(keyed("j4", 2700));
  claim(1, 2700);
  apply(core::FinishJob{.hold = hold_of("j4"), .at = {2800}});
  EXPECT_EQ(holder(2900), "j4");  // what is done is not done again
}

TEST_P(StoreJobs, ABatchHasAKeyOfItsOwn) {
  const auto batch = [](std::string id, std::int64_t at) {
    return core::InsertBatch{.batch = {.id = std::move(id),
                                       .owner = {here, "ann"},
                                       .task = "mail",
                                       .key = {.text = "k", .expires_at = {at + 100}},
                                       .created_at = {at},
                                       .jobs = 1}};
  };
  apply(batch("b1", 1000));
  EXPECT_EQ(refused(batch("b1", 1000)).field, "");
  EXPECT_EQ(refused(batch("b2", 1099)).field, "idempotency_key");
  EXPECT_EQ(*awaited(stores().jobs.batch_of_key(here, "mail", "k", {1099})), "b1");
  EXPECT_EQ(*awaited(stores().jobs.batch_of_key(here, "mail", "k", {1100})), std::nullopt);
  apply(batch("b2", 1100));
  core::Job lost = job_of("lost");
  lost.origin.batch_id = "b9";
  EXPECT_EQ(refused(core::InsertJob{.job = lost}).kind, ErrorKind::not_found);
}

TEST_P(StoreJobs, AnAccountIsBoundedInJobsQueuesAndBytes) {
  add(job_of("j1"));
  EXPECT_EQ(refused(core::InsertJob{.job = job_of("j2"), .live_max = 1}).kind,
            ErrorKind::rate_limited);
  put({core::job_change(core::InsertJob{.job = job_of("b1", "bob"), .live_max = 1})});
  core::Job elsewhere_queue = job_of("j3");
  elsewhere_queue.queue.name = "second";
  const base::Error queues = refused(core::InsertJob{.job = elsewhere_queue, .queues_max = 1});
  EXPECT_EQ(queues.kind, ErrorKind::rate_limited);
  EXPECT_EQ(queues.field, "queue");
  core::Job heavy = job_of("heavy");
  heavy.payload.assign(5000, 'x');
  EXPECT_EQ(refused(core::InsertJob{.job = heavy, .bytes_max = 6000}).kind, ErrorKind::too_large);
  put({core::job_change(core::InsertJob{.job = heavy, .bytes_max = 8000})});
  // What ended counts until it is purged.
  apply(core::CancelJob{.id = "heavy", .at = {2000}});
  heavy.id = "again";
  EXPECT_EQ(refused(core::InsertJob{.job = heavy, .bytes_max = 8000}).kind, ErrorKind::too_large);
  apply(core::PurgeJobs{.ended_before = {2001}});
  put({core::job_change(core::InsertJob{.job = heavy, .bytes_max = 8000})});
}

TEST_P(StoreJobs, ListsAreNewestFirstAndFiltered) {
  for (int i = 0; i < 6; ++i) {
    core::Job one = job_of("j" + std::to_string(i), i == 3 ? "bob" : "ann");
    if (i % 2 == 0) one.task = "report";
    if (i == 4) one.tags = {"red"};
    if (i == 5) one.origin.parent_id = "j0";
    if (i == 1) one.origin.schedule_id = "s1";
    add(one);
  }
  EXPECT_EQ(ids({}), (Ids{"j5", "j4", "j2", "j1", "j0"}));
  EXPECT_EQ(ids({}, std::nullopt), (Ids{"j5", "j4", "j3", "j2", "j1", "j0"}));
  EXPECT_EQ(ids({.task = "report"}), (Ids{"j4", "j2", "j0"}));
  EXPECT_EQ(ids({.task = "mail"}, std::nullopt), (Ids{"j5", "j3", "j1"}));
  EXPECT_EQ(ids({.tag = "red"}), (Ids{"j4"}));
  EXPECT_EQ(ids({.parent_id = "j0"}), (Ids{"j5"}));
  EXPECT_EQ(ids({.schedule_id = "s1"}), (Ids{"j1"}));
  EXPECT_TRUE(ids({.schedule_id = "s1"}, "bob").empty());
  apply(core::CancelJob{.id = "j2", .at = {2000}});
  EXPECT_EQ(ids({.states = {core::JobState::cancelled, core::JobState::done}}), (Ids{"j2"}));
  const core::JobPage first = page({.limit = 2});
  ASSERT_EQ(first.jobs.size(), 2U);
  ASSERT_TRUE(first.next_before_no);
  EXPECT_EQ(ids({.before_no = *first.next_before_no, .limit = 2}), (Ids{"j2", "j1"}));
  EXPECT_EQ(page({.limit = 50}).next_before_no, std::nullopt);
  EXPECT_TRUE(awaited(stores().jobs.jobs(elsewhere, "ann", {}))->jobs.empty());
}

TEST_P(StoreJobs, APageEndsWhereItsTextsFillIt) {
  for (int i = 0; i < 5; ++i) {
    core::Job one = job_of("j" + std::to_string(i));
    one.payload.assign(limits::job_page_bytes_max / 2, 'x');
    add(one);
  }
  core::Job huge = job_of("huge");
  huge.payload.assign(2 * limits::job_page_bytes_max, 'x');
  add(huge);
  Ids seen;
  core::JobFilter filter;
  int pages = 0;
  for (; pages < 10; ++pages) {
    const core::JobPage one = page(filter);
    std::size_t bytes = 0;
    for (const core::Job& job : one.jobs) {
      seen.push_back(job.id);
      bytes += job.payload.size();
    }
    EXPECT_TRUE(one.jobs.size() <= 1 || bytes <= limits::job_page_bytes_max);
    if (!one.next_before_no) break;
    filter.before_no = *one.next_before_no;
  }
  EXPECT_EQ(seen, (Ids{"huge", "j4", "j3", "j2", "j1", "j0"}));
  EXPECT_GT(pages, 3);
}

TEST_P(StoreJobs, WhatEndedLongAgoIsPurgedToItsLastRow) {
  apply(
      core::InsertBatch{.batch = {.id = "b1", .owner = {here, "ann"}, .task = "mail", .jobs = 3}});
  for (int i = 0; i < 3; ++i) {
    core::Job one = job_of("j" + std::to_string(i));
    one.origin.batch_id = "b1";
    one.payload = "{}";
    add(one);
    apply(core::CancelJob{.id = one.id, .at = {2000 + i}});
  }
  add(job_of("live"));
  const auto any = [&](std::int64_t before) {
    return *awaited(stores().jobs.any_job_to_purge({before}));
  };
  EXPECT_FALSE(any(2000));
  EXPECT_TRUE(any(2001));
  apply(core::PurgeJobs{.ended_before = {2002}, .jobs_max = 1});
  EXPECT_EQ(ids({}), (Ids{"live", "j2", "j1"}));
  EXPECT_TRUE(*awaited(stores().jobs.batch(here, "b1")));
  apply(core::PurgeJobs{.ended_before = {9000}, .jobs_max = 10});
  EXPECT_EQ(ids({}), (Ids{"live"}));
  EXPECT_FALSE(*awaited(stores().jobs.batch(here, "b1")));
  EXPECT_FALSE(any(9000));
  // Queues without jobs go too, and come back with the next job.
  apply(core::CancelJob{.id = "live", .at = {2500}});
  EXPECT_TRUE(any(9000));
  apply(core::PurgeJobs{.ended_before = {9000}, .jobs_max = 10});
  EXPECT_FALSE(any(9000));
  add(job_of("next"));
  EXPECT_EQ(claimed_ids(1), (Ids{"next"}));
}

TEST_P(StoreJobs, AScheduleKeepsEveryMember) {
  core::JobSchedule made = schedule_of("s1");
  made.name = "nightly";
  made.job = {.task = "mail",
              .work = {.kind = core::JobHandlerKind::agent, .name = "helper"},
              .payload = "{\"p\":1}",
              .queue = {.name = "q", .key = "k", .running_max = 3},
              .priority = 4,
              .attempts = {.max = 5,
                           .delay_min = std::chrono::microseconds(6),
                           .delay_max = std::chrono::microseconds(7)},
              .tags = {"t"},
              .metadata = "{}",
              .is_test = true,
              .repeats_when_lost = false,
              .time_to_live = std::chrono::microseconds(8),
              .time_max = std::chrono::microseconds(9)};
  made.timing = {.kind = core::JobTimingKind::cron, .text = "0 8 * * *", .zone = "Europe/Rome"};
  made.misfire = {.rule = core::MisfireRule::catch_up, .times_max = 4, .in_one_job = true};
  apply(core::InsertSchedule{.schedule = made});
  backend_->reopen();
  EXPECT_EQ(*awaited(stores().jobs.schedule(here, "s1")), made);
  EXPECT_FALSE(*awaited(stores().jobs.schedule(elsewhere, "s1")));
  EXPECT_EQ(refused(core::InsertSchedule{.schedule = made}).kind, ErrorKind::conflict);
  made.name = "weekly";
  made.revision = 2;
  made.last_due_at = Time{500};
  made.last_fired_at = Time{510};
  made.last_error = "no";
  made.next_due_at = Time{700};
  made.is_active = false;
  apply(core::UpdateSchedule{.schedule = made});
  EXPECT_EQ(*awaited(stores().jobs.schedule(here, "s1")), made);
  EXPECT_EQ(refused(core::UpdateSchedule{.schedule = made}).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(core::UpdateSchedule{.schedule = schedule_of("s9")}).kind,
            ErrorKind::not_found);
  EXPECT_EQ(refused(core::DeleteSchedule{.id = "s1"}, elsewhere).kind, ErrorKind::not_found);
  apply(core::DeleteSchedule{.id = "s1"});
  EXPECT_EQ(refused(core::DeleteSchedule{.id = "s1"}).kind, ErrorKind::not_found);
}

// The update and the jobs are one unit, so one of two that fire wins and the other does nothing.
TEST_P(StoreJobs, ADueTimeFiresOnce) {
  apply(core::InsertSchedule{.schedule = schedule_of("s1")});
  const auto firing = [](const char* job) {
    core::JobSchedule after = schedule_of("s1", Time{900});
    after.revision = 2;
    core::Unit unit{.scope = here};
    unit.changes.emplace_back(core::job_change(core::UpdateSchedule{.schedule = after}));
    unit.changes.emplace_back(core::job_change(core::InsertJob{.job = job_of(job)}));
    return unit;
  };
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  {
    const HeldWriter held(stores().journal);
    answers.push_back(append(firing("first")));
    answers.push_back(append(firing("second")));
  }
  EXPECT_TRUE(answers[0].get());
  EXPECT_FALSE(answers[1].get());
  EXPECT_EQ(ids({}), (Ids{"first"}));
}

TEST_P(StoreJobs, SchedulesAreListedAndFoundWhenTheyAreDue) {
  const auto ids_of = [](const std::vector<core::JobSchedule>& found) {
    Ids out;
    for (const core::JobSchedule& one : found) out.push_back(one.id);
    return out;
  };
  EXPECT_EQ(*awaited(stores().jobs.next_schedule_due()), std::nullopt);
  apply(core::InsertSchedule{.schedule = schedule_of("s1", Time{700})});
  apply(core::InsertSchedule{.schedule = schedule_of("s2", Time{500})});
  apply(core::InsertSchedule{.schedule = schedule_of("s3", std::nullopt)});
  core::JobSchedule other = schedule_of("s4", Time{900});
  other.owner.user_id = "bob";
  other.job.task = "report";
  apply(core::InsertSchedule{.schedule = other});
  EXPECT_EQ(*awaited(stores().jobs.next_schedule_due()), Time{500});
  EXPECT_EQ(ids_of(*awaited(stores().jobs.due_schedules({700}, 10))), (Ids{"s2", "s1"}));
  EXPECT_EQ(ids_of(*awaited(stores().jobs.due_schedules({700}, 1))), (Ids{"s2"}));
  const auto listed = [&](std::optional<std::string> owner, core::ScheduleFilter filter) {
    return ids_of(*awaited(stores().jobs.schedules(here, std::move(owner), std::move(filter))));
  };
  EXPECT_EQ(listed("ann", {}), (Ids{"s1", "s2", "s3"}));
  EXPECT_EQ(listed(std::nullopt, {}), (Ids{"s1", "s2", "s3", "s4"}));
  EXPECT_EQ(listed(std::nullopt, {.task = "report"}), (Ids{"s4"}));
  EXPECT_EQ(listed(std::nullopt, {.after_id = "s2", .limit = 1}), (Ids{"s3"}));
  EXPECT_TRUE(awaited(stores().jobs.schedules(elsewhere, std::nullopt, {}))->empty());
  EXPECT_EQ(refused(core::InsertSchedule{.schedule = schedule_of("s5"), .schedules_max = 3}).kind,
            ErrorKind::too_large);
}

TEST_P(StoreJobs, SchedulesAreFoundByHowTheirIdsBeginInEveryScope) {
  for (const char* id : {"task-a", "task-b", "my-task-a", "task"}) {
    apply(core::InsertSchedule{.schedule = schedule_of(id)});
  }
  core::Unit unit{.scope = elsewhere};
  core::JobSchedule far = schedule_of("task-a");
  far.owner.scope = elsewhere;
  unit.changes.emplace_back(core::job_change(core::InsertSchedule{.schedule = far}));
  ASSERT_TRUE(commit(std::move(unit)));
  std::set<std::pair<std::string, std::string>> found;
  core::EveryScopePage page{.limit = 2};
  for (;;) {
    const auto part = awaited(stores().jobs.schedules_named("task-", page));
    ASSERT_TRUE(part) << part.error().message;
    for (const core::JobPlace& one : *part) found.emplace(one.scope.key(), one.id);
    if (part->size() < page.limit) break;
    page = page.after(part->back());
  }
  EXPECT_EQ(found,
            (std::set<std::pair<std::string, std::string>>{
                {here.key(), "task-a"}, {here.key(), "task-b"}, {elsewhere.key(), "task-a"}}));
}

}  // namespace colonnade::conformance
