// What jobs wait for beside time and other jobs: runs that work for them, and humans. Whoever
// stores that it has happened wakes them in the same unit.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/events/journal.hpp"
#include "core/governance/action.hpp"
#include "core/jobs/job.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

// Until the run does not wait for a human any more, or has ended.
inline std::string until_run_moves(std::string_view run_id) { return "run:" + std::string(run_id); }
// Until the action was answered, or nobody may answer it any more.
inline std::string until_answered(std::string_view action_id) {
  return "action:" + std::string(action_id);
}

// Until any of the runs that work for the job moves, or the time comes.
inline std::string until_work_moves(std::string_view job_id) {
  return std::string(or_time_comes) + "work-of:" + std::string(job_id);
}

// To a unit of the run's scope that stores the run as it is here. Nothing for a run that works for
// no job, or that waits for a human.
void wake_job_of(Unit& unit, const Run& run, base::Time at);
// The same for an action that was answered: a user's own call, which may be a job's.
void wake_job_of(Unit& unit, const Action& action, base::Time at);

}  // namespace colonnade::core
