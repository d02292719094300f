// Running one permitted call within its time, its output brought into bounds.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

struct ExecutedTool {
  ToolOutcome outcome{};  // UTF-8, limits::tool_output_bytes_max and a note of the cut at most
  bool timed_out = false;
};

// On `lane`, which is the calling one. Ends soon after `time_max` or a stop. Pointers must outlive
// the call.
base::Task<ExecutedTool> execute_tool(ToolRunner* tools, base::Lane* lane, ToolCaller caller,
                                      ExecutionPermit permit, std::chrono::milliseconds time_max,
                                      std::stop_token stop);

}  // namespace colonnade::core
