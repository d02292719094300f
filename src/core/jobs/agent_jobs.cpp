#include "core/jobs/agent_jobs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "core/jobs/job_wakes.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

// Whoever's job it is, with nobody there: never more than the owner may do by themselves.
Principal owner_as_member(const Job& job) {
  return {job.owner.scope, job.owner.user_id, UserRole::member};
}

JobFailed agent_failure(base::Error error) {
  const bool may_pass = error.retryable || error.kind == ErrorKind::unavailable ||
                        error.kind == ErrorKind::rate_limited ||
                        error.kind == ErrorKind::conflict || error.kind == ErrorKind::internal;
  return {.error = std::move(error), .is_final = !may_pass};
}

// The run goes on at the server's next start, and so does the job.
JobFailed left_for_next_start() {
  return {.error = {.kind = ErrorKind::cancelled, .message = "the server stops"}};
}

bool waits_for_human(const RunDetail& turn) {
  const auto waits = [](const ToolCall& call) {
    return call.state == ToolCallState::waiting_approval;
  };
  return turn.run.state == RunState::waiting_approval || std::ranges::any_of(turn.calls, waits);
}

// Whether that run is the job's, and the job has not ended. Of jobs of other handlers, whose places
// are elsewhere, it is enough that they have neither ended nor are held.
bool works_in(const std::optional<Job>& job, const std::string& run_id) {
  if (!job || is_terminal(job->state)) return false;
  const bool is_held = job->state == JobState::waiting && job->waits_for == until_resumed;
  if (job->work.kind != JobHandlerKind::agent) return !is_held;
  return turn_place_of(*job).run_id == run_id;
}

std::string place_text(const AgentTurnPlace& place) {
  std::string out;
  base::JsonWriter(out)
      .object()
      .field("threadId", place.thread_id)
      .field("runId", place.run_id)
      .field("attempt", place.attempt)
      .end_object();
  return out;
}

}  // namespace

AgentTurnPlace turn_place_of(const Job& job) {
  const auto tree = base::parse_json(job.progress, "progress");
  if (!tree || !tree->is_object()) return {};
  return {.thread_id = tree->value("threadId", ""),
          .run_id = tree->value("runId", ""),
          .attempt = tree->value("attempt", 0)};
}

// Wakes whoever follows a run when something of it may have changed. On its lane.
class AgentJobs::Follower final : public Subscriber {
 public:
  explicit Follower(std::string run_id) : run_id_(std::move(run_id)) {}

  void deliver(const EventPtr& event) override {
    if (event->run_id != run_id_) return;
    const bool matters = std::holds_alternative<RunFinished>(event->body) ||
                         std::holds_alternative<ApprovalRequested>(event->body);
    if (matters) wake->notify();
  }
  void cut_off() override { wake->notify(); }

  std::shared_ptr<base::Signal> wake = std::make_shared<base::Signal>();

 private:
  std::string run_id_;
};

struct AgentJobs::Turn {
  JobContext context;
  Principal who;
  AgentWorkSource* source = nullptr;
  AgentTurnPlace place{};

  const Job& job() const { return context.job; }
};

Task<JobStep> AgentJobs::run(JobContext context) {
  Principal who = owner_as_member(context.job);
  Turn turn{.context = std::move(context), .who = std::move(who)};
  const auto source = sources_.find(turn.job().work.name);
  if (source == sources_.end()) {
    co_return JobFailed{
        .error = {.kind = ErrorKind::not_found,
                  .message = "nothing here says what \"" + turn.job().work.name + "\" asks"},
        .is_final = true};
  }
  turn.source = source->second;
  turn.place = turn_place_of(turn.job());
  auto early = co_await begin(&turn);
  if (early) co_return std::move(*early);
  auto step = co_await follow(&turn);
  co_return step;
}

// Finds the turn that the job has begun, or begins one. nullopt: it is under way, or over.
Task<std::optional<JobStep>> AgentJobs::begin(Turn* turn) {
  AgentTurnPlace& place = turn->place;
  const int attempt = turn->job().attempts.made;
  if (!place.run_id.empty()) {
    auto found = co_await deps_.runs.read(turn->who, place.run_id);
    if (!found && found.error().kind != ErrorKind::not_found) {
      co_return agent_failure(std::move(found.error()));
    }
    const bool has_failed = found && found->run.state == RunState::failed;
    if (found && !(has_failed && place.attempt < attempt)) co_return std::nullopt;
    if (found) place.run_id.clear();
  }
  auto work = co_await turn->source->work_of(turn->job());
  if (!work) co_return agent_failure(std::move(work.error()));
  const bool has_own_thread = work->thread_id.empty();
  if (!has_own_thread) place.thread_id = work->thread_id;
  if (place.thread_id.empty()) place.thread_id = base::new_id(deps_.clock.now());
  if (place.run_id.empty()) place.run_id = base::new_id(deps_.clock.now());
  place.attempt = attempt;
  auto noted = co_await turn->context.report(place_text(place));
  if (!noted) co_return agent_failure(std::move(noted.error()));
  if (has_own_thread) {
    auto there = co_await deps_.threads.get(turn->who, place.thread_id);
    if (!there) {
      work->thread.id = place.thread_id;
      there = co_await deps_.threads.create(turn->who, std::move(work->thread));
    }
    if (!there) co_return agent_failure(std::move(there.error()));
  }
  auto early = co_await start_run(turn, std::move(*work));
  co_return early;
}

Task<std::optional<JobStep>> AgentJobs::start_run(Turn* turn, AgentWork work) {
  NewMessage message = std::move(work.message);
  message.thread_id = turn->place.thread_id;
  message.run_id = turn->place.run_id;
  message.options.job_id = turn->job().id;
  message.options.automation_id = turn->job().task;
  if (turn->context.server_stops.stop_requested()) co_return left_for_next_start();
  auto started = co_await deps_.runs.start(turn->who, std::move(message), *turn->context.lane);
  if (started) co_return std::nullopt;
  // An error may come after all was stored.
  auto found = co_await deps_.runs.read(turn->who, turn->place.run_id);
  if (found) co_return std::nullopt;
  if (turn->context.server_stops.stop_requested()) co_return left_for_next_start();
  co_return agent_failure(std::move(started.error()));
}

Task<JobStep> AgentJobs::follow(Turn* turn) {
  const std::stop_token stop = turn->context.stop;
  const std::stop_token server_stops = turn->context.server_stops;
  Follower follower(turn->place.run_id);
  const auto wake = follower.wake;
  const std::stop_callback on_stop(server_stops, [wake] { wake->notify(); });
  // Live alone: what happened before is in the row that is read after it.
  auto topic = EventTopic::of_thread(turn->who.scope, turn->place.thread_id);
  const auto subscription =
      deps_.subscriptions.subscribe(*turn->context.lane, std::move(topic), std::nullopt, follower);
  for (;;) {
    auto detail = co_await deps_.runs.read(turn->who, turn->place.run_id);
    if (!detail) co_return agent_failure(std::move(detail.error()));
    if (is_terminal(detail->run.state)) co_return step_of(*turn, *detail);
    if (server_stops.stop_requested()) co_return left_for_next_start();
    if (stop.stop_requested()) {
      auto step = co_await told_to_stop(turn);
      co_return step;
    }
    if (waits_for_human(*detail)) {
      co_return JobParked{.waits_for = until_run_moves(turn->place.run_id)};
    }
    co_await wake->wait(stop);
  }
}

// Cancelled or held, too late, or somebody else's: the store says which. Whoever has taken the job
// over goes on with this run.
Task<JobStep> AgentJobs::told_to_stop(Turn* turn) {
  auto now = co_await deps_.store.job(turn->who.scope, turn->job().id);
  const bool is_ours =
      now && *now && (*now)->state == JobState::running && (*now)->fence == turn->job().fence;
  if (now && (is_ours || !works_in(*now, turn->place.run_id))) {
    // not_found: it has just ended by itself
    [[maybe_unused]] const auto asked = co_await deps_.runs.cancel(turn->who, turn->place.run_id);
  }
  co_return JobFailed{.error = {.kind = ErrorKind::cancelled, .message = "it was stopped"},
                      .is_final = true};
}

JobStep AgentJobs::step_of(const Turn& turn, const RunDetail& detail) const {
  const Run& run = detail.run;
  if (run.state == RunState::cancelled) return JobCancelled{.reason = run.error};
  if (run.state != RunState::succeeded) {
    return JobFailed{.error = {.kind = ErrorKind::upstream, .message = run.error}};
  }
  auto output = turn.source->output_of(turn.job(), detail);
  if (!output) return JobFailed{.error = std::move(output.error())};
  return JobDone{.output = std::move(*output)};
}

Task<bool> AgentJobs::may_go_on(Job job) {
  std::string run_id = job.waits_for.substr(until_run_moves("").size());
  auto detail = co_await deps_.runs.read(owner_as_member(job), std::move(run_id));
  co_return !detail || is_terminal(detail->run.state) || !waits_for_human(*detail);
}

Task<Result<void>> AgentJobs::end_orphans(RunStore* store) {
  auto unfinished = co_await store->unfinished_runs();
  if (!unfinished) co_return fail(std::move(unfinished.error()));
  for (const Run& run : *unfinished) {
    if (run.options.job_id.empty()) continue;
    auto job = co_await deps_.store.job(run.scope, run.options.job_id);
    if (!job) co_return fail(std::move(job.error()));
    if (works_in(*job, run.id)) continue;
    // not_found: it has just ended by itself
    const Principal starter(run.scope, run.started_by, UserRole::member);
    [[maybe_unused]] const auto asked = co_await deps_.runs.cancel(starter, run.id);
  }
  co_return Result<void>();
}

Task<void> AgentJobs::stopped(Job job) {
  const AgentTurnPlace place = turn_place_of(job);
  if (place.run_id.empty()) co_return;
  // not_found: it has ended, or it has not begun and will not
  [[maybe_unused]] const auto asked =
      co_await deps_.runs.cancel(owner_as_member(job), place.run_id);
}

}  // namespace colonnade::core
