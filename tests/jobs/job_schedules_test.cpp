// Schedules: what is fired when, and that it is fired once.
#include "core/jobs/job_schedules.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/jobs/schedule_runner.hpp"
#include "tests/jobs/engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A grid of so many microseconds; "once": the origin and so many after it; "bad" is no timing.
class Grid final : public DueTimes {
 public:
  Result<std::optional<Time>> next(const JobTiming& timing, Time origin,
                                   Time after) const override {
    if (timing.text == "bad" || zone_is_gone) {
      return base::fail(ErrorKind::invalid, "no such timing", "timing");
    }
    const std::int64_t step = std::stoll(timing.text);
    if (timing.kind == JobTimingKind::once) {
      const Time due = origin + microseconds(step);
      return due > after ? std::optional(due) : std::nullopt;
    }
    const std::int64_t steps = (after - origin).count() / step + 1;
    return std::optional(origin + microseconds(steps * step));
  }
  // What is a minute late was missed; of that the newest are made good.
  Result<DuePlan> plan(const JobTiming& timing, Time origin, const Misfire& misfire, Time due,
                       Time now) const override {
    DuePlan out;
    const bool is_late = now - due > seconds(60);
    std::optional<Time> at = due;
    while (at && *at <= now) {
      out.times.push_back(*at);
      auto following = next(timing, origin, *at);
      if (!following) return base::fail(following.error());
      at = *following;
    }
    out.next = at;
    std::size_t kept = out.times.size();
    if (is_late && misfire.rule == MisfireRule::skip) kept = 0;
    if (is_late && misfire.rule == MisfireRule::run_once) kept = 1;
    if (is_late && misfire.rule == MisfireRule::catch_up) {
      kept = static_cast<std::size_t>(misfire.times_max);
    }
    if (kept < out.times.size()) {
      out.times.erase(out.times.begin(), out.times.end() - static_cast<std::ptrdiff_t>(kept));
    }
    return out;
  }
  bool zone_is_gone = false;
};

class JobSchedulesTest : public ::testing::Test {
 protected:
  JobSchedule create(NewSchedule input) {
    if (input.job.task.empty()) input.job = new_job("send").job;
    auto made = engine_.run(schedules_.create(ann, std::move(input)));
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  NewSchedule every(microseconds step, Misfire misfire = {}) {
    return {.timing = {.kind = JobTimingKind::interval, .text = std::to_string(step.count())},
            .misfire = misfire};
  }
  JobSchedule read(const JobSchedule& schedule) {
    return *engine_.run(schedules_.get(ann, schedule.id));
  }
  std::vector<Job> fired(const JobSchedule& schedule) {
    auto page = engine_.run(
        engine_.jobs.list(ann, {.schedule_id = schedule.id, .limit = limits::page_rows_max}));
    std::reverse(page->jobs.begin(), page->jobs.end());
    return std::move(page->jobs);
  }
  // Until nothing is due.
  void fire() {
    for (;;) {
      const auto count = engine_.run(schedules_.fire_due());
      ASSERT_TRUE(count) << count.error().message;
      if (*count == 0) return;
    }
  }

  JobFolder folder_;
  base::ManualClock clock_;
  JobEngine engine_{folder_.file("jobs.db"), &clock_};
  Grid grid_;
  JobSchedules schedules_{engine_.job_store(), engine_.feed, clock_, grid_};
};

TEST_F(JobSchedulesTest, AKeptScheduleIsMadeOnceAndChangedInPlace) {
  const JobOwner owner{Scope::main(), "ann"};
  const auto keep = [&](NewSchedule wanted) {
    wanted.job = new_job("send").job;
    auto kept = engine_.run(schedules_.keep(owner, "own", std::move(wanted)));
    EXPECT_TRUE(kept) << kept.error().message;
    return std::move(*kept);
  };
  const JobSchedule made = keep(every(seconds(10)));
  EXPECT_EQ(made.id, "own");
  EXPECT_EQ(made.next_due_at, made.created_at + seconds(10));
  clock_.advance(seconds(15));
  fire();
  const JobSchedule same = keep(every(seconds(10)));
  EXPECT_EQ(same.next_due_at, made.created_at + seconds(20));  // it has not begun anew
  EXPECT_EQ(fired(made).size(), 1U);
  const JobSchedule changed = keep(every(seconds(7)));
  EXPECT_EQ(changed.next_due_at, made.created_at + seconds(21));
  EXPECT_EQ(read(made).timing.text, every(seconds(7)).timing.text);
  const auto taken =
      engine_.run(schedules_.keep({Scope::main(), "bob"}, "own", every(seconds(10))));
  EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
}

TEST_F(JobSchedulesTest, EachDueTimeBeginsOneJobThatSaysWhich) {
  const JobSchedule made = create(every(seconds(10)));
  EXPECT_EQ(made.next_due_at, made.created_at + seconds(10));
  fire();
  EXPECT_TRUE(fired(made).empty());
  clock_.advance(seconds(25));  // two due times, both in time
  fire();
  const auto jobs = fired(made);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].origin.due_at, made.created_at + seconds(10));
  EXPECT_EQ(jobs[0].origin.due_before, std::nullopt);
  EXPECT_EQ(jobs[1].origin.due_at, made.created_at + seconds(20));
  EXPECT_EQ(jobs[1].origin.due_before, made.created_at + seconds(10));
  EXPECT_EQ(jobs[1].owner, made.owner);
  const JobSchedule after = read(made);
  EXPECT_EQ(after.last_due_at, made.created_at + seconds(20));
  EXPECT_EQ(after.next_due_at, made.created_at + seconds(30));
  EXPECT_EQ(after.last_fired_at, clock_.now());
}

// The server was down for 1,000 due times.
TEST_F(JobSchedulesTest, MisfiresAreMadeGoodAsTheRuleSays) {
  struct Case {
    Misfire misfire;
    std::vector<int> due{};        // in steps
    std::vector<int> due_times{};  // of each job
  };
  const std::vector<Case> cases{
      {{.rule = MisfireRule::skip}, {}, {}},
      {{.rule = MisfireRule::run_once}, {1000}, {1}},
      {{.rule = MisfireRule::catch_up, .times_max = 3}, {998, 999, 1000}, {1, 1, 1}},
      {{.rule = MisfireRule::catch_up, .times_max = 3, .in_one_job = true}, {1000}, {3}},
  };
  std::vector<JobSchedule> made;
  for (const Case& one : cases) made.push_back(create(every(seconds(10), one.misfire)));
  clock_.advance(seconds(10'003));
  fire();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto jobs = fired(made[i]);
    ASSERT_EQ(jobs.size(), cases[i].due.size()) << i;
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      EXPECT_EQ(jobs[k].origin.due_at, made[i].created_at + seconds(10 * cases[i].due[k])) << i;
      EXPECT_EQ(jobs[k].origin.due_times, cases[i].due_times[k]) << i;
    }
    EXPECT_EQ(read(made[i]).next_due_at, made[i].created_at + seconds(10'010)) << i;
  }
}

TEST_F(JobSchedulesTest, OnceIsOnceAlsoWhenItIsLate) {
  const JobSchedule made = create({.timing = {.kind = JobTimingKind::once, .text = "5000000"}});
  clock_.advance(std::chrono::hours(3));
  fire();
  fire();
  EXPECT_EQ(fired(made).size(), 1U);
  EXPECT_EQ(read(made).next_due_at, std::nullopt);
}

TEST_F(JobSchedulesTest, ClockStepsFireNothingTwice) {
  const JobSchedule made = create(every(seconds(10)));
  clock_.advance(seconds(10));
  fire();
  clock_.step(-seconds(3600));
  fire();
  clock_.step(seconds(3600));
  fire();
  EXPECT_EQ(fired(made).size(), 1U);
}

TEST_F(JobSchedulesTest, WhatIsNotActiveFiresNothingAndMakesNothingGood) {
  const JobSchedule made =
      create(every(seconds(10), {.rule = MisfireRule::catch_up, .times_max = 9}));
  ASSERT_TRUE(engine_.run(schedules_.set_active(ann, made.id, false)));
  clock_.advance(seconds(35));
  fire();
  EXPECT_TRUE(fired(made).empty());
  const auto active = engine_.run(schedules_.set_active(ann, made.id, true));
  EXPECT_EQ(active->next_due_at, made.created_at + seconds(40));
  fire();
  EXPECT_TRUE(fired(made).empty());
  ASSERT_TRUE(engine_.run(schedules_.remove(ann, made.id)));
  EXPECT_EQ(*engine_.run(schedules_.next_due()), std::nullopt);
}

TEST_F(JobSchedulesTest, WrongInputIsNamed) {
  const auto field = [&](auto spoil) {
    NewSchedule input = every(seconds(1));
    input.job = new_job("send").job;
    spoil(input);
    const auto made = engine_.run(schedules_.create(ann, std::move(input)));
    EXPECT_FALSE(made);
    return made ? std::string() : made.error().field;
  };
  EXPECT_EQ(field([](NewSchedule& s) { s.timing.text = "bad"; }), "timing");
  EXPECT_EQ(
      field([](NewSchedule& s) { s.timing.text.assign(limits::schedule_text_bytes_max + 1, '1'); }),
      "timing");
  EXPECT_EQ(field([](NewSchedule& s) { s.job.task.clear(); }), "task");
  EXPECT_EQ(field([](NewSchedule& s) { s.misfire.times_max = 0; }), "misfire_policy");
  EXPECT_EQ(field([](NewSchedule& s) { s.name.assign(limits::job_name_bytes_max + 1, 'n'); }),
            "name");
}

// A text that was right when it was stored.
TEST_F(JobSchedulesTest, ATimingThatIsNotUnderstoodAnyMoreEndsItsSchedule) {
  const JobSchedule made = create(every(seconds(10)));
  clock_.advance(seconds(10));
  grid_.zone_is_gone = true;
  fire();
  EXPECT_FALSE(read(made).is_active);
  EXPECT_EQ(read(made).last_error, "no such timing");
}

TEST_F(JobSchedulesTest, AFullAccountLosesTheDueTimeAndTheScheduleSaysSo) {
  const JobSchedule made = create(every(seconds(10)));
  const std::vector<std::string> payloads(limits::batch_jobs_max, "1");
  for (std::size_t i = 0; i < limits::jobs_live_per_account; i += payloads.size()) {
    ASSERT_TRUE(engine_.run(engine_.jobs.trigger_batch(ann, new_job("send"), payloads)));
  }
  clock_.advance(seconds(10));
  fire();
  EXPECT_TRUE(fired(made).empty());
  EXPECT_NE(read(made).last_error, "");
  EXPECT_EQ(read(made).next_due_at, made.created_at + seconds(20));
}

// Two processes on one store see the same due schedules at the same time.
TEST_F(JobSchedulesTest, OfTwoThatFireOneWins) {
  JobSchedules other(engine_.job_store(), engine_.feed, clock_, grid_);
  std::vector<JobSchedule> made;
  for (int i = 0; i < 50; ++i) made.push_back(create(every(seconds(10))));
  clock_.advance(seconds(10));
  std::vector<std::future<void>> ends;
  for (JobSchedules* one : {&schedules_, &other}) {
    auto ended = std::make_shared<std::promise<void>>();
    ends.push_back(ended->get_future());
    const auto fire_all = [](JobSchedules* of,
                             std::shared_ptr<std::promise<void>> told) -> base::Task<void> {
      for (;;) {
        auto count = co_await of->fire_due();
        if (!count || *count == 0) break;
      }
      told->set_value();
    };
    engine_.lanes[one == &other ? 1 : 0].spawn("fire", fire_all(one, ended));
  }
  for (auto& end : ends) end.wait();
  for (const JobSchedule& schedule : made) EXPECT_EQ(fired(schedule).size(), 1U);
}

class ScheduleRunnerTest : public ::testing::Test {
 protected:
  JobFolder folder_;
  JobEngine engine_{folder_.file("jobs.db")};
  Grid grid_;
  JobSchedules schedules_{engine_.job_store(), engine_.feed, engine_.clock, grid_};
};

TEST_F(ScheduleRunnerTest, ItFiresInTimeAndHearsOfNewSchedules) {
  ScheduleRunner runner(schedules_, engine_.clock, engine_.bell);
  auto ended = std::make_shared<std::promise<void>>();
  const auto keep = [](ScheduleRunner* one, std::stop_token stop,
                       std::shared_ptr<std::promise<void>> told) -> base::Task<void> {
    co_await one->run(std::move(stop));
    told->set_value();
  };
  std::stop_source stop;
  engine_.lanes[0].spawn("schedules", keep(&runner, stop.get_token(), ended));
  const auto made = engine_.run(schedules_.create(
      ann,
      {.job = new_job("send").job, .timing = {.kind = JobTimingKind::interval, .text = "30000"}}));
  ASSERT_TRUE(made);
  JobFilter filter{.schedule_id = made->id};
  engine_.watch.wait_until(
      [&] { return engine_.run(engine_.jobs.list(ann, filter))->jobs.size() >= 3; });
  stop.request_stop();
  ended->get_future().wait();
  const auto jobs = engine_.run(engine_.jobs.list(ann, filter))->jobs;
  std::set<std::int64_t> due;
  for (const Job& job : jobs) {
    due.insert(job.origin.due_at->micros);
    EXPECT_GE(job.created_at, *job.origin.due_at);
  }
  EXPECT_EQ(due.size(), jobs.size());
}

}  // namespace
}  // namespace colonnade::tests
