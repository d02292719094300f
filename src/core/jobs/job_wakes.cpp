#include "core/jobs/job_wakes.hpp"

#include "core/jobs/job_store.hpp"

namespace colonnade::core {

void wake_job_of(Unit& unit, const Run& run, base::Time at) {
  if (run.options.job_id.empty() || run.state == RunState::waiting_approval) return;
  unit.changes.emplace_back(job_change(WakeJobs{.waits_for = until_run_moves(run.id), .at = at}));
  unit.changes.emplace_back(
      job_change(WakeJobs{.waits_for = until_work_moves(run.options.job_id), .at = at}));
}

void wake_job_of(Unit& unit, const Action& action, base::Time at) {
  if (!action.run_id.empty() || !is_call(action)) return;
  unit.changes.emplace_back(job_change(WakeJobs{.waits_for = until_answered(action.id), .at = at}));
}

}  // namespace colonnade::core
