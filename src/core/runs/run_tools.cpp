// The tool side of a turn: every call passes the gate, runs at most once, and its result is stored
// before the model hears of it.
#include <algorithm>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/limits.hpp"
#include "core/runs/run_driver.hpp"
#include "core/tools/tool_execution.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::Task;

namespace {

// What the gate is told that a run's tool call does; policies name it as `op`.
constexpr std::string_view tool_operation = "call";
constexpr const char* invalid_arguments = "INVALID_ARGUMENTS";

// The default agent has no id of its own.
std::string agent_name_for_gate(const Agent& agent) {
  return agent.id.empty() ? std::string(default_agent_id) : agent.id;
}

std::string context_of(const Run& run) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("thread_id", run.thread_id).field("run_id", run.id).end_object();
  return out;
}

ToolCall& call_of(std::vector<ToolCall>& calls, const std::string& id) {
  return *std::ranges::find(calls, id, &ToolCall::id);
}

}  // namespace

Task<void> RunDriver::ask_gate(std::vector<std::string> ids) {
  for (const std::string& id : ids) {
    const GateAnswer answer = co_await ask_gate_about(id);
    push(GateAnswered{.tool_call_id = id, .answer = answer});
  }
}

// A denial and a question are stored, with the record of the decision, before anything follows from
// them; an execution stores its decision in the transaction that starts it.
Task<GateAnswer> RunDriver::ask_gate_about(std::string id) {
  const ToolCall& call = call_of(calls_, id);
  ActionRequest request{.agent_id = agent_name_for_gate(start_.agent),
                        .tool = call.tool,
                        .operation = std::string(tool_operation),
                        .params = base::to_text(call.arguments),
                        .context = context_of(start_.run)};
  std::optional<Grant> grant;
  const auto before = actions_.find(id);
  if (before != actions_.end() && before->second.state == ActionState::approved) {
    grant = Grant{before->second.decision.request_hash};
  } else {
    const bool allowed = co_await parts_.permissions.allow(start_.run.scope, start_.run.started_by,
                                                           start_.thread.id, request);
    if (allowed) grant = Grant{};
  }
  Verdict verdict = parts_.gate.decide(call, std::move(request), grant);
  if (verdict.permit) {
    permits_.insert_or_assign(id, std::move(*verdict.permit));
    note_verdict(id, verdict, ActionState::executing);
    co_return GateAnswer::allowed;
  }
  if (verdict.decision.outcome == Outcome::abstain) {
    if (auto sound = parts_.tools.check(as_offered(call.tool), call.arguments); !sound) {
      // Nobody is asked about what could not run anyway.
      verdict.decision.outcome = Outcome::halt;
      verdict.decision.reason_code = invalid_arguments;
      verdict.decision.reason = std::move(sound.error().message);
    }
  }
  if (verdict.decision.outcome == Outcome::abstain) {
    note_verdict(id, verdict, ActionState::pending_approval);
    co_await ask_human(std::move(id));
    co_return GateAnswer::pending;
  }
  note_verdict(id, verdict, ActionState::denied);
  co_await deny(std::move(id));
  co_return GateAnswer::denied;
}

// The call's action as this verdict leaves it: a new one, or the one that a human approved.
Action& RunDriver::note_verdict(const std::string& id, Verdict& verdict, ActionState state) {
  const Time now = parts_.clock.now();
  const auto [place, fresh] = actions_.try_emplace(id, Action{.scope = start_.run.scope});
  Action& action = place->second;
  if (fresh) {
    action.id = base::new_uuid();
    action.thread_id = start_.thread.id;
    action.run_id = start_.run.id;
    action.tool_call_id = id;
    action.owner = start_.run.started_by;
    action.created_at = now;
  } else {
    ++action.version;
  }
  action.request = std::move(verdict.request);
  action.decision = std::move(verdict.decision);
  action.state = state;
  action.reason = action.decision.reason;
  action.updated_at = now;
  action.approval_token.clear();
  action.expires_at.reset();
  if (state == ActionState::pending_approval) {
    action.approval_token = new_approval_token();
    action.expires_at = now + options_.approval_time_max;
  }
  return action;
}

// The action and the record of its decision.
void RunDriver::add_action(Unit& unit, const Action& action) const {
  if (action.version == 1) {
    unit.changes.emplace_back(InsertAction{action});
  } else {
    unit.changes.emplace_back(UpdateAction{.action = action});
  }
  const bool asked = action.decision.outcome == Outcome::abstain;
  const bool runs = action.state == ActionState::executing;
  const std::string_view granted_by = !asked || !runs       ? ""
                                      : action.version == 1 ? "permission"
                                                            : "approval";
  unit.changes.emplace_back(AppendAudit{decision_entry(action, granted_by, parts_.redaction)});
}

Task<void> RunDriver::deny(std::string id) {
  ToolCall& call = call_of(calls_, id);
  const Action& action = actions_.at(id);
  call.state = ToolCallState::denied;
  call.result = "denied (" + action.decision.reason_code + "): " + action.decision.reason;
  call.finished_at = parts_.clock.now();
  std::vector<Event> events;
  events.push_back(event(ToolCallFinished{.tool_call_id = id,
                                          .call_id = call.call_id,
                                          .tool = call.tool,
                                          .state = call.state,
                                          .result = call.result}));
  Unit denied = unit(std::move(events));
  add_action(denied, action);
  denied.changes.emplace_back(MoveToolCall{.id = id,
                                           .from = ToolCallState::requested,
                                           .to = ToolCallState::denied,
                                           .result = call.result,
                                           .finished_at = call.finished_at});
  auto stored = co_await parts_.feed.commit(std::move(denied));
  if (!stored) base::log::error("denial_not_stored", {{"error", stored.error().message}});
}

Task<void> RunDriver::ask_human(std::string id) {
  ToolCall& call = call_of(calls_, id);
  const Action& action = actions_.at(id);
  std::vector<Event> events;
  events.push_back(event(ApprovalRequested{.approval_id = action.id,
                                           .tool_call_id = id,
                                           .tool = call.tool,
                                           .arguments = call.arguments}));
  Unit asked = unit(std::move(events));
  add_action(asked, action);
  asked.changes.emplace_back(MoveToolCall{
      .id = id, .from = ToolCallState::requested, .to = ToolCallState::waiting_approval});
  call.state = ToolCallState::waiting_approval;
  auto stored = co_await parts_.feed.commit(std::move(asked));
  if (!stored) base::log::error("approval_not_stored", {{"error", stored.error().message}});
}

// Humans answer in the store; what they said is read from there, so that nothing is heard twice.
Task<void> RunDriver::read_answers(std::shared_ptr<RunDriver> self) {
  const Run& run = self->start_.run;
  auto stored = co_await self->parts_.stores.runs.tool_calls(run.scope, run.id);
  auto actions = co_await self->parts_.stores.actions.actions_of_run(run.scope, run.id);
  if (!stored || !actions) {
    base::log::error("answers_unreadable", {{"run", run.id}});
    co_return;
  }
  for (ToolCall& call : *stored) {
    const auto ours = std::ranges::find(self->calls_, call.id, &ToolCall::id);
    if (ours == self->calls_.end() || ours->state != ToolCallState::waiting_approval ||
        call.state == ToolCallState::waiting_approval) {
      continue;
    }
    const auto action = std::ranges::find(*actions, call.id, &Action::tool_call_id);
    if (action == actions->end()) continue;
    const std::string id = call.id;
    const bool allowed = co_await self->take_answer(std::move(call), std::move(*action));
    if (call_of(self->calls_, id).state == ToolCallState::waiting_approval) continue;  // asked anew
    self->push(HumanAnswered{.tool_call_id = id, .allowed = allowed});
  }
}

// Whether the call may run now. What a human allowed still passes the gate: edited arguments are
// decided on again, and a policy may have come to deny them.
Task<bool> RunDriver::take_answer(ToolCall stored, Action action) {
  ToolCall& call = call_of(calls_, stored.id);
  const std::string id = stored.id;
  call = std::move(stored);
  actions_.insert_or_assign(id, std::move(action));
  if (call.state != ToolCallState::requested) co_return false;
  const GateAnswer answer = co_await ask_gate_about(id);
  co_return answer == GateAnswer::allowed;
}

// A parked run that somebody answered: it runs again, unless another got there first.
Task<bool> RunDriver::begin_resumed() {
  start_.run.state = RunState::running;
  Unit begun = unit();
  begun.changes.emplace_back(UpdateRun{.run = start_.run, .from = RunState::waiting_approval});
  auto stored = co_await parts_.feed.commit(std::move(begun));
  if (!stored) base::log::warn("run_not_resumed", {{"error", stored.error().message}});
  co_return stored.has_value();
}

// Nobody needs to answer any more.
void RunDriver::settle_actions(Unit& unit, const std::string& reason) {
  for (auto& [id, action] : actions_) {
    withdraw(unit, action, reason, parts_.clock.now(), parts_.redaction);
  }
}

// Spends the permit. The move from `requested` to `running` is one transaction that succeeds at
// most once, so whoever loses it (another process, a second attempt) does not run the tool.
Task<void> RunDriver::run_tool(std::shared_ptr<RunDriver> self, std::string id) {
  auto node = self->permits_.extract(id);
  ExecutionPermit permit = std::move(node.mapped());
  std::vector<Event> events;
  events.push_back(
      self->event(ToolCallStarted{.tool_call_id = id, .tool = call_of(self->calls_, id).tool}));
  Unit running = self->unit(std::move(events));
  self->add_action(running, self->actions_.at(id));
  running.changes.emplace_back(AppendAudit{
      started_entry(self->actions_.at(id), self->parts_.clock.now(), self->parts_.redaction)});
  running.changes.emplace_back(
      MoveToolCall{.id = id, .from = ToolCallState::requested, .to = ToolCallState::running});
  auto won = co_await self->parts_.feed.commit(std::move(running));
  ExecutedTool done;
  if (won) {
    call_of(self->calls_, id).state = ToolCallState::running;
    done =
        co_await execute_tool(&self->parts_.tools, &self->lane_, self->caller(), std::move(permit),
                              self->options_.tool_time_max, self->stop_.get_token());
    // Stopped with the server: what it did is unknown, and the next start says so.
    if (self->parked()) co_return;
  } else {
    done.outcome = {.content = "the call could not be started: " + won.error().message,
                    .is_error = true};
  }
  co_await self->finish_tool(id, std::move(done), won.has_value());
  self->push(ToolFinished{id});
}

Task<void> RunDriver::finish_tool(std::string id, ExecutedTool done, bool started) {
  ToolCall& call = call_of(calls_, id);
  const ToolCallState from = started ? ToolCallState::running : ToolCallState::requested;
  call.state = done.outcome.is_error ? ToolCallState::failed : ToolCallState::succeeded;
  call.result = std::move(done.outcome.content);
  call.finished_at = parts_.clock.now();
  std::vector<Event> finished;
  finished.push_back(event(ToolCallFinished{.tool_call_id = id,
                                            .call_id = call.call_id,
                                            .tool = call.tool,
                                            .state = call.state,
                                            .result = call.result}));
  Unit last = unit(std::move(finished));
  last.changes.emplace_back(MoveToolCall{.id = id,
                                         .from = from,
                                         .to = call.state,
                                         .result = call.result,
                                         .finished_at = call.finished_at});
  if (started) {
    Action& action = actions_.at(id);
    action.state = done.timed_out                           ? ActionState::timeout
                   : call.state == ToolCallState::succeeded ? ActionState::succeeded
                                                            : ActionState::failed;
    action.reason = std::string(base::cut_utf8(call.result, limits::action_reason_bytes_max));
    action.updated_at = *call.finished_at;
    ++action.version;
    last.changes.emplace_back(UpdateAction{.action = action, .if_unchanged = true});
    last.changes.emplace_back(
        AppendAudit{finished_entry(action, *call.finished_at, parts_.redaction)});
  }
  auto stored = co_await parts_.feed.commit(std::move(last));
  if (!stored) base::log::error("result_not_stored", {{"error", stored.error().message}});
}

}  // namespace colonnade::core
