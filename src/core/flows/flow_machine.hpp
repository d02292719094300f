// The flow machine: what next in one run of a flow? Pure: no I/O, clock or threads. Events in; what
// there is to do follows from the state alone, so that whoever takes a run up again finds it there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/flows/flow.hpp"
#include "core/flows/flow_run.hpp"

namespace colonnade::core {

// --- events -------------------------------------------------------------------------------------

// Of whoever drives the run.
struct FlowLookedAt {};  // nothing but the time has changed
struct FlowNodeBegan {
  std::string node_id{};
};
enum class FlowNodeEnd {
  succeeded,
  failed,
  cancelled,   // its run was stopped, or had not begun when it was to stop
  used_up,     // what it may use (FlowShare)
  impossible,  // it failed, and would fail again
};
struct FlowNodeEnded {
  std::string node_id{};
  FlowNodeEnd end = FlowNodeEnd::failed;
  std::string text{};   // of one that succeeded: its output
  std::string error{};  // else
  FlowUsage usage{};
  bool had_effects = false;
  bool had_begun = true;
};
// Nobody drives the run any more, though it has not ended: its job did.
struct FlowDriverLost {
  std::string reason{};
};

// Of humans.
struct FlowPauseAsked {
  std::string reason{};
};
struct FlowResumeAsked {
  std::string reason{};
};
struct FlowCancelAsked {
  std::string reason{};
  FlowStop stop = FlowStop::cancelled;
};
enum class FlowVerdict { approve, rework, cancel };
std::string_view to_string(FlowVerdict verdict);
std::optional<FlowVerdict> flow_verdict_from(std::string_view text);
struct FlowGateDecided {
  FlowVerdict verdict = FlowVerdict::approve;
  std::string reason{};
};
// A run that failed, or is paused, goes on: a node that failed does so in its session.
struct FlowRecoverAsked {
  std::string reason{};
};
// The node and all that depend on it begin anew, also in a run that has ended.
struct FlowNodeRetryAsked {
  std::string node_id{};
  std::string reason{};
  bool goes_on = false;    // in the node's session
  bool is_repair = false;  // what it is asked, or by whom it is done, was changed
};

using FlowEvent = std::variant<FlowLookedAt, FlowNodeBegan, FlowNodeEnded, FlowDriverLost,
                               FlowPauseAsked, FlowResumeAsked, FlowCancelAsked, FlowGateDecided,
                               FlowRecoverAsked, FlowNodeRetryAsked>;

// --- commands -----------------------------------------------------------------------------------

// What there is to do. Doing it twice must not matter.
struct FlowCommands {
  std::vector<std::string> start{};     // nodes: give them names, store those, begin their runs
  std::vector<std::string> stop{};      // nodes: end their runs
  std::vector<std::string> follow{};    // nodes whose runs are to be looked at
  std::optional<base::Time> look_at{};  // when time alone changes something
  bool is_over = false;                 // nothing is at work, and the run has ended
};

// The fields of conflicts: it is not in a state for it; it failed, and nothing says where; the gate
// that it waits at is not there.
constexpr std::string_view flow_state_field = "state";
constexpr std::string_view flow_failure_field = "failure";
constexpr std::string_view flow_gate_field = "gate";
constexpr std::string_view flow_decision_field = "decision";
constexpr std::string_view flow_node_field = "node_id";

class FlowMachine {
 public:
  // The definition must outlive it.
  FlowMachine(const FlowDefinition& definition, FlowProgress progress);

  // A run that has not begun.
  static FlowProgress fresh(const FlowDefinition& definition);

  // Errors leave everything as it was: conflict with one of the fields above; invalid with
  // flow_decision_field or flow_node_field.
  base::Result<void> on(const FlowEvent& event, base::Time at);
  FlowCommands commands() const;
  const FlowProgress& progress() const { return progress_; }
  FlowProgress& progress() { return progress_; }

 private:
  base::Result<void> step(const FlowLookedAt& event, base::Time at);
  base::Result<void> step(const FlowNodeBegan& event, base::Time at);
  base::Result<void> step(const FlowNodeEnded& event, base::Time at);
  base::Result<void> step(const FlowDriverLost& event, base::Time at);
  base::Result<void> step(const FlowPauseAsked& event, base::Time at);
  base::Result<void> step(const FlowResumeAsked& event, base::Time at);
  base::Result<void> step(const FlowCancelAsked& event, base::Time at);
  base::Result<void> step(const FlowGateDecided& event, base::Time at);
  base::Result<void> step(const FlowRecoverAsked& event, base::Time at);
  base::Result<void> step(const FlowNodeRetryAsked& event, base::Time at);

  void advance(base::Time at);
  void start_runnable(base::Time at);
  void open_gate_or_fail(base::Time at);
  void take_output(const FlowNode& node, const FlowNodeEnded& event, base::Time at);
  void take_failure(const FlowNode& node, const FlowNodeEnded& event, base::Time at);
  void take_interruption(const FlowNode& node, const FlowNodeEnded& event, base::Time at);
  void fail_run(const std::string& node_id, std::string reason, base::Time at);
  void stop_by_bound(std::string reason, base::Time at);
  void finish(FlowRunState state, base::Time at);
  void queue_again(base::Time at);
  void stop_work();
  void run_clock(bool runs, base::Time at);
  void reset(const std::string& node_id, const std::string& note);
  void note(std::string event, base::Time at, std::string reason = {}, std::string node_id = {});

  std::string exceeded_time(base::Time at) const;
  FlowShare left(std::size_t parts) const;
  bool is_ready(const FlowNode& node) const;
  std::size_t at_work() const;
  bool all_completed() const;

  const FlowDefinition& definition_;
  FlowProgress progress_;
};

}  // namespace colonnade::core
