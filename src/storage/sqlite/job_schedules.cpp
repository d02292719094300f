// Changes of schedules.
#include "storage/event_codec.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/job_changes.hpp"
#include "storage/sqlite/job_rows.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::optional<std::int64_t> count_of(const std::optional<std::chrono::microseconds>& time) {
  return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

}  // namespace

Result<void> JobChanges::on(const core::Scope& scope, const core::InsertSchedule& change) {
  const core::JobSchedule& s = change.schedule;
  const auto held =
      database_.number("SELECT count(*) FROM job_schedules WHERE scope = ?1 AND owner = ?2",
                       scope.key(), s.owner.user_id);
  if (!held) return fail(held.error());
  if (std::cmp_greater_equal(*held, change.schedules_max)) {
    return fail(ErrorKind::too_large, "you have " + std::to_string(*held) +
                                          " schedules, as many as one user may; delete some");
  }
  auto stored = any_row(write(
      "INSERT INTO job_schedules (" COLONNADE_SCHEDULE_COLUMNS
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
      " ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)",
      s.id, scope.key(), s.owner.user_id, s.name, s.job.task, core::to_string(s.job.work.kind),
      s.job.work.name, s.job.queue.name, s.job.queue.key, s.job.queue.running_max, s.job.priority,
      s.job.attempts.max, s.job.attempts.delay_min.count(), s.job.attempts.delay_max.count(),
      *names_text(s.job.tags), s.job.is_test ? 1 : 0, s.job.repeats_when_lost ? 1 : 0,
      count_of(s.job.time_to_live), count_of(s.job.time_max), core::to_string(s.timing.kind),
      s.timing.text, s.timing.zone, core::to_string(s.misfire.rule), s.misfire.times_max,
      s.misfire.in_one_job ? 1 : 0, s.is_active ? 1 : 0, s.revision, s.created_at, s.updated_at,
      s.next_due_at, s.last_due_at, s.last_fired_at, s.last_error, s.job.metadata, s.job.payload));
  if (!stored && stored.error().kind == ErrorKind::conflict) {
    return fail(ErrorKind::conflict, quoted("schedule", s.id) + " exists already");
  }
  return stored;
}

Result<void> JobChanges::on(const core::Scope& scope, const core::UpdateSchedule& change) {
  const core::JobSchedule& s = change.schedule;
  const auto revision = database_.number(
      "SELECT revision FROM job_schedules WHERE id = ?1 AND scope = ?2", s.id, scope.key());
  if (!revision) return fail(revision.error());
  if (*revision == 0) return missing("schedule", s.id);
  if (*revision != s.revision - 1) {
    return fail(ErrorKind::conflict,
                quoted("schedule", s.id) + " was changed by somebody else, or has fired",
                "revision");
  }
  return any_row(write(
      "UPDATE job_schedules SET name = ?3, task = ?4, handler = ?5, handler_name = ?6,"
      " queue_name = ?7, queue_key = ?8, queue_running_max = ?9, priority = ?10,"
      " attempts_max = ?11, delay_min = ?12, delay_max = ?13, tags = ?14, is_test = ?15,"
      " repeats_when_lost = ?16, time_to_live = ?17, time_max = ?18, timing = ?19,"
      " timing_text = ?20, zone = ?21, misfire = ?22, misfire_times_max = ?23,"
      " misfire_in_one_job = ?24, is_active = ?25, revision = ?26, updated_at = ?27,"
      " next_due_at = ?28, last_due_at = ?29, last_fired_at = ?30, last_error = ?31,"
      " metadata = ?32, payload = ?33 WHERE id = ?1 AND scope = ?2",
      s.id, scope.key(), s.name, s.job.task, core::to_string(s.job.work.kind), s.job.work.name,
      s.job.queue.name, s.job.queue.key, s.job.queue.running_max, s.job.priority,
      s.job.attempts.max, s.job.attempts.delay_min.count(), s.job.attempts.delay_max.count(),
      *names_text(s.job.tags), s.job.is_test ? 1 : 0, s.job.repeats_when_lost ? 1 : 0,
      count_of(s.job.time_to_live), count_of(s.job.time_max), core::to_string(s.timing.kind),
      s.timing.text, s.timing.zone, core::to_string(s.misfire.rule), s.misfire.times_max,
      s.misfire.in_one_job ? 1 : 0, s.is_active ? 1 : 0, s.revision, s.updated_at, s.next_due_at,
      s.last_due_at, s.last_fired_at, s.last_error, s.job.metadata, s.job.payload));
}

Result<void> JobChanges::on(const core::Scope& scope, const core::DeleteSchedule& change) {
  return one_row(
      write("DELETE FROM job_schedules WHERE id = ?1 AND scope = ?2", change.id, scope.key()),
      [&] { return missing("schedule", change.id); });
}

}  // namespace colonnade::storage::sqlite
