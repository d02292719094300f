// Limits of one tool call, and of the tool servers of an agent.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t tool_servers_of_agent_max = 64;
constexpr std::size_t tool_server_name_bytes_max = 32;          // leaves room for a tool's own name
constexpr std::size_t tool_server_text_bytes_max = 16 * KiB;    // a command, or a URL
constexpr std::size_t tool_server_secrets_max = 64;             // variables, or headers
constexpr std::size_t tool_server_secret_bytes_max = 16 * KiB;  // one, with its name
constexpr auto tool_time_max = 120s;                            // one tool call
constexpr std::size_t tool_output_bytes_max = 256 * KiB;

}  // namespace colonnade::limits
