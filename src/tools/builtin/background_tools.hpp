// `spawn_bgo`, `spawn_batch`, `wait_for_runs`, `get_run_details`, `cancel_run`, `create_schedule`,
// `list_bgos`, `list_runs`: background runs of the catalog's tasks (platos §2.6), for agents that
// ask for these tools (core::has_background_tool). Results are JSON; a failure is {"status":
// "failed","error"}.
#pragma once

#include <memory>
#include <vector>

#include "core/tasks/spawned_runs.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// `runs` must outlive them.
std::vector<std::unique_ptr<Tool>> background_tools(core::SpawnedRuns& runs);

}  // namespace colonnade::tools
