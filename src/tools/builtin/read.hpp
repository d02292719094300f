// `read`: the lines of a text file, numbered.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `workers` outlives the tool.
std::unique_ptr<Tool> read_tool(base::Workers& workers);

}  // namespace colonnade::tools
