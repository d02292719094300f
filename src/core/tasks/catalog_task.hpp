// A task of the catalog: work that an operator has described, and that users trigger by its id.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/access/scope.hpp"
#include "core/documents/document.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/job_schedule.hpp"
#include "core/tasks/limits.hpp"

namespace colonnade::core {

// Who is meant to begin it. Users may trigger all of them, agents those of agent_spawn alone
// (core/tasks/spawned_runs.hpp); a task of a schedule has one.
enum class TaskTrigger { manual, schedule, agent_spawn };
std::string_view to_string(TaskTrigger trigger);  // "manual", "schedule", "agent-spawn"
std::optional<TaskTrigger> task_trigger_from(std::string_view text);

// What a run of it does. `kind` is agent or tool.
struct TaskHandler {
  JobHandlerKind kind = JobHandlerKind::agent;
  // One turn of the agent. Placeholders of the prompt stand for members of the payload.
  std::string agent_id{};
  std::string prompt{};
  std::string thread_id{};  // "": a thread of the run's own
  base::Json output_schema = nullptr;
  // One call. Texts in `args` have placeholders too, and the payload is laid over it.
  std::string tool{};
  base::Json args = nullptr;  // an object, or null
};

struct CatalogTask {
  CatalogTask(Scope scope_in, std::string task_id_in)
      : scope(std::move(scope_in)), task_id(std::move(task_id_in)) {}

  Scope scope;
  std::string task_id;  // [a-z0-9-], of the scope
  std::string id{};     // of the row
  std::string name{};
  std::string description{};
  TaskTrigger trigger = TaskTrigger::manual;
  std::string cron{};  // of one with a schedule
  std::string zone = "UTC";
  std::vector<std::string> agents{};  // that may begin it (core::may_begin); empty: all
  base::Json payload_schema = nullptr;
  std::chrono::seconds time_max = limits::task_time_default;  // of one attempt
  int retries_max = limits::task_retries_default;             // attempts in all, 1 at least
  bool is_active = true;
  TaskHandler handler{};
  std::string created_by{};    // a user id
  bool is_configured = false;  // set in the configuration, and changed there alone
  std::int64_t revision = 0;   // of its document
  base::Time created_at{};
  base::Time updated_at{};
};

// Errors: invalid with the field: task_id, name, handler (and what of it), timeout, max_retries,
// payload_schema, schedule_cron; too_large.
base::Result<void> check_task(const CatalogTask& task);

// What is kept of it, and back. nullopt for a text that is no task.
std::string task_text(const CatalogTask& task);
std::optional<CatalogTask> task_in(const Document& document);

// What all jobs of it have in common.
JobTemplate job_template_of(const CatalogTask& task);
// JobWork::name of jobs of tasks.
inline constexpr std::string_view task_work_name = "task";

}  // namespace colonnade::core
