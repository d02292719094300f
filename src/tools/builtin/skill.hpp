// `skill`: loads one of the skills that the operator has put into the server's folder.
#pragma once

#include <memory>

#include "core/tools/skills.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `skills` outlives the tool.
std::unique_ptr<Tool> skill_tool(core::Skills& skills);

}  // namespace colonnade::tools
