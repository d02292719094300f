// long: one runner, from the claim of a job to its end
#include "core/jobs/job_runner.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/jobs/job_pause.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

// A job that has a slot.
struct JobRunner::Running {
  const JobHold hold;
  const Scope scope;
  std::stop_source stop{};                   // the handler's
  std::stop_source left_alone{};             // it is not waited for any more
  std::atomic<bool> is_lost = false;         // somebody else decides about the job
  std::atomic<bool> is_late = false;         // the attempt has taken too long
  std::atomic<bool> is_told_to_end = false;  // the runner stops
  // Of the runner's coroutine, as of the claim or the last renewal.
  base::SteadyTime leased_at{};
  Time lease_until{};
  base::Completion<JobStep> done{};
};

// A claim under way: jobs that are stopped before it is known whose they are.
struct JobRunner::PendingClaim {
  ClaimJobs claim;
  std::set<std::string> stopped{};
};

// A job that was claimed and has a slot.
struct JobRunner::Taken {
  Job job;
  RunningPtr running;
};

struct JobRunner::State {
  explicit State(JobRunnerDependencies use_in, JobRunnerOptions options_in)
      : use(use_in), options(std::move(options_in)) {}

  std::shared_ptr<PendingClaim> begin_claim(std::size_t jobs) {
    const Time now = use.clock.now();
    std::shared_ptr<PendingClaim> begun(
        new PendingClaim{.claim = {.claim_id = base::new_id(now),
                                   .worker = options.worker,
                                   .jobs_max = static_cast<int>(jobs),
                                   .running_per_account = options.running_per_account,
                                   .at = now,
                                   .lease_until = now + options.lease}});
    const std::lock_guard lock(mutex);
    pending.push_back(begun);
    return begun;
  }
  // What it has taken, from here on known to job_stopped().
  std::vector<Taken> end_claim(const std::shared_ptr<PendingClaim>& claim, std::vector<Job> jobs) {
    std::vector<Taken> out;
    const std::lock_guard lock(mutex);
    std::erase(pending, claim);
    for (Job& job : jobs) {
      const RunningPtr running(new Running{.hold = {.id = job.id, .fence = job.fence},
                                           .scope = job.owner.scope,
                                           .leased_at = use.clock.steady(),
                                           .lease_until = claim->claim.lease_until});
      if (claim->stopped.contains(job.id)) {
        running->is_lost = true;
        running->stop.request_stop();
      }
      by_id[running->hold.id] = running;
      out.push_back({.job = std::move(job), .running = running});
    }
    return out;
  }
  void remove(const RunningPtr& running) {
    const std::lock_guard lock(mutex);
    const auto found = by_id.find(running->hold.id);
    if (found != by_id.end() && found->second == running) by_id.erase(found);
  }
  std::vector<RunningPtr> all() const {
    const std::lock_guard lock(mutex);
    std::vector<RunningPtr> out;
    out.reserve(by_id.size());
    for (const auto& [id, running] : by_id) out.push_back(running);
    return out;
  }
  // Those whose leases have ended by `now`, although they are worked on here: somebody has set the
  // clock forward.
  std::vector<RunningPtr> overtaken_by(Time now) const {
    std::vector<RunningPtr> out = all();
    std::erase_if(out, [now](const RunningPtr& one) { return one->lease_until > now; });
    return out;
  }
  RenewJobs renewal_of(const std::vector<RunningPtr>& running) const {
    RenewJobs out{.lease_until = use.clock.now() + options.lease};
    for (const RunningPtr& one : running) out.holds.push_back(one->hold);
    return out;
  }
  // Once that is stored.
  static void renewed(const std::vector<RunningPtr>& running, base::SteadyTime at, Time until) {
    for (const RunningPtr& one : running) {
      one->leased_at = at;
      one->lease_until = until;
    }
  }
  void lose(const std::string& id) {
    RunningPtr lost;
    {
      const std::lock_guard lock(mutex);
      for (const auto& claim : pending) claim->stopped.insert(id);
      const auto found = by_id.find(id);
      if (found == by_id.end()) return;
      lost = found->second;
    }
    lost->is_lost = true;
    lost->stop.request_stop();
  }
  void take_slots(std::size_t count) {
    const std::lock_guard lock(mutex);
    slots_taken += count;
  }
  void leave_slot() {
    {
      const std::lock_guard lock(mutex);
      --slots_taken;
    }
    wake->notify();
  }
  std::size_t taken() const {
    const std::lock_guard lock(mutex);
    return slots_taken;
  }
  const JobRunnerDependencies use;
  const JobRunnerOptions options;
  mutable std::mutex mutex{};
  std::map<std::string, RunningPtr> by_id{};
  std::vector<std::shared_ptr<PendingClaim>> pending{};
  std::size_t slots_taken = 0;
  // Of the runner's coroutine: when time has ended jobs, and which, that their handlers do not know
  // of yet.
  std::deque<Time> settled_at{};
  std::deque<JobPlace> ended{};
  std::atomic<bool> is_stopping = false;
  std::stop_source draining{};   // from the beginning of the end
  std::stop_source giving_up{};  // what the store does not take is not tried again
  std::shared_ptr<base::Signal> wake = std::make_shared<base::Signal>();
};

// What an attempt has come to, as it is stored.
struct JobRunner::Outcome {
  Job job;
  std::variant<JobDone, JobError, JobParked, GiveBackJob, JobCancelled> what;
  bool is_final = false;  // of an error

  // For good: no attempt is left.
  bool has_failed() const {
    return std::holds_alternative<JobError>(what) &&
           (is_final || job.attempts.made >= job.attempts.max);
  }
};

namespace {

JobRunnerOptions filled_in(JobRunnerOptions options) {
  if (options.worker.empty()) options.worker = "worker-" + base::random_hex(8);
  options.slots = std::max<std::size_t>(options.slots, 1);
  if (options.running_per_account <= 0) {
    options.running_per_account = std::max(1, static_cast<int>(options.slots - options.slots / 4));
  }
  return options;
}

JobError error_of(JobFailure failure, std::string_view message) {
  return {.failure = failure,
          .message = std::string(base::cut_utf8(message, limits::job_error_bytes_max))};
}

}  // namespace

JobRunner::JobRunner(JobRunnerDependencies use, JobRunnerOptions options)
    : state_(std::make_shared<State>(use, filled_in(std::move(options)))) {
  state_->use.bell.attach(*this);
}

JobRunner::~JobRunner() { state_->use.bell.detach(*this); }

std::size_t JobRunner::running() const { return state_->taken(); }

void JobRunner::jobs_may_be_due() { state_->wake->notify(); }

void JobRunner::job_stopped(const std::string& id) { state_->lose(id); }

// --- looking for jobs ---------------------------------------------------------------------------

Task<void> JobRunner::run(std::stop_token stop) {
  const StatePtr state = state_;
  int failures = 0;
  bool is_begun = !state->options.is_only_one;
  while (!stop.stop_requested()) {
    if (!is_begun) {
      const auto ended = co_await end_leases(state, stop);
      is_begun = ended.has_value();
      if (!is_begun) continue;
    }
    const auto next = co_await look(state, stop);
    if (!next) {
      if (failures == 0) base::log::warn("jobs_wait", {{"error", next.error().message}});
      const bool slept = co_await wait_to_retry(state->options.retry, failures++, 0, stop);
      if (!slept) break;
      continue;
    }
    failures = 0;
    co_await tell_of_ends(state);
    co_await renew(state);
    std::optional<std::chrono::microseconds> pause;
    if (*next) {
      pause = std::min<std::chrono::microseconds>(**next - state->use.clock.now(),
                                                  limits::job_look_interval);
    }
    if (state->taken() > 0) {
      const std::chrono::microseconds renewal = state->options.lease / 3;
      pause = std::min(pause.value_or(renewal), renewal);
    }
    co_await rest_until(state->wake, pause, stop);
  }
  co_await drain(state);
}

// What runs in the store belongs to nobody who is alive.
Task<Result<void>> JobRunner::end_leases(StatePtr state, std::stop_token stop) {
  for (int attempt = 0;; ++attempt) {
    const auto outlook = co_await state->use.store.job_outlook();
    if (outlook && !outlook->next_due_at) co_return Result<void>();  // a lease is a time
    Unit unit{.scope = Scope::whole_server()};
    unit.changes.emplace_back(job_change(EndLeases{.at = state->use.clock.now()}));
    auto ended = co_await state->use.feed.commit(std::move(unit));
    if (ended) co_return Result<void>();
    if (attempt == 0) base::log::warn("jobs_wait", {{"error", ended.error().message}});
    const bool slept = co_await wait_to_retry(state->options.retry, attempt, 0, stop);
    if (!slept) co_return fail(std::move(ended.error()));
  }
}

// Does what is due and claims what it has slots for, until there is no more of either. When the
// time of the next job comes.
Task<Result<std::optional<Time>>> JobRunner::look(StatePtr state, std::stop_token stop) {
  std::optional<Time> next;
  while (!stop.stop_requested()) {
    const auto outlook = co_await state->use.store.job_outlook();
    if (!outlook) co_return fail(outlook.error());
    next = outlook->next_due_at;
    const bool is_due = next && *next <= state->use.clock.now();
    const std::size_t busy = std::min(state->taken(), state->options.slots);
    const std::size_t free = state->options.slots - busy;
    const bool may_claim = free > 0 && (outlook->any_queued || is_due);
    if (!is_due && !may_claim) break;
    auto taken = co_await claim(state, is_due, free);
    if (!taken) co_return fail(std::move(taken.error()));
    // What is queued and was not given waits for somebody else's end, which rings the bell.
    if (taken->empty() && !is_due) break;
    for (Taken& one : *taken) {
      base::Lane& lane = state->use.lanes.next();
      lane.spawn("job", work(state, &lane, std::move(one)));
    }
  }
  co_return next;
}

// The jobs have their slots when this returns.
Task<Result<std::vector<JobRunner::Taken>>> JobRunner::claim(StatePtr state, bool settles,
                                                             std::size_t free) {
  Unit unit{.scope = Scope::whole_server()};
  const Time now = state->use.clock.now();
  const base::SteadyTime looked_at = state->use.clock.steady();
  std::vector<RunningPtr> alive;
  RenewJobs renewal;
  if (settles) {
    // First: who works here is not dead because the clock was set.
    alive = state->overtaken_by(now);
    renewal = state->renewal_of(alive);
    if (!alive.empty()) unit.changes.emplace_back(job_change(renewal));
    unit.changes.emplace_back(job_change(SettleDueJobs{.at = now}));
  }
  const auto wanted = state->begin_claim(free);
  if (free > 0) unit.changes.emplace_back(job_change(wanted->claim));
  auto committed = co_await state->use.feed.commit(std::move(unit));
  if (committed) State::renewed(alive, looked_at, renewal.lease_until);
  std::vector<Job> jobs;
  if (committed && settles) state->settled_at.push_back(now);
  if (committed && free > 0) jobs = co_await read_claim(state, wanted->claim);
  auto taken = state->end_claim(wanted, std::move(jobs));
  if (!committed) co_return fail(std::move(committed.error()));
  state->take_slots(taken.size());
  co_return taken;
}

// They are claimed: until they are read nobody works on them.
Task<std::vector<Job>> JobRunner::read_claim(StatePtr state, ClaimJobs claim) {
  for (int attempt = 0;; ++attempt) {
    auto jobs = co_await state->use.store.claimed_jobs(claim.claim_id, claim.lease_until);
    if (jobs) co_return std::move(*jobs);
    base::log::warn("claimed_jobs_unreadable", {{"error", jobs.error().message}});
    // Later their leases have ended.
    if (claim.lease_until <= state->use.clock.now()) co_return std::vector<Job>();
    const bool slept =
        co_await wait_to_retry(state->options.retry, attempt, 0, state->giving_up.get_token());
    if (!slept) co_return std::vector<Job>();
  }
}

// Handlers hear of the jobs that time has ended. What cannot be read just now is told after the
// next look; what a process that dies leaves untold, the next start sees to
// (AgentJobs::end_orphans).
Task<void> JobRunner::tell_of_ends(StatePtr state) {
  while (!state->settled_at.empty()) {
    auto ended = co_await state->use.store.jobs_ended_by_time(state->settled_at.front());
    if (!ended) {
      base::log::warn("ended_jobs_unreadable", {{"error", ended.error().message}});
      co_return;
    }
    state->settled_at.pop_front();
    std::ranges::move(*ended, std::back_inserter(state->ended));
  }
  while (!state->ended.empty()) {
    auto told = co_await tell_stopped(state, state->ended.front());
    if (!told) {
      base::log::warn("ended_jobs_unreadable", {{"error", told.error().message}});
      co_return;
    }
    state->ended.pop_front();
  }
}

// Errors: the job cannot be read.
Task<Result<void>> JobRunner::tell_stopped(StatePtr state, JobPlace place) {
  auto job = co_await state->use.store.job(place.scope, place.id);
  if (!job) co_return fail(std::move(job.error()));
  if (!*job) co_return Result<void>();
  JobHandler* handler = state->use.handlers.find((*job)->work);
  if (handler != nullptr) co_await handler->stopped(std::move(**job));
  co_return Result<void>();
}

Task<void> JobRunner::renew(StatePtr state) {
  const base::SteadyTime now = state->use.clock.steady();
  const auto interval = state->options.lease / 3;
  std::vector<RunningPtr> renewed = state->all();
  std::erase_if(renewed, [&](const RunningPtr& one) { return now - one->leased_at < interval; });
  if (renewed.empty()) co_return;
  const RenewJobs renewal = state->renewal_of(renewed);
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(job_change(renewal));
  auto stored = co_await state->use.feed.commit(std::move(unit));
  if (!stored) {
    // The next look tries again; a lease that ends meanwhile is somebody else's.
    base::log::warn("leases_not_renewed", {{"error", stored.error().message}});
    co_return;
  }
  State::renewed(renewed, now, renewal.lease_until);
  auto lost = co_await state->use.store.lost_jobs(renewal.holds);
  if (!lost) co_return;
  for (const std::string& id : *lost) state->lose(id);
}

// --- the end ------------------------------------------------------------------------------------

Task<void> JobRunner::wait_for_slots(StatePtr state, std::chrono::microseconds time) {
  const base::SteadyTime until = std::chrono::steady_clock::now() + time;
  while (state->taken() > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) co_return;
    const std::chrono::microseconds renewal = state->options.lease / 3;
    co_await rest_until(state->wake, std::min(left, renewal), std::stop_token());
    co_await renew(state);
  }
}

Task<void> JobRunner::drain(StatePtr state) {
  state->is_stopping = true;
  state->draining.request_stop();
  co_await wait_for_slots(state, state->options.drain_time);
  const std::vector<RunningPtr> running = state->all();
  for (const RunningPtr& one : running) {
    one->is_told_to_end = true;
    one->stop.request_stop();
  }
  co_await wait_for_slots(state, state->options.stop_time);
  state->giving_up.request_stop();
  const std::vector<RunningPtr> left = state->all();
  for (const RunningPtr& one : left) {
    one->is_told_to_end = true;
    one->stop.request_stop();
    one->left_alone.request_stop();
  }
  // Whatever has a slot now is at its last step.
  while (state->taken() > 0) co_await rest_until(state->wake, std::nullopt, std::stop_token());
}

// --- one slot -----------------------------------------------------------------------------------

Task<void> JobRunner::work(StatePtr state, base::Lane* lane, Taken first) {
  std::optional<Taken> taken = std::move(first);
  while (taken) {
    const RunningPtr running = taken->running;
    auto step = co_await perform(state, lane, running, taken->job);
    std::optional<Taken> next;
    auto outcome = outcome_of(*state, *running, std::move(taken->job), std::move(step));
    if (outcome) next = co_await settle(state, running, std::move(*outcome));
    state->remove(running);
    taken = std::move(next);
  }
  state->leave_slot();
}

// nullopt when the handler was not waited for to its end.
Task<std::optional<JobStep>> JobRunner::perform(StatePtr state, base::Lane* lane,
                                                RunningPtr running, Job job) {
  JobHandler* handler = state->use.handlers.find(job.work);
  if (handler == nullptr) {
    co_return JobFailed{
        .error = {.kind = ErrorKind::not_found,
                  .message = "this server has no handler \"" + job.work.name + "\" of the kind " +
                             std::string(to_string(job.work.kind))},
        .is_final = true};
  }
  const auto time_max = job.time_max;
  JobContext context{.job = std::move(job),
                     .lane = lane,
                     .stop = running->stop.get_token(),
                     .server_stops = state->draining.get_token()};
  context.report = [state, running](std::string progress) {
    return report(state, running, std::move(progress));
  };
  lane->spawn("job_handler", call_handler(handler, std::move(context), running));
  std::unique_ptr<base::Alarm> deadline;
  if (time_max) {
    std::move_only_function<void()> end = [running] {
      running->is_late = true;
      running->stop.request_stop();
    };
    deadline = co_await base::call_after(*time_max, std::move(end));
  }
  auto step = co_await running->done.wait(running->stop.get_token());
  if (step) co_return step;
  std::move_only_function<void()> leave = [running] { running->left_alone.request_stop(); };
  const auto patience = co_await base::call_after(state->options.stop_time, std::move(leave));
  step = co_await running->done.wait(running->left_alone.get_token());
  if (!step) base::log::warn("job_handler_does_not_stop", {{"job", running->hold.id}});
  co_return step;
}

Task<void> JobRunner::call_handler(JobHandler* handler, JobContext context, RunningPtr running) {
  std::string thrown;
  try {
    auto step = co_await handler->run(std::move(context));
    running->done.complete(std::move(step));
    co_return;
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "unknown exception";
  }
  base::log::error("job_handler_failed", {{"job", running->hold.id}, {"error", thrown}});
  running->done.complete(
      JobFailed{.error = {.kind = ErrorKind::internal,
                          .message = "the handler failed; the server's log says how"}});
}

Task<Result<void>> JobRunner::report(StatePtr state, RunningPtr running, std::string progress) {
  if (progress.size() > limits::job_progress_bytes_max) {
    co_return fail(ErrorKind::too_large,
                   "progress has " + std::to_string(progress.size()) + " bytes, more than " +
                       std::to_string(limits::job_progress_bytes_max),
                   "progress");
  }
  Unit unit{.scope = running->scope};
  unit.changes.emplace_back(job_change(ReportProgress{
      .hold = running->hold, .progress = std::move(progress), .at = state->use.clock.now()}));
  auto stored = co_await state->use.feed.commit(std::move(unit));
  if (stored) co_return Result<void>();
  if (is_lost_hold(stored.error())) state->lose(running->hold.id);
  co_return fail(std::move(stored.error()));
}

// nullopt when nothing is stored: the job is somebody else's, or its lease has to end.
std::optional<JobRunner::Outcome> JobRunner::outcome_of(const State& state, const Running& running,
                                                        Job job, std::optional<JobStep> step) {
  if (running.is_lost) return std::nullopt;
  Outcome out{.job = std::move(job), .what = JobError{}};
  JobDone* done = step ? std::get_if<JobDone>(&*step) : nullptr;
  if (running.is_late && done == nullptr) {
    out.what = error_of(JobFailure::timed_out, "it took longer than an attempt may");
    out.is_final = true;
    return out;
  }
  if (!step) return std::nullopt;
  if (done != nullptr) {
    if (done->output.size() <= limits::job_output_bytes_max) {
      out.what = std::move(*done);
      return out;
    }
    out.what = error_of(JobFailure::error, "its output has " + std::to_string(done->output.size()) +
                                               " bytes, more than " +
                                               std::to_string(limits::job_output_bytes_max));
    out.is_final = true;
    return out;
  }
  if (auto* parked = std::get_if<JobParked>(&*step)) {
    out.what = std::move(*parked);
    return out;
  }
  if (auto* cancelled = std::get_if<JobCancelled>(&*step)) {
    out.what = std::move(*cancelled);
    return out;
  }
  auto& failed = std::get<JobFailed>(*step);
  const bool stops = running.is_told_to_end || state.is_stopping;
  if (stops && failed.error.kind == ErrorKind::cancelled) {
    out.what = GiveBackJob{.hold = running.hold, .at = state.use.clock.now()};
    return out;
  }
  out.what = error_of(JobFailure::error, failed.error.message);
  out.is_final = failed.is_final;
  return out;
}

// The hold comes first, so that a unit of a job that was lost is refused before it wrote anything.
Unit JobRunner::unit_of(const State& state, const Running& running, const Outcome& outcome) {
  Unit unit{.scope = running.scope};
  const Time now = state.use.clock.now();
  if (const auto* done = std::get_if<JobDone>(&outcome.what)) {
    unit.changes.emplace_back(
        job_change(FinishJob{.hold = running.hold, .output = done->output, .at = now}));
    unit.changes.insert(unit.changes.end(), done->changes.begin(), done->changes.end());
    unit.events = done->events;
  } else if (const auto* parked = std::get_if<JobParked>(&outcome.what)) {
    unit.changes.emplace_back(job_change(ParkJob{.hold = running.hold,
                                                 .waits_for = parked->waits_for,
                                                 .waits_until = parked->until,
                                                 .at = now}));
    unit.changes.insert(unit.changes.end(), parked->changes.begin(), parked->changes.end());
  } else if (const auto* cancelled = std::get_if<JobCancelled>(&outcome.what)) {
    unit.changes.emplace_back(
        job_change(CancelJob{.id = running.hold.id,
                             .reason = error_of(JobFailure::none, cancelled->reason).message,
                             .at = now}));
  } else if (const auto* back = std::get_if<GiveBackJob>(&outcome.what)) {
    unit.changes.emplace_back(job_change(*back));
  } else {
    FailJob failure{.hold = running.hold, .error = std::get<JobError>(outcome.what), .at = now};
    if (!outcome.has_failed()) {
      const std::size_t spread = std::hash<std::string>{}(outcome.job.id);
      failure.retry_at = now + retry_delay(outcome.job.attempts, spread);
    }
    unit.changes.emplace_back(job_change(std::move(failure)));
  }
  return unit;
}

// The next job of this slot.
Task<std::optional<JobRunner::Taken>> JobRunner::settle(StatePtr state, RunningPtr running,
                                                        Outcome outcome) {
  const std::size_t spread = std::hash<std::string>{}(running->hold.id);
  for (int attempt = 0;;) {
    Unit unit = unit_of(*state, *running, outcome);
    const bool claims = !state->is_stopping;
    const auto wanted = state->begin_claim(1);
    if (claims) unit.changes.emplace_back(job_change(wanted->claim));
    auto stored = co_await state->use.feed.commit(std::move(unit));
    std::vector<Job> jobs;
    if (stored && claims) jobs = co_await read_claim(state, wanted->claim);
    auto next = state->end_claim(wanted, std::move(jobs));
    if (stored) {
      if (const auto* parked = std::get_if<JobParked>(&outcome.what)) {
        co_await wake_if_happened(state, outcome.job, *parked);
      }
      if (outcome.has_failed()) {
        JobPlace place{.scope = running->scope, .id = running->hold.id};
        const auto told = co_await tell_stopped(state, std::move(place));
        if (!told) base::log::warn("ended_jobs_unreadable", {{"error", told.error().message}});
      }
      if (next.empty()) co_return std::nullopt;
      co_return std::move(next.front());
    }
    if (is_lost_hold(stored.error())) co_return std::nullopt;
    if (!stored.error().retryable) {
      const bool is_refused = std::holds_alternative<JobDone>(outcome.what) &&
                              stored.error().kind != ErrorKind::unavailable;
      if (!is_refused) {
        base::log::error("job_not_stored",
                         {{"job", running->hold.id}, {"error", stored.error().message}});
        co_return std::nullopt;  // its lease ends
      }
      outcome.what = error_of(JobFailure::error, stored.error().message);
      continue;
    }
    if (attempt == 0) {
      base::log::warn("job_waits_for_store",
                      {{"job", running->hold.id}, {"error", stored.error().message}});
    }
    const bool slept = co_await wait_to_retry(state->options.retry, attempt++, spread,
                                              state->giving_up.get_token());
    if (!slept || running->is_lost) co_return std::nullopt;
  }
}

Task<void> JobRunner::wake_if_happened(StatePtr state, Job job, JobParked parked) {
  JobHandler* handler = state->use.handlers.find(job.work);
  const bool is_ours = parked.waits_for.starts_with("job:") ||
                       parked.waits_for.starts_with("batch:") || parked.waits_for.empty();
  if (handler == nullptr || is_ours) co_return;
  const Scope scope = job.owner.scope;
  const std::string id = job.id;
  job.waits_for = parked.waits_for;
  const bool has_happened = co_await handler->may_go_on(std::move(job));
  if (!has_happened) co_return;
  for (int attempt = 0;; ++attempt) {
    Unit unit{.scope = scope};
    unit.changes.emplace_back(
        job_change(WakeJob{.id = id, .waits_for = parked.waits_for, .at = state->use.clock.now()}));
    auto woken = co_await state->use.feed.commit(std::move(unit));
    // Somebody else may have woken it, or ended it.
    if (woken || !woken.error().retryable) co_return;
    const bool slept =
        co_await wait_to_retry(state->options.retry, attempt, 0, state->giving_up.get_token());
    if (!slept) co_return;
  }
}

}  // namespace colonnade::core
