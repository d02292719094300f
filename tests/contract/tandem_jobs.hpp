// The jobs engine, routines and flows beside an engine. Nothing runs before start(), so that tests
// of other things are not disturbed.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "../engine/engine.hpp"
#include "core/events/notices.hpp"
#include "core/flows/flow_handler.hpp"
#include "core/flows/flow_runs.hpp"
#include "core/flows/flow_text.hpp"
#include "core/flows/flows.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_runner.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/job_work.hpp"
#include "core/jobs/jobs.hpp"
#include "core/jobs/schedule_runner.hpp"
#include "core/routines/routine_handler.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routine_text.hpp"
#include "core/routines/routines.hpp"
#include "scheduler/job_due_times.hpp"
#include "scheduler/zones.hpp"
#include "tools/written_files.hpp"

namespace colonnade::tests {

class TandemJobs {
 public:
  TandemJobs(Engine& engine, core::Notices& notices, bool asks = true)
      : engine_(engine),
        jobs(engine.store->stores().jobs, engine.feed, engine.clock, &handlers),
        schedules(engine.store->stores().jobs, engine.feed, engine.clock, due_times_),
        files_(engine.files, engine.workers),
        written_(engine.kept_files, engine.workspaces, engine.workers),
        routines({.store = engine.store->stores().routines,
                  .schedules = schedules,
                  .feed = engine.feed,
                  .notices = notices,
                  .redaction = engine.redaction,
                  .clock = engine.clock}),
        routine_runs({.store = engine.store->stores().routines,
                      .jobs = jobs,
                      .feed = engine.feed,
                      .runs = engine.runs,
                      .files = files_,
                      .notices = notices,
                      .redaction = engine.redaction,
                      .clock = engine.clock}),
        flow_runs({.store = engine.store->stores().flows,
                   .feed = engine.feed,
                   .notices = notices,
                   .redaction = engine.redaction,
                   .clock = engine.clock}),
        flows({.store = engine.store->stores().flows,
               .runs = flow_runs,
               .schedules = schedules,
               .feed = engine.feed,
               .notices = notices,
               .redaction = engine.redaction,
               .clock = engine.clock}),
        handler_(std::make_shared<core::RoutineHandler>(
            core::RoutineHandlerPorts{.store = engine.store->stores().routines,
                                      .job_store = engine.store->stores().jobs,
                                      .feed = engine.feed,
                                      .threads = engine.threads,
                                      .runs = engine.runs,
                                      .artifacts = engine.artifacts,
                                      .files = files_,
                                      .written_files = written_,
                                      .notices = notices,
                                      .lanes = engine.lanes,
                                      .clock = engine.clock},
            core::RoutineHandlerOptions{.asks = asks})) {
    engine.feed.listen(*bell_);
    engine.feed.listen(*handler_);
    handlers.add(core::JobHandlerKind::internal, std::string(core::routine_handler), handler_);
    handlers.add(core::JobHandlerKind::internal, std::string(core::flow_handler),
                 std::make_shared<core::FlowHandler>(
                     core::FlowHandlerPorts{.store = engine.store->stores().flows,
                                            .feed = engine.feed,
                                            .threads = engine.threads,
                                            .runs = engine.runs,
                                            .tools = engine.catalog,
                                            .notices = notices,
                                            .clock = engine.clock},
                     core::FlowHandlerOptions{.asks = asks}));
  }
  // What the feed asks until the engine is gone.
  std::vector<std::shared_ptr<core::FeedListener>> listeners() const { return {bell_, handler_}; }

  void start() {
    runner_ = std::make_unique<core::JobRunner>(
        core::JobRunnerDependencies{.lanes = engine_.lanes,
                                    .store = engine_.store->stores().jobs,
                                    .feed = engine_.feed,
                                    .clock = engine_.clock,
                                    .handlers = handlers,
                                    .bell = *bell_},
        core::JobRunnerOptions{.is_only_one = true});
    schedule_runner_ = std::make_unique<core::ScheduleRunner>(schedules, engine_.clock, *bell_);
    begin("jobs", runner_.get());
    begin("schedules", schedule_runner_.get());
  }
  // As if the run of that job had written a file; the id of its artifact.
  std::string leave_file(const std::string& job_id, const std::string& bytes) {
    const core::Scope scope = core::Scope::main();
    core::RoutineStore& store = engine_.store->stores().routines;
    auto notes = engine_.run(store.routine_run(scope, job_id));
    if (!notes || !*notes) throw std::runtime_error("no run of the job " + job_id);
    const std::string id = base::new_id(engine_.clock.now());
    if (!engine_.files.write(id, bytes)) throw std::runtime_error("the file was not written");
    (*notes)->artifacts.push_back({.id = id,
                                   .uri = "file://a.txt",
                                   .kind = "file",
                                   .bytes = static_cast<std::int64_t>(bytes.size())});
    ++(*notes)->revision;
    core::Unit unit{.scope = scope};
    unit.changes.emplace_back(core::routine_change(core::PutRoutineRun{.notes = **notes}));
    const auto stored = engine_.run(engine_.feed.commit(std::move(unit)));
    if (!stored) throw std::runtime_error(stored.error().message);
    return id;
  }
  // As if the run of that id had come to a gate at its node.
  void bring_to_gate(const std::string& run_id) {
    const core::Scope scope = core::Scope::main();
    core::FlowStore& store = engine_.store->stores().flows;
    auto run = engine_.run(store.flow_run(scope, run_id));
    if (!run || !*run) throw std::runtime_error("no run " + run_id);
    core::FlowProgress& progress = (*run)->progress;
    progress.state = core::FlowRunState::awaiting_approval;
    progress.gate = core::FlowOpenGate{.node_id = progress.nodes.begin()->first,
                                       .decisions = {"approve", "rework", "cancel"}};
    ++(*run)->revision;
    core::Unit unit{.scope = scope};
    unit.changes.emplace_back(core::flow_change(core::PutFlowRun{.run = **run}));
    const auto stored = engine_.run(engine_.feed.commit(std::move(unit)));
    if (!stored) throw std::runtime_error(stored.error().message);
  }
  // Before the lanes end.
  void stop() {
    stopping_.request_stop();
    for (auto& end : ends_) end.wait();
    ends_.clear();
  }

 private:
  template <class Runner>
  static base::Task<void> run_to_end(Runner* runner, std::stop_token stop,
                                     std::shared_ptr<std::promise<void>> ended) {
    co_await runner->run(std::move(stop));
    ended->set_value();
  }
  template <class Runner>
  void begin(const char* name, Runner* runner) {
    auto ended = std::make_shared<std::promise<void>>();
    ends_.push_back(ended->get_future());
    engine_.lanes[0].spawn(name, run_to_end(runner, stopping_.get_token(), std::move(ended)));
  }

  Engine& engine_;
  scheduler::Zones zones_;
  scheduler::JobDueTimes due_times_{zones_};
  std::shared_ptr<core::JobBell> bell_ = std::make_shared<core::JobBell>();

 public:
  core::JobHandlers handlers;
  core::Jobs jobs;
  core::JobSchedules schedules;

 private:
  core::RoutineFiles files_;
  tools::WrittenFilesOfRuns written_;

 public:
  core::Routines routines;
  core::RoutineRuns routine_runs;
  core::FlowRuns flow_runs;
  core::Flows flows;

 private:
  std::shared_ptr<core::RoutineHandler> handler_;
  std::unique_ptr<core::JobRunner> runner_;
  std::unique_ptr<core::ScheduleRunner> schedule_runner_;
  std::stop_source stopping_;
  std::vector<std::future<void>> ends_;
};

}  // namespace colonnade::tests
