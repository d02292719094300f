#include "core/runs/runs.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "core/access/visibility.hpp"
#include "core/runs/turn_tools.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

RunRecordPorts record_ports(const RunPorts& ports, const RunOptions& options) {
  return {.feed = ports.feed,
          .prices = ports.prices,
          .redaction = ports.redaction,
          .clock = ports.clock,
          .retry = options.commit_retry,
          .spans = ports.spans,
          .budgets = ports.budgets};
}

std::string describe(const std::exception_ptr& broken) {
  try {
    std::rethrow_exception(broken);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

}  // namespace

// Shared with the runs' coroutines, which may end after the Runs object.
struct Runs::Shared {
  Shared(const RunPorts& ports, RunOptions options_in)
      : options(std::move(options_in)),
        threads(ports.threads),
        runs(ports.runs),
        lanes(ports.lanes),
        feed(ports.feed),
        clock(ports.clock),
        tools(ports.tools),
        budgets(ports.budgets),
        starts({.threads = ports.threads,
                .runs = ports.runs,
                .actions = ports.actions,
                .agents = ports.agents,
                .providers = ports.providers,
                .tools = ports.tools,
                .clock = ports.clock},
               {.defaults = options.defaults,
                .context = options.context,
                .message_bytes_max = options.message_bytes_max}),
        settling(ports.runs, ports.actions, record_ports(ports, options)),
        driver_ports{.record = record_ports(ports, options),
                     .model = {.providers = ports.providers,
                               .prices = ports.prices,
                               .attachments = ports.attachments},
                     .tools = {.judge = ports.judge,
                               .tools = ports.tools,
                               .permissions = ports.permissions,
                               .runs = ports.runs,
                               .actions = ports.actions,
                               .rate_limits = ports.rate_limits}},
        active(options.active_per_account, options.active_max) {}

  const RunOptions options;
  ThreadStore& threads;
  RunStore& runs;
  base::Lanes& lanes;
  EventFeed& feed;
  base::Clock& clock;
  ToolRunner& tools;
  const Budgets* budgets;
  const RunStarts starts;
  const RunSettling settling;
  const RunDriverPorts driver_ports;
  ActiveRuns active;
  std::atomic<bool> recovers{false};  // whether recover() was called
};

Runs::Runs(const RunPorts& ports, RunOptions options)
    : shared_(std::make_shared<Shared>(ports, std::move(options))) {}

Runs::~Runs() = default;

// --- starting -----------------------------------------------------------------------------------

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): lanes outlive coroutines
Task<Result<Run>> Runs::start(Principal who, NewMessage input, base::Lane& lane) {
  const auto shared = shared_;
  if (!input.failure.empty()) {
    auto failed = co_await start_failed(shared, std::move(who), std::move(input));
    co_return failed;
  }
  std::string keyed_request_id = std::move(input.keyed_request_id);
  // Work that was handed on comes with no credential, and counts for that of whoever handed it on.
  const bool is_asked_for = !input.options.handed_on_by;
  if (is_asked_for && shared->budgets != nullptr && shared->budgets->count_keys(who.scope)) {
    input.options.key_id = who.credential_id;
  }
  auto start = co_await shared->starts.fresh(std::move(who), std::move(input));
  if (!start) co_return fail(std::move(start.error()));
  auto tools = co_await counted_tools(shared, &*start);
  auto driver =
      std::make_shared<RunDriver>(shared->driver_ports, shared->options, lane, std::move(*start));
  auto claimed = co_await claim(shared, driver);
  if (!claimed) co_return fail(std::move(claimed.error()));
  const Run run = driver->run();
  const auto opened = driver->open(std::move(keyed_request_id), tools);
  lane.spawn("run", supervise(shared, std::move(driver)));
  auto stored = co_await opened->wait();
  if (!stored) {
    // Whoever is told of it may try again at once.
    shared->active.release(run);
    co_return fail(std::move(stored.error()));
  }
  co_return run;
}

// What a run is offered, where budgets count it: their texts are part of what its first call may
// cost. Tools that are not there yet are not waited for; they are reserved for when they are.
Task<std::optional<std::vector<ToolDefinition>>> Runs::counted_tools(std::shared_ptr<Shared> shared,
                                                                     const RunStart* start) {
  const bool counts = shared->budgets != nullptr &&
                      shared->budgets->concern(start->run.scope, parties_of(start->run));
  if (!counts) co_return std::nullopt;
  std::stop_source at_once;
  at_once.request_stop();
  auto all = co_await shared->tools.definitions(start->agent, at_once.get_token());
  const TurnTools tools = turn_tools(std::move(all), start->agent, start->run);
  co_return tools.shown();
}

// Its beginning and its end are one unit. That no other run is active is the store's rule.
Task<Result<Run>> Runs::start_failed(std::shared_ptr<Shared> shared, Principal who,
                                     NewMessage input) {
  std::string keyed_request_id = std::move(input.keyed_request_id);
  auto start = co_await shared->starts.unasked(std::move(who), std::move(input));
  if (!start) co_return fail(std::move(start.error()));
  std::string why = std::move(start->run.error);
  start->run.error.clear();
  Unit unit = RunRecord::opening_unit(start->run, start->user_message, std::move(keyed_request_id));
  Run& run = start->run;
  run.state = RunState::failed;
  run.error = std::move(why);
  run.finished_at = shared->clock.now();
  unit.changes.emplace_back(UpdateRun{.run = run, .from = RunState::running});
  unit.events.push_back({.scope = run.scope,
                         .thread_id = run.thread_id,
                         .run_id = run.id,
                         .at = *run.finished_at,
                         .body = RunFinished{.state = run.state, .error = run.error}});
  auto stored = co_await shared->feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  shared->active.note_failed();
  SpanListener* const spans = shared->driver_ports.record.spans;
  if (spans != nullptr) spans->run_ended(run);
  co_return std::move(run);
}

// Claims the thread in this process. A driver lets go of its thread a moment after its run's end
// was stored and told; whoever acts on what they were told is not refused for it: the store's word
// counts.
Task<Result<void>> Runs::claim(std::shared_ptr<Shared> shared, std::shared_ptr<RunDriver> driver) {
  auto holder = shared->active.enter(driver, ActiveRuns::Entry::fresh);
  if (holder && !holder->empty()) {
    const auto run = co_await shared->runs.run(driver->run().scope, *holder);
    if (run && *run && is_terminal((*run)->state)) {
      const std::string ended = *holder;
      holder = shared->active.enter(driver, ActiveRuns::Entry::fresh, ended);
    }
  }
  if (!holder) co_return fail(std::move(holder.error()));
  if (!holder->empty()) co_return fail(ErrorKind::conflict, run_is_active_text);
  co_return Result<void>();
}

// Runs a driver and tells everybody how it ended.
Task<void> Runs::supervise(std::shared_ptr<Shared> shared, std::shared_ptr<RunDriver> driver) {
  const Run run = driver->run();
  RunOutcome outcome{.kind = RunOutcome::Kind::refused};
  try {
    outcome = co_await RunDriver::drive(driver);
  } catch (...) {
    outcome.error = {.message = describe(std::current_exception())};
  }
  switch (outcome.kind) {
    case RunOutcome::Kind::finished:
      shared->active.leave(run, Result<FinishedRun>(std::move(*outcome.finished)));
      break;
    case RunOutcome::Kind::abandoned:
      shared->active.leave(run, Result<FinishedRun>(fail(std::move(outcome.error))));
      break;
    case RunOutcome::Kind::refused: {
      base::log::error("run_internal_error", {{"run", run.id}, {"error", outcome.error.message}});
      RunSettling::End end{.error = "internal error; run id " + run.id};
      co_await settle(shared, run, std::move(end));
      break;
    }
    case RunOutcome::Kind::waiting: {
      // Waits for a human; so do those who wait for it. What was meant for the driver, until it
      // could not be found any more, is seen to now.
      shared->active.leave(run, std::nullopt);
      if (driver->cancel_noted()) {
        co_await cancel_stored(shared, run.scope, run.id, RunState::waiting_approval);
      } else {
        co_await resume(shared, run.scope, run.id);
      }
    }
  }
}

// Ends a run that nobody drives (any more), as soon as the store takes it.
Task<void> Runs::settle(std::shared_ptr<Shared> shared, Run run, RunSettling::End end) {
  std::optional<Result<FinishedRun>> outcome;
  try {
    auto settled = co_await shared->settling.settle(run.scope, run.id, std::move(end),
                                                    shared->active.stopping());
    if (settled) {
      outcome = FinishedRun{.run = std::move(*settled)};
    } else {
      outcome = fail(std::move(settled.error()));
    }
  } catch (...) {
    outcome = fail(ErrorKind::internal, describe(std::current_exception()));
  }
  if (!*outcome) {
    base::log::error("run_not_settled", {{"run", run.id}, {"error", outcome->error().message}});
  }
  shared->active.leave(run, std::move(outcome));
}

// --- waiting and reading ------------------------------------------------------------------------

Task<Result<FinishedRun>> Runs::wait(Principal who, std::string run_id, std::stop_token stop) {
  const auto shared = shared_;
  auto waiter = std::make_shared<base::Completion<Result<FinishedRun>>>();
  auto driver = shared->active.add_waiter(run_id, waiter);
  if (!driver) co_return fail(std::move(driver.error()));
  // An active run tells its waiters itself, once its end was delivered to the subscribers: its row
  // may say so a moment earlier. Any other run is looked up, which is safe as the waiter is
  // registered.
  std::optional<Result<FinishedRun>> now;
  if (!*driver) {
    now = co_await stored_outcome(shared, who, run_id);
  } else if (!may_see(who, (*driver)->run().scope, (*driver)->run().started_by)) {
    now = fail(ErrorKind::not_found, "no such run");
  }
  driver->reset();
  if (!now) {
    auto told = co_await waiter->wait(stop);
    if (told) co_return std::move(*told);
    now = fail(ErrorKind::cancelled, "the caller stopped waiting");
  }
  shared->active.remove_waiter(run_id, waiter);
  co_return std::move(*now);
}

// What the store says of a run that nobody drives; nullopt when it is not over.
Task<std::optional<Result<FinishedRun>>> Runs::stored_outcome(std::shared_ptr<Shared> shared,
                                                              Principal who, std::string run_id) {
  auto detail = co_await visible_detail(shared, who, std::move(run_id));
  if (!detail) co_return fail(std::move(detail.error()));
  if (!is_terminal(detail->run.state)) co_return std::nullopt;
  FinishedRun finished{.run = std::move(detail->run), .reply = std::move(detail->reply)};
  auto message = co_await shared->threads.message(who.scope, finished.run.user_message_id);
  if (!message) co_return fail(std::move(message.error()));
  if (*message) finished.user_message = std::move(**message);
  co_return finished;
}

Task<Result<RunDetail>> Runs::visible_detail(std::shared_ptr<Shared> shared, Principal who,
                                             std::string run_id) {
  auto detail = co_await shared->runs.run_detail(who.scope, std::move(run_id));
  if (!detail) co_return fail(std::move(detail.error()));
  if (!*detail || !may_see(who, (*detail)->run.scope, (*detail)->run.started_by)) {
    co_return fail(ErrorKind::not_found, "no such run");
  }
  co_return std::move(**detail);
}

Task<Result<RunDetail>> Runs::read(Principal who, std::string run_id) const {
  auto detail = co_await visible_detail(shared_, std::move(who), std::move(run_id));
  co_return detail;
}

Task<Result<std::optional<RunOrigin>>> Runs::newest_in(Principal who, std::string thread_id) const {
  const auto shared = shared_;
  auto origin = co_await shared->runs.newest_run(who.scope, std::move(thread_id));
  if (origin && *origin && !may_see(who, (*origin)->run.scope, (*origin)->run.started_by)) {
    co_return std::nullopt;
  }
  co_return origin;
}

RunCounts Runs::counts() const { return shared_->active.counts(); }

// --- cancelling ---------------------------------------------------------------------------------

Task<Result<void>> Runs::cancel(Principal who, std::string run_id) {
  auto cancelled = co_await cancel_shared(shared_, std::move(who), std::move(run_id), Tools::stop);
  co_return cancelled;
}

Task<Result<void>> Runs::cancel_after_tools(Principal who, std::string run_id) {
  auto cancelled = co_await cancel_shared(shared_, std::move(who), std::move(run_id), Tools::end);
  co_return cancelled;
}

void Runs::cancel_soon(Principal who, std::string run_id) {
  shared_->lanes.next().spawn("cancel_run",
                              cancel_unawaited(shared_, std::move(who), std::move(run_id)));
}

Task<void> Runs::cancel_unawaited(std::shared_ptr<Shared> shared, Principal who,
                                  std::string run_id) {
  // not_found: it has just ended by itself
  [[maybe_unused]] const auto asked =
      co_await cancel_shared(std::move(shared), std::move(who), std::move(run_id), Tools::stop);
}

Task<Result<void>> Runs::cancel_shared(std::shared_ptr<Shared> shared, Principal who,
                                       std::string run_id, Tools tools) {
  // A parked run goes on at the next start. Clients that lose their connection now do not mean it.
  if (shared->active.is_stopping()) {
    co_return fail(ErrorKind::unavailable, "the server is stopping");
  }
  auto driver = shared->active.find(run_id);
  if (driver) {
    if (!may_see(who, driver->run().scope, driver->run().started_by)) {
      co_return fail(ErrorKind::not_found, "no such run");
    }
    if (const auto noted = shared->active.find_to_cancel(driver->run().id)) {
      if (tools == Tools::end) {
        noted->cancel_after_tools();
      } else {
        noted->cancel();
      }
      co_return Result<void>();
    }  // else it has just been let go of, and the store knows how it stands
    driver.reset();
  }
  auto run = co_await shared->runs.run(who.scope, run_id);
  if (!run) co_return fail(std::move(run.error()));
  if (!*run || !may_see(who, (*run)->scope, (*run)->started_by) || is_terminal((*run)->state)) {
    co_return fail(ErrorKind::not_found, "no such active run");
  }
  shared->lanes.next().spawn("cancel_run",
                             cancel_stored(shared, (*run)->scope, run_id, (*run)->state));
  co_return Result<void>();
}

// Nobody drives it (it waits for a human): the store is all there is to change.
Task<void> Runs::cancel_stored(std::shared_ptr<Shared> shared, Scope scope, std::string run_id,
                               RunState from) {
  RunSettling::End end{.state = RunState::cancelled, .error = "cancelled", .only_from = from};
  auto settled =
      co_await shared->settling.settle(scope, run_id, std::move(end), shared->active.stopping());
  if (settled) {
    const Run& run = *settled;
    shared->active.leave(run, Result<FinishedRun>(FinishedRun{.run = run}));
    co_return;
  }
  // A human's answer came first, and the run is under way again.
  if (const auto driver = shared->active.find_to_cancel(run_id)) {
    driver->cancel();
  } else {
    base::log::warn("run_not_cancelled", {{"run", run_id}, {"error", settled.error().message}});
  }
}

// --- going on -----------------------------------------------------------------------------------

void Runs::go_on(const Scope& scope, const std::string& run_id) {
  if (const auto driver = shared_->active.find(run_id)) {
    driver->recheck();
  } else if (shared_->recovers) {
    shared_->lanes.next().spawn("resume_run", resume(shared_, scope, run_id));
  }  // else not yet: recover() takes it up
}

// Takes up a parked run if it has been answered. Whoever comes second finds the thread claimed, or
// the run no longer waiting.
Task<void> Runs::resume(std::shared_ptr<Shared> shared, Scope scope, std::string run_id) {
  auto found = co_await shared->runs.run_detail(scope, run_id);
  if (!found || !*found || (*found)->run.state != RunState::waiting_approval) co_return;
  const std::vector<ToolCall>& calls = (*found)->calls;
  const auto waits = [](const ToolCall& call) {
    return call.state == ToolCallState::waiting_approval;
  };
  const auto answered = [](const ToolCall& call) { return call.state == ToolCallState::requested; };
  if (std::ranges::any_of(calls, waits) && std::ranges::none_of(calls, answered)) co_return;
  [[maybe_unused]] const bool taken_up = co_await take_up(shared, std::move((*found)->run));
}

// Goes on with an unfinished run, on a lane of its own. No run stays unfinished for ever: one that
// cannot go on fails, with the reason.
Task<bool> Runs::take_up(std::shared_ptr<Shared> shared, Run run) {
  base::Lane& lane = shared->lanes.next();
  auto start = co_await shared->starts.again(run);
  if (!start) {
    base::log::error("run_not_recovered", {{"run", run.id}, {"error", start.error().message}});
    RunSettling::End end{
        .error = "the run could not go on after a restart: " + start.error().message,
        .only_from = run.state};
    lane.spawn("settle_run", settle(shared, std::move(run), std::move(end)));
    co_return false;
  }
  auto driver =
      std::make_shared<RunDriver>(shared->driver_ports, shared->options, lane, std::move(*start));
  auto holder = shared->active.enter(driver, ActiveRuns::Entry::again);
  if (!holder || !holder->empty()) co_return false;
  lane.spawn("run", supervise(shared, std::move(driver)));
  co_return true;
}

Task<Result<std::size_t>> Runs::recover() {
  const auto shared = shared_;
  shared->recovers = true;  // first: an answer from now on is seen by one of the two
  auto unfinished = co_await shared->runs.unfinished_runs();
  if (!unfinished) co_return fail(std::move(unfinished.error()));
  std::size_t count = 0;
  for (Run& run : *unfinished) {
    if (run.state == RunState::waiting_approval) {
      // Only if a human answered; else the answer wakes it.
      co_await resume(shared, run.scope, run.id);
      continue;
    }
    const bool taken_up = co_await take_up(shared, std::move(run));
    if (taken_up) ++count;
  }
  co_return count;
}

void Runs::park_all() { shared_->active.park_all(); }

}  // namespace colonnade::core
