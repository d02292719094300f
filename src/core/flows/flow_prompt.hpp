// What a node's agent is asked, with which model, and which tools it has. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "core/flows/flow.hpp"
#include "core/flows/flow_run.hpp"

namespace colonnade::core {

// The objective, the outputs of earlier nodes by their aliases, what the output has to be, and why
// there is a further attempt. Errors: internal when an input has no output; too_large beyond
// limits::flow_message_bytes_max, naming the node.
base::Result<std::string> flow_prompt(const FlowDefinition& definition,
                                      const FlowProgress& progress, const FlowNode& node);
// null where any text will do.
base::Json flow_schema(const FlowNode& node);
// `seconds_left`: of the run's guard rail of time; nullopt without one.
ModelSettings flow_settings(const FlowAgent& agent, const FlowNode& node,
                            std::optional<std::int64_t> seconds_left);
// The tools of an agent, those of its MCP servers included, as names in which `*` is any run of
// characters.
std::vector<std::string> flow_tools(const FlowAgent& agent);

// "Automation <id> / <node>": a session's title, and who grants, for who reads decisions.
std::string flow_label(std::string_view flow_id, std::string_view node_id);

}  // namespace colonnade::core
