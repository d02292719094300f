// That no tool's workspace reaches what is not a tool's: the data folder, tokens, keys, policies
// and the configuration.
#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"
#include "tools/directory_rules.hpp"

namespace colonnade::app {

// The folder that holds a folder for each thread: the setting tools.workspaces, or its default.
std::string workspaces_root(const Settings& settings);

// A sentence for each folder that tools or MCP servers get (tools.workspace, tools.workspaces,
// mcp.servers.<name>.sandbox_read and sandbox_write) and that overlaps with what must stay out of
// their reach, in either direction; links are resolved, and folders that are mounted twice are the
// same. Names both settings and both paths. The workspaces that lie in the data folder by default
// are no overlap. The same for skills.folder, where it overlaps with the data folder (but for its
// own folder skills) or with a folder that tools or MCP servers write in. Reads the file system.
std::vector<std::string> workspace_faults(const Config& config);

// Which directories threads may be bound to (tandem.directories, tools.workspace), and what of the
// server's own none of them may overlap.
tools::DirectoryRules directory_rules(const Settings& settings);

}  // namespace colonnade::app
