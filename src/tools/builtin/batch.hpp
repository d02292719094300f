// `batch`: several calls as one. Within a run its calls take its place before anything is judged
// (core/runs/tool_batch.hpp), so the tool itself only says that there is such a thing.
#pragma once

#include <memory>

#include "tools/tool.hpp"

namespace colonnade::tools {

std::unique_ptr<Tool> batch_tool();

}  // namespace colonnade::tools
