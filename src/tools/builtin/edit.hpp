// `edit`: replaces text in a file.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `workers` outlives the tool.
std::unique_ptr<Tool> edit_tool(base::Workers& workers);

}  // namespace colonnade::tools
