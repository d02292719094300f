// Work of a tool that blocks, off the lane.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/tools/tool_runner.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// Runs `work` on a worker thread and resumes on the caller's lane with its outcome. `work` owns
// what it uses and ends soon after a stop, which this waits for. Work that waits for a free thread
// when the stop comes never begins.
base::Task<core::ToolOutcome> run_blocking(base::Workers* workers, std::stop_token stop,
                                           std::move_only_function<core::ToolOutcome()> work);

}  // namespace colonnade::tools
