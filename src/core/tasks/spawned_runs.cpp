#include "core/tasks/spawned_runs.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/utf8.hpp"
#include "core/access/visibility.hpp"
#include "core/jobs/limits.hpp"
#include "core/tasks/background_tools.hpp"
#include "core/tasks/task_status.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

// What a turn's user may do: what belongs to others of the scope is missing.
Principal spawner(const SpawningTurn& by) { return {by.scope, by.user_id, UserRole::member}; }

bool is_open_to(const CatalogTask& task, const SpawningTurn& by) {
  const std::string_view agent = by.agent_id.empty() ? default_agent_id : by.agent_id;
  return task.trigger == TaskTrigger::agent_spawn && may_begin(task.agents, agent);
}

std::unexpected<base::Error> no_open_task(std::string_view task_id) {
  return fail(ErrorKind::not_found,
              "there is no task \"" + std::string(base::cut_utf8(task_id, 64)) +
                  "\" that this agent may begin; " + std::string(list_tasks_tool) +
                  " says which there are",
              "taskId");
}

std::unexpected<base::Error> no_spawned_run(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no run \"" + std::string(base::cut_utf8(id, 64)) + '"', "runId");
}

std::string text_or_none(const Json& value) {
  return value.is_null() ? std::string() : base::to_text(value);
}

// Hears of runs that end.
class RunEndWatch final : public Subscriber {
 public:
  void deliver(const EventPtr& event) override {
    const auto* moved = std::get_if<SpawnedJobMoved>(&event->body);
    if (moved != nullptr && is_terminal(moved->state)) ended_.notify();
  }
  Task<void> wait(std::stop_token stop) { co_await ended_.wait(std::move(stop)); }

 private:
  base::Signal ended_;
};

EndedRun ended_run(Job job) {
  EndedRun out{.job = std::move(job)};
  out.job.payload.clear();
  out.job.metadata.clear();
  out.output_left_out = out.job.output.size() > limits::spawned_job_text_bytes_max;
  if (out.output_left_out) out.job.output.clear();
  return out;
}

}  // namespace

// --- what a turn may begin ----------------------------------------------------------------------

Task<Result<CatalogTask>> SpawnedRuns::task_for(SpawningTurn by, std::string task_id) {
  const Dependencies deps = deps_();
  auto task = co_await deps.catalog.active(by.scope, task_id);
  if (!task && task.error().kind != ErrorKind::not_found) co_return task;
  if (!task || !is_open_to(*task, by)) co_return no_open_task(task_id);
  co_return task;
}

// What a sub-agent begins counts for the turn that has handed the work on: its own thread is put
// away when it is done.
Task<Result<JobOrigin>> SpawnedRuns::origin_of(SpawningTurn by) {
  const Dependencies deps = deps_();
  auto run = co_await deps.runs.run(by.scope, by.run_id);
  if (run && *run && (*run)->options.handed_on_by) {
    const std::string handed_on_by = (*run)->options.handed_on_by->run_id;
    run = co_await deps.runs.run(by.scope, handed_on_by);
  }
  if (!run) co_return fail(std::move(run.error()));
  if (!*run) {
    co_return fail(ErrorKind::invalid, "background runs are begun by an agent within a turn");
  }
  const Run& turn = **run;
  co_return JobOrigin{
      .parent_id = turn.options.job_id, .thread_id = turn.thread_id, .run_id = turn.id};
}

Task<Result<NewJob>> SpawnedRuns::job_for(SpawningTurn by, std::string task_id,
                                          std::vector<Json> payloads) {
  const Dependencies deps = deps_();
  const auto task = co_await task_for(by, std::move(task_id));
  if (!task) co_return fail(task.error());
  for (const Json& payload : payloads) {
    if (auto fits = deps.catalog.check_payload(*task, payload); !fits) {
      co_return fail(std::move(fits.error()));
    }
  }
  auto origin = co_await origin_of(std::move(by));
  if (!origin) co_return fail(std::move(origin.error()));
  co_return NewJob{.job = job_template_of(*task), .origin = std::move(*origin)};
}

// --- beginning ----------------------------------------------------------------------------------

Task<Result<Job>> SpawnedRuns::spawn(SpawningTurn by, NewSpawnedRun input) {
  const Dependencies deps = deps_();
  std::vector<Json> payloads{input.payload};
  auto job = co_await job_for(by, std::move(input.task_id), std::move(payloads));
  if (!job) co_return fail(std::move(job.error()));
  job->job.payload = text_or_none(input.payload);
  job->job.metadata = text_or_none(input.metadata);
  if (input.time_max) {
    const std::chrono::microseconds wanted = *input.time_max;
    job->job.time_max = std::min(wanted, job->job.time_max.value_or(wanted));
  }
  auto triggered = co_await deps.jobs.trigger(spawner(by), std::move(*job));
  if (!triggered) co_return fail(std::move(triggered.error()));
  co_return std::move(triggered->job);
}

Task<Result<TriggeredBatch>> SpawnedRuns::spawn_batch(SpawningTurn by, std::string task_id,
                                                      std::vector<Json> payloads) {
  const Dependencies deps = deps_();
  auto job = co_await job_for(by, std::move(task_id), payloads);
  if (!job) co_return fail(std::move(job.error()));
  std::vector<std::string> texts;
  std::ranges::transform(payloads, std::back_inserter(texts), text_or_none);
  auto batch = co_await deps.jobs.trigger_batch(spawner(by), std::move(*job), std::move(texts));
  co_return batch;
}

Task<Result<JobSchedule>> SpawnedRuns::schedule(SpawningTurn by, NewSpawnedSchedule input) {
  const Dependencies deps = deps_();
  const auto task = co_await task_for(by, std::move(input.task_id));
  if (!task) co_return fail(task.error());
  if (!input.payload.is_null()) {
    if (auto fits = deps.catalog.check_payload(*task, input.payload); !fits) {
      co_return fail(std::move(fits.error()));
    }
  }
  NewSchedule wanted{.name = task->task_id,
                     .job = job_template_of(*task),
                     .timing = {.kind = JobTimingKind::cron,
                                .text = std::move(input.cron),
                                .zone = std::move(input.zone)}};
  wanted.job.payload = text_or_none(input.payload);
  auto made = co_await deps.schedules.create(spawner(by), std::move(wanted));
  co_return made;
}

// --- looking ------------------------------------------------------------------------------------

Task<Result<Job>> SpawnedRuns::get(SpawningTurn by, std::string id) {
  const Dependencies deps = deps_();
  auto job = co_await deps.jobs.get(spawner(by), id);
  if (!job && job.error().kind != ErrorKind::not_found) co_return job;
  if (!job || !is_task_run(*job)) co_return no_spawned_run(id);
  auto task = co_await deps.catalog.get(spawner(by), job->task);
  if (!task && task.error().kind != ErrorKind::not_found) co_return fail(std::move(task.error()));
  if (!task || !is_open_to(*task, by)) co_return no_spawned_run(id);
  co_return job;
}

Task<Result<std::vector<CatalogTask>>> SpawnedRuns::tasks(SpawningTurn by) {
  const Dependencies deps = deps_();
  auto all = co_await deps.catalog.list(spawner(by));
  if (!all) co_return all;
  std::erase_if(*all,
                [&](const CatalogTask& task) { return !task.is_active || !is_open_to(task, by); });
  co_return all;
}

Task<Result<std::vector<Job>>> SpawnedRuns::list(SpawningTurn by, std::string task_id,
                                                 std::string status, std::size_t limit) {
  const Dependencies deps = deps_();
  JobFilter filter{.task = std::move(task_id), .limit = limit};
  if (!status.empty()) {
    auto states = states_of_task_status(status);
    if (!states) {
      co_return fail(ErrorKind::invalid,
                     "status must be one such as QUEUED, EXECUTING, COMPLETED or FAILED", "status");
    }
    if (states->empty()) co_return std::vector<Job>();
    filter.states = std::move(*states);
  }
  auto tasks = co_await deps.catalog.list(spawner(by));
  if (!tasks) co_return fail(std::move(tasks.error()));
  std::erase_if(*tasks, [&](const CatalogTask& task) { return !is_open_to(task, by); });
  std::vector<Job> out;
  for (int read = 0; read < limits::job_list_reads_max && out.size() < limit; ++read) {
    auto page = co_await deps.jobs.list(spawner(by), filter);
    if (!page) co_return fail(std::move(page.error()));
    for (Job& job : page->jobs) {
      const bool is_open =
          std::ranges::find(*tasks, job.task, &CatalogTask::task_id) != tasks->end();
      const bool is_asked_for = status.empty() || task_status(job) == status;
      if (!is_task_run(job) || !is_open || !is_asked_for || out.size() >= limit) continue;
      for (std::string* text : {&job.payload, &job.metadata, &job.progress, &job.output}) {
        text->clear();
      }
      out.push_back(std::move(job));
    }
    if (!page->next_before_no) break;
    filter.before_no = *page->next_before_no;
  }
  co_return out;
}

// --- waiting and cancelling ---------------------------------------------------------------------

Task<Result<AwaitedRuns>> SpawnedRuns::wait(SpawningTurn by, std::vector<std::string> ids,
                                            std::chrono::seconds time_max, base::Lane* lane,
                                            std::stop_token stop) {
  const Dependencies deps = deps_();
  const auto here = co_await origin_of(by);
  if (!here) co_return fail(here.error());
  AwaitedRuns out;
  for (std::string& id : ids) {
    const auto job = co_await get(by, id);
    if (!job) co_return fail(job.error());
    if (job->origin.thread_id != here->thread_id) {
      co_return fail(ErrorKind::invalid,
                     "run " + job->id + " was not begun in this conversation; " +
                         std::string(get_run_tool) + " says how it stands",
                     "runIds");
    }
    const bool is_new = std::ranges::find(out.pending, id) == out.pending.end();
    if (is_new) out.pending.push_back(std::move(id));
  }
  RunEndWatch watch;
  const auto subscription = deps.subscriptions.subscribe(
      *lane, EventTopic::of_thread(by.scope, here->thread_id), std::nullopt, watch);
  std::stop_source over;
  const std::stop_callback stopped(stop, [over]() mutable { over.request_stop(); });
  std::move_only_function<void()> expire = [over]() mutable { over.request_stop(); };
  const auto alarm = co_await base::call_after(time_max, std::move(expire));
  for (;;) {
    const bool is_last = over.stop_requested();
    std::vector<std::string> pending;
    for (std::string& id : out.pending) {
      auto job = co_await deps.jobs.get(spawner(by), id);
      if (!job) co_return fail(std::move(job.error()));
      if (is_terminal(job->state)) {
        out.ended.push_back(ended_run(std::move(*job)));
      } else {
        pending.push_back(std::move(id));
      }
    }
    out.pending = std::move(pending);
    if (out.pending.empty() || is_last) co_return out;
    co_await watch.wait(over.get_token());
  }
}

Task<Result<Job>> SpawnedRuns::cancel(SpawningTurn by, std::string id, std::string reason) {
  const Dependencies deps = deps_();
  auto job = co_await get(by, std::move(id));
  if (!job) co_return job;
  auto cancelled = co_await deps.jobs.cancel(spawner(by), job->id, std::move(reason));
  co_return cancelled;
}

}  // namespace colonnade::core
