// Work of a tool that blocks, off the lane.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/tools/tool_runner.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

using BlockingWork = std::move_only_function<core::ToolOutcome(std::stop_token)>;

// Runs `work` on a worker thread, in the share of `account`, and resumes
// on the caller's lane with its outcome. `work` owns what it uses and ends soon after its token is
// stopped, by `stop` or the end of the workers, which this waits for. Work that waits for a free
// thread when the stop comes never begins. When the account has too much work already, the outcome
// says so.
base::Task<core::ToolOutcome> run_blocking(base::Workers* workers, std::string account,
                                           std::stop_token stop, BlockingWork work);

}  // namespace colonnade::tools
