// How runs of tasks stand, in the one word that clients and agents know it by (platos §5.6). Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/jobs/job.hpp"
#include "core/jobs/job_state.hpp"

namespace colonnade::core {

// Whether it is a run of a task, and no other part's of the server.
bool is_task_run(const Job& job);

// "QUEUED", "EXECUTING", "COMPLETED", …
std::string_view task_status(JobState state, int attempts_made, JobFailure failure);
std::string_view task_status(const Job& job);

// The states that jobs with that status are in, perhaps with others' of another status; nullopt for
// a text that is no status. Without states nothing is found: a status that this server has no use
// for.
std::optional<std::vector<JobState>> states_of_task_status(std::string_view status);

}  // namespace colonnade::core
