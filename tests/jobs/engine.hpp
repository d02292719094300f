// The jobs engine on a store in a temporary folder, and ways to wait for what it does.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/lane.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_runner.hpp"
#include "core/jobs/job_work.hpp"
#include "core/jobs/jobs.hpp"
#include "core/stores.hpp"
#include "storage/sqlite/store.hpp"
#include "tests/engine/faulty_journal.hpp"
#include "tests/engine/temporary_store.hpp"

namespace colonnade::tests {

// Counts changes of jobs, and wakes whoever waits for one.
class JobWatch final : public core::FeedListener {
 public:
  void jobs_changed(const core::JobChange& change) override {
    const std::lock_guard lock(mutex_);
    ++changes_;
    if (std::holds_alternative<core::RenewJobs>(change.what)) ++renewals_;
    changed_.notify_all();
  }
  // Looks again after each change; `is_so` may read the store.
  void wait_until(const std::function<bool()>& is_so) {
    for (;;) {
      const std::size_t before = changes();
      if (is_so()) return;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return changes_ != before; });
    }
  }
  void wait_for_renewals(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return renewals_ >= count; });
  }
  std::size_t changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t changes_ = 0;
  std::size_t renewals_ = 0;
};

// One process; several on one file come after each other.
class JobEngine {
 public:
  explicit JobEngine(const std::string& path, base::Clock* other_clock = nullptr)
      : store(open_store(path)),
        journal(*store),
        clock(other_clock != nullptr ? *other_clock : system_clock),
        feed(lanes, *store, journal, {&bell, &watch}),
        jobs(job_store(), feed, clock) {}
  ~JobEngine() {
    stop();
    lanes.stop();
    runners.clear();
  }

  core::JobStore& job_store() { return store->stores().jobs; }
  template <class T>
  T run(base::Task<T> task) {
    return base::run_on(lanes[0], std::move(task));
  }

  void add_handler(const std::string& name, core::FunctionHandler::Function function) {
    handlers.add(core::JobHandlerKind::internal, name,
                 std::make_shared<core::FunctionHandler>(std::move(function)));
  }
  core::JobRunner& start(core::JobRunnerOptions options = {}) {
    core::JobRunnerDependencies use{.lanes = lanes,
                                    .store = job_store(),
                                    .feed = feed,
                                    .clock = clock,
                                    .handlers = handlers,
                                    .bell = bell};
    runners.push_back(std::make_unique<core::JobRunner>(use, std::move(options)));
    auto ended = std::make_shared<std::promise<void>>();
    ends.push_back(ended->get_future());
    lanes[ends.size() % lanes.size()].spawn(
        "runner", run_to_end(runners.back().get(), stopping.get_token(), ended));
    return *runners.back();
  }
  // All runners; waits for their ends.
  void stop() {
    stopping.request_stop();
    for (auto& end : ends) end.wait();
    ends.clear();
  }

  core::Job job(const core::Principal& who, const std::string& id) {
    auto found = run(jobs.get(who, id));
    if (!found) throw std::runtime_error(found.error().message);
    return std::move(*found);
  }
  core::Job wait_for(const core::Principal& who, const std::string& id, core::JobState state) {
    watch.wait_until([&] { return job(who, id).state == state; });
    return job(who, id);
  }

  base::SystemClock system_clock;
  base::Lanes lanes{2};
  std::unique_ptr<storage::sqlite::Store> store;
  FaultyJournal journal;
  base::Clock& clock;
  core::JobBell bell;
  JobWatch watch;
  core::EventFeed feed;
  core::Jobs jobs;
  core::JobHandlers handlers;
  std::stop_source stopping;
  std::vector<std::unique_ptr<core::JobRunner>> runners;
  std::vector<std::future<void>> ends;

 private:
  static base::Task<void> run_to_end(core::JobRunner* runner, std::stop_token stop,
                                     std::shared_ptr<std::promise<void>> ended) {
    co_await runner->run(std::move(stop));
    ended->set_value();
  }
};

inline const core::Principal ann(core::Scope::main(), "ann", core::UserRole::member);
inline const core::Principal bob(core::Scope::main(), "bob", core::UserRole::member);

// An internal job of that handler; it is tried again at once.
inline core::NewJob new_job(const std::string& handler, int attempts = 3) {
  return {.job = {.task = "task-of-" + handler,
                  .work = {.kind = core::JobHandlerKind::internal, .name = handler},
                  .attempts = {.max = attempts,
                               .delay_min = std::chrono::microseconds(100),
                               .delay_max = std::chrono::microseconds(100)}}};
}

// An effect that is counted: each adds one to the revision of a document.
inline core::Change counted_effect(const core::Job& job) {
  return core::PutDocument{.document = {.scope = job.owner.scope,
                                        .collection = "effects",
                                        .owner = job.owner.user_id,
                                        .key = job.id,
                                        .text = "x",
                                        .changed_by = "test"},
                           .documents_max = 1'000'000};
}
inline std::int64_t effects_of(JobEngine& engine, const core::Job& job) {
  const auto found = engine.run(engine.store->stores().documents.document(
      {job.owner.scope, "effects", job.owner.user_id}, job.id));
  return found && *found ? (*found)->revision : 0;
}

}  // namespace colonnade::tests
