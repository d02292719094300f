#include "app/wiring_routines.hpp"

#include <string>

#include "core/routines/routine_text.hpp"

namespace colonnade::app {

RoutineParts::RoutineParts(const Settings& settings, const Dependencies& deps)
    : files_(deps.files, deps.workers),
      written_(deps.snapshots, deps.workspaces, deps.workers),
      routines_({.store = deps.stores.routines,
                 .schedules = deps.schedules,
                 .feed = deps.feed,
                 .notices = deps.notices,
                 .redaction = deps.redaction,
                 .clock = deps.clock}),
      runs_({.store = deps.stores.routines,
             .jobs = deps.jobs,
             .feed = deps.feed,
             .runs = deps.runs,
             .files = files_,
             .notices = deps.notices,
             .redaction = deps.redaction,
             .clock = deps.clock}),
      handler_(std::make_shared<core::RoutineHandler>(
          core::RoutineHandlerPorts{.store = deps.stores.routines,
                                    .job_store = deps.stores.jobs,
                                    .feed = deps.feed,
                                    .threads = deps.threads,
                                    .runs = deps.runs,
                                    .artifacts = deps.artifacts,
                                    .files = files_,
                                    .written_files = written_,
                                    .notices = deps.notices,
                                    .lanes = deps.lanes,
                                    .clock = deps.clock},
          core::RoutineHandlerOptions{.asks = settings.jobs.questions == JobQuestions::ask})) {
  deps.feed.listen(*handler_);
  deps.handlers.add(core::JobHandlerKind::internal, std::string(core::routine_handler), handler_);
}

}  // namespace colonnade::app
