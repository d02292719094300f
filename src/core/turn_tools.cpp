// The tool side of a turn: every call passes the gate, runs at most once, and its result is stored
// before the model hears of it.
#include <algorithm>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/turn_driver.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::Task;

namespace {

ToolCall& call_of(std::vector<ToolCall>& calls, const std::string& id) {
  return *std::ranges::find(calls, id, &ToolCall::id);
}

}  // namespace

Task<void> TurnDriver::ask_gate(std::vector<std::string> ids) {
  for (const std::string& id : ids) {
    Verdict verdict = parts_.gate.decide(start_.run.scope, call_of(calls_, id));
    if (auto* permit = std::get_if<ExecutionPermit>(&verdict)) {
      permits_.emplace(id, std::move(*permit));
      push(GateAnswered{.tool_call_id = id, .answer = GateAnswer::allowed});
    } else if (auto* denial = std::get_if<Denial>(&verdict)) {
      co_await deny(id, std::move(*denial));
      push(GateAnswered{.tool_call_id = id, .answer = GateAnswer::denied});
    } else {
      const auto& pending = std::get<PendingApproval>(verdict);
      ToolCall& call = call_of(calls_, id);
      std::vector<Event> events;
      events.push_back(event(ApprovalRequested{.approval_id = pending.approval_id,
                                               .tool_call_id = id,
                                               .tool = call.tool,
                                               .arguments = call.arguments}));
      Unit asked = unit(std::move(events));
      asked.changes.emplace_back(MoveToolCall{
          .id = id, .from = ToolCallState::requested, .to = ToolCallState::waiting_approval});
      auto stored = co_await parts_.feed.commit(std::move(asked));
      if (!stored) base::log::error("approval_not_stored", {{"what", stored.error().message}});
      call.state = ToolCallState::waiting_approval;
      push(GateAnswered{.tool_call_id = id, .answer = GateAnswer::pending});
    }
  }
}

Task<void> TurnDriver::deny(std::string id, Denial denial) {
  ToolCall& call = call_of(calls_, id);
  call.state = ToolCallState::denied;
  call.result = "denied (" + denial.reason_code + "): " + denial.reason;
  call.finished_at = parts_.clock.now();
  std::vector<Event> events;
  events.push_back(event(ToolCallFinished{.tool_call_id = id,
                                          .call_id = call.call_id,
                                          .tool = call.tool,
                                          .state = call.state,
                                          .result = call.result}));
  Unit denied = unit(std::move(events));
  denied.changes.emplace_back(MoveToolCall{.id = id,
                                           .from = ToolCallState::requested,
                                           .to = ToolCallState::denied,
                                           .result = call.result,
                                           .finished_at = call.finished_at});
  auto stored = co_await parts_.feed.commit(std::move(denied));
  if (!stored) base::log::error("denial_not_stored", {{"what", stored.error().message}});
}

// Spends the permit. The move from `requested` to `running` is one transaction that succeeds at
// most once, so whoever loses it (another process, a second attempt) does not run the tool.
Task<void> TurnDriver::run_tool(std::shared_ptr<TurnDriver> self, std::string id) {
  auto node = self->permits_.extract(id);
  ExecutionPermit permit = std::move(node.mapped());
  std::vector<Event> events;
  events.push_back(
      self->event(ToolCallStarted{.tool_call_id = id, .tool = call_of(self->calls_, id).tool}));
  Unit running = self->unit(std::move(events));
  running.changes.emplace_back(
      MoveToolCall{.id = id, .from = ToolCallState::requested, .to = ToolCallState::running});
  auto won = co_await self->parts_.feed.commit(std::move(running));
  ToolOutcome outcome;
  if (won) {
    call_of(self->calls_, id).state = ToolCallState::running;
    outcome = co_await self->execute(id, std::move(permit));
    // Stopped with the server: what it did is unknown, and the next start says so.
    if (self->parked()) co_return;
  } else {
    outcome = {.content = "the call could not be started: " + won.error().message,
               .is_error = true};
  }
  ToolCall& call = call_of(self->calls_, id);
  const ToolCallState from = won ? ToolCallState::running : ToolCallState::requested;
  call.state = outcome.is_error ? ToolCallState::failed : ToolCallState::succeeded;
  call.result = std::move(outcome.content);
  call.finished_at = self->parts_.clock.now();
  std::vector<Event> finished;
  finished.push_back(self->event(ToolCallFinished{.tool_call_id = id,
                                                  .call_id = call.call_id,
                                                  .tool = call.tool,
                                                  .state = call.state,
                                                  .result = call.result}));
  Unit done = self->unit(std::move(finished));
  done.changes.emplace_back(MoveToolCall{.id = id,
                                         .from = from,
                                         .to = call.state,
                                         .result = call.result,
                                         .finished_at = call.finished_at});
  auto stored = co_await self->parts_.feed.commit(std::move(done));
  if (!stored) base::log::error("result_not_stored", {{"what", stored.error().message}});
  self->push(ToolFinished{id});
}

Task<ToolOutcome> TurnDriver::execute(std::string id, ExecutionPermit permit) {
  std::stop_source tool_stop;
  auto end_tool = [&tool_stop] { tool_stop.request_stop(); };
  const std::stop_callback with_the_run(stop_.get_token(), end_tool);
  auto timed_out = std::make_shared<bool>(false);
  auto ring = [tool_stop, timed_out]() mutable {
    *timed_out = true;
    tool_stop.request_stop();
  };
  auto alarm = co_await base::call_after(options_.tool_time_max, std::move(ring));
  auto result =
      co_await parts_.tools.run(lane_, start_.run.scope, std::move(permit), tool_stop.get_token());
  alarm.reset();
  ToolOutcome outcome;
  if (result) {
    outcome = std::move(*result);
  } else if (*timed_out) {
    outcome = {.content = "the tool took longer than its time limit (tool_time_max)",
               .is_error = true};
  } else {
    outcome = {.content = result.error().message, .is_error = true};
  }
  if (outcome.content.size() > limits::tool_output_bytes_max) {
    outcome.content = std::string(base::cut_utf8(outcome.content, limits::tool_output_bytes_max)) +
                      "\n[output cut at " + std::to_string(limits::tool_output_bytes_max) +
                      " bytes]";
  }
  outcome.content = base::replace_invalid_utf8(outcome.content);
  co_return outcome;
}

}  // namespace colonnade::core
