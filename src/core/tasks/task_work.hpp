// What jobs of tasks ask and call: their handlers' words with the payload put in.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/jobs/agent_jobs.hpp"
#include "core/jobs/tool_jobs.hpp"
#include "core/tasks/task_catalog.hpp"
#include "core/tasks/task_payload.hpp"

namespace colonnade::core {

// Thread-safe. A task is looked up when its job begins: what an operator has changed counts for the
// jobs that wait. One that is gone or not active any more fails them.
class TaskWork final : public AgentWorkSource, public ToolWorkSource {
 public:
  struct Options {
    bool asks_nobody = false;  // a call that a human would be asked about is denied
  };
  // All must outlive it.
  TaskWork(TaskCatalog& catalog, TaskPayloads& payloads, Options options)
      : catalog_(catalog), payloads_(payloads), options_(options) {}

  base::Task<base::Result<AgentWork>> work_of(Job job) override;
  // {"text","threadId","usage"}, and "object" for a handler with a schema (platos §2.6).
  base::Result<std::string> output_of(const Job& job, const RunDetail& turn) override;
  base::Task<base::Result<UserCall>> call_of(Job job) override;

 private:
  TaskCatalog& catalog_;
  TaskPayloads& payloads_;
  Options options_;
};

}  // namespace colonnade::core
