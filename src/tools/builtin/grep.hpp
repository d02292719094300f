// `grep`: finds lines by a regular expression.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `workers` outlives the tool.
std::unique_ptr<Tool> grep_tool(base::Workers& workers);

}  // namespace colonnade::tools
