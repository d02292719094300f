// A server that gives agents tools: an MCP server, as a child process or over HTTP.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

enum class ToolServerTransport { stdio, http };
std::string_view to_string(ToolServerTransport transport);
std::optional<ToolServerTransport> tool_server_transport_from(std::string_view text);

// What only the server itself may learn: never shown, never logged, stored sealed.
struct ToolServerSecrets {
  std::map<std::string, std::string> environment{};  // of a child process
  std::map<std::string, std::string> headers{};      // of HTTP requests
  std::string url{};  // the whole one when ToolServer's leaves a secret out, else ""
  std::vector<std::string> command{};  // the same
  bool empty() const {
    return environment.empty() && headers.empty() && url.empty() && command.empty();
  }
};

struct ToolServer {
  std::string id{};
  Scope scope;
  std::string name{};  // [a-zA-Z0-9-], unique within the scope; its tools are `<name>__<tool>`
  ToolServerTransport transport = ToolServerTransport::stdio;
  // Without the secrets in them, except for whoever connects (OpenedToolServer).
  std::vector<std::string> command{};  // stdio: the program and its arguments
  std::string url{};                   // http
  std::string sealed_secrets{};        // ToolServerSecrets behind base::SecretBox; "" for none
  bool enabled = true;                 // false: nobody connects to it
  bool for_default_agent = false;      // the scope's default agent has it
  bool configured = false;             // from the configuration: is no row and cannot be removed
  base::Time created_at{};
};

// Whether the id is one of the configuration's servers, which are no rows.
bool is_configured_tool_server(std::string_view id);

}  // namespace colonnade::core
