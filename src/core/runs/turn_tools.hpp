// Which tools the model of one turn has, of all that there are for its agent. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/agents/agent.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

struct TurnTools {
  std::vector<ToolDefinition> callable{};
  // What the model is shown instead, where it calls them by name (core/runs/tools_by_name).
  std::vector<ToolDefinition> stand_ins{};

  const std::vector<ToolDefinition>& shown() const {
    return stand_ins.empty() ? callable : stand_ins;
  }
};

// `all`: what ToolRunner::definitions() says. `agent` as for_turn() makes it.
TurnTools turn_tools(std::vector<ToolDefinition> all, const Agent& agent, const Run& run);

// What the agent calls itself, of what it is offered. With a sub-agent that is what concerns its
// own conversation alone.
bool agent_may_have(const Agent& agent, const TurnOptions& turn, std::string_view tool);
// What this turn may call of what its agent has. The work that is handed on has the same list.
bool is_in_turn(const Agent& agent, const TurnOptions& turn, std::string_view tool,
                const std::vector<std::string>& aliases);

}  // namespace colonnade::core
