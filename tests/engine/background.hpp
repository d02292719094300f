// Background jobs over the engine: what wiring builds for tasks, agents and tools. Nothing runs
// before start().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/jobs/agent_jobs.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_runner.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/jobs.hpp"
#include "core/jobs/schedule_runner.hpp"
#include "core/jobs/tool_jobs.hpp"
#include "core/stores.hpp"
#include "core/tasks/task_catalog.hpp"
#include "core/tasks/task_payload.hpp"
#include "core/tasks/task_work.hpp"
#include "engine.hpp"
#include "scheduler/job_due_times.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::tests {

// Wakes whoever waits for a change of jobs.
class JobChanges final : public core::FeedListener {
 public:
  void jobs_changed(const core::JobChange& /*change*/) override {
    const std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_all();
  }
  // Looks again after each change; `is_so` may read the store.
  void wait_until(const std::function<bool()>& is_so) {
    for (;;) {
      const std::size_t before = count();
      if (is_so()) return;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return changes_ != before; });
    }
  }

 private:
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t changes_ = 0;
};

// Made before the engine's first commit; gone before the engine.
class Background {
 public:
  explicit Background(Engine& engine_in, core::TaskWork::Options options = {},
                      std::vector<core::CatalogTask> configured = {})
      : engine(engine_in),
        due_times(zones),
        jobs(store(), engine.feed, engine.clock, &handlers),
        schedules(store(), engine.feed, engine.clock, due_times),
        catalog({.store = *engine.store,
                 .feed = engine.feed,
                 .jobs = jobs,
                 .schedules = schedules,
                 .tools = engine.catalog,
                 .clock = engine.clock},
                std::move(configured)),
        payloads(store(), due_times),
        work(catalog, payloads, options),
        agent_jobs(std::make_shared<core::AgentJobs>(
            core::AgentJobs::Dependencies{.store = store(),
                                          .threads = engine.threads,
                                          .runs = engine.runs,
                                          .subscriptions = engine.feed.subscriptions(),
                                          .clock = engine.clock})),
        tool_jobs(std::make_shared<core::ToolJobs>(
            core::ToolJobs::Dependencies{.calls = engine.user_calls, .actions = engine.actions})),
        runner({.lanes = engine.lanes,
                .store = store(),
                .feed = engine.feed,
                .clock = engine.clock,
                .handlers = handlers,
                .bell = bell},
               {.drain_time = std::chrono::milliseconds(1), .is_only_one = true}),
        schedule_runner(schedules, engine.clock, bell) {
    engine.feed.listen(bell);
    engine.feed.listen(changes);
    const std::string name(core::task_work_name);
    agent_jobs->add_source(name, work);
    tool_jobs->add_source(name, work);
    handlers.add(core::JobHandlerKind::agent, "", agent_jobs);
    handlers.add(core::JobHandlerKind::tool, "", tool_jobs);
  }
  // The feed tells of no commit any more when this returns: what runs is parked.
  ~Background() {
    stop();
    engine.runs.park_all();
    engine.user_calls.stop_all();
    engine.actions.stop_all();
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void start() {
    begin(runner);
    begin(schedule_runner);
  }
  void stop() {
    stopping.request_stop();
    for (std::future<void>& end : ends) end.wait();
    ends.clear();
  }

  core::JobStore& store() { return engine.store->stores().jobs; }
  core::Job job(const core::Principal& who, const std::string& id) {
    auto found = engine.run(jobs.get(who, id));
    if (!found) throw std::runtime_error(found.error().message);
    return std::move(*found);
  }
  core::Job wait_for(const core::Principal& who, const std::string& id, core::JobState state) {
    changes.wait_until([&] { return job(who, id).state == state; });
    return job(who, id);
  }

  Engine& engine;
  scheduler::Zones zones;
  scheduler::JobDueTimes due_times;
  core::JobBell bell;
  JobChanges changes;
  core::JobHandlers handlers;
  core::Jobs jobs;
  core::JobSchedules schedules;
  core::TaskCatalog catalog;
  core::TaskPayloads payloads;
  core::TaskWork work;
  std::shared_ptr<core::AgentJobs> agent_jobs;
  std::shared_ptr<core::ToolJobs> tool_jobs;
  core::JobRunner runner;
  core::ScheduleRunner schedule_runner;
  std::stop_source stopping;
  std::vector<std::future<void>> ends;

 private:
  template <class Runner>
  static base::Task<void> run_to_end(Runner* runner, std::stop_token stop,
                                     std::shared_ptr<std::promise<void>> ended) {
    co_await runner->run(std::move(stop));
    ended->set_value();
  }
  template <class Runner>
  void begin(Runner& one) {
    auto ended = std::make_shared<std::promise<void>>();
    ends.push_back(ended->get_future());
    engine.lanes[0].spawn("background", run_to_end(&one, stopping.get_token(), std::move(ended)));
  }
};

}  // namespace colonnade::tests
