// `apply_patch`: changes several files of the workspace at once, or none.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `workers` outlives the tool.
std::unique_ptr<Tool> apply_patch_tool(base::Workers& workers);

}  // namespace colonnade::tools
