#include "app/wiring_mcp.hpp"

#include "app/version.hpp"
#include "tools/sandbox.hpp"

namespace colonnade::app {
namespace {

tools::mcp::OAuthSettings oauth_of(const McpServerSettings& from) {
  tools::mcp::OAuthSettings out;
  out.client_id = from.oauth_client_id;
  out.client_secret = from.oauth_client_secret;
  out.private_key = from.oauth_private_key;
  out.issuer = from.oauth_issuer;
  out.metadata_url = from.oauth_metadata_url;
  out.scope = from.oauth_scope;
  out.client_credentials = from.oauth_client_credentials;
  return out;
}

tools::IntoSandbox sandbox_of(const std::string& name, const McpServerSettings& server,
                              const Settings& settings) {
  const auto sandbox = std::make_shared<const tools::Sandbox>(
      tools::SandboxOptions{.hidden_folders = {settings.data_dir}});
  const tools::SandboxedFolders folders{.name = "mcp." + name,
                                        .read = server.sandbox_read,
                                        .write = server.sandbox_write,
                                        .network = server.sandbox_network};
  return [sandbox, folders](std::vector<std::string> program) {
    return sandbox->wrap(folders, std::move(program));
  };
}

base::Task<std::vector<std::string>> servers_of(core::Agents* agents, core::Scope scope,
                                                std::string agent_id) {
  auto agent = co_await agents->get(std::move(scope), std::move(agent_id));
  co_return agent ? std::move(agent->tool_servers) : std::vector<std::string>();
}

}  // namespace

std::vector<core::NewToolServer> configured_tool_servers(const Settings& settings) {
  std::vector<core::NewToolServer> out;
  for (const auto& [name, server] : settings.mcp.servers) {
    const bool is_http = !server.url.empty();
    out.push_back(
        {.name = name,
         .transport = is_http ? core::ToolServerTransport::http : core::ToolServerTransport::stdio,
         .command = server.command,
         .url = server.url,
         .secrets = {.environment = server.env, .headers = server.headers}});
  }
  return out;
}

std::vector<std::string> configured_tool_server_ids(const Settings& settings) {
  std::vector<std::string> out;
  for (const auto& [name, server] : settings.mcp.servers) {
    out.push_back(core::configured_tool_server_id(name));
  }
  return out;
}

tools::mcp::ToolHostOptions tool_host_options(const Settings& settings, McpDependencies deps,
                                              tools::mcp::AskHuman ask, ToolServerChanged changed,
                                              std::function<std::string()> redirect_url) {
  tools::mcp::ToolHostOptions out;
  out.client_version = version();
  out.ask = std::move(ask);
  out.changed = std::move(changed);
  out.servers_of = std::bind_front(servers_of, &deps.agents);
  out.keep = [tool_servers = &deps.tool_servers](const core::Scope& scope, const std::string& id,
                                                 std::string pins) {
    tool_servers->store_pins(scope, id, std::move(pins));
  };
  out.inherited = Environment::of_process().all();
  for (const auto& [name, server] : settings.mcp.servers) {
    out.oauth[name] = oauth_of(server);
    if (server.sandbox) out.sandboxes[name] = sandbox_of(name, server, settings);
  }
  out.redirect_url = std::move(redirect_url);
  out.wait_for_begin = true;  // until the redirect URL is known
  return out;
}

}  // namespace colonnade::app
