// The server's own tools, as the settings want them. Part of the wiring.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/workers.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/memory/memories.hpp"
#include "core/runs/sub_agents.hpp"
#include "core/tasks/spawned_runs.hpp"
#include "core/tools/skills.hpp"
#include "net/http_client.hpp"
#include "tools/tool.hpp"
#include "tools/workspaces.hpp"

namespace colonnade::app {

tools::WorkspacesOptions workspaces_options(const Settings& settings);
// `workers` runs what blocks. The references must outlive the tools.
std::vector<std::unique_ptr<tools::Tool>> built_in_tools(
    const Settings& settings, base::Clock& clock, base::Workers& workers,
    net::HttpClient& http_client, core::Memories& memories, core::Artifacts& artifacts,
    core::SubAgents& sub_agents, core::SpawnedRuns& spawned_runs, core::Skills& skills);
// Where skills are.
std::string skills_folder(const Settings& settings);

}  // namespace colonnade::app
