// The jobs engine of a running server: queues, schedules, what works on them, and the server's own
// work that is done from time to time. Part of the wiring.
#pragma once

#include <future>
#include <memory>
#include <stop_token>
#include <vector>

#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/clock_wall.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/events/notices.hpp"
#include "core/flows/flow_runs.hpp"
#include "core/flows/flow_store.hpp"
#include "core/flows/flows.hpp"
#include "core/governance/redaction.hpp"
#include "core/jobs/agent_jobs.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_runner.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/job_work.hpp"
#include "core/jobs/jobs.hpp"
#include "core/jobs/schedule_runner.hpp"
#include "core/jobs/tool_jobs.hpp"
#include "core/tasks/task_catalog.hpp"
#include "core/tasks/task_payload.hpp"
#include "core/tasks/task_work.hpp"
#include "dialects/platos/bgo.hpp"
#include "scheduler/job_due_times.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::app {

class BackgroundJobs {
 public:
  struct Dependencies {
    base::Lanes& lanes;
    core::JobStore& store;
    core::EventFeed& feed;
    base::Clock& clock;
  };
  // All must outlive it; before the first commit, as it listens to the feed. stop() before the
  // lanes end.
  BackgroundJobs(const Settings& settings, Dependencies deps);
  BackgroundJobs(const BackgroundJobs&) = delete;
  BackgroundJobs& operator=(const BackgroundJobs&) = delete;

  // Filled before start().
  core::JobHandlers& handlers() { return handlers_; }
  core::Jobs& jobs() { return jobs_; }
  core::JobSchedules& schedules() { return schedules_; }
  const core::DueTimes& due_times() const { return due_times_; }

  // What the server does by itself and by the clock. Before start(); it must outlive this.
  void add_own_work(core::KeyedRequests& keyed_requests);
  // Stores the server's own schedules and begins to work. Once; not from a lane.
  base::Result<void> start();
  // Nothing is begun any more; blocks until no job runs here. Idempotent; not from a lane.
  void stop();

 private:
  // A handler that is called every so often.
  struct OwnWork {
    const char* name;
    std::chrono::seconds interval;
  };
  void add_own(OwnWork work, core::FunctionHandler::Function function);

  Dependencies deps_;
  base::WallClock wall_clock_;
  scheduler::Zones zones_;
  scheduler::JobDueTimes due_times_;
  core::JobBell bell_;
  core::JobHandlers handlers_;
  core::Jobs jobs_;
  core::JobSchedules schedules_;
  core::JobRunner runner_;
  core::ScheduleRunner schedule_runner_;
  std::vector<OwnWork> own_work_;
  std::stop_source stopping_;
  std::vector<std::future<void>> ends_;
};

// What works on jobs of agents and tools, and the catalog of tasks that they are of.
class BackgroundTasks {
 public:
  struct Dependencies {
    BackgroundJobs& background;
    core::JobStore& store;
    core::DocumentStore& documents;
    core::EventFeed& feed;
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    core::UserCalls& user_calls;
    core::Actions& actions;
    const core::ToolRunner& tools;
    base::Clock& clock;
  };
  // All must outlive it, and it the jobs. Adds the handlers of agents and tools to `background`.
  BackgroundTasks(const Settings& settings, Dependencies deps);
  BackgroundTasks(const BackgroundTasks&) = delete;
  BackgroundTasks& operator=(const BackgroundTasks&) = delete;

  // Other parts' jobs of these kinds: add_source() before the first job.
  core::AgentJobs& agent_jobs() { return *agent_jobs_; }
  core::ToolJobs& tool_jobs() { return *tool_jobs_; }
  core::TaskCatalog& catalog() { return catalog_; }
  dialects::platos::BackgroundUse platos_use();

 private:
  BackgroundJobs& background_;
  core::TaskCatalog catalog_;
  core::TaskPayloads payloads_;
  core::TaskWork work_;
  std::shared_ptr<core::AgentJobs> agent_jobs_;
  std::shared_ptr<core::ToolJobs> tool_jobs_;
};

// Flows: their use cases, and what drives their runs.
class FlowParts {
 public:
  struct Dependencies {
    BackgroundJobs& background;
    core::FlowStore& store;
    core::EventFeed& feed;
    core::Threads& threads;
    core::Runs& runs;
    const core::ToolRunner& tools;
    const core::Notices& notices;
    const core::Redaction& redaction;
    base::Clock& clock;
  };
  // All must outlive it, and it the jobs. Adds the handler of flows to `background`.
  FlowParts(const Settings& settings, const Dependencies& deps);
  FlowParts(const FlowParts&) = delete;
  FlowParts& operator=(const FlowParts&) = delete;

  core::Flows& flows() { return flows_; }
  core::FlowRuns& runs() { return runs_; }

 private:
  core::FlowRuns runs_;
  core::Flows flows_;
};

}  // namespace colonnade::app
