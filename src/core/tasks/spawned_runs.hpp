// Background runs that an agent begins by its tools, within a turn (platos §2.6, §5.6): runs of the
// catalog's tasks that are meant for agents and open to this one. They are jobs of the turn's user.
// The turn's thread hears how they get on (SpawnedJobMoved), also when the turn has ended.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/subscriptions.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/jobs.hpp"
#include "core/runs/run_store.hpp"
#include "core/tasks/task_catalog.hpp"

namespace colonnade::core {

// Whose turn it is. Has no default scope.
struct SpawningTurn {
  Scope scope;
  std::string user_id{};
  std::string agent_id{};  // "" for the default agent
  std::string run_id{};
};

struct NewSpawnedRun {
  std::string task_id{};
  base::Json payload = nullptr;
  base::Json metadata = nullptr;  // kept with the run and told with its updates; null for none
  std::optional<std::chrono::seconds> time_max{};  // of one attempt; can only be tighter
};

struct NewSpawnedSchedule {
  std::string task_id{};
  std::string cron{};
  std::string zone = "UTC";
  base::Json payload = nullptr;
};

// What became of the runs that a turn waited for.
struct EndedRun {
  Job job;  // without its payload and metadata
  // It has more than limits::spawned_job_text_bytes_max; get() has it.
  bool output_left_out = false;
};
struct AwaitedRuns {
  std::vector<EndedRun> ended{};
  std::vector<std::string> pending{};  // when the time was over
};

// Thread-safe.
//
// Errors of every call, in words for the model: not_found for a task that is not there, not meant
// for agents or not open to this one, and for a run of such a task or of another user; those of the
// stores.
class SpawnedRuns {
 public:
  struct Dependencies {
    RunStore& runs;
    Jobs& jobs;
    JobSchedules& schedules;
    TaskCatalog& catalog;
    Subscriptions& subscriptions;
  };
  // Asked when there is work: the tools by which it is done are made before the catalog. What it
  // names must outlive all calls.
  explicit SpawnedRuns(std::function<Dependencies()> deps) : deps_(std::move(deps)) {}

  // Durable when it returns. Errors also: invalid for the payload; rate_limited, with the field
  // "run", beyond limits::jobs_spawned_per_run in one turn, those of its sub-agents included; else
  // Jobs::trigger()'s.
  base::Task<Result<Job>> spawn(SpawningTurn by, NewSpawnedRun input);
  // All or none of them; errors as above.
  base::Task<Result<TriggeredBatch>> spawn_batch(SpawningTurn by, std::string task_id,
                                                 std::vector<base::Json> payloads);
  // Returns when all of them have ended, after `time_max`, or soon after a stop; on `lane`, which
  // is the calling one. Errors also: invalid for a run that another conversation has begun.
  base::Task<Result<AwaitedRuns>> wait(SpawningTurn by, std::vector<std::string> ids,
                                       std::chrono::seconds time_max, base::Lane* lane,
                                       std::stop_token stop);
  base::Task<Result<Job>> get(SpawningTurn by, std::string id);
  // The run as it is then; one that has ended stays as it is.
  base::Task<Result<Job>> cancel(SpawningTurn by, std::string id, std::string reason);
  // Errors also: JobSchedules::create()'s.
  base::Task<Result<JobSchedule>> schedule(SpawningTurn by, NewSpawnedSchedule input);
  // The tasks that it may begin, by their ids.
  base::Task<Result<std::vector<CatalogTask>>> tasks(SpawningTurn by);
  // The user's runs of them, newest first and without their texts; of one task and with one status
  // (task_status.hpp) where these are not "". Errors also: invalid for a text that is no status.
  base::Task<Result<std::vector<Job>>> list(SpawningTurn by, std::string task_id,
                                            std::string status, std::size_t limit);

 private:
  base::Task<Result<JobOrigin>> origin_of(SpawningTurn by);
  base::Task<Result<CatalogTask>> task_for(SpawningTurn by, std::string task_id);
  base::Task<Result<NewJob>> job_for(SpawningTurn by, std::string task_id,
                                     std::vector<base::Json> payloads);

  std::function<Dependencies()> deps_;
};

}  // namespace colonnade::core
