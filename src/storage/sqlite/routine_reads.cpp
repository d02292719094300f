#include "storage/sqlite/routine_reads.hpp"

#include <algorithm>
#include <utility>

#include "core/routines/routine_text.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_ROUTINE_COLUMNS \
  "scope, owner, id, schedule_id, is_active, revision, created_at, updated_at, definition"
#define COLONNADE_ROUTINE_RUN_COLUMNS "job_id, scope, owner, routine_id, revision, notes"

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

Result<core::RoutineRunNotes> read_routine_run(Statement& row) {
  core::RoutineRunNotes out{.id = row.string(0),
                            .scope = core::Scope::from_key(row.string(1)),
                            .owner = row.string(2),
                            .routine_id = row.string(3),
                            .revision = row.integer(4)};
  if (const auto read = core::read_notes(row.text(5), out); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  return out;
}

}  // namespace

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
  co_return readers_.with([&](Database& database) {
    return database.one<core::RoutineRunNotes>(
        "SELECT " COLONNADE_ROUTINE_RUN_COLUMNS
        " FROM routine_runs WHERE job_id = ?1 AND scope = ?2",
        read_routine_run, job_id, scope.key());
  });
}

}  // namespace colonnade::storage::sqlite
