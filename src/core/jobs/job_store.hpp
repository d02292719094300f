// The store port for jobs, batches and schedules, as core/events/journal.hpp says of all.
//
// Changes of jobs are one alternative of core::Change, a pointer to a JobChange (job_change()
// makes it), so that not everybody who writes something else has to know them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/every_scope.hpp"
#include "core/access/scope.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/job_schedule.hpp"
#include "core/jobs/limits.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

// Newest first. Empty members leave everything in.
struct JobFilter {
  std::string task{};
  std::vector<JobState> states{};
  std::string tag{};
  std::string batch_id{};
  std::string schedule_id{};
  std::string parent_id{};
  std::int64_t before_no = 0;  // Job::no of the last row of the page before; 0 for the first page
  std::size_t limit = limits::page_rows_default;
};

struct JobPage {
  std::vector<Job> jobs{};
  // Where the next page begins: nothing more fits there when it is nullopt. A page may be short, or
  // empty, and go on.
  std::optional<std::int64_t> next_before_no{};
};

struct ScheduleFilter {
  std::string task{};
  std::string after_id{};  // of the last row of the page before
  std::size_t limit = limits::page_rows_max;
};

// Whether there is anything to do for a worker.
struct JobOutlook {
  bool any_queued = false;            // that may run now, as far as its queue says
  std::optional<Time> next_due_at{};  // when the time of some job comes
};

class JobStore {
 public:
  virtual ~JobStore() = default;
  // Whoever's it is: the use case compares.
  virtual base::Task<Result<std::optional<Job>>> job(Scope scope, std::string id) = 0;
  // Cut after limits::job_page_bytes_max of texts (never before the first row) and after
  // limits::job_rows_looked_at rows, as well as after `limit`.
  virtual base::Task<Result<JobPage>> jobs(Scope scope, std::optional<std::string> owner,
                                           JobFilter filter) = 0;
  // What holds the key of that scope and task at `now`, whoever's it is: a job, or a batch.
  virtual base::Task<Result<std::optional<std::string>>> job_of_key(Scope scope, std::string task,
                                                                    std::string key, Time now) = 0;
  virtual base::Task<Result<std::optional<std::string>>> batch_of_key(Scope scope, std::string task,
                                                                      std::string key,
                                                                      Time now) = 0;
  virtual base::Task<Result<std::optional<JobBatch>>> batch(Scope scope, std::string id) = 0;
  // The ids of its jobs that are kept, in the order of their payloads.
  virtual base::Task<Result<std::vector<std::string>>> batch_jobs(Scope scope, std::string id) = 0;

  virtual base::Task<Result<std::optional<JobSchedule>>> schedule(Scope scope, std::string id) = 0;
  // In the order of their ids, which is that of their creation. A page ends as one of jobs does, so
  // only an empty one is the last.
  virtual base::Task<Result<std::vector<JobSchedule>>> schedules(Scope scope,
                                                                 std::optional<std::string> owner,
                                                                 ScheduleFilter filter) = 0;
  // Of every scope, those that are due by `now`, the longest due first; cut in the same way.
  virtual base::Task<Result<std::vector<JobSchedule>>> due_schedules(Time now,
                                                                     std::size_t limit) = 0;
  virtual base::Task<Result<std::optional<Time>>> next_schedule_due() = 0;

  // For workers; of every scope.
  virtual base::Task<Result<JobOutlook>> job_outlook() = 0;
  // What the claim of that name has taken, and still has.
  virtual base::Task<Result<std::vector<Job>>> claimed_jobs(std::string claim_id,
                                                            Time lease_until) = 0;
  // Those of them that are not held any more: ended, or claimed anew.
  virtual base::Task<Result<std::vector<std::string>>> lost_jobs(std::vector<JobHold> holds) = 0;
  virtual base::Task<Result<bool>> any_job_to_purge(Time ended_before) = 0;
};

// conflict when the id is taken; conflict with the field "idempotency_key" when the key is held at
// `job.created_at`; rate_limited when the account has `live_max` jobs that have not ended, or
// `queues_max` queues with such jobs, and with the field "run" when the run that begins it
// (JobOrigin::run_id) has begun `spawned_max`; too_large when its jobs would hold more than
// `bytes_max`. Its state is delayed, queued or waiting. A queue takes the `running_max` of the
// newest job in it.
struct InsertJob {
  Job job;
  std::size_t live_max = limits::jobs_live_per_account;
  std::size_t queues_max = limits::job_queues_per_account;
  std::size_t spawned_max = limits::jobs_spawned_per_run;
  std::size_t bytes_max = limits::job_bytes_per_account;
};
// Before its jobs, which name it. conflict as for a job.
struct InsertBatch {
  JobBatch batch;
};

// Takes at most `jobs_max` queued jobs of every scope: queues take turns, accounts take turns in a
// queue, then priority and due time count. Nothing when there is none.
struct ClaimJobs {
  std::string claim_id{};
  std::string worker{};
  int jobs_max = 1;
  int running_per_account = 1;
  Time at{};
  Time lease_until{};
};
// Extends the leases of those that are still held; the others are left alone.
struct RenewJobs {
  std::vector<JobHold> holds{};
  Time lease_until{};
};

// The next five: conflict with the field "fence" unless the job runs under that fence. Whatever
// else is in the unit then does not happen either.
struct ReportProgress {
  JobHold hold;
  std::string progress{};
  Time at{};
};
struct FinishJob {
  JobHold hold;
  std::string output{};
  Time at{};
};
struct FailJob {
  JobHold hold;
  JobError error{};
  std::optional<Time> retry_at{};  // then it is tried again
  Time at{};
};
// Waits. What waits for a job or a batch that has ended is queued at once.
struct ParkJob {
  JobHold hold;
  std::string waits_for{};
  std::optional<Time> waits_until{};
  Time at{};
};
// The attempt does not count.
struct GiveBackJob {
  JobHold hold;
  Time at{};
};

// The next three: not_found when there is no such job.
// Nothing when it has ended.
struct CancelJob {
  std::string id{};
  std::string reason{};  // kept as the error's message
  Time at{};
};
// It waits until somebody wakes it for that; who runs it has lost it. conflict when it waits
// already or has ended.
struct HoldJob {
  std::string id{};
  std::string waits_for{};
  Time at{};
};
// conflict unless it waits for that.
struct WakeJob {
  std::string id{};
  std::string waits_for{};
  Time at{};
};
// All of the scope that wait for it; none is fine.
struct WakeJobs {
  std::string waits_for{};
  Time at{};
};

// Does what time has brought, of every scope, for at most `jobs_max` jobs: delayed ones are queued,
// those that were not begun in time have failed, so have those that waited too long, and leases
// that have ended are tried again or have failed.
struct SettleDueJobs {
  Time at{};
  int jobs_max = limits::job_settled_at_once;
};
// Every lease ends now: nobody can have a job that runs. Of every scope.
struct EndLeases {
  Time at{};
};
// Of every scope, those that ended before; the longest ended first. Their batches go with the last.
struct PurgeJobs {
  Time ended_before{};
  int jobs_max = limits::job_purged_at_once;
};

// conflict when the id is taken, too_large when the account has `schedules_max`.
struct InsertSchedule {
  JobSchedule schedule;
  std::size_t schedules_max = limits::schedules_per_account;
};
// Everything but id, owner and created_at. not_found; conflict unless it is at
// `schedule.revision - 1`.
struct UpdateSchedule {
  JobSchedule schedule;
};
struct DeleteSchedule {  // not_found. Its jobs stay
  std::string id{};
};

struct JobChange {
  std::variant<InsertJob, InsertBatch, ClaimJobs, RenewJobs, ReportProgress, FinishJob, FailJob,
               ParkJob, GiveBackJob, CancelJob, HoldJob, WakeJob, WakeJobs, SettleDueJobs,
               EndLeases, PurgeJobs, InsertSchedule, UpdateSchedule, DeleteSchedule>
      what;
};

template <class One>
std::shared_ptr<const JobChange> job_change(One one) {
  return std::make_shared<const JobChange>(JobChange{std::move(one)});
}

// The field of the error that a hold is refused with which does not count any more.
constexpr std::string_view fence_field = "fence";
inline bool is_lost_hold(const base::Error& error) {
  return error.kind == base::ErrorKind::conflict && error.field == fence_field;
}

}  // namespace colonnade::core
