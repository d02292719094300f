// MCP servers as the core and the catalog see them: hosts of tools for agents.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/secret_box.hpp"
#include "core/tools/tool_server_connections.hpp"
#include "core/tools/tool_servers.hpp"
#include "tools/attached_tools.hpp"
#include "tools/mcp/servers.hpp"

namespace colonnade::tools::mcp {

// A question of a server within the tool calls of a run; the context is that of one of them.
using AskHuman =
    std::function<base::Task<ElicitationAnswer>(ToolContext, Elicitation, std::stop_token)>;

struct ToolHostOptions {
  std::string client_version{"0"};
  AskHuman ask{};  // empty: servers are told that nobody answers
  // The ids of the tool servers that an agent has; on a run's lane.
  std::function<base::Task<std::vector<std::string>>(core::Scope, std::string agent_id)>
      servers_of{};
  // What to keep for a server, for OpenedToolServer::pins.
  std::function<void(const core::Scope&, const std::string& id, std::string pins)> keep{};
  // That a server is ready, or is not any more; on the servers' lane.
  std::function<void(const core::Scope&, const std::string& id)> changed{};
  // The variables of this process, of which server processes get a few.
  std::map<std::string, std::string, std::less<>> inherited{};
  std::map<std::string, OAuthSettings> oauth{};  // by server name
  // ServerCommand::sandbox of configured servers, by name.
  std::map<std::string, IntoSandbox> sandboxes{};
  std::function<std::string()> redirect_url{};  // for those that name none
  SessionTimes times{};
  std::chrono::milliseconds start_wait_max = limits::mcp_start_wait_max;
  bool wait_for_begin = false;  // ServersOptions
};

// What is kept for a server is a JSON text: the accepted definitions in the clear, and what its
// authorization server gave, sealed.
class ToolHost final : public core::ToolServerHost,
                       public core::ToolServerConnector,
                       public AttachedTools {
 public:
  // `lane`, `client` and `box` outlive it.
  ToolHost(base::Lane& lane, net::HttpClient& client, const base::SecretBox& box,
           ToolHostOptions options);
  ~ToolHost() override;

  void added(core::OpenedToolServer server) override;
  void removed(const core::Scope& scope, const std::string& id) override;
  std::string without_authorization(std::string pins) const override;

  // Servers::list(), accept(), retry() and complete_authorization().
  std::vector<core::ToolServerConnection> connections() const override;
  std::optional<core::ToolServerConnection> connection(const std::string& id) const override;
  std::vector<core::ServedTool> tools(const std::string& id) const override;
  // `start_wait_max` of the options at most.
  base::Task<void> settled(std::string id, std::stop_token stop) override;
  base::Result<void> accept(const std::string& id, const std::string& set) override;
  base::Result<void> retry(const std::string& id) override;
  base::Task<base::Result<void>> complete_authorization(std::string id, std::string query) override;

  // A server that starts for the first time is waited for, `start_wait_max` of the options at most:
  // an agent's first question after a start finds its tools.
  base::Task<std::vector<core::ToolDefinition>> definitions(core::Agent agent,
                                                            std::stop_token stop) override;
  bool may_be(std::string_view tool) const override;
  base::Task<std::optional<core::ToolDefinition>> definition(ToolContext context,
                                                             std::string tool) override;
  // A server that is just starting is waited for, `start_wait_max` of the options at most.
  base::Task<base::Result<core::ToolOutcome>> run(ToolContext context, core::ToolCall call,
                                                  std::stop_token stop) override;

  base::Lane& lane() { return lane_; }
  Servers& servers() { return servers_; }
  // Ends all servers. Before the lanes stop.
  base::Task<void> stop() { return servers_.stop(); }

 private:
  struct State;
  core::ToolOutcome failure_at(const std::string& server_id, std::string message) const;
  base::Task<void> await_until(std::function<bool()> there, std::stop_token stop);
  static ServersOptions servers_options(const std::shared_ptr<State>& state);

  base::Lane& lane_;
  std::shared_ptr<State> state_;
  Servers servers_;
};

}  // namespace colonnade::tools::mcp
