// Data and requests of automations V2: graphs of nodes that several agents work on. Include
// colonnade/tandem.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/tandem/routines.hpp"
#include "colonnade/tandem/types.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

// Who does nodes. What is empty or not set is the server's choice.
struct AutomationAgent {
  std::string agent_id{};
  std::string display_name{};
  std::string template_id{};
  std::string avatar_url{};
  std::optional<ModelRef> model{};
  std::vector<std::string> skills{};
  // What it may use, unasked, by its creator's word; what is denied stays denied. Empty is `read`.
  std::vector<std::string> allowed_tools{};
  std::vector<std::string> denied_tools{};
  // MCP servers whose tools it has, too: all of them, or those of the list.
  std::vector<std::string> mcp_servers{};
  std::optional<std::vector<std::string>> mcp_tools{};
  Json extra{};  // an object: other members, both ways
};

// The output of an earlier node, and the name that this node is told it by.
struct AutomationInput {
  std::string from_step_id{};
  std::string alias{};
};

// What a node's output has to be: `structured_json`, with a JSON Schema or without; or text.
struct AutomationContract {
  std::string kind{};
  Json schema{};
  std::string summary_guidance{};
};

struct AutomationGate {
  bool required = true;
  std::vector<std::string> decisions{};       // of approve, rework, cancel; empty: all
  std::vector<std::string> rework_targets{};  // empty: what the gate depends on
  std::string instructions{};
};

struct AutomationNode {
  std::string node_id{};
  std::string agent_id{};
  std::string objective{};  // what to do
  std::vector<std::string> depends_on{};
  std::vector<AutomationInput> inputs{};
  std::optional<AutomationContract> contract{};
  std::optional<std::int64_t> max_attempts{};
  bool idempotent = false;                             // may be repeated whatever it did
  std::optional<std::chrono::milliseconds> timeout{};  // of one attempt
  std::string stage_kind{};                            // "approval" is a gate
  std::optional<AutomationGate> gate{};
  Json metadata{};
  Json extra{};  // an object: other members, both ways
};

// Bounds of each run; not set: none.
struct AutomationExecution {
  std::optional<std::int64_t> max_parallel_agents{};
  std::optional<std::chrono::milliseconds> max_total_runtime{};
  std::optional<std::int64_t> max_total_tool_calls{};
  std::optional<std::int64_t> max_total_tokens{};
  std::optional<double> max_total_cost_usd{};
  // What becomes of tools that run when a run is paused or stopped: "cancel", "finish"; "" is the
  // server's choice. A real engine knows nothing of it.
  std::string tools_at_stop{};
};

// What is empty or not set is not sent.
struct CreateAutomationV2 {
  std::string name{};
  Schedule schedule{Manual{}};
  std::vector<AutomationAgent> agents{};
  std::vector<AutomationNode> nodes{};
  std::string status{};  // active, paused, draft; a draft without one
  AutomationExecution execution{};
  std::string timezone{};  // IANA; UTC without one
  MisfirePolicy misfire_policy = MisfirePolicy::run_once;
  std::string description{};
  std::vector<std::string> output_targets{};
  std::string workspace_root{};  // absolute
  Json metadata{};
  std::string automation_id{};
  std::string creator_id{};
  Json more{};  // an object: other members, sent as they are
};

// What is to change; the rest stays. The schedule, with its zone and policy, is replaced whole, and
// so are agents, nodes and bounds.
struct UpdateAutomationV2 {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<std::string> status{};
  Schedule schedule{};
  std::string timezone{};
  MisfirePolicy misfire_policy = MisfirePolicy::run_once;
  std::optional<std::vector<AutomationAgent>> agents{};
  std::optional<std::vector<AutomationNode>> nodes{};
  std::optional<AutomationExecution> execution{};
  std::optional<std::vector<std::string>> output_targets{};
  std::optional<std::string> workspace_root{};
  Json more{};
};

struct AutomationV2 {
  std::string automation_id{};
  std::string name{};
  std::string description{};
  std::string status{};  // active, paused, draft
  Schedule schedule{};
  std::string timezone{};
  MisfirePolicy misfire_policy = MisfirePolicy::run_once;
  std::vector<AutomationAgent> agents{};
  std::vector<AutomationNode> nodes{};
  AutomationExecution execution{};
  std::vector<std::string> output_targets{};
  Timestamp created_at{};
  std::optional<Timestamp> updated_at{};
  std::string creator_id{};
  std::string workspace_root{};
  Json metadata{};
  std::optional<Timestamp> next_fire_at{};
  std::optional<Timestamp> last_fired_at{};
  Json extra{};
};

struct AutomationOutput {
  std::string contract_kind{};
  std::string summary{};
  std::string text{};
  std::string session_id{};
  Timestamp created_at{};
};

// A question to a human that a run waits for.
struct AwaitedGate {
  std::string node_id{};
  std::string title{};
  std::string instructions{};
  std::vector<std::string> decisions{};
  std::vector<std::string> rework_targets{};
  std::vector<std::string> upstream_node_ids{};
  Timestamp requested_at{};
};

struct GateDecision {
  std::string node_id{};
  std::string decision{};
  std::string reason{};
  Timestamp decided_at{};
};

struct LifecycleEntry {
  std::string event{};
  std::string reason{};
  std::string stop_kind{};
  Timestamp recorded_at{};
  Json metadata{};  // node_id and session_id, where it is a node's
};

struct AutomationFailure {
  std::string node_id{};
  std::string reason{};
  Timestamp failed_at{};
};

// completed, failed, cancelled.
COLONNADE_API bool is_terminal_automation_status(std::string_view status) noexcept;

struct AutomationV2Run {
  std::string run_id{};
  std::string automation_id{};
  std::string trigger_type{};  // manual, scheduled, manual_dry_run
  // queued, running, pausing, paused, awaiting_approval, completed, failed, cancelled
  std::string status{};
  Timestamp created_at{};
  std::optional<Timestamp> updated_at{};
  std::optional<Timestamp> started_at{};
  std::optional<Timestamp> finished_at{};
  std::vector<std::string> active_session_ids{};
  // From its checkpoint.
  std::vector<std::string> completed_nodes{};
  std::vector<std::string> pending_nodes{};
  std::vector<std::string> blocked_nodes{};
  std::map<std::string, AutomationOutput> node_outputs{};
  std::map<std::string, std::int64_t> node_attempts{};
  std::map<std::string, std::string> node_sessions{};  // a real engine does not say
  std::optional<AwaitedGate> awaiting_gate{};
  std::vector<GateDecision> gate_history{};
  std::vector<LifecycleEntry> lifecycle_history{};
  std::optional<AutomationFailure> last_failure{};
  std::string pause_reason{};
  std::string resume_reason{};
  std::string detail{};
  std::string stop_kind{};  // cancelled, operator_stopped, guardrail_stopped
  std::string stop_reason{};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;
  double estimated_cost_usd = 0;
  Json snapshot{};  // the automation as it was when the run began
  Json extra{};

  bool finished() const noexcept { return is_terminal_automation_status(status); }
  bool succeeded() const noexcept { return status == "completed"; }
  // Whatever word the server has for it.
  bool waits_at_gate() const noexcept { return awaiting_gate.has_value(); }
};

// At least one of the three.
struct RepairAutomationNode {
  std::string node_id{};
  std::string prompt{};
  std::string template_id{};
  std::optional<ModelRef> model{};
  std::string reason{};
};

}  // namespace colonnade::inline v1::tandem
