// `codesearch`: where in the workspace something is, best places first.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `workers` outlives the tool.
std::unique_ptr<Tool> codesearch_tool(base::Workers& workers);

}  // namespace colonnade::tools
