#include "core/runs/run_machine.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace colonnade::core {

using base::ErrorKind;

std::optional<ModelFault> fault_of(const base::Error& error) {
  if (error.kind == ErrorKind::rate_limited) return ModelFault::limited;
  if (error.kind == ErrorKind::unauthorized) return ModelFault::unauthorized;
  if (error.retryable) return ModelFault::unavailable;
  return std::nullopt;
}

RunMachine::RunMachine(RunLimits limits, double jitter)
    : limits_(std::move(limits)),
      jitter_(jitter),
      fallbacks_used_(limits_.fallbacks.size(), false) {}

RunAction RunMachine::start() { return AskModel{}; }

RunAction RunMachine::resume(int rounds, const std::vector<ToolCall>& calls_of_last_reply) {
  rounds_ = rounds;
  std::vector<std::string> undecided;
  for (const ToolCall& call : calls_of_last_reply) {
    switch (call.state) {
      case ToolCallState::requested:
        calls_[call.id] = CallState::asked;
        undecided.push_back(call.id);
        break;
      case ToolCallState::waiting_approval: calls_[call.id] = CallState::pending; break;
      default: calls_[call.id] = CallState::done;
    }
  }
  if (!undecided.empty()) return AskGate{std::move(undecided)};
  if (any(CallState::pending)) return Park{};
  if (rounds_ >= limits_.rounds_max) return next_round();
  // Whatever the attempt before the restart had said is said again.
  return AskModel{.restarted = true};
}

RunAction RunMachine::on(const RunInput& input) {
  return std::visit([this](const auto& alternative) { return step(alternative); }, input);
}

RunAction RunMachine::step(const ModelReplied& input) {
  ++rounds_;
  retries_ = 0;
  asked_with_new_key_ = false;
  output_seen_ = false;
  calls_.clear();
  cut_off_ = input.cut_off ? cut_off_ + 1 : 0;
  if (ending_) return finish_;
  if (cut_off_ >= limits::cut_off_replies_max) {
    return end({.state = RunState::failed,
                .error = "the output limit cut " + std::to_string(cut_off_) +
                         " answers in a row off in the middle of a tool call; raise "
                         "max_output_tokens, or ask for less at once"});
  }
  for (const std::string& id : input.tool_call_ids) calls_[id] = CallState::asked;
  if (!input.tool_call_ids.empty()) return AskGate{input.tool_call_ids};
  if (input.stop_reason == StopReason::pause) return next_round();
  return end({.state = RunState::succeeded, .error = {}});
}

RunAction RunMachine::step(const ModelFailed& input) {
  if (ending_) return finish_;
  if (input.error.kind == ErrorKind::cancelled) {
    return end({.state = RunState::cancelled, .error = "cancelled"});
  }
  output_seen_ = output_seen_ || input.output_seen;
  // Once something was shown, asking again would say it twice at the vendor's price: let the user
  // decide.
  // The key was refused, and is another one by now: that attempt is not one of the retries.
  if (input.error.kind == ErrorKind::unauthorized && input.error.retryable && !input.output_seen &&
      !std::exchange(asked_with_new_key_, true)) {
    return WaitToRetry{};
  }
  if (input.output_seen) return end({.state = RunState::failed, .error = input.error.message});
  failure_ = input.error;
  const int most = input.error.kind == ErrorKind::rate_limited ? limits_.limited_retries_max
                                                               : limits_.retries_max;
  if (!input.error.retryable || retries_ >= most) return fall_back();
  // Doubling from the minimum, plus up to the same again as jitter; what the vendor asked for wins,
  // but nobody waits longer than the limit.
  const double base_ms = static_cast<double>(limits_.retry_delay_min.count()) *
                         std::pow(2.0, static_cast<double>(retries_));
  std::chrono::milliseconds delay{static_cast<std::int64_t>(base_ms * (1.0 + jitter_))};
  if (input.error.retry_after) {
    if (*input.error.retry_after > limits_.retry_delay_max) return fall_back();
    delay = std::max(delay, *input.error.retry_after);
  }
  ++retries_;
  return WaitToRetry{std::min(delay, limits_.retry_delay_max)};
}

RunAction RunMachine::step(const RetryDue&) {
  if (ending_) return finish_;
  return AskModel{.restarted = output_seen_};
}

// The first of the rest that is there for such a fault.
RunAction RunMachine::fall_back() {
  const std::optional<ModelFault> fault = fault_of(failure_);
  for (std::size_t i = 0; fault && i < limits_.fallbacks.size(); ++i) {
    if (fallbacks_used_[i] || limits_.fallbacks[i] != *fault) continue;
    fallbacks_used_[i] = true;
    return ChangeModel{i};
  }
  return end({.state = RunState::failed, .error = failure_.message});
}

RunAction RunMachine::step(const ModelChosen& input) {
  if (ending_) return finish_;
  if (!input.changed) return fall_back();
  retries_ = 0;
  asked_with_new_key_ = false;
  return AskModel{.restarted = output_seen_};
}

RunAction RunMachine::step(const GateAnswered& input) {
  const auto call = calls_.find(input.tool_call_id);
  if (call == calls_.end() || call->second != CallState::asked) return ignored();
  if (ending_) {
    call->second = CallState::done;
    return after_calls();
  }
  switch (input.answer) {
    case GateAnswer::allowed: call->second = CallState::running; return RunTool{call->first};
    case GateAnswer::pending: call->second = CallState::pending; break;
    case GateAnswer::denied: call->second = CallState::done; break;
  }
  return after_calls();
}

RunAction RunMachine::step(const ToolFinished& input) {
  const auto call = calls_.find(input.tool_call_id);
  if (call == calls_.end() || call->second != CallState::running) return ignored();
  call->second = CallState::done;
  return after_calls();
}

RunAction RunMachine::step(const HumanAnswered& input) {
  const auto call = calls_.find(input.tool_call_id);
  if (ending_ || call == calls_.end() || call->second != CallState::pending) return ignored();
  if (!input.allowed) {
    call->second = CallState::done;
    return after_calls();
  }
  call->second = CallState::running;
  return RunTool{call->first};
}

RunAction RunMachine::step(const LimitReached& input) {
  return end({.state = RunState::failed, .error = input.message});
}

RunAction RunMachine::step(const CommitFailed& input) {
  return end({.state = RunState::failed,
              .error = "the run's progress could not be stored: " + input.error.message});
}

RunAction RunMachine::step(const CancelRequested&) {
  return end({.state = RunState::cancelled, .error = "cancelled"});
}

RunAction RunMachine::step(const StopRequested&) {
  RunAction action = end({.state = RunState::cancelled, .error = "cancelled"});
  if (std::holds_alternative<StopTools>(action)) return Wait{};
  return action;
}

RunAction RunMachine::after_calls() {
  if (any(CallState::running) || any(CallState::asked)) return Wait{};
  if (ending_) return finish_;
  if (any(CallState::pending)) return Park{};
  return next_round();
}

RunAction RunMachine::ignored() const {
  const bool only_humans =
      !ending_ && any(CallState::pending) && !any(CallState::running) && !any(CallState::asked);
  return only_humans ? RunAction{Park{}} : RunAction{Wait{}};
}

RunAction RunMachine::next_round() {
  if (rounds_ >= limits_.rounds_max) {
    return end({.state = RunState::failed,
                .error = std::string(out_of_rounds) + ": the agent was not done after " +
                         std::to_string(limits_.rounds_max) +
                         " model calls (limit run_rounds_max)"});
  }
  return AskModel{};
}

RunAction RunMachine::end(Finish finish) {
  if (ending_) return any(CallState::running) ? RunAction{Wait{}} : RunAction{finish_};
  ending_ = true;
  finish_ = std::move(finish);
  for (auto& [id, state] : calls_) {
    if (state != CallState::running) state = CallState::done;
  }
  if (any(CallState::running)) return StopTools{};
  return finish_;
}

bool RunMachine::any(CallState state) const {
  return std::ranges::any_of(calls_, [state](const auto& entry) { return entry.second == state; });
}

}  // namespace colonnade::core
