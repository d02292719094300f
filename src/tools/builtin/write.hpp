// `write`: makes a file or replaces it whole.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `workers` outlives the tool.
std::unique_ptr<Tool> write_tool(base::Workers& workers);

}  // namespace colonnade::tools
