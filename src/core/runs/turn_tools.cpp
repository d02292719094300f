#include "core/runs/turn_tools.hpp"

#include <algorithm>
#include <utility>

#include "core/artifacts/artifacts.hpp"
#include "core/governance/approval_request.hpp"
#include "core/governance/permission_rules.hpp"
#include "core/runs/sub_agents.hpp"
#include "core/runs/tools_by_name.hpp"
#include "core/tools/tool_names.hpp"

namespace colonnade::core {

TurnTools turn_tools(std::vector<ToolDefinition> all, const Agent& agent, const Run& run) {
  // Only where a client is there to hear of it: its turns say how long a question waits.
  const bool asks = run.settings.approval_seconds_max.has_value();
  std::erase_if(all, [&](const ToolDefinition& tool) {
    return (!asks && tool.name == approval_request_tool) ||
           !agent_may_have(agent, run.options, tool.name) ||
           !is_in_turn(agent, run.options, tool.name, tool.aliases);
  });
  TurnTools out{.callable = std::move(all)};
  const bool by_name = agent.profile.tool_mode == ToolMode::by_name;
  if (by_name && !out.callable.empty()) out.stand_ins = tools_by_name();
  return out;
}

bool agent_may_have(const Agent& agent, const TurnOptions& turn, std::string_view tool) {
  // A sub-agent does its work itself.
  if (tool == task_tool && turn.as_sub_agent) return false;
  const bool through_sub_agent = agent.profile.tool_mode == ToolMode::sub_agent;
  if (through_sub_agent && tool == sub_agent_tool) return true;
  const bool own = tool == approval_request_tool || tool == generate_artifact_tool ||
                   tool == revise_artifact_tool;
  if (through_sub_agent && !own) return false;
  const auto is_it = [&tool](const std::string& name) { return same_tool(name, tool); };
  return !agent.tools || std::ranges::any_of(*agent.tools, is_it) ||
         std::ranges::any_of(agent.profile.extra_tools, is_it);
}

bool is_in_turn(const Agent& agent, const TurnOptions& turn, std::string_view tool,
                const std::vector<std::string>& aliases) {
  if (turn.tool_use == ToolUse::none) return false;
  if (!turn.tools) return true;
  const bool hands_on = tool == sub_agent_tool && agent.profile.tool_mode == ToolMode::sub_agent;
  return hands_on || std::ranges::any_of(*turn.tools, [&](const std::string& pattern) {
           return names_tool(pattern, tool, aliases);
         });
}

}  // namespace colonnade::core
