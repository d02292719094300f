// What a run of a task is given: what its trigger said, and for one of a schedule what is due.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/jobs/due_times.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/job_schedule.hpp"
#include "core/jobs/job_store.hpp"

namespace colonnade::core {

// Thread-safe.
class TaskPayloads {
 public:
  // All must outlive it.
  TaskPayloads(JobStore& store, const DueTimes& due_times) : store_(store), due_times_(due_times) {}

  // The payload of the job; null without one. Of a job of a schedule (platos §5.6): the schedule's
  // own payload with {scheduleId, type, timestamp, lastTimestamp, externalId, timezone, upcoming}
  // under `schedule`, or these alone. A payload that is no object stays as it is.
  base::Task<base::Result<base::Json>> payload_of(Job job);

 private:
  JobStore& store_;
  const DueTimes& due_times_;
};

}  // namespace colonnade::core
