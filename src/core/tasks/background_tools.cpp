#include "core/tasks/background_tools.hpp"

#include <algorithm>
#include <string>

#include "core/tools/tool_names.hpp"

namespace colonnade::core {

bool has_background_tool(const Agent& agent, std::string_view tool) {
  const auto is_it = [tool](const std::string& name) { return same_tool(name, tool); };
  if (agent.tools && std::ranges::any_of(*agent.tools, is_it)) return true;
  return std::ranges::any_of(agent.profile.extra_tools, is_it);
}

}  // namespace colonnade::core
