#include "core/flows/flow_prompt.hpp"

#include <algorithm>
#include <limits>

#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

void add_flow_inputs(std::string& out, const FlowProgress& progress, const FlowNode& node) {
  if (node.inputs.empty()) return;
  out.append("\n\nWhat earlier steps have found:");
  for (const FlowInput& input : node.inputs) {
    const FlowNodeWork& from = progress.nodes.at(input.from);
    out.append("\n\n## ").append(input.alias).append("\n");
    if (from.output) out.append(from.output->text);
  }
}

void add_flow_contract(std::string& out, const FlowNode& node) {
  if (!node.contract) return;
  const FlowContract& contract = *node.contract;
  if (!contract.kind.empty()) out.append("\n\nYour answer is a ").append(contract.kind).append(".");
  if (!contract.guidance.empty()) out.append("\n\nOn its summary: ").append(contract.guidance);
}

int whole_seconds(std::int64_t milliseconds) {
  const std::int64_t seconds = milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0);
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp<std::int64_t>(seconds, 1, most));
}

}  // namespace

Result<std::string> flow_prompt(const FlowDefinition& definition, const FlowProgress& progress,
                                const FlowNode& node) {
  for (const FlowInput& input : node.inputs) {
    const auto from = progress.nodes.find(input.from);
    if (from == progress.nodes.end() || !from->second.output) {
      return fail(ErrorKind::internal, "node `" + node.id + "` has the input `" + input.alias +
                                           "` of `" + input.from + "`, which has no output");
    }
  }
  const FlowNodeWork& work = progress.nodes.at(node.id);
  std::string out;
  if (work.goes_on) {
    out.append("Go on with your task. It broke off: ").append(work.note);
    out.append(
        "\nWhat you have done is above. Do nothing a second time that has had its effect; where "
        "you cannot know, look first.\n\nThe task was: ");
  }
  out.append(node.objective);
  add_flow_inputs(out, progress, node);
  add_flow_contract(out, node);
  if (!definition.output_targets.empty()) {
    out.append("\n\nThe output of the whole goes to:");
    for (const std::string& target : definition.output_targets) out.append("\n- ").append(target);
  }
  if (!work.goes_on && !work.note.empty()) {
    out.append("\n\nThis is a further attempt, because: ").append(work.note);
  }
  if (out.size() > limits::flow_message_bytes_max) {
    return fail(ErrorKind::too_large, "node `" + node.id + "` would be given " +
                                          std::to_string(out.size()) + " bytes, more than " +
                                          std::to_string(limits::flow_message_bytes_max) +
                                          "; let the nodes before it say less");
  }
  return out;
}

// A contract that says JSON and gives no schema takes any value.
base::Json flow_schema(const FlowNode& node) {
  if (!node.contract) return nullptr;
  if (!node.contract->schema.is_null()) return node.contract->schema;
  if (node.contract->kind == structured_contract) return base::Json::object();
  return nullptr;
}

ModelSettings flow_settings(const FlowAgent& agent, const FlowNode& node,
                            std::optional<std::int64_t> seconds_left) {
  ModelSettings out;
  if (!agent.provider.empty()) out.provider = agent.provider;
  if (!agent.model.empty()) out.model = agent.model;
  if (node.time_ms_max) out.run_seconds_max = whole_seconds(*node.time_ms_max);
  if (seconds_left) {
    const int left = whole_seconds(*seconds_left * 1000);
    out.run_seconds_max = std::min(out.run_seconds_max.value_or(left), left);
  }
  return out;
}

std::vector<std::string> flow_tools(const FlowAgent& agent) {
  std::vector<std::string> out = agent.tools;
  for (const std::string& server : agent.servers) {
    std::string prefix = engine_server_tool(server, "x");
    prefix.pop_back();
    if (!agent.server_tools) {
      out.push_back(prefix + "*");
      continue;
    }
    // Tools of a list are named in full, or without their server.
    for (const std::string& tool : *agent.server_tools) {
      const bool is_full = tool.starts_with("mcp.");
      if (!is_full) out.push_back(engine_server_tool(server, tool));
      if (is_full && tool.starts_with(prefix)) out.push_back(tool);
    }
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

std::string flow_label(std::string_view flow_id, std::string_view node_id) {
  return "Automation " + std::string(flow_id) + " / " + std::string(node_id);
}

}  // namespace colonnade::core
