#include "core/flows/flow_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/flows/flow_machine.hpp"
#include "core/flows/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

// What stands in the place of an id in the paths of clients.
constexpr std::array<std::string_view, 4> flow_path_words = {"runs", "events", "v2", "run"};
constexpr std::array<std::string_view, 5> flow_stages = {"orchestrator", "workstream", "review",
                                                         "test", "approval"};
constexpr std::string_view flow_blanks = " \t\r\n";

bool is_blank_text(std::string_view text) {
  return text.find_first_not_of(flow_blanks) == std::string_view::npos;
}

void trim(std::string& text) {
  const auto first = text.find_first_not_of(flow_blanks);
  if (first == std::string::npos) {
    text.clear();
    return;
  }
  text = text.substr(first, text.find_last_not_of(flow_blanks) - first + 1);
}

void tidy_names(std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (std::string& name : names) {
    trim(name);
    if (!name.empty() && std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  names = std::move(out);
}

std::unexpected<base::Error> wrong_flow(std::string why, std::string field) {
  return fail(ErrorKind::invalid, std::move(why), std::move(field));
}

std::unexpected<base::Error> wrong_node(const FlowNode& node, std::string why,
                                        std::string_view field) {
  return wrong_flow("node `" + node.id + "` " + std::move(why),
                    "flow.nodes." + node.id + "." + std::string(field));
}

std::string quoted_name(std::string_view name) { return "`" + std::string(name) + "`"; }

bool is_plain_id(std::string_view id, std::size_t bytes_max) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-:").contains(c);
  };
  return !id.empty() && id.size() <= bytes_max && std::ranges::all_of(id, is_plain);
}

// --- parts --------------------------------------------------------------------------------------

Result<void> check_agents(const FlowDefinition& definition) {
  if (definition.agents.size() > limits::flow_agents_max) {
    return wrong_flow("a flow has at most " + std::to_string(limits::flow_agents_max) + " agents",
                      "agents");
  }
  std::set<std::string, std::less<>> known;
  for (const FlowAgent& agent : definition.agents) {
    if (!is_plain_id(agent.id, limits::flow_node_id_bytes_max)) {
      return wrong_flow(
          "agent " + quoted_name(agent.id) + ": an agent_id has letters, digits and any of . _ - :",
          "agents.agent_id");
    }
    if (!known.insert(agent.id).second) {
      return wrong_flow("there are two agents " + quoted_name(agent.id), "agents.agent_id");
    }
    if (agent.tools.size() > limits::flow_tools_max ||
        agent.tools_left_out.size() > limits::flow_tools_max ||
        agent.servers.size() > limits::flow_tools_max ||
        (agent.server_tools && agent.server_tools->size() > limits::flow_tools_max)) {
      return wrong_flow("agent " + quoted_name(agent.id) + ": a list has at most " +
                            std::to_string(limits::flow_tools_max) + " names",
                        "agents." + agent.id + ".tool_policy");
    }
  }
  return {};
}

Result<void> check_contract(const FlowNode& node) {
  if (!node.contract || node.contract->schema.is_null()) return {};
  if (!node.contract->schema.is_object() && !node.contract->schema.is_boolean()) {
    return wrong_node(node, "has an output_contract whose schema is no JSON Schema: an object",
                      "output_contract.schema");
  }
  return {};
}

Result<void> check_gate(const FlowDefinition& definition, const FlowNode& node) {
  if (!node.gate) return {};
  for (const std::string& decision : node.gate->decisions) {
    if (!flow_verdict_from(decision)) {
      return wrong_node(node,
                        "has a gate with the decision " + quoted_name(decision) +
                            "; there are approve, rework and cancel",
                        "gate.decisions");
    }
  }
  for (const std::string& target : node.gate->rework_targets) {
    if (definition.node(target) == nullptr) {
      return wrong_node(node, "has a gate that reworks the unknown node " + quoted_name(target),
                        "gate.rework_targets");
    }
    const std::vector<std::string> behind = flow_nodes_from(definition, target);
    if (std::ranges::find(behind, node.id) == behind.end()) {
      return wrong_node(
          node, "has a gate that reworks " + quoted_name(target) + ", on which it does not depend",
          "gate.rework_targets");
    }
  }
  return {};
}

Result<void> check_inputs(const FlowDefinition& definition, const FlowNode& node) {
  if (node.inputs.size() > limits::flow_inputs_max) {
    return wrong_node(node, "has more than " + std::to_string(limits::flow_inputs_max) + " inputs",
                      "input_refs");
  }
  std::set<std::string, std::less<>> aliases;
  for (const FlowInput& input : node.inputs) {
    if (definition.node(input.from) == nullptr) {
      return wrong_node(node, "has an input of the unknown node " + quoted_name(input.from),
                        "input_refs");
    }
    if (input.alias.empty()) {
      return wrong_node(node, "has an input of " + quoted_name(input.from) + " without an alias",
                        "input_refs");
    }
    if (!aliases.insert(input.alias).second) {
      return wrong_node(node, "has two inputs " + quoted_name(input.alias), "input_refs");
    }
    const std::vector<std::string> behind = flow_nodes_from(definition, input.from);
    const bool comes_later = std::ranges::find(behind, node.id) == behind.end();
    if (comes_later || input.from == node.id) {
      return wrong_node(
          node, "has an input of " + quoted_name(input.from) + ", on which it does not depend",
          "input_refs");
    }
  }
  return {};
}

Result<void> check_node(const FlowDefinition& definition, const FlowNode& node) {
  for (const std::string& one : node.depends_on) {
    if (definition.node(one) == nullptr) {
      return wrong_node(node, "depends on unknown node " + quoted_name(one), "depends_on");
    }
  }
  const bool is_work = !node.is_gate();
  if ((is_work || !node.agent_id.empty()) && definition.agent(node.agent_id) == nullptr) {
    return wrong_node(node, "names unknown agent " + quoted_name(node.agent_id), "agent_id");
  }
  if (is_blank_text(node.objective)) {
    return wrong_node(node, "has no objective", "objective");
  }
  if (node.attempts_max &&
      (*node.attempts_max < 1 || *node.attempts_max > limits::flow_attempts_max)) {
    return wrong_node(
        node,
        "has retry_policy.max_attempts out of 1 to " + std::to_string(limits::flow_attempts_max),
        "retry_policy.max_attempts");
  }
  if (node.time_ms_max && (*node.time_ms_max < limits::flow_node_ms_min ||
                           *node.time_ms_max > limits::flow_time_ms_max)) {
    return wrong_node(node,
                      "has timeout_ms out of 1 to " + std::to_string(limits::flow_time_ms_max),
                      "timeout_ms");
  }
  const bool is_known_stage =
      node.stage.empty() || std::ranges::find(flow_stages, node.stage) != flow_stages.end();
  if (!is_known_stage) {
    return wrong_node(node, "has the unknown stage_kind " + quoted_name(node.stage), "stage_kind");
  }
  if (!node.metadata.is_null() && !node.metadata.is_object()) {
    return wrong_node(node, "has metadata that is no object", "metadata");
  }
  if (auto fits = check_inputs(definition, node); !fits) return fits;
  if (auto fits = check_contract(node); !fits) return fits;
  return check_gate(definition, node);
}

// Takes away what depends on nothing that is left, until only circles are left.
Result<void> check_circles(const FlowDefinition& definition) {
  std::set<std::string, std::less<>> done;
  for (bool grows = true; grows;) {
    grows = false;
    for (const FlowNode& node : definition.nodes) {
      const bool is_free = std::ranges::all_of(
          node.depends_on, [&](const std::string& one) { return done.contains(one); });
      if (is_free && done.insert(node.id).second) grows = true;
    }
  }
  const auto left = std::ranges::find_if(
      definition.nodes, [&](const FlowNode& node) { return !done.contains(node.id); });
  if (left == definition.nodes.end()) return {};
  // From a node that is left along what holds it, until one comes a second time.
  std::vector<std::string> way;
  const FlowNode* at = &*left;
  while (std::ranges::find(way, at->id) == way.end()) {
    way.push_back(at->id);
    const auto next = std::ranges::find_if(
        at->depends_on, [&](const std::string& one) { return !done.contains(one); });
    at = definition.node(*next);
  }
  std::string circle;
  for (auto one = std::ranges::find(way, at->id); one != way.end(); ++one) {
    circle += quoted_name(*one) + " → ";
  }
  return wrong_node(*at, "depends on itself: " + circle + quoted_name(at->id), "depends_on");
}

Result<void> check_nodes(const FlowDefinition& definition) {
  if (definition.nodes.empty()) return wrong_flow("a flow has one node at least", "flow.nodes");
  if (definition.nodes.size() > limits::flow_nodes_max) {
    return wrong_flow("a flow has at most " + std::to_string(limits::flow_nodes_max) + " nodes",
                      "flow.nodes");
  }
  std::set<std::string, std::less<>> known;
  for (const FlowNode& node : definition.nodes) {
    if (!is_plain_id(node.id, limits::flow_node_id_bytes_max)) {
      return wrong_flow("node " + quoted_name(node.id) + ": a node_id has 1 to " +
                            std::to_string(limits::flow_node_id_bytes_max) +
                            " letters, digits and any of . _ - :",
                        "flow.nodes.node_id");
    }
    if (!known.insert(node.id).second) {
      return wrong_flow("there are two nodes " + quoted_name(node.id), "flow.nodes.node_id");
    }
  }
  for (const FlowNode& node : definition.nodes) {
    for (const std::string& one : node.depends_on) {
      if (!known.contains(one)) {
        return wrong_node(node, "depends on unknown node " + quoted_name(one), "depends_on");
      }
    }
  }
  if (auto fits = check_circles(definition); !fits) return fits;
  for (const FlowNode& node : definition.nodes) {
    if (auto fits = check_node(definition, node); !fits) return fits;
  }
  return {};
}

Result<void> check_bounds(const FlowBounds& bounds) {
  if (bounds.parallel_max < 1 || bounds.parallel_max > limits::flow_parallel_max) {
    return wrong_flow(
        "execution.max_parallel_agents is 1 to " + std::to_string(limits::flow_parallel_max),
        "execution.max_parallel_agents");
  }
  if (bounds.time_ms_max &&
      (*bounds.time_ms_max < 1 || *bounds.time_ms_max > limits::flow_time_ms_max)) {
    return wrong_flow(
        "execution.max_total_runtime_ms is 1 to " + std::to_string(limits::flow_time_ms_max),
        "execution.max_total_runtime_ms");
  }
  const std::array<std::pair<std::string_view, std::optional<std::int64_t>>, 3> amounts = {{
      {"execution.max_total_tool_calls", bounds.tool_calls_max},
      {"execution.max_total_tokens", bounds.tokens_max},
      {"execution.max_total_cost_usd", bounds.cost_micros_max},
  }};
  for (const auto& [name, amount] : amounts) {
    const std::int64_t least = name.ends_with("tool_calls") ? 0 : 1;
    if (amount && *amount < least) {
      return wrong_flow(std::string(name) + " is too small", std::string(name));
    }
  }
  return {};
}

void tidy_agent(FlowAgent& agent) {
  trim(agent.id);
  trim(agent.display_name);
  if (agent.display_name.empty()) agent.display_name = agent.id;
  tidy_names(agent.skills);
  tidy_names(agent.tools);
  tidy_names(agent.tools_left_out);
  if (agent.tools.empty()) {
    agent.tools = {"read"};
    agent.tools_left_out.clear();
  }
  tidy_names(agent.servers);
  if (agent.server_tools) tidy_names(*agent.server_tools);
  if (agent.servers.empty()) agent.server_tools.reset();
}

}  // namespace

void tidy_flow(FlowDefinition& definition) {
  trim(definition.name);
  tidy_names(definition.output_targets);
  for (FlowAgent& agent : definition.agents) tidy_agent(agent);
  for (FlowNode& node : definition.nodes) trim(node.id);
  for (FlowNode& node : definition.nodes) {
    trim(node.agent_id);
    tidy_names(node.depends_on);
    for (FlowInput& input : node.inputs) {
      trim(input.from);
      trim(input.alias);
      const bool is_known = definition.node(input.from) != nullptr;
      const bool waits = std::ranges::find(node.depends_on, input.from) != node.depends_on.end();
      if (is_known && !waits) node.depends_on.push_back(input.from);
    }
    if (node.gate) tidy_names(node.gate->decisions);
    if (node.gate) tidy_names(node.gate->rework_targets);
  }
}

Result<void> check_flow_id(const std::string& id) {
  const bool is_word =
      std::ranges::find(flow_path_words, std::string_view(id)) != flow_path_words.end();
  if (is_plain_id(id, limits::flow_id_bytes_max) && !is_word) return {};
  return wrong_flow("an automation_id has 1 to " + std::to_string(limits::flow_id_bytes_max) +
                        " letters, digits and any of . _ - :, and is none of runs, run, events, v2",
                    "automation_id");
}

Result<void> check_flow(const FlowDefinition& definition) {
  if (definition.name.empty() || definition.name.size() > limits::flow_name_bytes_max) {
    return wrong_flow("a name has 1 to " + std::to_string(limits::flow_name_bytes_max) + " bytes",
                      "name");
  }
  if (!definition.workspace.empty() && !definition.workspace.starts_with('/')) {
    return wrong_flow("workspace_root must be an absolute path", "workspace_root");
  }
  if (!definition.metadata.is_null() && !definition.metadata.is_object()) {
    return wrong_flow("metadata must be an object", "metadata");
  }
  if (definition.output_targets.size() > limits::flow_targets_max) {
    return wrong_flow(
        "output_targets has at most " + std::to_string(limits::flow_targets_max) + " texts",
        "output_targets");
  }
  if (auto fits = check_agents(definition); !fits) return fits;
  if (auto fits = check_nodes(definition); !fits) return fits;
  return check_bounds(definition.bounds);
}

}  // namespace colonnade::core
