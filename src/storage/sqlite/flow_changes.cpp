// Changes of flows and their runs.
#include <utility>

#include "core/flows/flow_store.hpp"
#include "core/flows/flow_text.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::unexpected<base::Error> flow_changed_meanwhile(std::string_view what, std::string_view id) {
  return fail(ErrorKind::conflict, quoted(what, id) + " was changed by somebody else",
              std::string(core::flow_revision_field));
}

}  // namespace

Result<void> Changes::on(const core::Scope& scope, const core::ChangeOfFlows& change) {
  return std::visit([&](const auto& one) { return on(scope, one); }, change->what);
}

Result<void> Changes::on(const core::Scope& scope, const core::PutFlow& change) {
  const core::Flow& f = change.flow;
  const auto revision =
      database_.number("SELECT revision FROM flows WHERE scope = ?1 AND id = ?2 AND owner = ?3",
                       scope.key(), f.id, f.owner);
  if (!revision) return fail(revision.error());
  if (*revision != f.revision - 1) return flow_changed_meanwhile("automation", f.id);
  if (*revision != 0) {
    return any_row(
        write("UPDATE flows SET schedule_id = ?4, revision = ?5, definition = ?6"
              " WHERE scope = ?1 AND id = ?2 AND owner = ?3",
              scope.key(), f.id, f.owner, f.schedule_id, f.revision, core::flow_text(f)));
  }
  const auto held = database_.number("SELECT count(*) FROM flows WHERE scope = ?1 AND owner = ?2",
                                     scope.key(), f.owner);
  if (!held) return fail(held.error());
  if (std::cmp_greater_equal(*held, change.flows_max)) {
    return fail(ErrorKind::too_large, "you have " + std::to_string(*held) +
                                          " automations, as many as one user may; delete some");
  }
  return any_row(
      write("INSERT INTO flows (scope, owner, id, schedule_id, revision, definition)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            scope.key(), f.owner, f.id, f.schedule_id, f.revision, core::flow_text(f)));
}

Result<void> Changes::on(const core::Scope& scope, const core::RemoveFlow& change) {
  return one_row(write("DELETE FROM flows WHERE scope = ?1 AND id = ?2 AND owner = ?3", scope.key(),
                       change.id, change.owner),
                 [&] { return missing("automation", change.id); });
}

Result<void> Changes::on(const core::Scope& scope, const core::PutFlowRun& change) {
  const core::FlowRun& r = change.run;
  const auto revision = database_.number(
      "SELECT revision FROM flow_runs WHERE id = ?1 AND scope = ?2", r.id, scope.key());
  if (!revision) return fail(revision.error());
  if (*revision != r.revision - 1) return flow_changed_meanwhile("run", r.id);
  const auto jobs = database_.number("SELECT count(*) FROM jobs WHERE id = ?1 AND scope = ?2",
                                     r.job_id, scope.key());
  if (!jobs) return fail(jobs.error());
  if (*jobs == 0) return missing("job", r.job_id);
  const std::string definition = core::flow_text(r.flow);
  const std::string progress = core::progress_text(r.progress);
  const auto bytes = static_cast<std::int64_t>(definition.size() + progress.size());
  const int has_ended = core::has_ended(r.progress.state) ? 1 : 0;
  if (*revision != 0) {
    return any_row(
        write("UPDATE flow_runs SET job_id = ?3, revision = ?4, updated_at = ?5, has_ended = ?6,"
              " bytes = ?7, definition = ?8, progress = ?9 WHERE id = ?1 AND scope = ?2",
              r.id, scope.key(), r.job_id, r.revision, r.updated_at, has_ended, bytes, definition,
              progress));
  }
  const auto held = database_.number(
      "SELECT ifnull(sum(bytes), 0) FROM flow_runs WHERE scope = ?1 AND owner = ?2", scope.key(),
      r.owner);
  if (!held) return fail(held.error());
  if (std::cmp_greater(*held + bytes, change.bytes_max)) {
    return fail(ErrorKind::too_large, "the runs of your automations would have " +
                                          std::to_string(*held + bytes) + " bytes, more than " +
                                          std::to_string(change.bytes_max) +
                                          "; the oldest go by themselves in time");
  }
  return any_row(
      write("INSERT INTO flow_runs (scope, id, owner, flow_id, job_id, trigger_kind, revision,"
            " created_at, updated_at, has_ended, bytes, definition, progress)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            scope.key(), r.id, r.owner, r.flow_id, r.job_id, core::to_string(r.trigger), r.revision,
            r.created_at, r.updated_at, has_ended, bytes, definition, progress));
}

}  // namespace colonnade::storage::sqlite
