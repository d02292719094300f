// Forgetting old spans. The mark of how far that has come spares runs an index of their own.
#include "core/spans/limits.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"

namespace colonnade::storage::sqlite {

Result<void> Changes::on(const core::Scope& /*scope*/, const core::ForgetSpans& change) {
  const auto from = database_.number("SELECT up_to_run_no FROM forgotten_spans WHERE only = 1");
  if (!from) return fail(from.error());
  // The first run that is young enough ends it, also when older ones stand behind: runs are in the
  // order in which they began.
  const auto until = database_.number(
      "SELECT max(no) FROM (SELECT no FROM runs WHERE no > ?1 ORDER BY no LIMIT ?3)"
      " WHERE no < coalesce((SELECT min(no) FROM (SELECT no, created_at FROM runs WHERE no > ?1"
      " ORDER BY no LIMIT ?3) WHERE created_at >= ?2), 9223372036854775807)",
      *from, change.began_before, limits::forgotten_spans_rows_max);
  if (!until) return fail(until.error());
  if (*until <= *from) return {};
  const Result<std::int64_t> steps[] = {
      write("UPDATE run_steps SET spans = NULL WHERE spans IS NOT NULL AND (run_id, scope) IN"
            " (SELECT id, scope FROM runs WHERE no > ?1 AND no <= ?2)",
            *from, *until),
      write("UPDATE runs SET spans = NULL WHERE no > ?1 AND no <= ?2 AND spans IS NOT NULL", *from,
            *until),
      write("UPDATE forgotten_spans SET up_to_run_no = ?1 WHERE only = 1", *until),
  };
  for (const auto& step : steps) {
    if (!step) return fail(step.error());
  }
  return {};
}

}  // namespace colonnade::storage::sqlite
