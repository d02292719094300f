// A run: one turn of the agent loop, from a user's message until the agent is done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent.hpp"
#include "core/runs/turn_options.hpp"
#include "core/spans/span.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

// running → (waiting_approval ⇄ running) → succeeded | failed | cancelled.
enum class RunState { running, waiting_approval, succeeded, failed, cancelled };
std::string_view to_string(RunState state);
std::optional<RunState> run_state_from(std::string_view text);
constexpr bool is_terminal(RunState s) {
  return s == RunState::succeeded || s == RunState::failed || s == RunState::cancelled;
}

// What the error of a run begins with that reached its limit of model calls.
constexpr std::string_view out_of_rounds = "iteration limit reached";
// The same of one that has used what it was allowed to (TurnAllowance).
constexpr std::string_view out_of_allowance = "the turn's allowance is used up";
// The same of one that ran out of time.
constexpr std::string_view out_of_time = "the run took longer than its time limit";
// The same of one whose model its provider does not have.
constexpr std::string_view no_model_text = "there is no model '";
// The same of one whose first answer had to call a tool.
constexpr std::string_view required_tool_not_called =
    "the model called no tool, although this turn requires that it does";
constexpr std::string_view no_required_tool =
    "this turn requires that a tool is called, and there is none that it may call";

struct Run {
  std::string id{};
  std::string thread_id{};
  Scope scope;
  std::string agent_id{};
  int agent_version = 1;
  std::string user_message_id{};
  std::string started_by{};  // user id: whose thread it is, also when an operator wrote there
  RunState state = RunState::running;
  ModelSettings settings{};  // resolved: what the model calls use
  int rounds = 0;            // model replies so far
  Usage usage{};
  std::int64_t cost_micros = 0;  // micro-US-dollars; 0 when the price is unknown
  std::string error{};           // for failed and cancelled
  base::Time created_at{};
  std::optional<base::Time> finished_at{};
  VersionChoice version{};  // of its agent
  TurnOptions options{};
};

// What one model call or one batch of tool results added to the turn; committed as it happens, so
// that a restart goes on from here. `number` counts from 0 within the run.
struct RunStep {
  std::string run_id{};
  int number = 0;
  std::vector<Part> parts{};
  Usage usage{};
  std::string model{};
  std::string provider{};     // who gave the reply; "" for the run's own, and for results
  std::vector<Span> spans{};  // that ended since the step before; written, and not read with it
};

enum class ToolCallState {
  requested,         // the model asked
  waiting_approval,  // a human was asked
  running,           // the permit was spent; at most once ever
  succeeded,
  failed,       // the tool said so, timed out, or its arguments were malformed
  denied,       // by the gate or a human
  interrupted,  // was running when the server died; outcome unknown
};
std::string_view to_string(ToolCallState state);
std::optional<ToolCallState> tool_call_state_from(std::string_view text);

struct ToolCall {
  std::string id{};       // ours, unique
  std::string call_id{};  // the provider's, unique within the run
  std::string run_id{};
  std::string thread_id{};
  std::string tool{};
  base::Json arguments = base::Json::object();
  ToolCallState state = ToolCallState::requested;
  std::string result{};
  base::Time created_at{};
  std::optional<base::Time> finished_at{};
};

}  // namespace colonnade::core
