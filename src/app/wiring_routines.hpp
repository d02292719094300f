// Routines of a running server: their use cases, what does their runs, and the files that those
// leave. Part of the wiring.
#pragma once

#include <memory>

#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/workers.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/events/notices.hpp"
#include "core/governance/redaction.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/job_work.hpp"
#include "core/jobs/jobs.hpp"
#include "core/routines/routine_handler.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routines.hpp"
#include "core/runs/runs.hpp"
#include "core/stores.hpp"
#include "core/threads/threads.hpp"
#include "tools/snapshots.hpp"
#include "tools/workspaces.hpp"
#include "tools/written_files.hpp"

namespace colonnade::app {

class RoutineParts {
 public:
  struct Dependencies {
    const core::Stores& stores;
    core::EventFeed& feed;
    core::Jobs& jobs;
    core::JobSchedules& schedules;
    core::JobHandlers& handlers;
    core::Threads& threads;
    core::Runs& runs;
    core::Artifacts& artifacts;
    core::AttachmentFiles& files;  // the bytes of files that runs leave lie with those of uploads
    const core::Notices& notices;
    const core::Redaction& redaction;
    tools::Snapshots& snapshots;
    const tools::Workspaces& workspaces;
    base::Workers& workers;
    base::Lanes& lanes;
    base::Clock& clock;
  };
  // All must outlive it. Before the first commit, as it listens to the feed, and before jobs begin.
  RoutineParts(const Settings& settings, const Dependencies& deps);
  RoutineParts(const RoutineParts&) = delete;
  RoutineParts& operator=(const RoutineParts&) = delete;

  core::Routines& routines() { return routines_; }
  core::RoutineRuns& runs() { return runs_; }

 private:
  core::RoutineFiles files_;
  tools::WrittenFilesOfRuns written_;
  core::Routines routines_;
  core::RoutineRuns runs_;
  std::shared_ptr<core::RoutineHandler> handler_;
};

}  // namespace colonnade::app
