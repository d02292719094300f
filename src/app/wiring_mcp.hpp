// The MCP servers that give agents tools. Part of the wiring.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/environment.hpp"
#include "app/settings.hpp"
#include "core/agents/agents.hpp"
#include "core/tools/tool_servers.hpp"
#include "tools/mcp/tool_host.hpp"

namespace colonnade::app {

// Those of the configuration, their secrets resolved.
std::vector<core::NewToolServer> configured_tool_servers(const Settings& settings);
// Their ids, in that order: the default agent has them all.
std::vector<std::string> configured_tool_server_ids(const Settings& settings);

struct McpDependencies {
  core::Agents& agents;
  core::ToolServers& tool_servers;
};
using ToolServerChanged = std::function<void(const core::Scope&, const std::string& id)>;
// `ask`, `changed` and `redirect_url` may refer to what is made later, as long as it outlives the
// host's work.
tools::mcp::ToolHostOptions tool_host_options(const Settings& settings, McpDependencies deps,
                                              tools::mcp::AskHuman ask, ToolServerChanged changed,
                                              std::function<std::string()> redirect_url);

}  // namespace colonnade::app
