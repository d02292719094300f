// A run of a flow: how far each node is, and what has happened to the whole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/flows/flow.hpp"
#include "core/jobs/job_state.hpp"

namespace colonnade::core {

enum class FlowRunState {
  queued,
  running,
  pausing,  // nodes come to their stop
  paused,
  awaiting_approval,  // of a gate
  completed,
  failed,
  cancelled,
};
std::string_view to_string(FlowRunState state);
std::optional<FlowRunState> flow_run_state_from(std::string_view text);
constexpr bool has_ended(FlowRunState s) {
  return s == FlowRunState::completed || s == FlowRunState::failed || s == FlowRunState::cancelled;
}

enum class FlowNodeState {
  pending,   // not begun, or to begin again
  starting,  // its session and its run have their names, and may be there or not
  running,
  stopping,  // its run was asked to end
  completed,
};
std::string_view to_string(FlowNodeState state);
std::optional<FlowNodeState> flow_node_state_from(std::string_view text);
constexpr bool is_at_work(FlowNodeState s) {
  return s == FlowNodeState::starting || s == FlowNodeState::running ||
         s == FlowNodeState::stopping;
}

// Why a run has stopped that did not complete.
enum class FlowStop { none, cancelled, operator_stopped, guardrail_stopped };
std::string_view to_string(FlowStop stop);  // "" of none
std::optional<FlowStop> flow_stop_from(std::string_view text);

struct FlowUsage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cost_micros = 0;
  std::int64_t tool_calls = 0;

  std::int64_t tokens() const { return prompt_tokens + completion_tokens; }
  void add(const FlowUsage& other);
  bool operator==(const FlowUsage&) const = default;
};

// What a node may use, of what the run's guard rails leave; nullopt: as much as it likes.
struct FlowShare {
  std::optional<std::int64_t> tool_calls{};
  std::optional<std::int64_t> tokens{};
  std::optional<std::int64_t> cost_micros{};
  bool is_all = true;  // that is left: nothing else is at work
  bool operator==(const FlowShare&) const = default;
};

struct FlowOutput {
  std::string kind{};
  std::string summary{};
  std::string text{};
  std::string thread_id{};  // "" of a gate
  base::Time at{};
  bool operator==(const FlowOutput&) const = default;
};

// How far a node is.
struct FlowNodeWork {
  FlowNodeState state = FlowNodeState::pending;
  int attempts = 0;          // that began, those that were interrupted excluded
  std::string thread_id{};   // of its session; "" before it has one
  std::string run_id{};      // of the attempt at work; "" for none
  bool goes_on = false;      // the next attempt goes on in that session
  std::string note{};        // what the next attempt is told: why there is one
  bool had_effects = false;  // an attempt called tools that are not idempotent
  bool needs_all = false;    // it has used its share up: begins when it can have all that is left
  FlowShare share{};         // of the attempt at work
  std::optional<FlowOutput> output{};
  bool operator==(const FlowNodeWork&) const = default;
};

struct FlowOpenGate {
  std::string node_id{};
  std::string title{};
  std::string instructions{};
  std::vector<std::string> decisions{};
  std::vector<std::string> rework_targets{};
  std::vector<std::string> upstream{};
  base::Time asked_at{};
  bool operator==(const FlowOpenGate&) const = default;
};

struct FlowDecision {
  std::string node_id{};
  std::string decision{};
  std::string reason{};
  base::Time at{};
  bool operator==(const FlowDecision&) const = default;
};

// One line of a run's history.
struct FlowMoment {
  std::string event{};
  base::Time at{};
  std::string node_id{};  // "" of the whole
  std::string reason{};
  std::string thread_id{};
  FlowStop stop = FlowStop::none;
  bool operator==(const FlowMoment&) const = default;
};

struct FlowFailure {
  std::string node_id{};
  std::string reason{};
  base::Time at{};
  bool operator==(const FlowFailure&) const = default;
};

// All that changes while a flow runs.
struct FlowProgress {
  FlowRunState state = FlowRunState::queued;
  std::map<std::string, FlowNodeWork> nodes{};
  std::optional<FlowOpenGate> gate{};
  std::vector<FlowDecision> decisions{};
  std::vector<FlowMoment> history{};
  std::int64_t moments = 0;  // of the history, those that were dropped included
  std::optional<FlowFailure> failure{};
  FlowUsage used{};
  FlowStop stop = FlowStop::none;
  std::string stop_reason{};
  std::string pause_reason{};
  std::string resume_reason{};
  std::string detail{};
  std::optional<base::Time> started_at{};
  std::optional<base::Time> finished_at{};
  // What counts for the guard rail of time: before the moment since which it runs, and that moment.
  std::int64_t ran_micros = 0;
  std::optional<base::Time> runs_since{};
  // False: somebody has changed it, and whoever drives the run has not seen that yet.
  bool is_seen = true;

  bool operator==(const FlowProgress&) const = default;
};

enum class FlowTrigger { manual, scheduled, manual_dry_run };
std::string_view to_string(FlowTrigger trigger);
std::optional<FlowTrigger> flow_trigger_from(std::string_view text);

struct FlowRun {
  std::string id{};  // that of its first job
  Scope scope;
  std::string owner{};
  std::string flow_id{};
  std::string job_id{};  // that drives it
  std::int64_t revision = 0;
  FlowTrigger trigger = FlowTrigger::manual;
  base::Time created_at{};
  base::Time updated_at{};
  Flow flow;  // as it was when the run began
  FlowProgress progress{};
  // How its job is, as the store has it now; a job may end without the run's having been told.
  std::optional<JobState> job_state{};
  std::string job_error{};

  bool is_over() const;
  // The state that clients see.
  FlowRunState state() const;
};

}  // namespace colonnade::core
