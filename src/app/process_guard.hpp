// What keeps the server's secrets from other processes of the same user: tools, MCP servers,
// debuggers.
#pragma once

#include <string>
#include <vector>

#include "app/settings.hpp"

namespace colonnade::app {

// The environment variables that hold keys and tokens: those of secret settings, those that
// providers' own tools use, and those that the settings name.
std::vector<std::string> secret_variables(const Settings& settings);

// Makes this process unreadable for others of its user (/proc, ptrace) and keeps it from leaving a
// core file, and takes these variables out of its environment, overwriting their values where the
// kernel shows them (/proc/PID/environ). Call it once everything has been read from there, before
// any child is started; no other thread may use the environment meanwhile.
void guard_process(const std::vector<std::string>& variables);

}  // namespace colonnade::app
