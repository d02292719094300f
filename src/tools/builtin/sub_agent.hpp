// `delegate_to_sub_agent`: hands a task on to the agent's sub-agent and answers with what it says.
// Offered to agents that reach their tools through one (core::ToolMode::sub_agent).
#pragma once

#include <memory>

#include "core/runs/sub_agents.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `sub_agents` must outlive the tool.
std::unique_ptr<Tool> sub_agent_tool(core::SubAgents& sub_agents);

}  // namespace colonnade::tools
