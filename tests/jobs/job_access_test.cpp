// Who sees which job: every use case, asked by the owner, an operator of the scope, others in it,
// and an operator of another scope. What is not theirs is missing for them, never forbidden.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/jobs/job_schedules.hpp"
#include "tests/jobs/engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

enum class Seen { there, missing, other };

template <class T>
Seen seen(const Result<T>& result) {
  if (result) return Seen::there;
  return result.error().kind == ErrorKind::not_found ? Seen::missing : Seen::other;
}
template <class T>
Seen listed(const std::vector<T>& rows, const std::string& id) {
  for (const T& one : rows) {
    if (one.id == id) return Seen::there;
  }
  return Seen::missing;
}

class EveryHour final : public DueTimes {
 public:
  Result<std::optional<Time>> next(const JobTiming& /*timing*/, Time /*origin*/,
                                   Time after) const override {
    return std::optional(after + std::chrono::hours(1));
  }
  Result<DuePlan> plan(const JobTiming& /*timing*/, Time /*origin*/, const Misfire& /*misfire*/,
                       Time due, Time now) const override {
    return DuePlan{.times = {due}, .next = now + std::chrono::hours(1)};
  }
};

class JobAccess : public ::testing::Test {
 protected:
  // What Ann has; made anew for each look.
  struct Things {
    std::string job{};
    std::string held{};  // waits to be resumed
    std::string batch{};
    std::string schedule{};
  };
  struct Row {
    const char* what;
    std::function<Seen(const Principal&, const Things&)> look;
  };

  template <class T>
  T run(base::Task<T> task) {
    return engine_.run(std::move(task));
  }
  Things make() {
    Things out;
    out.job = run(engine_.jobs.trigger(ann, new_job("x")))->job.id;
    out.held = run(engine_.jobs.trigger(ann, new_job("x")))->job.id;
    EXPECT_TRUE(run(engine_.jobs.hold(ann, out.held)));
    out.batch = run(engine_.jobs.trigger_batch(ann, new_job("x"), {"1"}))->batch.id;
    out.schedule = run(schedules_.create(ann, {.name = "s", .job = new_job("x").job}))->id;
    return out;
  }
  std::vector<Row> job_rows();
  std::vector<Row> schedule_rows();

  TemporaryFolder folder_;
  JobEngine engine_{folder_.file("jobs.db")};
  EveryHour due_times_;
  JobSchedules schedules_{engine_.job_store(), engine_.feed, engine_.clock, due_times_};
};

std::vector<JobAccess::Row> JobAccess::job_rows() {
  Jobs& jobs = engine_.jobs;
  return {
      {"get", [&](const auto& who, const Things& of) { return seen(run(jobs.get(who, of.job))); }},
      {"list",
       [&](const auto& who, const Things& of) {
         return listed(run(jobs.list(who, {.limit = 200}))->jobs, of.job);
       }},
      {"list by batch",
       [&](const auto& who, const Things& of) {
         const auto page = run(jobs.list(who, {.batch_id = of.batch}));
         return page->jobs.empty() ? Seen::missing : Seen::there;
       }},
      {"cancel",
       [&](const auto& who, const Things& of) { return seen(run(jobs.cancel(who, of.job))); }},
      {"hold",
       [&](const auto& who, const Things& of) { return seen(run(jobs.hold(who, of.job))); }},
      {"resume",
       [&](const auto& who, const Things& of) { return seen(run(jobs.resume(who, of.held))); }},
      {"wake",
       [&](const auto& who, const Things& of) {
         return seen(run(jobs.wake(who, of.held, std::string(until_resumed))));
       }},
      {"replay",
       [&](const auto& who, const Things& of) { return seen(run(jobs.replay(who, of.job))); }},
      {"be its parent",
       [&](const auto& who, const Things& of) {
         NewJob input = new_job("x");
         input.origin.parent_id = of.job;
         return seen(run(jobs.trigger(who, std::move(input))));
       }},
      {"batch",
       [&](const auto& who, const Things& of) { return seen(run(jobs.batch(who, of.batch))); }},
      {"batch jobs", [&](const auto& who,
                         const Things& of) { return seen(run(jobs.batch_jobs(who, of.batch))); }},
      {"cancel batch",
       [&](const auto& who, const Things& of) {
         return seen(run(jobs.cancel_batch(who, of.batch)));
       }},
  };
}

std::vector<JobAccess::Row> JobAccess::schedule_rows() {
  return {
      {"get schedule",
       [&](const auto& who, const Things& of) {
         return seen(run(schedules_.get(who, of.schedule)));
       }},
      {"list schedules",
       [&](const auto& who, const Things& of) {
         return listed(*run(schedules_.list(who, {})), of.schedule);
       }},
      {"update schedule",
       [&](const auto& who, const Things& of) {
         return seen(run(schedules_.update(who, of.schedule, {.name = "t"})));
       }},
      {"deactivate schedule",
       [&](const auto& who, const Things& of) {
         return seen(run(schedules_.set_active(who, of.schedule, false)));
       }},
      {"remove schedule",
       [&](const auto& who, const Things& of) {
         return seen(run(schedules_.remove(who, of.schedule)));
       }},
  };
}

TEST_F(JobAccess, EveryUseCaseAsksWhoItIs) {
  const Principal root(Scope::main(), "root", UserRole::operator_role);
  const Principal gus(Scope::main(), "gus", UserRole::guest);
  const Principal own_guest(Scope::main(), "ann", UserRole::guest);
  const Principal eve(Scope("acme", "shop", "live"), "ann", UserRole::operator_role);
  std::vector<Row> rows = job_rows();
  for (Row& row : schedule_rows()) rows.push_back(std::move(row));
  const std::vector<std::pair<Principal, Seen>> askers{
      {ann, Seen::there},   {root, Seen::there},  {own_guest, Seen::there},
      {bob, Seen::missing}, {gus, Seen::missing}, {eve, Seen::missing}};
  for (const Row& row : rows) {
    for (const auto& [who, wanted] : askers) {
      const Things things = make();
      EXPECT_EQ(row.look(who, things), wanted) << row.what << ", asked by " << who.user_id << ", "
                                               << to_string(who.role) << " of " << who.scope.key();
    }
  }
}

// What was not theirs is as it was.
TEST_F(JobAccess, WhatIsMissingIsNotChanged) {
  const Things things = make();
  for (const Row& row : job_rows()) (void)row.look(bob, things);
  for (const Row& row : schedule_rows()) (void)row.look(bob, things);
  EXPECT_EQ(engine_.job(ann, things.job).state, JobState::queued);
  EXPECT_EQ(engine_.job(ann, things.held).state, JobState::waiting);
  EXPECT_EQ(run(engine_.jobs.batch(ann, things.batch))->cancelled, 0);
  const auto schedule = run(schedules_.get(ann, things.schedule));
  EXPECT_TRUE(schedule->is_active);
  EXPECT_EQ(schedule->revision, 1);
}

}  // namespace
}  // namespace colonnade::tests
