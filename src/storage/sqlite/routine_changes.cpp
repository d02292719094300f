// Changes of routines and of what is known of their runs.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/jobs/job_store.hpp"
#include "core/routines/routine_store.hpp"
#include "core/routines/routine_text.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"
#include "storage/sqlite/routine_reads.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::unexpected<base::Error> routine_changed_meanwhile(std::string_view what, std::string_view id) {
  return fail(ErrorKind::conflict, quoted(what, id) + " was changed by somebody else",
              std::string(core::routine_revision_field));
}

struct RunBefore {
  std::int64_t revision = 0;  // 0: there is none yet
  std::int64_t line = 0;
};

Result<RunBefore> read_run_before(Statement& row) {
  return RunBefore{.revision = row.integer(0), .line = row.integer(1)};
}

// As the column `line` has it.
std::int64_t number_of(core::RoutineLine line) {
  switch (line) {
    case core::RoutineLine::none: return 0;
    case core::RoutineLine::waits: return 1;
    case core::RoutineLine::leads: return 2;
  }
  return 0;
}

}  // namespace

Result<void> Changes::on(const core::Scope& scope, const core::ChangeOfRoutines& change) {
  return std::visit([&](const auto& one) { return on(scope, one); }, change->what);
}

Result<void> Changes::on(const core::Scope& scope, const core::PutRoutine& change) {
  const core::Routine& r = change.routine;
  const auto revision =
      database_.number("SELECT revision FROM routines WHERE scope = ?1 AND id = ?2 AND owner = ?3",
                       scope.key(), r.id, r.owner);
  if (!revision) return fail(revision.error());
  if (*revision != r.revision - 1) return routine_changed_meanwhile("routine", r.id);
  if (*revision != 0) {
    return any_row(
        write("UPDATE routines SET schedule_id = ?4, is_active = ?5, revision = ?6,"
              " updated_at = ?7, definition = ?8"
              " WHERE scope = ?1 AND id = ?2 AND owner = ?3",
              scope.key(), r.id, r.owner, r.schedule_id, r.is_active ? 1 : 0, r.revision,
              r.updated_at, core::definition_text(r)));
  }
  const auto held = database_.number(
      "SELECT count(*) FROM routines WHERE scope = ?1 AND owner = ?2", scope.key(), r.owner);
  if (!held) return fail(held.error());
  if (std::cmp_greater_equal(*held, change.routines_max)) {
    return fail(ErrorKind::too_large, "you have " + std::to_string(*held) +
                                          " routines, as many as one user may; delete some");
  }
  return any_row(
      write("INSERT INTO routines (scope, owner, id, schedule_id, is_active, revision,"
            " created_at, updated_at, definition)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            scope.key(), r.owner, r.id, r.schedule_id, r.is_active ? 1 : 0, r.revision,
            r.created_at, r.updated_at, core::definition_text(r)));
}

Result<void> Changes::on(const core::Scope& scope, const core::RemoveRoutine& change) {
  const auto removed =
      one_row(write("DELETE FROM routines WHERE scope = ?1 AND id = ?2 AND owner = ?3", scope.key(),
                    change.id, change.owner),
              [&] { return missing("routine", change.id); });
  if (!removed) return removed;
  return any_row(
      write("UPDATE routine_files SET job_id = '', owner = '', bytes = 0"
            " WHERE scope = ?1 AND owner = ?3 AND EXISTS (SELECT 1 FROM routine_runs r"
            " WHERE r.job_id = routine_files.job_id AND r.scope = ?1 AND r.routine_id = ?2)",
            scope.key(), change.id, change.owner));
}

Result<void> Changes::on(const core::Scope& scope, const core::PutRoutineRun& change) {
  const core::RoutineRunNotes& n = change.notes;
  const auto before = database_.one<RunBefore>(
      "SELECT revision, line FROM routine_runs WHERE job_id = ?1 AND scope = ?2", read_run_before,
      n.id, scope.key());
  if (!before) return fail(before.error());
  const RunBefore known = before->value_or(RunBefore{});
  if (known.revision != n.revision - 1) return routine_changed_meanwhile("run", n.id);
  const auto jobs =
      database_.number("SELECT count(*) FROM jobs WHERE id = ?1 AND scope = ?2", n.id, scope.key());
  if (!jobs) return fail(jobs.error());
  if (*jobs == 0) return missing("job", n.id);
  if (n.line != core::RoutineLine::none) {
    auto taken = join_routine_line(scope, change, known.line != 0);
    if (!taken) return taken;
  }
  auto stored = any_row(
      write("INSERT INTO routine_runs (job_id, scope, owner, routine_id, revision, notes, line,"
            " thread_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            " ON CONFLICT (job_id, scope) DO UPDATE SET revision = excluded.revision,"
            " notes = excluded.notes, line = excluded.line, thread_id = excluded.thread_id",
            n.id, scope.key(), n.owner, n.routine_id, n.revision, core::notes_text(n),
            number_of(n.line), n.last_thread_id));
  if (!stored) return stored;
  return keep_routine_files(scope, change);
}

// Those whose jobs have ended are in nobody's way. Here, as a job ends in many ways.
Result<void> Changes::join_routine_line(const core::Scope& scope, const core::PutRoutineRun& change,
                                        bool is_in_line) {
  const core::RoutineRunNotes& n = change.notes;
  const auto left = write(
      "UPDATE routine_runs SET line = 0 WHERE scope = ?1 AND owner = ?2 AND routine_id = ?3"
      " AND line <> 0 AND job_id <> ?4 AND NOT EXISTS (SELECT 1 FROM jobs j"
      " WHERE j.id = routine_runs.job_id AND j.scope = ?1"
      " AND j.state IN ('delayed', 'queued', 'running', 'waiting'))",
      scope.key(), n.owner, n.routine_id, n.id);
  if (!left) return fail(left.error());
  const bool takes_it = n.line == core::RoutineLine::leads;
  if (!takes_it && is_in_line) return {};
  const auto others = database_.number(
      "SELECT count(*) FROM routine_runs INDEXED BY routine_runs_in_line WHERE scope = ?1"
      " AND owner = ?2 AND routine_id = ?3 AND line <> 0 AND line = ?5 AND job_id <> ?4",
      scope.key(), n.owner, n.routine_id, n.id, number_of(n.line));
  if (!others) return fail(others.error());
  if (takes_it && *others > 0) {
    return fail(ErrorKind::conflict, "another run of the routine has not ended",
                std::string(core::routine_line_field));
  }
  if (!takes_it && std::cmp_greater_equal(*others, change.waiting_max)) {
    return fail({.kind = ErrorKind::rate_limited,
                 .message = std::to_string(*others) +
                            " runs of the routine wait in line, as many as may; try again "
                            "when some have ended",
                 .field = std::string(core::routine_waiting_field),
                 .retry_after = std::chrono::seconds(30)});
  }
  return {};
}

Result<void> Changes::on(const core::Scope& scope, const core::WatchRoutineLine& change) {
  const auto in_line = database_.number(
      "SELECT count(*) FROM routine_runs WHERE job_id = ?1 AND scope = ?2 AND line <> 0",
      change.job_id, scope.key());
  if (!in_line) return fail(in_line.error());
  if (*in_line > 0) return {};
  return on(scope, core::job_change(core::WakeJobs{.waits_for = core::until_job_ends(change.job_id),
                                                   .at = change.at}));
}

Result<void> Changes::keep_routine_files(const core::Scope& scope,
                                         const core::PutRoutineRun& change) {
  bool is_any_new = false;
  for (const core::RoutineArtifact& one : change.notes.artifacts) {
    if (!one.is_kept()) continue;
    const auto made = write(
        "INSERT INTO routine_files (id, scope, owner, job_id, bytes)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING",
        one.id, scope.key(), change.notes.owner, change.notes.id, one.bytes);
    if (!made) return fail(made.error());
    if (*made > 0) is_any_new = true;
  }
  if (!is_any_new) return {};
  return check_routine_files(scope, change);
}

// New ones, that were just inserted: whatever this refuses is undone.
Result<void> Changes::check_routine_files(const core::Scope& scope,
                                          const core::PutRoutineRun& change) {
  const core::RoutineRunNotes& n = change.notes;
  const auto gone = [](const char* why) {
    return fail(ErrorKind::not_found, why, std::string(core::routine_files_field));
  };
  const auto erased = database_.number(
      "SELECT count(*) FROM threads WHERE id = ?1 AND scope = ?2 AND erased_at IS NOT NULL",
      n.last_thread_id, scope.key());
  if (!erased) return fail(erased.error());
  if (*erased > 0) return gone("the session that they come from was erased");
  const auto routines =
      database_.number("SELECT count(*) FROM routines WHERE scope = ?1 AND id = ?2 AND owner = ?3",
                       scope.key(), n.routine_id, n.owner);
  if (!routines) return fail(routines.error());
  if (*routines == 0) return gone("the routine was deleted");
  const auto held =
      database_.number("SELECT sum(bytes) FROM routine_files WHERE scope = ?1 AND owner = ?2",
                       scope.key(), change.notes.owner);
  if (!held) return fail(held.error());
  if (std::cmp_greater(*held, change.file_bytes_max)) {
    return fail(ErrorKind::too_large, "the files of your routines' runs would have " +
                                          std::to_string(*held) + " bytes, more than " +
                                          std::to_string(change.file_bytes_max));
  }
  return {};
}

Result<void> Changes::forget_routine_files(const core::Scope& scope, const std::string& thread_id) {
  auto runs = database_.all<core::RoutineRunNotes>(
      "SELECT " COLONNADE_ROUTINE_RUN_COLUMNS
      " FROM routine_runs WHERE thread_id = ?1 AND thread_id <> '' AND scope = ?2",
      read_routine_run, thread_id, scope.key());
  if (!runs) return fail(runs.error());
  for (core::RoutineRunNotes& run : *runs) {
    std::erase_if(run.artifacts, [](const core::RoutineArtifact& one) { return one.is_kept(); });
    run.detail = core::routine_session_erased;
    const auto said = write(
        "UPDATE routine_runs SET revision = revision + 1, notes = ?3"
        " WHERE job_id = ?1 AND scope = ?2",
        run.id, scope.key(), core::notes_text(run));
    if (!said) return fail(said.error());
    const auto files = write(
        "UPDATE routine_files SET job_id = '', owner = '', bytes = 0"
        " WHERE job_id = ?1 AND scope = ?2",
        run.id, scope.key());
    if (!files) return fail(files.error());
  }
  return {};
}

}  // namespace colonnade::storage::sqlite
