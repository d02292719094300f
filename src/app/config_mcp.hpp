// `mcp.servers` of the configuration file: from its tree to settings.
#pragma once

#include <functional>
#include <string>

#include "app/config.hpp"
#include "app/yaml.hpp"

namespace colonnade::app {

// Told of each fault, with the line it is at, and of each value that was taken.
struct McpReading {
  std::function<void(int line, const std::string& message)> fault{};
  std::function<void(const std::string& setting, int line)> taken{};
  std::function<std::string(const std::string& path)> path_of{};  // made absolute
};

// Values of secrets get into no message.
void read_mcp_servers(const yaml::Value& tree, Settings& settings, const McpReading& reading);

// What one server's settings must be together; one sentence for each fault.
void check_mcp_servers(const Settings& settings, ConfigFaults& faults);

// Reads what env_from, headers_from, oauth.client_secret_env and oauth.private_key_file name.
void resolve_mcp_secrets(Settings& settings, const Environment& environment, ConfigFaults& faults);

// Every member that is set, for `config show`: its name below mcp.servers and its value, "" for a
// secret.
std::vector<std::pair<std::string, std::string>> shown_mcp_servers(const Settings& settings);

// The table of members for the reference page.
std::string mcp_servers_reference();

}  // namespace colonnade::app
