#include "core/runs/runs.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/visibility.hpp"
#include "core/context/limits.hpp"
#include "core/governance/action_records.hpp"
#include "core/limits.hpp"
#include "core/runs/run_driver.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

using Waiter = std::shared_ptr<base::Completion<Result<FinishedRun>>>;

constexpr const char* busy_text = "an agent run is already active in this thread";

// What a run begins with: the message, the run and the news of both, in one unit.
Unit opening_unit(const RunStart& start, std::string keyed_request_id) {
  const Run& run = start.run;
  Unit unit{.scope = run.scope};
  unit.changes.emplace_back(InsertMessage{start.user_message});
  unit.changes.emplace_back(InsertRun{run});
  if (!keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(keyed_request_id), run.id});
  }
  const Event event{.scope = run.scope,
                    .thread_id = run.thread_id,
                    .run_id = run.id,
                    .at = run.created_at,
                    .body = {}};
  unit.events = {event, event};
  unit.events[0].body = MessageStored{start.user_message};
  unit.events[1].body = RunStarted{start.user_message};
  return unit;
}

// What the model is to know of a thread: the summary of its older part and what came after.
struct Past {
  std::optional<ThreadSummary> summary{};
  std::vector<Message> history{};  // oldest first
  bool is_cut = false;             // there are older ones that nothing covers
};

// The page that the opening has, and the ones before it, back to what the summary covers.
Task<Result<Past>> read_past(ThreadStore* threads, RunOpening opening) {
  Past out{.summary = std::move(opening.summary), .history = std::move(opening.newest)};
  const Scope scope = opening.thread.scope;
  const std::string thread_id = opening.thread.id;
  const auto after = out.summary ? std::optional(out.summary->up_to) : std::nullopt;
  MessagePage page{.limit = limits::page_rows_max};
  bool more = opening.more;
  while (more && out.history.size() < limits::context_messages_max) {
    page.before = out.history.front().created_at;
    auto older = co_await threads->messages(scope, thread_id, page);
    if (!older) co_return fail(std::move(older.error()));
    more = older->size() == page.limit;
    auto first = older->begin();
    while (after && first != older->end() && first->created_at <= *after) ++first;
    if (first != older->begin()) more = false;
    out.history.insert(out.history.begin(), std::make_move_iterator(first),
                       std::make_move_iterator(older->end()));
  }
  out.is_cut = more;
  co_return out;
}

}  // namespace

// Shared with the drivers' coroutines, which may end after the Runs object.
struct Runs::State {
  mutable std::mutex mutex;
  std::condition_variable idle;
  // Takes up a parked run that was answered while it was being parked; set while there is a Runs.
  std::function<Task<void>(Scope, std::string)> resume;
  // Cancels a run that was parked before the driver saw that it was to be cancelled.
  std::function<Task<void>(Scope, std::string)> cancel_parked;
  base::Lanes* lanes = nullptr;  // where resumed runs go
  std::unordered_map<std::string, std::shared_ptr<RunDriver>> by_run;
  std::unordered_map<std::string, std::string> run_by_thread;
  std::unordered_map<std::string, std::vector<Waiter>> waiters;
  bool stopping = false;
  RunCounts counts;

  // Claims the thread for a run. "" when that worked, else the run that has the thread; a run named
  // by `ended` has no claim any more.
  Result<std::string> enter(const std::string& thread_id, const std::shared_ptr<RunDriver>& driver,
                            const std::string& ended = {}) {
    const std::lock_guard lock(mutex);
    if (stopping) return fail(ErrorKind::unavailable, "the server is stopping");
    const auto [entry, fresh] = run_by_thread.try_emplace(thread_id, driver->run().id);
    if (!fresh && entry->second != ended) return entry->second;
    entry->second = driver->run().id;
    by_run[driver->run().id] = driver;
    ++counts.started;
    return std::string();
  }

  // A parked run whose question was answered, or that was cancelled, before it was parked.
  static Task<void> after_parking(std::shared_ptr<State> self, Run run, bool cancelled) {
    std::function<Task<void>(Scope, std::string)> call;
    {
      const std::lock_guard lock(self->mutex);
      call = cancelled ? self->cancel_parked : self->resume;
    }
    if (call) co_await call(run.scope, run.id);
  }

  // The run's driver, which is told of a cancel before it can be let go of.
  std::shared_ptr<RunDriver> driver_to_cancel(const std::string& run_id) const {
    const std::lock_guard lock(mutex);
    const auto found = by_run.find(run_id);
    if (found == by_run.end()) return nullptr;
    found->second->note_cancel();
    return found->second;
  }

  // That of the driver, else any; nullptr before recover() and once the server stops.
  base::Lane* a_lane(const std::shared_ptr<RunDriver>& driver) const {
    if (driver) return &driver->lane();
    const std::lock_guard lock(mutex);
    return lanes == nullptr ? nullptr : &lanes->next();
  }

  void leave(const Run& run, const std::optional<Result<FinishedRun>>& tell) {
    std::vector<Waiter> told;
    {
      const std::lock_guard lock(mutex);
      by_run.erase(run.id);
      const auto claim = run_by_thread.find(run.thread_id);
      if (claim != run_by_thread.end() && claim->second == run.id) run_by_thread.erase(claim);
      if (tell) {
        const auto found = waiters.find(run.id);
        if (found != waiters.end()) {
          told.swap(found->second);
          waiters.erase(found);
        }
        if (*tell) count((*tell)->run.state);
      }
    }
    for (const Waiter& waiter : told) waiter->complete(*tell);
    idle.notify_all();
  }

 private:
  void count(RunState state) {
    if (state == RunState::succeeded) ++counts.succeeded;
    if (state == RunState::failed) ++counts.failed;
    if (state == RunState::cancelled) ++counts.cancelled;
  }
};

namespace {

// Runs a driver and tells everybody how it ended.
template <class State>
Task<void> supervise(std::shared_ptr<State> state, std::shared_ptr<RunDriver> driver) {
  std::optional<RunOutcome> outcome;
  try {
    outcome = co_await RunDriver::drive(driver);
  } catch (const std::exception& bug) {
    base::log::error("run_broke", {{"run", driver->run().id}, {"error", bug.what()}});
  }
  const Run run = driver->run();
  if (!outcome) {
    state->leave(run, Result<FinishedRun>(fail(ErrorKind::internal, "the run broke; see the log")));
  } else if (outcome->kind == RunOutcome::Kind::finished) {
    state->leave(run, Result<FinishedRun>(std::move(*outcome->finished)));
  } else if (outcome->kind == RunOutcome::Kind::abandoned) {
    state->leave(run, Result<FinishedRun>(fail(std::move(outcome->error))));
  } else {
    state->leave(run, std::nullopt);  // waits for a human; so do those who wait for it
    co_await State::after_parking(state, run, driver->cancel_noted());
  }
}

}  // namespace

Runs::Runs(RunPorts parts, RunOptions options)
    : parts_(parts), options_(std::move(options)), state_(std::make_shared<State>()) {
  state_->resume = std::bind_front(&Runs::resume, this);
  state_->cancel_parked = std::bind_front(&Runs::cancel_parked, this);
}

// The engine stops its lanes only after the runs were parked, so nothing is in resume() any more.
Runs::~Runs() {
  const std::lock_guard lock(state_->mutex);
  state_->resume = nullptr;
  state_->cancel_parked = nullptr;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): lanes outlive coroutines
Task<Result<Run>> Runs::start(Principal who, NewMessage input, base::Lane& lane) {
  std::string keyed_request_id = std::move(input.keyed_request_id);
  auto start = co_await fresh_start(std::move(who), std::move(input));
  if (!start) co_return fail(std::move(start.error()));
  const Run run = start->run;
  Unit unit = opening_unit(*start, std::move(keyed_request_id));
  auto driver = std::make_shared<RunDriver>(parts_, options_, lane, std::move(*start));
  auto claimed = co_await claim(driver);
  if (!claimed) co_return fail(std::move(claimed.error()));
  auto stored = std::make_shared<base::Completion<Result<std::int64_t>>>();
  parts_.feed.append(std::move(unit), [stored, driver](Result<std::int64_t> result) {
    driver->accepted(result.has_value());
    stored->complete(std::move(result));
  });
  lane.spawn("turn", supervise(state_, driver));
  auto result = co_await stored->wait();
  if (!result) co_return fail(std::move(result.error()));
  co_return run;
}

// Everything that can be refused is refused here, before anything is stored or asked.
Task<Result<RunStart>> Runs::fresh_start(Principal who, NewMessage input) {
  if (input.parts.empty()) co_return fail(ErrorKind::invalid, "a message needs content", "parts");
  auto opening = co_await parts_.stores.runs.opening(who.scope, input.thread_id);
  if (!opening) co_return fail(std::move(opening.error()));
  if (!*opening || !may_see(who, who.scope, (*opening)->thread.owner)) {
    co_return fail(ErrorKind::not_found, "no such thread");
  }
  Thread thread = (*opening)->thread;
  if (thread.deleted_at) co_return fail(ErrorKind::conflict, "thread deleted");
  auto agent = co_await parts_.agents.get(who.scope, thread.agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  ModelSettings configured = options_.defaults;
  if (!configured.provider) configured.provider = parts_.providers.default_name();
  ModelSettings settings =
      input.settings.over(thread.settings).over(agent->settings).over(configured);
  const std::string wanted = settings.provider.value_or("");
  ModelProvider* provider = parts_.providers.find(wanted);
  if (provider == nullptr) {
    co_return fail(ErrorKind::unavailable,
                   "no agent configured: there is no model provider named '" + wanted + "'",
                   "provider");
  }
  settings.provider = std::string(provider->name());
  if ((*opening)->active) co_return fail(ErrorKind::conflict, busy_text);
  auto past = co_await read_past(&parts_.stores.threads, std::move(**opening));
  if (!past) co_return fail(std::move(past.error()));

  const Time now = parts_.clock.now();
  const std::string run_id = base::new_id(now);
  RunStart start{.run = {.id = run_id,
                         .thread_id = input.thread_id,
                         .scope = who.scope,
                         .agent_id = agent->id,
                         .agent_version = agent->version,
                         .user_message_id = base::new_id(now),
                         .started_by = thread.owner,
                         .state = RunState::running,
                         .settings = std::move(settings),
                         .created_at = now},
                 .thread = std::move(thread),
                 .agent = std::move(*agent),
                 .provider = provider,
                 .user_message = {},
                 .summary = std::move(past->summary),
                 .history = std::move(past->history),
                 .history_is_cut = past->is_cut};
  start.user_message = {.id = start.run.user_message_id,
                        .thread_id = input.thread_id,
                        .run_id = run_id,
                        .role = Role::user,
                        .parts = std::move(input.parts),
                        .user_id = who.user_id,
                        .device_id = who.device_id,
                        .created_at = now,
                        .model = {},
                        .usage = std::nullopt,
                        .metadata = std::move(input.metadata)};
  start.history.push_back(start.user_message);
  co_return start;
}

// Claims the thread in this process. A driver lets go of its thread a moment after its run's end
// was stored and told; whoever acts on what they were told is not refused for it: the store's word
// counts.
Task<Result<void>> Runs::claim(std::shared_ptr<RunDriver> driver) {
  const Run& run = driver->run();
  auto holder = state_->enter(run.thread_id, driver);
  if (holder && !holder->empty()) {
    const std::string other = *holder;
    const bool ended = co_await has_ended(run.scope, other);
    if (ended) holder = state_->enter(run.thread_id, driver, other);
  }
  if (!holder) co_return fail(std::move(holder.error()));
  if (!holder->empty()) co_return fail(ErrorKind::conflict, busy_text);
  co_return Result<void>{};
}

Task<bool> Runs::has_ended(Scope scope, std::string run_id) const {
  const auto run = co_await parts_.stores.runs.run(std::move(scope), std::move(run_id));
  co_return run && *run&& is_terminal((*run)->state);
}

Task<Result<FinishedRun>> Runs::wait(Principal who, std::string run_id, std::stop_token stop) {
  auto waiter = std::make_shared<base::Completion<Result<FinishedRun>>>();
  std::shared_ptr<RunDriver> driver;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) co_return fail(ErrorKind::unavailable, "the server is stopping");
    state_->waiters[run_id].push_back(waiter);
    const auto active = state_->by_run.find(run_id);
    if (active != state_->by_run.end()) driver = active->second;
  }
  // An active run tells its waiters itself, once its end was delivered to the subscribers: its row
  // may say so a moment earlier. Any other run is looked up, which is safe as the waiter is
  // registered.
  std::optional<Result<FinishedRun>> now;
  if (!driver) {
    now = co_await stored_outcome(who, run_id);
  } else if (!may_see(who, driver->run().scope, driver->run().started_by)) {
    now = fail(ErrorKind::not_found, "no such run");
  }
  driver.reset();
  if (!now) {
    auto told = co_await waiter->wait(stop);
    if (told) co_return std::move(*told);
    now = fail(ErrorKind::cancelled, "the caller stopped waiting");
  }
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->waiters.find(run_id);
  if (found != state_->waiters.end()) {
    std::erase(found->second, waiter);
    if (found->second.empty()) state_->waiters.erase(found);
  }
  co_return std::move(*now);
}

// What the store says of a run that nobody drives; nullopt when it is not over.
Task<std::optional<Result<FinishedRun>>> Runs::stored_outcome(Principal who,
                                                              std::string run_id) const {
  auto detail = co_await read(who, std::move(run_id));
  if (!detail) co_return fail(std::move(detail.error()));
  if (!is_terminal(detail->run.state)) co_return std::nullopt;
  FinishedRun finished{.run = std::move(detail->run), .reply = std::move(detail->reply)};
  auto message = co_await parts_.stores.threads.message(who.scope, finished.run.user_message_id);
  if (!message) co_return fail(std::move(message.error()));
  if (*message) finished.user_message = std::move(**message);
  co_return finished;
}

Task<Result<RunDetail>> Runs::read(Principal who, std::string run_id) const {
  auto detail = co_await parts_.stores.runs.run_detail(who.scope, std::move(run_id));
  if (!detail) co_return fail(std::move(detail.error()));
  if (!*detail || !may_see(who, (*detail)->run.scope, (*detail)->run.started_by)) {
    co_return fail(ErrorKind::not_found, "no such run");
  }
  co_return std::move(**detail);
}

Task<Result<void>> Runs::cancel(Principal who, std::string run_id) {
  {
    // A parked run goes on at the next start. Clients that lose their connection now do not mean
    // it.
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) co_return fail(ErrorKind::unavailable, "the server is stopping");
  }
  auto driver = find(run_id);
  if (driver) {
    if (!may_see(who, driver->run().scope, driver->run().started_by)) {
      co_return fail(ErrorKind::not_found, "no such run");
    }
    if (const auto noted = state_->driver_to_cancel(driver->run().id)) {
      noted->cancel();
      co_return Result<void>{};
    }  // else it has just been let go of, and the store knows how it stands
    driver.reset();
  }
  auto run = co_await parts_.stores.runs.run(who.scope, std::move(run_id));
  if (!run) co_return fail(std::move(run.error()));
  if (!*run || !may_see(who, (*run)->scope, (*run)->started_by) || is_terminal((*run)->state)) {
    co_return fail(ErrorKind::not_found, "no such active run");
  }
  co_await cancel_waiting(std::move(**run));
  co_return Result<void>{};
}

void Runs::cancel_soon(Principal who, std::string run_id) {
  base::Lane* lane = state_->a_lane(find(run_id));
  if (lane == nullptr) return;  // the server stops: the run goes on at its next start
  lane->spawn("cancel_run", cancel_unawaited(this, std::move(who), std::move(run_id)));
}

Task<void> Runs::cancel_unawaited(Runs* self, Principal who, std::string run_id) {
  // not_found: it has just ended by itself
  [[maybe_unused]] const auto asked = co_await self->cancel(std::move(who), std::move(run_id));
}

Task<void> Runs::cancel_parked(Scope scope, std::string run_id) {
  auto run = co_await parts_.stores.runs.run(std::move(scope), std::move(run_id));
  if (run && *run && !is_terminal((*run)->state)) co_await cancel_waiting(std::move(**run));
}

// It waits for a human: nothing runs, so the store is all there is to change.
Task<void> Runs::cancel_waiting(Run run) {
  Run cancelled = std::move(run);
  const RunState from = cancelled.state;
  cancelled.state = RunState::cancelled;
  cancelled.error = "cancelled";
  cancelled.finished_at = parts_.clock.now();
  Unit unit{.scope = cancelled.scope};
  auto actions = co_await parts_.stores.actions.actions_of_run(cancelled.scope, cancelled.id);
  if (actions) {
    for (Action& action : *actions) {
      withdraw(unit, action, "the run was cancelled before anybody answered",
               *cancelled.finished_at, parts_.redaction);
    }
  }
  unit.changes.emplace_back(UpdateRun{.run = cancelled, .from = from});
  unit.events.push_back(
      Event{.scope = cancelled.scope,
            .thread_id = cancelled.thread_id,
            .run_id = cancelled.id,
            .at = *cancelled.finished_at,
            .body = RunFinished{.state = RunState::cancelled, .error = cancelled.error}});
  parts_.feed.append(
      std::move(unit), [state = state_, cancelled](const Result<std::int64_t>& done) {
        if (done)
          return state->leave(cancelled, Result<FinishedRun>(FinishedRun{.run = cancelled}));
        // A human's answer came first, and the run is under way again.
        if (const auto driver = state->driver_to_cancel(cancelled.id)) driver->cancel();
      });
}

void Runs::go_on(const Scope& scope, const std::string& run_id) {
  if (const auto driver = find(run_id)) {
    driver->look_again();
  } else if (base::Lane* lane = state_->a_lane(nullptr)) {
    lane->spawn("resume_run", resume(scope, run_id));
  }  // else not yet, or not any more: the next start takes it up
}

// Takes up a parked run if it has been answered. Whoever comes second finds the thread claimed, or
// the run no longer waiting.
Task<void> Runs::resume(Scope scope, std::string run_id) {
  auto found = co_await parts_.stores.runs.run_detail(scope, run_id);
  if (!found || !*found || (*found)->run.state != RunState::waiting_approval) co_return;
  const Run& run = (*found)->run;
  const std::vector<ToolCall>& calls = (*found)->calls;
  const auto waits = [](const ToolCall& call) {
    return call.state == ToolCallState::waiting_approval;
  };
  const auto answered = [](const ToolCall& call) { return call.state == ToolCallState::requested; };
  if (std::ranges::any_of(calls, waits) && std::ranges::none_of(calls, answered)) co_return;
  auto start = co_await recovered_start(run);
  if (!start) {
    give_up(run, start.error().message);
    co_return;
  }
  base::Lane* lane = state_->a_lane(nullptr);
  if (lane == nullptr) co_return;  // the next start takes it up
  auto driver = std::make_shared<RunDriver>(parts_, options_, *lane, std::move(*start));
  if (auto holder = state_->enter(run.thread_id, driver); !holder || !holder->empty()) co_return;
  lane->spawn("turn", supervise(state_, driver));
}

Task<Result<std::size_t>> Runs::recover(base::Lanes* lanes) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->lanes = lanes;
  }
  auto unfinished = co_await parts_.stores.runs.unfinished_runs();
  if (!unfinished) co_return fail(std::move(unfinished.error()));
  std::size_t taken_up = 0;
  for (Run& run : *unfinished) {
    if (run.state == RunState::waiting_approval) {
      co_await resume(run.scope, run.id);  // only if a human answered; else the answer wakes it
      continue;
    }
    auto start = co_await recovered_start(run);
    if (!start) {
      base::log::error("run_not_recovered", {{"run", run.id}, {"error", start.error().message}});
      give_up(run, start.error().message);
      continue;
    }
    base::Lane& lane = lanes->next();
    auto driver = std::make_shared<RunDriver>(parts_, options_, lane, std::move(*start));
    if (auto holder = state_->enter(run.thread_id, driver); !holder || !holder->empty()) continue;
    lane.spawn("turn", supervise(state_, driver));
    ++taken_up;
  }
  co_return taken_up;
}

Task<Result<RunStart>> Runs::recovered_start(Run run) {
  auto opening = co_await parts_.stores.runs.opening(run.scope, run.thread_id);
  if (!opening) co_return fail(std::move(opening.error()));
  if (!*opening) co_return fail(ErrorKind::not_found, "its thread is gone");
  Thread thread = (*opening)->thread;
  auto agent = co_await parts_.agents.get(run.scope, run.agent_id);
  if (!agent) co_return fail(std::move(agent.error()));
  ModelProvider* provider = parts_.providers.find(run.settings.provider.value_or(""));
  if (provider == nullptr) {
    co_return fail(ErrorKind::unavailable, "its model provider '" +
                                               run.settings.provider.value_or("") +
                                               "' is not configured any more");
  }
  auto message = co_await parts_.stores.threads.message(run.scope, run.user_message_id);
  if (!message) co_return fail(std::move(message.error()));
  if (!*message) co_return fail(ErrorKind::not_found, "its user message is gone");
  auto past = co_await read_past(&parts_.stores.threads, std::move(**opening));
  if (!past) co_return fail(std::move(past.error()));
  auto steps = co_await parts_.stores.runs.steps(run.scope, run.id);
  if (!steps) co_return fail(std::move(steps.error()));
  auto calls = co_await parts_.stores.runs.tool_calls(run.scope, run.id);
  if (!calls) co_return fail(std::move(calls.error()));
  auto actions = co_await parts_.stores.actions.actions_of_run(run.scope, run.id);
  if (!actions) co_return fail(std::move(actions.error()));
  co_return RunStart{.run = run,
                     .thread = std::move(thread),
                     .agent = std::move(*agent),
                     .provider = provider,
                     .user_message = std::move(**message),
                     .summary = std::move(past->summary),
                     .history = std::move(past->history),
                     .history_is_cut = past->is_cut,
                     .recovered = true,
                     .steps = std::move(*steps),
                     .tool_calls = std::move(*calls),
                     .actions = std::move(*actions)};
}

// No run stays unfinished for ever: one that cannot go on fails, with the reason.
void Runs::give_up(const Run& run, const std::string& reason) {
  Run failed = run;
  failed.state = RunState::failed;
  failed.error = "the run could not go on after a restart: " + reason;
  failed.finished_at = parts_.clock.now();
  Unit unit{.scope = run.scope};
  unit.changes.emplace_back(UpdateRun{.run = failed, .from = run.state});
  unit.events.push_back(Event{.scope = run.scope,
                              .thread_id = run.thread_id,
                              .run_id = run.id,
                              .at = *failed.finished_at,
                              .body = RunFinished{.state = failed.state, .error = failed.error}});
  parts_.feed.append(std::move(unit), [state = state_, failed](const Result<std::int64_t>& done) {
    if (done) state->leave(failed, Result<FinishedRun>(FinishedRun{.run = failed}));
  });
}

void Runs::park_all() {
  std::vector<std::shared_ptr<RunDriver>> drivers;
  std::vector<Waiter> waiters;
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->lanes = nullptr;
  for (const auto& [id, driver] : state_->by_run) drivers.push_back(driver);
  lock.unlock();
  for (const auto& driver : drivers) driver->park();
  lock.lock();
  state_->idle.wait(lock, [this] { return state_->by_run.empty(); });
  for (auto& [id, list] : state_->waiters) {
    waiters.insert(waiters.end(), list.begin(), list.end());
  }
  state_->waiters.clear();
  lock.unlock();
  for (const Waiter& waiter : waiters) {
    waiter->complete(fail(ErrorKind::unavailable, "the server is stopping"));
  }
}

RunCounts Runs::counts() const {
  const std::lock_guard lock(state_->mutex);
  RunCounts counts = state_->counts;
  counts.active = state_->by_run.size();
  return counts;
}

std::shared_ptr<RunDriver> Runs::find(std::string_view run_id) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->by_run.find(std::string(run_id));
  return found == state_->by_run.end() ? nullptr : found->second;
}

}  // namespace colonnade::core
