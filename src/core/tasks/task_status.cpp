#include "core/tasks/task_status.hpp"

#include <algorithm>

#include "core/tasks/catalog_task.hpp"

namespace colonnade::core {
namespace {

// A status, and what jobs it looks for. Those of other engines find nothing here.
struct TaskStatusRow {
  std::string_view name;
  std::vector<JobState> states{};
};

const std::vector<TaskStatusRow>& task_statuses() {
  using enum JobState;
  static const std::vector<TaskStatusRow> rows = {
      {"PENDING_VERSION"},   {"DELAYED", {delayed}},    {"QUEUED", {queued, delayed}},
      {"DEQUEUED"},          {"EXECUTING", {running}},  {"WAITING", {waiting}},
      {"COMPLETED", {done}}, {"CANCELED", {cancelled}}, {"FAILED", {failed}},
      {"CRASHED", {failed}}, {"SYSTEM_FAILURE"},        {"TIMED_OUT", {failed}},
      {"EXPIRED", {failed}},
  };
  return rows;
}

}  // namespace

bool is_task_run(const Job& job) { return job.work.name == task_work_name; }

std::string_view task_status(JobState state, int attempts_made, JobFailure failure) {
  using enum JobState;
  switch (state) {
    // One that waits for its next attempt is in its queue, as far as clients see.
    case delayed: return attempts_made > 0 ? "QUEUED" : "DELAYED";
    case queued: return "QUEUED";
    case running: return "EXECUTING";
    case waiting: return "WAITING";
    case done: return "COMPLETED";
    case cancelled: return "CANCELED";
    case failed: break;
  }
  switch (failure) {
    case JobFailure::timed_out: return "TIMED_OUT";
    case JobFailure::lost: return "CRASHED";
    case JobFailure::expired: return "EXPIRED";
    case JobFailure::none:
    case JobFailure::error: break;
  }
  return "FAILED";
}

std::string_view task_status(const Job& job) {
  return task_status(job.state, job.attempts.made, job.error.failure);
}

std::optional<std::vector<JobState>> states_of_task_status(std::string_view status) {
  const auto& rows = task_statuses();
  const auto found = std::ranges::find(rows, status, &TaskStatusRow::name);
  if (found == rows.end()) return std::nullopt;
  return found->states;
}

}  // namespace colonnade::core
