#include "core/runs/run_driver.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/events/limits.hpp"
#include "core/governance/action_records.hpp"
#include "core/runs/limits.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

// How many units of deltas may wait for the disk before the driver waits with them.
constexpr int units_under_way_max = 32;
constexpr std::string_view interrupted_text =
    "The server was restarted while this tool ran. Whether it took effect is unknown.";

// The run's own limit of rounds can only be tighter than everybody's.
RunLimits limits_of(const RunOptions& options, const Run& run) {
  RunLimits out = options.limits;
  out.rounds_max = std::min(out.rounds_max, run.settings.rounds_max.value_or(out.rounds_max));
  return out;
}

double spread(const std::string& run_id) {
  return static_cast<double>(std::hash<std::string>{}(run_id) % 1000) / 1000.0;
}

// Takes the history out of `start`: it may be long, and only the context needs it.
ContextStart context_start(RunStart& start) {
  const ModelSettings& settings = start.run.settings;
  return {.provider = std::string(start.provider->name()),
          .model = settings.model.value_or(std::string(start.provider->default_model())),
          .settings = settings,
          .thread_id = start.thread.id,
          .run_id = start.run.id,
          .instructions = system_prompt(start.agent),
          .summary = std::move(start.summary),
          .history = std::move(start.history),
          .history_is_cut = start.history_is_cut};
}

bool holds_results(const RunStep& step) {
  return !step.parts.empty() && std::holds_alternative<ToolResultPart>(step.parts.front());
}

}  // namespace

RunDriver::RunDriver(RunPorts parts, const RunOptions& options, base::Lane& lane, RunStart start)
    : parts_(parts),
      options_(options),
      lane_(lane),
      start_(std::move(start)),
      context_(context_start(start_), options.context),
      machine_(limits_of(options, start_.run), spread(start_.run.id)) {
  if (start_.recovered) {
    known_durable_ = true;
    load_steps();
    for (Action& action : start_.actions) {
      actions_.insert_or_assign(action.tool_call_id, std::move(action));
    }
  }
}

void RunDriver::cancel() {
  lane_.post([self = shared_from_this()] {
    self->push(CancelRequested{});
    self->stop_.request_stop();
  });
}

void RunDriver::park() {
  parking_.store(true);
  lane_.post([self = shared_from_this()] {
    self->stop_.request_stop();
    self->input_came_.notify();
  });
}

void RunDriver::look_again() {
  lane_.post(
      [self = shared_from_this()] { self->lane_.spawn("read_answers", read_answers(self)); });
}

void RunDriver::push(RunInput input) {
  inputs_.push_back(std::move(input));
  input_came_.notify();
}

// --- the loop -----------------------------------------------------------------------------------

// The driver's last owner may be a commit's completion on another thread; an alarm must go here.
struct RunDriver::OnLaneOnly {
  RunDriver& driver;
  ~OnLaneOnly() { driver.untold_alarm_.reset(); }
};

Task<RunOutcome> RunDriver::drive(std::shared_ptr<RunDriver> self) {
  const std::weak_ptr<RunDriver> weak = self;
  auto out_of_time = [weak] {
    const auto driver = weak.lock();
    if (!driver) return;
    driver->push(LimitReached{"the run took longer than its time limit (run_time_max)"});
    driver->stop_.request_stop();
  };
  auto alarm = co_await base::call_after(self->options_.run_time_max, std::move(out_of_time));
  const OnLaneOnly on_lane_only{*self};
  auto outcome = co_await self->loop();
  co_return outcome;
}

Task<RunOutcome> RunDriver::loop() {
  if (start_.run.state == RunState::waiting_approval) {
    const bool begun = co_await begin_resumed();
    if (!begun) co_return RunOutcome{.kind = RunOutcome::Kind::waiting};
  }
  if (start_.recovered) co_await settle_interrupted_calls();
  tools_ = co_await offered_tools();
  RunAction action = begin();
  for (;;) {
    auto outcome = co_await perform(std::move(action));
    if (outcome) co_return std::move(*outcome);
    auto input = co_await next_input();
    if (!input) {
      co_return abandoned({.kind = ErrorKind::unavailable,
                           .message = "the server is stopping; the run goes on at its next start"});
    }
    action = machine_.on(*input);
  }
}

RunAction RunDriver::begin() {
  if (!start_.recovered) return machine_.start();
  return machine_.resume(start_.run.rounds, calls_);
}

// nullopt: the server stops.
Task<std::optional<RunInput>> RunDriver::next_input() {
  while (inputs_.empty() && !parked()) co_await input_came_.wait();
  if (parked()) co_return std::nullopt;
  RunInput input = std::move(inputs_.front());
  inputs_.pop_front();
  co_return input;
}

// Does one action. An outcome ends the loop; else an input has come or will come.
Task<std::optional<RunOutcome>> RunDriver::perform(RunAction action) {
  if (const auto* ask = std::get_if<AskModel>(&action)) {
    const bool restarted = ask->restarted;
    co_await ask_model(restarted);
    if (!known_durable_) {
      co_return abandoned({.kind = ErrorKind::conflict, .message = "the message was not stored"});
    }
  } else if (const auto* wait = std::get_if<WaitToRetry>(&action)) {
    const bool slept = co_await base::sleep_for(wait->delay, stop_.get_token());
    if (slept) push(RetryDue{});
  } else if (auto* ask_for = std::get_if<AskGate>(&action)) {
    co_await ask_gate(std::move(ask_for->tool_call_ids));
  } else if (const auto* tool = std::get_if<RunTool>(&action)) {
    lane_.spawn("run_tool", run_tool(shared_from_this(), tool->tool_call_id));
  } else if (auto* end = std::get_if<Finish>(&action)) {
    auto outcome = co_await finish(std::move(*end));
    co_return outcome;
  } else if (std::holds_alternative<Park>(action)) {
    auto outcome = co_await wait_for_humans();
    co_return outcome;
  }
  // StopTools: whoever ended the run has requested the stop already. Wait: nothing to do.
  co_return std::nullopt;
}

// --- the model ----------------------------------------------------------------------------------

Task<void> RunDriver::ask_model(bool restarted) {
  if (results_pending_) {
    RunStep step{.run_id = start_.run.id, .number = next_step_++, .parts = results_of_calls()};
    turn_.insert(turn_.end(), step.parts.begin(), step.parts.end());
    results_pending_ = false;
    Unit results = unit();
    results.changes.emplace_back(InsertStep{std::move(step)});
    parts_.feed.append(std::move(results), [](const Result<std::int64_t>& stored) {
      if (!stored) base::log::error("step_not_stored", {{"error", stored.error().message}});
    });
  }
  if (restarted) {
    std::vector<Event> events;
    events.push_back(event(OutputRestarted{}));
    auto told = co_await parts_.feed.commit(unit(std::move(events)));
    if (!told) base::log::error("event_not_stored", {{"error", told.error().message}});
  }
  ModelCall call;
  for (bool again = true; again;) {
    const bool fits = co_await fit_context();
    if (!fits) co_return;
    auto request = context_.request(turn_, tools_);
    call = co_await call_model(std::move(request));
    // An estimate or a table may be wrong: once in a run, the vendor's word makes the room smaller.
    again = !call.reply && call.error.kind == ErrorKind::too_large && !call.output_seen &&
            known_durable_ && !parked() && !std::exchange(refused_as_too_long_, true);
    if (again) context_.refused();
  }
  if (parked() || !known_durable_) co_return;
  if (call.reply) {
    co_await take_reply(std::move(*call.reply));
    co_return;
  }
  // A stop that somebody asked for is in the queue with its reason; that reason counts.
  if (call.error.kind == ErrorKind::cancelled && !inputs_.empty()) co_return;
  base::log::warn("model_call_failed", {{"run", start_.run.id},
                                        {"provider", start_.provider->name()},
                                        {"kind", to_string(call.error.kind)},
                                        {"error", call.error.message},
                                        {"retryable", call.error.retryable}});
  push(ModelFailed{.error = std::move(call.error), .output_seen = call.output_seen});
}

Task<RunDriver::ModelCall> RunDriver::call_model(ModelRequest request) {
  ModelCall call;
  // The call is under way while the user's message is still being written; what comes back waits.
  auto stream = start_.provider->ask(lane_, std::move(request), stop_.get_token());
  if (!known_durable_) {
    known_durable_ = co_await accepted_.wait();
    if (!known_durable_) co_return call;
  }
  for (;;) {
    auto events = co_await stream->next();
    if (!events) {
      call.error = std::move(events.error());
      co_return call;
    }
    if (parked()) co_return call;
    for (ModelEvent& event : *events) {
      if (auto* reply = std::get_if<ModelReply>(&event)) call.reply = std::move(*reply);
    }
    co_await publish_deltas(std::move(*events), &call);
    if (call.reply) co_return call;
  }
}

// Neighbouring deltas of a kind become one event; the store joins further ones that wait for the
// same commit. Deltas are told at once to whoever follows the thread. What nobody follows, and what
// came with the reply, can wait for the next unit and saves it a disk write of its own.
Task<void> RunDriver::publish_deltas(std::vector<ModelEvent> events, ModelCall* call) {
  const std::size_t untold_before = untold_bytes_;
  for (ModelEvent& model_event : events) {
    if (auto* text = std::get_if<ModelTextDelta>(&model_event)) {
      keep_delta<TextDelta>(std::move(text->text));
    } else if (auto* thought = std::get_if<ModelReasoningDelta>(&model_event)) {
      keep_delta<ReasoningDelta>(std::move(thought->text));
    }
  }
  if (untold_bytes_ == untold_before) co_return;
  call->output_seen = true;
  if (call->reply) co_return;  // a unit follows at once
  const bool followed = parts_.feed.is_followed(start_.thread.id);
  if (!followed && untold_bytes_ < limits::untold_delta_bytes_max) {
    if (!untold_alarm_) {
      auto tell = [weak = weak_from_this()] {
        if (const auto driver = weak.lock()) driver->tell_untold();
      };
      untold_alarm_ = co_await base::call_after(limits::untold_delta_time_max, std::move(tell));
    }
  } else if (units_under_way_.load() < units_under_way_max) {
    tell_untold();
  } else {
    auto stored = co_await parts_.feed.commit(unit());
    if (!stored) base::log::error("event_not_stored", {{"error", stored.error().message}});
  }
}

template <class Delta>
void RunDriver::keep_delta(std::string text) {
  untold_bytes_ += text.size();
  auto* last = untold_.empty() ? nullptr : std::get_if<Delta>(&untold_.back().body);
  if (last != nullptr && last->text.size() + text.size() <= limits::joined_delta_bytes_max) {
    last->text += text;
  } else {
    untold_.push_back(event(Delta{std::move(text)}));
  }
}

void RunDriver::tell_untold() {
  ++units_under_way_;
  parts_.feed.append(unit(), [self = shared_from_this()](const Result<std::int64_t>& stored) {
    --self->units_under_way_;
    if (!stored) base::log::error("event_not_stored", {{"error", stored.error().message}});
  });
}

Task<void> RunDriver::take_reply(ModelReply reply) {
  context_.reported(reply.usage);
  start_.run.usage += reply.usage;
  start_.run.cost_micros +=
      parts_.prices.cost_micros(start_.provider->name(), reply.model, reply.usage);
  start_.run.rounds += 1;
  if (!reply.model.empty()) model_ = reply.model;

  calls_.clear();
  std::vector<std::string> ids;
  const Time now = parts_.clock.now();
  for (const Part& part : reply.parts) {
    const auto* call = std::get_if<ToolCallPart>(&part);
    if (call == nullptr) continue;
    ToolCall row{.id = base::new_id(now),
                 .call_id = call->call_id,
                 .run_id = start_.run.id,
                 .thread_id = start_.thread.id,
                 .tool = call->tool,
                 .arguments = call->arguments,
                 .state = ToolCallState::requested,
                 .result = {},
                 .created_at = now};
    if (!call->malformed_arguments.empty()) {
      row.state = ToolCallState::failed;
      row.result = "the arguments are not a JSON object: " +
                   std::string(base::cut_utf8(call->malformed_arguments, 200));
      row.finished_at = now;
    } else {
      ids.push_back(row.id);
    }
    calls_.push_back(std::move(row));
  }
  turn_.insert(turn_.end(), reply.parts.begin(), reply.parts.end());
  results_pending_ = !calls_.empty();
  const bool last = calls_.empty() && reply.stop_reason != StopReason::pause;
  if (!last) {
    // The last reply needs no step of its own: it is stored with the message, when the run ends.
    Unit step = unit(news_of_calls());
    step.changes.emplace_back(InsertStep{RunStep{.run_id = start_.run.id,
                                                 .number = next_step_++,
                                                 .parts = std::move(reply.parts),
                                                 .usage = reply.usage,
                                                 .model = reply.model}});
    for (const ToolCall& call : calls_) step.changes.emplace_back(InsertToolCall{call});
    auto stored = co_await parts_.feed.commit(std::move(step));
    if (!stored) {
      push(ModelFailed{.error = std::move(stored.error()), .output_seen = true});
      co_return;
    }
  }
  if (!calls_.empty() && ids.empty()) {  // nothing to run, but the model must hear why
    push(ModelReplied{.stop_reason = StopReason::pause});
    co_return;
  }
  push(ModelReplied{.stop_reason = reply.stop_reason, .tool_call_ids = std::move(ids)});
}

// What the model asked for; a malformed call is over at once.
std::vector<Event> RunDriver::news_of_calls() const {
  std::vector<Event> events;
  for (const ToolCall& call : calls_) {
    events.push_back(event(ToolCallRequested{.tool_call_id = call.id,
                                             .call_id = call.call_id,
                                             .tool = call.tool,
                                             .arguments = call.arguments}));
    if (!call.finished_at) continue;
    events.push_back(event(ToolCallFinished{.tool_call_id = call.id,
                                            .call_id = call.call_id,
                                            .tool = call.tool,
                                            .state = call.state,
                                            .result = call.result}));
  }
  return events;
}

Task<std::vector<ToolDefinition>> RunDriver::offered_tools() {
  std::vector<ToolDefinition> tools =
      co_await parts_.tools.definitions(start_.agent, stop_.get_token());
  if (start_.agent.tools) {
    std::erase_if(tools, [&](const ToolDefinition& tool) {
      return std::ranges::find(*start_.agent.tools, tool.name) == start_.agent.tools->end();
    });
  }
  co_return tools;
}

ToolDefinition RunDriver::as_offered(const std::string& tool) const {
  const auto found = std::ranges::find(tools_, tool, &ToolDefinition::name);
  return found == tools_.end() ? ToolDefinition{.name = tool} : *found;
}

ToolCaller RunDriver::caller() const {
  return {.scope = start_.run.scope, .user_id = start_.run.started_by, .agent_id = start_.agent.id};
}

// --- ending -------------------------------------------------------------------------------------

Message RunDriver::reply_message() const {
  const Time now = parts_.clock.now();
  return Message{.id = base::new_id(now),
                 .thread_id = start_.thread.id,
                 .run_id = start_.run.id,
                 .role = Role::assistant,
                 .parts = turn_,
                 .user_id = {},
                 .device_id = {},
                 .created_at = now,
                 .model = model_,
                 .provider = std::string(start_.provider->name()),
                 .usage = start_.run.usage};
}

Task<RunOutcome> RunDriver::finish(Finish end) {
  FinishedRun finished{.run = start_.run, .user_message = start_.user_message};
  Run& run = finished.run;
  run.state = end.state;
  run.error = end.error;
  Unit last = unit();
  if (end.state == RunState::succeeded) {
    finished.reply = reply_message();
    last.changes.emplace_back(InsertMessage{*finished.reply});
    if (options_.auto_title && start_.thread.title.empty()) {
      last.changes.emplace_back(
          RenameThread{.id = start_.thread.id,
                       .title = auto_title(visible_text(start_.user_message.parts)),
                       .at = finished.reply->created_at,
                       .only_if_untitled = true});
    }
  }
  run.finished_at = parts_.clock.now();
  settle_actions(last, "the run ended before anybody answered");
  last.changes.emplace_back(UpdateRun{.run = run, .from = RunState::running});
  last.events.push_back(
      event(RunFinished{.state = run.state, .message = finished.reply, .error = run.error}));
  auto stored = co_await parts_.feed.commit(std::move(last));
  if (!stored) {
    base::log::error("run_not_finished", {{"run", run.id}, {"error", stored.error().message}});
    co_return abandoned(std::move(stored.error()));
  }
  co_return RunOutcome{.kind = RunOutcome::Kind::finished, .finished = std::move(finished)};
}

Task<RunOutcome> RunDriver::wait_for_humans() {
  Run waiting = start_.run;
  waiting.state = RunState::waiting_approval;
  Unit parked_unit = unit();
  parked_unit.changes.emplace_back(UpdateRun{.run = waiting, .from = RunState::running});
  auto stored = co_await parts_.feed.commit(std::move(parked_unit));
  if (!stored) co_return abandoned(std::move(stored.error()));
  co_return RunOutcome{.kind = RunOutcome::Kind::waiting};
}

RunOutcome RunDriver::abandoned(base::Error error) const {
  return RunOutcome{.kind = RunOutcome::Kind::abandoned, .error = std::move(error)};
}

// --- small parts --------------------------------------------------------------------------------

Unit RunDriver::unit(std::vector<Event> events) {
  untold_alarm_.reset();
  untold_bytes_ = 0;
  Unit unit{.scope = start_.run.scope, .changes = {}, .events = std::exchange(untold_, {})};
  std::ranges::move(events, std::back_inserter(unit.events));
  return unit;
}

Event RunDriver::event(EventBody body) const {
  return Event{.scope = start_.run.scope,
               .thread_id = start_.thread.id,
               .run_id = start_.run.id,
               .at = parts_.clock.now(),
               .body = std::move(body)};
}

std::vector<Part> RunDriver::results_of_calls() const {
  std::vector<Part> parts;
  for (const ToolCall& call : calls_) {
    parts.emplace_back(ToolResultPart{.call_id = call.call_id,
                                      .tool = call.tool,
                                      .content = call.result,
                                      .is_error = call.state != ToolCallState::succeeded});
  }
  return parts;
}

// Puts a recovered run where it was: the steps are its turn, the last reply's calls are open unless
// their results are a step already.
void RunDriver::load_steps() {
  start_.run.rounds = 0;
  for (const RunStep& step : start_.steps) {
    turn_.insert(turn_.end(), step.parts.begin(), step.parts.end());
    next_step_ = step.number + 1;
    if (!step.model.empty()) model_ = step.model;
    if (!holds_results(step)) ++start_.run.rounds;
  }
  start_.run.usage = {};
  start_.run.cost_micros = 0;
  for (const RunStep& step : start_.steps) {
    start_.run.usage += step.usage;
    start_.run.cost_micros +=
        parts_.prices.cost_micros(start_.provider->name(), step.model, step.usage);
  }
  const auto& summary = context_.summary();
  if (summary && summary->run_id == start_.run.id) {
    start_.run.usage += summary->usage;
    start_.run.cost_micros += summary->cost_micros;
  }
  if (start_.steps.empty() || holds_results(start_.steps.back())) return;
  for (const Part& part : start_.steps.back().parts) {
    const auto* call = std::get_if<ToolCallPart>(&part);
    if (call == nullptr) continue;
    // Providers reuse call ids between rounds; the last row of that id is this round's.
    const auto row = std::find_if(start_.tool_calls.rbegin(), start_.tool_calls.rend(),
                                  [&](const ToolCall& r) { return r.call_id == call->call_id; });
    if (row != start_.tool_calls.rend()) calls_.push_back(*row);
  }
  results_pending_ = !calls_.empty();
}

// A call that ran when the server died may or may not have had its effect. It is never run twice;
// the model is told. Only a tool that says it is idempotent is asked again.
Task<void> RunDriver::settle_interrupted_calls() {
  for (ToolCall& call : calls_) {
    if (call.state != ToolCallState::running) continue;
    const bool again = parts_.tools.is_idempotent(call.tool);
    call.state = again ? ToolCallState::requested : ToolCallState::interrupted;
    call.result = again ? "" : std::string(interrupted_text);
    std::vector<Event> events;
    if (!again) {
      call.finished_at = parts_.clock.now();
      events.push_back(event(ToolCallFinished{.tool_call_id = call.id,
                                              .call_id = call.call_id,
                                              .tool = call.tool,
                                              .state = call.state,
                                              .result = call.result}));
    }
    Unit settled = unit(std::move(events));
    if (const auto action = actions_.find(call.id); !again && action != actions_.end()) {
      action->second.state = ActionState::failed;
      action->second.reason = call.result;
      action->second.updated_at = *call.finished_at;
      ++action->second.version;
      settled.changes.emplace_back(UpdateAction{.action = action->second, .if_unchanged = true});
      settled.changes.emplace_back(
          AppendAudit{finished_entry(action->second, *call.finished_at, parts_.redaction)});
    }
    settled.changes.emplace_back(MoveToolCall{.id = call.id,
                                              .from = ToolCallState::running,
                                              .to = call.state,
                                              .result = call.result,
                                              .finished_at = call.finished_at});
    auto stored = co_await parts_.feed.commit(std::move(settled));
    if (!stored) base::log::error("call_not_settled", {{"error", stored.error().message}});
  }
}

}  // namespace colonnade::core
