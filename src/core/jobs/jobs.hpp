// What can be done with jobs. Who sees one decides core/access/visibility: the user whose it is,
// and an operator of its scope; to everybody else it is missing.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_input.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/job_work.hpp"

namespace colonnade::core {

struct TriggeredJob {
  Job job;
  // Its key was used before: this is the job of that time, which may be another user's.
  bool is_repeat = false;
};

struct TriggeredBatch {
  JobBatch batch;
  std::vector<std::string> jobs{};  // ids, in the order of the payloads
  bool is_repeat = false;
};

// Thread-safe.
//
// Errors of every call that stores: those of the journal (unavailable with retry_after).
class Jobs {
 public:
  // All must outlive it. The handlers hear of what is cancelled; nullptr: nobody does.
  Jobs(JobStore& store, EventFeed& feed, base::Clock& clock, const JobHandlers* handlers = nullptr)
      : store_(store), feed_(feed), clock_(clock), handlers_(handlers) {}

  // A job of the caller's. It is durable when this returns. `input.origin.depth` is found out; a
  // parent has to be one that the caller sees. Errors: invalid and too_large with the field;
  // not_found with the field "parent_id"; rate_limited and too_large as InsertJob has them.
  base::Task<Result<TriggeredJob>> trigger(Principal who, NewJob input);
  // The same of the server's own, and of whoever acts for a user with nobody there.
  base::Task<Result<TriggeredJob>> trigger_for(JobOwner owner, NewJob input);
  // One job for each payload, all or none; the key of `input` is the batch's, and its origin that
  // of each job. Errors: also invalid without payloads, too_large with more than
  // limits::batch_jobs_max or limits::batch_bytes_max.
  base::Task<Result<TriggeredBatch>> trigger_batch(Principal who, NewJob input,
                                                   std::vector<std::string> payloads);

  // not_found.
  base::Task<Result<Job>> get(Principal who, std::string id);
  base::Task<Result<JobBatch>> batch(Principal who, std::string id);
  // The ids of its jobs that are kept, in the order of their payloads.
  base::Task<Result<std::vector<std::string>>> batch_jobs(Principal who, std::string id);
  // Newest first; `filter.limit` of them unless their texts are longer than
  // limits::job_page_bytes_max, or limits::job_list_reads_max reads have not found as many.
  base::Task<Result<JobPage>> list(Principal who, JobFilter filter);

  // The job as it is then. One that has ended stays as it is; whoever runs it is told to stop, and
  // what comes of it is dropped. not_found.
  base::Task<Result<Job>> cancel(Principal who, std::string id, std::string reason = {});
  // Those of a batch that have not ended. not_found.
  base::Task<Result<JobBatch>> cancel_batch(Principal who, std::string id, std::string reason = {});
  // It waits until resume(): one that runs is stopped and begins again then. not_found, conflict
  // when it waits or has ended.
  base::Task<Result<Job>> hold(Principal who, std::string id);
  base::Task<Result<Job>> resume(Principal who, std::string id);
  // Wakes one that waits for that. not_found, conflict when it waits for something else, or not.
  base::Task<Result<Job>> wake(Principal who, std::string id, std::string waits_for);
  // A new job that is given the same, for the same owner, now and without a key; linked to
  // `keyed_request_id`, unless that is "". not_found; else as trigger().
  base::Task<Result<Job>> replay(Principal who, std::string id, std::string keyed_request_id = {});

  // Removes what ended limits::job_kept_time ago, all of it.
  base::Task<void> purge(std::stop_token stop);

 private:
  base::Task<Result<int>> depth_below(Principal who, std::string parent_id);
  base::Task<Result<Job>> change(Principal who, std::string id, ChangeOfJobs change);
  base::Task<Result<Job>> insert(Job job, std::string keyed_request_id);
  base::Task<Result<std::optional<Job>>> holder_of(Job job);
  base::Task<Result<TriggeredBatch>> batch_of(JobOwner owner, std::string id);
  base::Task<void> tell_cancelled(Job job);

  JobStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  const JobHandlers* handlers_;
};

}  // namespace colonnade::core
