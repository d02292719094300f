#include "app/wiring_jobs.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "app/config_tasks.hpp"
#include "base/task.hpp"
#include "core/flows/flow_handler.hpp"
#include "core/flows/flow_text.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::app {
namespace {

using base::Result;
using base::Task;

// Whose the server's own jobs are. No credential names that scope.
core::JobOwner server_itself() { return {core::Scope::whole_server(), "server"}; }

core::JobRunnerOptions runner_options(const Settings& settings) {
  using std::chrono::microseconds;
  // A server that stops has its drain time in all: for jobs it takes half of it at most, and the
  // rest ends what was told to end.
  const microseconds in_all = settings.drain_time;
  core::JobRunnerOptions out;
  out.slots = static_cast<std::size_t>(settings.jobs.workers);
  out.running_per_account = settings.jobs.per_account;
  out.drain_time = std::min<microseconds>(limits::job_drain_time, in_all / 4);
  out.stop_time = std::min<microseconds>(limits::job_stop_time, in_all / 4);
  // A data folder belongs to one process.
  out.is_only_one = true;
  return out;
}

Task<core::JobStep> purge_keys(core::KeyedRequests* keyed_requests, core::JobContext /*context*/) {
  co_await keyed_requests->purge();
  co_return core::JobDone{};
}

Task<core::JobStep> purge_jobs(core::Jobs* jobs, core::JobContext context) {
  co_await jobs->purge(std::move(context.stop));
  co_return core::JobDone{};
}

template <class Runner>
Task<void> run_to_end(Runner* runner, std::stop_token stop,
                      std::shared_ptr<std::promise<void>> ended) {
  co_await runner->run(std::move(stop));
  ended->set_value();
}

}  // namespace

BackgroundJobs::BackgroundJobs(const Settings& settings, Dependencies deps)
    : deps_(deps),
      due_times_(zones_),
      jobs_(deps.store, deps.feed, deps.clock, &handlers_),
      schedules_(deps.store, deps.feed, wall_clock_, due_times_),
      runner_({.lanes = deps.lanes,
               .store = deps.store,
               .feed = deps.feed,
               .clock = deps.clock,
               .handlers = handlers_,
               .bell = bell_},
              runner_options(settings)),
      schedule_runner_(schedules_, wall_clock_, bell_) {
  deps_.feed.listen(bell_);
}

void BackgroundJobs::add_own(OwnWork work, core::FunctionHandler::Function function) {
  handlers_.add(core::JobHandlerKind::internal, work.name,
                std::make_shared<core::FunctionHandler>(std::move(function)));
  own_work_.push_back(work);
}

void BackgroundJobs::add_own_work(core::KeyedRequests& keyed_requests) {
  add_own({.name = "purge-idempotency-keys", .interval = limits::job_purge_interval},
          std::bind_front(purge_keys, &keyed_requests));
  add_own({.name = "purge-jobs", .interval = limits::job_purge_interval},
          std::bind_front(purge_jobs, &jobs_));
}

Result<void> BackgroundJobs::start() {
  for (const OwnWork& work : own_work_) {
    core::NewSchedule wanted{
        .name = work.name,
        .job = {.task = work.name,
                .work = {.kind = core::JobHandlerKind::internal, .name = work.name},
                .queue = {.running_max = 1}},
        .timing = {.kind = core::JobTimingKind::interval,
                   .text = std::to_string(work.interval.count())}};
    auto kept = base::run_on(deps_.lanes[0],
                             schedules_.keep(server_itself(), work.name, std::move(wanted)));
    if (!kept) return base::fail(std::move(kept.error()));
  }
  const auto begin = [this](auto& runner, const char* name) {
    auto ended = std::make_shared<std::promise<void>>();
    ends_.push_back(ended->get_future());
    deps_.lanes[0].spawn(name, run_to_end(&runner, stopping_.get_token(), std::move(ended)));
  };
  begin(runner_, "jobs");
  begin(schedule_runner_, "schedules");
  return {};
}

void BackgroundJobs::stop() {
  stopping_.request_stop();
  for (std::future<void>& end : ends_) end.wait();
  ends_.clear();
}

BackgroundTasks::BackgroundTasks(const Settings& settings, Dependencies deps)
    : background_(deps.background),
      catalog_({.store = deps.documents,
                .feed = deps.feed,
                .jobs = deps.background.jobs(),
                .schedules = deps.background.schedules(),
                .tools = deps.tools,
                .clock = deps.clock},
               configured_tasks(settings)),
      payloads_(deps.store, deps.background.due_times()),
      work_(catalog_, payloads_, {.asks_nobody = settings.jobs.questions == JobQuestions::fail}),
      agent_jobs_(std::make_shared<core::AgentJobs>(
          core::AgentJobs::Dependencies{.store = deps.store,
                                        .threads = deps.threads,
                                        .runs = deps.runs,
                                        .subscriptions = deps.subscriptions,
                                        .clock = deps.clock})),
      tool_jobs_(std::make_shared<core::ToolJobs>(
          core::ToolJobs::Dependencies{.calls = deps.user_calls, .actions = deps.actions})) {
  const std::string name(core::task_work_name);
  agent_jobs_->add_source(name, work_);
  tool_jobs_->add_source(name, work_);
  background_.handlers().add(core::JobHandlerKind::agent, "", agent_jobs_);
  background_.handlers().add(core::JobHandlerKind::tool, "", tool_jobs_);
}

dialects::platos::BackgroundUse BackgroundTasks::platos_use() {
  return {.tasks = catalog_,
          .payloads = payloads_,
          .jobs = background_.jobs(),
          .schedules = background_.schedules(),
          .due_times = background_.due_times()};
}

FlowParts::FlowParts(const Settings& settings, const Dependencies& deps)
    : runs_({.store = deps.store,
             .feed = deps.feed,
             .notices = deps.notices,
             .redaction = deps.redaction,
             .clock = deps.clock}),
      flows_({.store = deps.store,
              .runs = runs_,
              .schedules = deps.background.schedules(),
              .feed = deps.feed,
              .notices = deps.notices,
              .redaction = deps.redaction,
              .clock = deps.clock}) {
  deps.background.handlers().add(
      core::JobHandlerKind::internal, std::string(core::flow_handler),
      std::make_shared<core::FlowHandler>(
          core::FlowHandlerPorts{.store = deps.store,
                                 .feed = deps.feed,
                                 .threads = deps.threads,
                                 .runs = deps.runs,
                                 .tools = deps.tools,
                                 .notices = deps.notices,
                                 .clock = deps.clock},
          core::FlowHandlerOptions{.asks = settings.jobs.questions == JobQuestions::ask}));
}

}  // namespace colonnade::app
