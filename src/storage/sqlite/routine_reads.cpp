#include "storage/sqlite/routine_reads.hpp"

#include <algorithm>
#include <utility>

#include "core/routines/routine_text.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_ROUTINE_COLUMNS \
  "scope, owner, id, schedule_id, is_active, revision, created_at, updated_at, definition"

Result<core::Routine> read_routine(Statement& row) {
  core::Routine out{.id = row.string(2),
                    .scope = core::Scope::from_key(row.string(0)),
                    .owner = row.string(1),
                    .schedule_id = row.string(3),
                    .is_active = row.integer(4) != 0,
                    .revision = row.integer(5),
                    .created_at = row.time(6),
                    .updated_at = row.time(7)};
  if (const auto read = core::read_definition(row.text(8), out); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  return out;
}

// What was kept of a run may be gone by now: its places stay.
Result<void> leave_out_gone_files(Database& database, core::RoutineRunNotes& notes) {
  const bool any_kept = std::ranges::any_of(notes.artifacts, &core::RoutineArtifact::is_kept);
  if (!any_kept) return {};
  const auto there = database.all<std::string>(
      "SELECT id FROM routine_files WHERE job_id = ?1 AND scope = ?2",
      [](Statement& row) -> Result<std::string> { return row.string(0); }, notes.id,
      notes.scope.key());
  if (!there) return fail(there.error());
  for (core::RoutineArtifact& one : notes.artifacts) {
    if (std::ranges::find(*there, one.id) == there->end()) one.bytes = -1;
  }
  return {};
}

}  // namespace

Result<core::RoutineRunNotes> read_routine_run(Statement& row) {
  core::RoutineRunNotes out{.id = row.string(0),
                            .scope = core::Scope::from_key(row.string(1)),
                            .owner = row.string(2),
                            .routine_id = row.string(3),
                            .revision = row.integer(4)};
  if (const auto read = core::read_notes(row.text(5), out); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  switch (row.integer(6)) {
    case 0: out.line = core::RoutineLine::none; break;
    case 1: out.line = core::RoutineLine::waits; break;
    case 2: out.line = core::RoutineLine::leads; break;
    default: return fail(ErrorKind::internal, "an unknown turn of a routine's run");
  }
  return out;
}

base::Task<Result<std::optional<core::Routine>>> RoutineReads::routine(
    core::Scope scope, std::optional<std::string> owner, std::string id) {
  co_return readers_.with([&](Database& database) {
    return database.one<core::Routine>("SELECT " COLONNADE_ROUTINE_COLUMNS
                                       " FROM routines WHERE scope = ?1 AND id = ?2"
                                       " AND (?3 IS NULL OR owner = ?3) ORDER BY no LIMIT 1",
                                       read_routine, scope.key(), id, owner);
  });
}

base::Task<Result<std::vector<core::Routine>>> RoutineReads::routines(
    core::Scope scope, std::optional<std::string> owner, std::string after_owner,
    std::string after_id, std::size_t limit) {
  const std::size_t rows = std::clamp<std::size_t>(limit, 1, limits::page_rows_max);
  co_return readers_.with([&](Database& database) {
    return database.all<core::Routine>(
        "SELECT " COLONNADE_ROUTINE_COLUMNS
        " FROM routines WHERE scope = ?1 AND (?2 IS NULL OR owner = ?2)"
        " AND no > ifnull((SELECT a.no FROM routines a WHERE a.scope = ?1 AND a.id = ?4"
        " AND a.owner = ?3), 0) ORDER BY no LIMIT ?5",
        read_routine, scope.key(), owner, after_owner, after_id, rows);
  });
}

base::Task<Result<std::optional<core::RoutineRunNotes>>> RoutineReads::routine_run(
    core::Scope scope, std::string job_id) {
  using Found = std::optional<core::RoutineRunNotes>;
  co_return readers_.with([&](Database& database) -> Result<Found> {
    auto found =
        database.one<core::RoutineRunNotes>("SELECT " COLONNADE_ROUTINE_RUN_COLUMNS
                                            " FROM routine_runs WHERE job_id = ?1 AND scope = ?2",
                                            read_routine_run, job_id, scope.key());
    if (!found || !*found) return found;
    if (auto done = leave_out_gone_files(database, **found); !done) return fail(done.error());
    return found;
  });
}

base::Task<Result<std::optional<std::string>>> RoutineReads::run_before(core::Scope scope,
                                                                        std::string owner,
                                                                        std::string routine_id,
                                                                        std::string job_id) {
  co_return readers_.with([&](Database& database) {
    // Jobs are numbered in the order of their creation.
    return database.one<std::string>(
        "SELECT r.job_id FROM routine_runs r INDEXED BY routine_runs_in_line"
        " CROSS JOIN jobs j ON j.id = r.job_id AND j.scope = r.scope"
        " WHERE r.scope = ?1 AND r.owner = ?2 AND r.routine_id = ?3 AND r.line <> 0"
        " AND r.job_id <> ?4 AND j.state IN ('delayed', 'queued', 'running', 'waiting')"
        " AND (r.line = 2"
        " OR j.no < (SELECT o.no FROM jobs o WHERE o.id = ?4 AND o.scope = ?1))"
        " ORDER BY r.line, j.no DESC LIMIT 1",
        [](Statement& row) -> Result<std::string> { return row.string(0); }, scope.key(), owner,
        routine_id, job_id);
  });
}

}  // namespace colonnade::storage::sqlite
