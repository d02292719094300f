// Rows of jobs as core's values, as rows.hpp has it for the others.
#pragma once

#include "core/jobs/job_store.hpp"
#include "storage/sqlite/database.hpp"

// From jobs j left joined with job_inputs i.
#define COLONNADE_JOB_COLUMNS                                                                     \
  "j.no, j.id, j.scope, j.owner, j.task, j.handler, j.handler_name, j.queue_name, j.queue_key, "  \
  "j.queue_running_max, j.priority, j.attempts_made, j.attempts_max, j.delay_min, j.delay_max, "  \
  "j.key, j.key_expires_at, j.parent_id, j.batch_id, j.schedule_id, j.replay_of, j.depth, "       \
  "j.schedule_due_at, j.schedule_due_before, j.schedule_due_times, j.tags, j.is_test, "           \
  "j.repeats_when_lost, j.state, j.fence, j.worker, j.created_at, j.updated_at, j.asked_run_at, " \
  "j.expires_at, j.time_max, j.started_at, j.finished_at, j.lease_until, j.waits_for, "           \
  "j.waits_until, j.failure, j.error, j.progress, j.output, i.payload, i.metadata, j.by_thread, " \
  "j.by_run"
#define COLONNADE_FROM_JOBS " FROM jobs j LEFT JOIN job_inputs i ON i.job_no = j.no"
#define COLONNADE_BATCH_COLUMNS \
  "id, scope, owner, task, key, key_expires_at, created_at, jobs, done, failed, cancelled"
#define COLONNADE_SCHEDULE_COLUMNS                                                       \
  "id, scope, owner, name, task, handler, handler_name, queue_name, queue_key, "         \
  "queue_running_max, priority, attempts_max, delay_min, delay_max, tags, is_test, "     \
  "repeats_when_lost, time_to_live, time_max, timing, timing_text, zone, misfire, "      \
  "misfire_times_max, misfire_in_one_job, is_active, revision, created_at, updated_at, " \
  "next_due_at, last_due_at, last_fired_at, last_error, metadata, payload"

namespace colonnade::storage::sqlite {

Result<core::Job> read_job(Statement& row);
Result<core::JobBatch> read_batch(Statement& row);
Result<core::JobSchedule> read_schedule(Statement& row);

}  // namespace colonnade::storage::sqlite
