// `delegate_to_sub_agent` and `task`: hand a task on to the agent's sub-agent and answer with what
// it says. The first is offered to agents that reach their tools through one
// (core::ToolMode::sub_agent), the second to all others.
#pragma once

#include <memory>

#include "core/runs/sub_agents.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `sub_agents` must outlive the tool.
std::unique_ptr<Tool> sub_agent_tool(core::SubAgents& sub_agents);
std::unique_ptr<Tool> task_tool(core::SubAgents& sub_agents);

}  // namespace colonnade::tools
