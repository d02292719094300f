// Changes of routines and of what is known of their runs.
#include <utility>

#include "core/routines/routine_store.hpp"
#include "core/routines/routine_text.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::unexpected<base::Error> routine_changed_meanwhile(std::string_view what, std::string_view id) {
  return fail(ErrorKind::conflict, quoted(what, id) + " was changed by somebody else",
              std::string(core::routine_revision_field));
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
  return one_row(write("DELETE FROM routines WHERE scope = ?1 AND id = ?2 AND owner = ?3",
                       scope.key(), change.id, change.owner),
                 [&] { return missing("routine", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::PutRoutineRun& change) {
  const core::RoutineRunNotes& n = change.notes;
  const auto revision = database_.number(
      "SELECT revision FROM routine_runs WHERE job_id = ?1 AND scope = ?2", n.id, scope.key());
  if (!revision) return fail(revision.error());
  if (*revision != n.revision - 1) return routine_changed_meanwhile("run", n.id);
  const auto jobs =
      database_.number("SELECT count(*) FROM jobs WHERE id = ?1 AND scope = ?2", n.id, scope.key());
  if (!jobs) return fail(jobs.error());
  if (*jobs == 0) return missing("job", n.id);
  auto stored =
      any_row(write("INSERT INTO routine_runs (job_id, scope, owner, routine_id, revision, notes)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (job_id, scope) DO UPDATE"
                    " SET revision = excluded.revision, notes = excluded.notes",
                    n.id, scope.key(), n.owner, n.routine_id, n.revision, core::notes_text(n)));
  if (!stored) return stored;
  return keep_routine_files(scope, change);
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

}  // namespace colonnade::storage::sqlite
