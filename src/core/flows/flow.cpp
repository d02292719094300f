#include "core/flows/flow.hpp"

#include <algorithm>
#include <set>

#include "core/enum_names.hpp"
#include "core/flows/flow_run.hpp"

namespace colonnade::core {
namespace {

constexpr EnumNames<FlowStatus, 3> flow_status_names{{
    {FlowStatus::active, "active"},
    {FlowStatus::paused, "paused"},
    {FlowStatus::draft, "draft"},
}};

constexpr EnumNames<FlowToolsAtStop, 2> flow_tools_at_stop_names{{
    {FlowToolsAtStop::cancelled, "cancel"},
    {FlowToolsAtStop::end, "finish"},
}};

constexpr EnumNames<FlowRunState, 8> flow_run_state_names{{
    {FlowRunState::queued, "queued"},
    {FlowRunState::running, "running"},
    {FlowRunState::pausing, "pausing"},
    {FlowRunState::paused, "paused"},
    {FlowRunState::awaiting_approval, "awaiting_approval"},
    {FlowRunState::completed, "completed"},
    {FlowRunState::failed, "failed"},
    {FlowRunState::cancelled, "cancelled"},
}};

constexpr EnumNames<FlowNodeState, 5> flow_node_state_names{{
    {FlowNodeState::pending, "pending"},
    {FlowNodeState::starting, "starting"},
    {FlowNodeState::running, "running"},
    {FlowNodeState::stopping, "stopping"},
    {FlowNodeState::completed, "completed"},
}};

constexpr EnumNames<FlowStop, 4> flow_stop_names{{
    {FlowStop::none, ""},
    {FlowStop::cancelled, "cancelled"},
    {FlowStop::operator_stopped, "operator_stopped"},
    {FlowStop::guardrail_stopped, "guardrail_stopped"},
}};

constexpr EnumNames<FlowTrigger, 3> flow_trigger_names{{
    {FlowTrigger::manual, "manual"},
    {FlowTrigger::scheduled, "scheduled"},
    {FlowTrigger::manual_dry_run, "manual_dry_run"},
}};

}  // namespace

std::string_view to_string(FlowStatus status) { return enum_name(flow_status_names, status); }
std::optional<FlowStatus> flow_status_from(std::string_view text) {
  return enum_value(flow_status_names, text);
}
std::string_view to_string(FlowToolsAtStop what) {
  return enum_name(flow_tools_at_stop_names, what);
}
std::optional<FlowToolsAtStop> flow_tools_at_stop_from(std::string_view text) {
  return enum_value(flow_tools_at_stop_names, text);
}
std::string_view to_string(FlowRunState state) { return enum_name(flow_run_state_names, state); }
std::optional<FlowRunState> flow_run_state_from(std::string_view text) {
  return enum_value(flow_run_state_names, text);
}
std::string_view to_string(FlowNodeState state) { return enum_name(flow_node_state_names, state); }
std::optional<FlowNodeState> flow_node_state_from(std::string_view text) {
  return enum_value(flow_node_state_names, text);
}
std::string_view to_string(FlowStop stop) { return enum_name(flow_stop_names, stop); }
std::optional<FlowStop> flow_stop_from(std::string_view text) {
  return enum_value(flow_stop_names, text);
}
std::string_view to_string(FlowTrigger trigger) { return enum_name(flow_trigger_names, trigger); }
std::optional<FlowTrigger> flow_trigger_from(std::string_view text) {
  return enum_value(flow_trigger_names, text);
}

const FlowNode* FlowDefinition::node(std::string_view id) const {
  const auto found = std::ranges::find(nodes, id, &FlowNode::id);
  return found == nodes.end() ? nullptr : &*found;
}

const FlowAgent* FlowDefinition::agent(std::string_view id) const {
  const auto found = std::ranges::find(agents, id, &FlowAgent::id);
  return found == agents.end() ? nullptr : &*found;
}

std::vector<std::string> flow_nodes_from(const FlowDefinition& definition, std::string_view id) {
  std::set<std::string, std::less<>> reached = {std::string(id)};
  bool grows = true;
  while (grows) {
    grows = false;
    for (const FlowNode& node : definition.nodes) {
      const bool follows = std::ranges::any_of(
          node.depends_on, [&](const std::string& one) { return reached.contains(one); });
      if (follows && reached.insert(node.id).second) grows = true;
    }
  }
  std::vector<std::string> out;
  for (const FlowNode& node : definition.nodes) {
    if (reached.contains(node.id)) out.push_back(node.id);
  }
  return out;
}

void FlowUsage::add(const FlowUsage& other) {
  prompt_tokens += other.prompt_tokens;
  completion_tokens += other.completion_tokens;
  cost_micros += other.cost_micros;
  tool_calls += other.tool_calls;
}

bool FlowRun::is_over() const {
  return has_ended(progress.state) || (job_state && is_terminal(*job_state));
}

// A job that ended without the run's end being stored was lost, or cancelled by somebody else.
FlowRunState FlowRun::state() const {
  if (has_ended(progress.state) || !job_state || !is_terminal(*job_state)) return progress.state;
  return *job_state == JobState::cancelled ? FlowRunState::cancelled : FlowRunState::failed;
}

}  // namespace colonnade::core
