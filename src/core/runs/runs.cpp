#include "core/runs/runs.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>

#include "base/ids.hpp"
#include "base/log.hpp"
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

// The newest messages behind `after`, page by page.
Result<void> read_backwards(ThreadStore& threads, const Scope& scope, const std::string& thread_id,
                            std::optional<Time> after, Past& out) {
  MessagePage page{.limit = limits::page_rows_max};
  while (out.history.size() < limits::context_messages_max) {
    auto older = threads.messages(scope, thread_id, page);
    if (!older) return fail(std::move(older.error()));
    const bool more = older->size() == page.limit;
    if (!older->empty()) page.before = older->front().created_at;
    auto first = older->begin();
    while (after && first != older->end() && first->created_at <= *after) ++first;
    const bool reached = first != older->begin();
    out.history.insert(out.history.begin(), std::make_move_iterator(first),
                       std::make_move_iterator(older->end()));
    if (!more || reached) return {};
  }
  out.is_cut = true;
  return {};
}

// Messages that a summary covers are not read; mostly one page is all there is behind it.
Result<Past> read_past(ThreadStore& threads, const Scope& scope, const std::string& thread_id) {
  auto summary = threads.newest_summary(scope, thread_id);
  if (!summary) return fail(std::move(summary.error()));
  Past out{.summary = std::move(*summary)};
  if (out.summary) {
    const MessagePage page{.after = out.summary->up_to, .limit = limits::page_rows_max};
    auto behind = threads.messages(scope, thread_id, page);
    if (!behind) return fail(std::move(behind.error()));
    if (behind->size() < page.limit) {
      out.history = std::move(*behind);
      return out;
    }
  }
  const auto after = out.summary ? std::optional(out.summary->up_to) : std::nullopt;
  if (auto read = read_backwards(threads, scope, thread_id, after, out); !read) {
    return fail(std::move(read.error()));
  }
  return out;
}

}  // namespace

// Shared with the drivers' coroutines, which may end after the Runs object.
struct Runs::State {
  mutable std::mutex mutex;
  std::condition_variable idle;
  // Takes up a parked run that was answered while it was being parked; set while there is a Runs.
  std::function<void(const Scope&, const std::string&)> resume;
  // Cancels a run that was parked before the driver saw that it was to be cancelled.
  std::function<void(const Scope&, const std::string&)> cancel_parked;
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
  void after_parking(const Run& run, bool cancelled) {
    std::function<void(const Scope&, const std::string&)> call;
    {
      const std::lock_guard lock(mutex);
      call = cancelled ? cancel_parked : resume;
    }
    if (call) call(run.scope, run.id);
  }

  // The run's driver, which is told of a cancel before it can be let go of.
  std::shared_ptr<RunDriver> driver_to_cancel(const std::string& run_id) const {
    const std::lock_guard lock(mutex);
    const auto found = by_run.find(run_id);
    if (found == by_run.end()) return nullptr;
    found->second->note_cancel();
    return found->second;
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
    state->leave(run, Result<FinishedRun>(std::move(outcome->finished)));
  } else if (outcome->kind == RunOutcome::Kind::abandoned) {
    state->leave(run, Result<FinishedRun>(fail(std::move(outcome->error))));
  } else {
    state->leave(run, std::nullopt);  // waits for a human; so do those who wait for it
    state->after_parking(run, driver->cancel_noted());
  }
}

}  // namespace

Runs::Runs(RunPorts parts, RunOptions options)
    : parts_(parts), options_(std::move(options)), state_(std::make_shared<State>()) {
  state_->resume = [this](const Scope& scope, const std::string& run_id) { resume(scope, run_id); };
  state_->cancel_parked = [this](const Scope& scope, const std::string& run_id) {
    auto run = parts_.stores.runs.run(scope, run_id);
    if (run && *run && !is_terminal((*run)->state)) cancel_waiting(std::move(**run));
  };
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
  auto start = fresh_start(who, std::move(input));
  if (!start) co_return fail(std::move(start.error()));
  const Run run = start->run;
  Unit unit = opening_unit(*start, std::move(keyed_request_id));
  auto driver = std::make_shared<RunDriver>(parts_, options_, lane, std::move(*start));
  if (auto claimed = claim(driver); !claimed) co_return fail(std::move(claimed.error()));
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
Result<RunStart> Runs::fresh_start(const Principal& who, NewMessage input) {
  if (input.parts.empty()) return fail(ErrorKind::invalid, "a message needs content", "parts");
  auto thread = parts_.stores.threads.thread(who.scope, input.thread_id);
  if (!thread) return fail(std::move(thread.error()));
  if (!*thread) return fail(ErrorKind::not_found, "no such thread");
  if ((*thread)->owner != who.user_id) return fail(ErrorKind::forbidden, "not your thread");
  if ((*thread)->deleted_at) return fail(ErrorKind::conflict, "thread deleted");
  auto agent = parts_.agents.get(who.scope, (*thread)->agent_id);
  if (!agent) return fail(std::move(agent.error()));
  ModelSettings configured = options_.defaults;
  if (!configured.provider) configured.provider = parts_.providers.default_name();
  ModelSettings settings =
      input.settings.over((*thread)->settings).over(agent->settings).over(configured);
  const std::string wanted = settings.provider.value_or("");
  ModelProvider* provider = parts_.providers.find(wanted);
  if (provider == nullptr) {
    return fail(ErrorKind::unavailable,
                "no agent configured: there is no model provider named '" + wanted + "'",
                "provider");
  }
  settings.provider = std::string(provider->name());
  auto active = parts_.stores.runs.active_run(who.scope, input.thread_id);
  if (!active) return fail(std::move(active.error()));
  if (*active) return fail(ErrorKind::conflict, busy_text);
  auto past = read_past(parts_.stores.threads, who.scope, input.thread_id);
  if (!past) return fail(std::move(past.error()));

  const Time now = parts_.clock.now();
  const std::string run_id = base::new_id(now);
  RunStart start{.run = {.id = run_id,
                         .thread_id = input.thread_id,
                         .scope = who.scope,
                         .agent_id = agent->id,
                         .agent_version = agent->version,
                         .user_message_id = base::new_id(now),
                         .started_by = who.user_id,
                         .state = RunState::running,
                         .settings = std::move(settings),
                         .created_at = now},
                 .thread = std::move(**thread),
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
  return start;
}

// Claims the thread in this process. A driver lets go of its thread a moment after its run's end
// was stored and told; whoever acts on what they were told is not refused for it: the store's word
// counts.
Result<void> Runs::claim(const std::shared_ptr<RunDriver>& driver) {
  const Run& run = driver->run();
  auto holder = state_->enter(run.thread_id, driver);
  if (holder && !holder->empty() && has_ended(run.scope, *holder)) {
    const std::string ended = *holder;
    holder = state_->enter(run.thread_id, driver, ended);
  }
  if (!holder) return fail(std::move(holder.error()));
  if (!holder->empty()) return fail(ErrorKind::conflict, busy_text);
  return {};
}

bool Runs::has_ended(const Scope& scope, const std::string& run_id) const {
  const auto run = parts_.stores.runs.run(scope, run_id);
  return run && *run && is_terminal((*run)->state);
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
    now = stored_outcome(who, run_id);
  } else if (driver->run().scope != who.scope || driver->run().started_by != who.user_id) {
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
std::optional<Result<FinishedRun>> Runs::stored_outcome(const Principal& who,
                                                        const std::string& run_id) const {
  auto run = parts_.stores.runs.run(who.scope, run_id);
  if (!run) return fail(std::move(run.error()));
  if (!*run || (*run)->started_by != who.user_id) return fail(ErrorKind::not_found, "no such run");
  if (!is_terminal((*run)->state)) return std::nullopt;
  FinishedRun finished{.run = std::move(**run)};
  auto message = parts_.stores.threads.message(who.scope, finished.run.user_message_id);
  if (!message) return fail(std::move(message.error()));
  auto reply = parts_.stores.runs.reply_of(who.scope, run_id);
  if (!reply) return fail(std::move(reply.error()));
  if (*message) finished.user_message = std::move(**message);
  finished.reply = std::move(*reply);
  return finished;
}

Result<RunView> Runs::read(const Principal& who, std::string_view run_id) const {
  auto run = parts_.stores.runs.run(who.scope, run_id);
  if (!run) return fail(std::move(run.error()));
  if (!*run || (*run)->started_by != who.user_id) return fail(ErrorKind::not_found, "no such run");
  auto calls = parts_.stores.runs.tool_calls(who.scope, run_id);
  if (!calls) return fail(std::move(calls.error()));
  auto reply = parts_.stores.runs.reply_of(who.scope, run_id);
  if (!reply) return fail(std::move(reply.error()));
  return RunView{.run = std::move(**run), .reply = std::move(*reply), .calls = std::move(*calls)};
}

Result<void> Runs::cancel(const Principal& who, std::string_view run_id) {
  {
    // A parked run goes on at the next start. Clients that lose their connection now do not mean
    // it.
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return fail(ErrorKind::unavailable, "the server is stopping");
  }
  const auto driver = find(run_id);
  if (driver) {
    if (driver->run().scope != who.scope || driver->run().started_by != who.user_id) {
      return fail(ErrorKind::not_found, "no such run");
    }
    if (const auto noted = state_->driver_to_cancel(driver->run().id)) {
      noted->cancel();
      return {};
    }  // else it has just been let go of, and the store knows how it stands
  }
  auto run = parts_.stores.runs.run(who.scope, run_id);
  if (!run) return fail(std::move(run.error()));
  if (!*run || (*run)->started_by != who.user_id || is_terminal((*run)->state)) {
    return fail(ErrorKind::not_found, "no such active run");
  }
  cancel_waiting(std::move(**run));
  return {};
}

// It waits for a human: nothing runs, so the store is all there is to change.
void Runs::cancel_waiting(Run run) {
  Run cancelled = std::move(run);
  const RunState from = cancelled.state;
  cancelled.state = RunState::cancelled;
  cancelled.error = "cancelled";
  cancelled.finished_at = parts_.clock.now();
  Unit unit{.scope = cancelled.scope};
  if (auto actions = parts_.stores.actions.actions_of_run(cancelled.scope, cancelled.id)) {
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
  } else {
    resume(scope, run_id);
  }
}

// Takes up a parked run if it has been answered. Whoever comes second finds the thread claimed, or
// the run no longer waiting.
void Runs::resume(const Scope& scope, const std::string& run_id) {
  auto run = parts_.stores.runs.run(scope, run_id);
  auto calls = parts_.stores.runs.tool_calls(scope, run_id);
  if (!run || !*run || !calls || (*run)->state != RunState::waiting_approval) return;
  const auto waits = [](const ToolCall& call) {
    return call.state == ToolCallState::waiting_approval;
  };
  const auto answered = [](const ToolCall& call) { return call.state == ToolCallState::requested; };
  if (std::ranges::any_of(*calls, waits) && std::ranges::none_of(*calls, answered)) return;
  base::Lanes* lanes = nullptr;
  {
    const std::lock_guard lock(state_->mutex);
    lanes = state_->lanes;
  }
  if (lanes == nullptr) return;  // not yet, or not any more: the next start takes it up
  auto start = recovered_start(**run);
  if (!start) return give_up(**run, start.error().message);
  base::Lane& lane = lanes->next();
  auto driver = std::make_shared<RunDriver>(parts_, options_, lane, std::move(*start));
  if (auto holder = state_->enter((*run)->thread_id, driver); !holder || !holder->empty()) return;
  lane.spawn("turn", supervise(state_, driver));
}

Result<std::size_t> Runs::recover(base::Lanes& lanes) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->lanes = &lanes;
  }
  auto unfinished = parts_.stores.runs.unfinished_runs();
  if (!unfinished) return fail(std::move(unfinished.error()));
  std::size_t taken_up = 0;
  for (Run& run : *unfinished) {
    if (run.state == RunState::waiting_approval) {
      resume(run.scope, run.id);  // only if a human answered; else the answer wakes it
      continue;
    }
    auto start = recovered_start(run);
    if (!start) {
      base::log::error("run_not_recovered", {{"run", run.id}, {"error", start.error().message}});
      give_up(run, start.error().message);
      continue;
    }
    base::Lane& lane = lanes.next();
    auto driver = std::make_shared<RunDriver>(parts_, options_, lane, std::move(*start));
    if (auto holder = state_->enter(run.thread_id, driver); !holder || !holder->empty()) continue;
    lane.spawn("turn", supervise(state_, driver));
    ++taken_up;
  }
  return taken_up;
}

Result<RunStart> Runs::recovered_start(const Run& run) {
  auto thread = parts_.stores.threads.thread(run.scope, run.thread_id);
  if (!thread) return fail(std::move(thread.error()));
  if (!*thread) return fail(ErrorKind::not_found, "its thread is gone");
  auto agent = parts_.agents.get(run.scope, run.agent_id);
  if (!agent) return fail(std::move(agent.error()));
  ModelProvider* provider = parts_.providers.find(run.settings.provider.value_or(""));
  if (provider == nullptr) {
    return fail(ErrorKind::unavailable, "its model provider '" +
                                            run.settings.provider.value_or("") +
                                            "' is not configured any more");
  }
  auto message = parts_.stores.threads.message(run.scope, run.user_message_id);
  if (!message) return fail(std::move(message.error()));
  if (!*message) return fail(ErrorKind::not_found, "its user message is gone");
  auto past = read_past(parts_.stores.threads, run.scope, run.thread_id);
  if (!past) return fail(std::move(past.error()));
  auto steps = parts_.stores.runs.steps(run.scope, run.id);
  if (!steps) return fail(std::move(steps.error()));
  auto calls = parts_.stores.runs.tool_calls(run.scope, run.id);
  if (!calls) return fail(std::move(calls.error()));
  auto actions = parts_.stores.actions.actions_of_run(run.scope, run.id);
  if (!actions) return fail(std::move(actions.error()));
  return RunStart{.run = run,
                  .thread = std::move(**thread),
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
