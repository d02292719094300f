#include "core/tools/tool_servers.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/tools/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr std::string_view configured_prefix = "configured-";

std::string purpose_of(const ToolServer& server) {
  return "tool server " + server.scope.key() + " " + server.id;
}

std::unexpected<base::Error> no_such_server() {
  return fail(ErrorKind::not_found, "no such tool server", "tool_server");
}

// A line break would begin another header, a NUL end an environment variable early.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool are_sound(const std::map<std::string, std::string>& values, std::string_view forbidden) {
  if (values.size() > limits::tool_server_secrets_max) return false;
  return std::ranges::all_of(values, [&](const auto& entry) {
    const auto& [name, value] = entry;
    return !name.empty() && name.find_first_of(forbidden) == std::string::npos &&
           is_one_line(name) && is_one_line(value) &&
           name.size() + value.size() <= limits::tool_server_secret_bytes_max;
  });
}

std::string to_text(const ToolServerSecrets& secrets) {
  return base::to_text(Json{{"environment", secrets.environment}, {"headers", secrets.headers}});
}

Result<bool> add_to(Agent& agent, const std::string& id) {
  if (std::ranges::find(agent.tool_servers, id) != agent.tool_servers.end()) return false;
  if (agent.tool_servers.size() >= limits::tool_servers_of_agent_max) {
    return fail(ErrorKind::conflict, "an agent has at most " +
                                         std::to_string(limits::tool_servers_of_agent_max) +
                                         " tool servers; detach one first");
  }
  agent.tool_servers.push_back(id);
  return true;
}

}  // namespace

bool is_configured_tool_server(std::string_view id) { return id.starts_with(configured_prefix); }

std::string configured_tool_server_id(std::string_view name) {
  return std::string(configured_prefix) + std::string(name);
}

Result<void> check_tool_server_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool good = !name.empty() && name.size() <= limits::tool_server_name_bytes_max &&
                    std::ranges::all_of(name, fits);
  if (good) return {};
  return fail(ErrorKind::invalid,
              "must be 1 to " + std::to_string(limits::tool_server_name_bytes_max) +
                  " letters, digits and dashes",
              "name");
}

Result<void> check_tool_server(const NewToolServer& input) {
  if (auto named = check_tool_server_name(input.name); !named) return named;
  const bool is_http = input.transport == ToolServerTransport::http;
  if (is_http && !input.command.empty()) {
    return fail(ErrorKind::invalid, "belongs to the transport stdio", "command");
  }
  if (!is_http && !input.url.empty()) {
    return fail(ErrorKind::invalid, "belongs to the transport http", "url");
  }
  if (is_http && !input.url.starts_with("http://") && !input.url.starts_with("https://")) {
    return fail(ErrorKind::invalid, "must be an http or https URL", "url");
  }
  if (!is_one_line(input.url) || input.url.size() > limits::tool_server_text_bytes_max) {
    return fail(ErrorKind::invalid, "must be one line of a URL's length", "url");
  }
  if (!is_http && (input.command.empty() || input.command.front().empty())) {
    return fail(ErrorKind::invalid, "must hold the program and its arguments", "command");
  }
  std::size_t command_bytes = 0;
  for (const std::string& part : input.command) {
    command_bytes += part.size() + 1;
    if (part.find('\0') != std::string::npos) {
      return fail(ErrorKind::invalid, "must not hold a NUL character", "command");
    }
  }
  if (command_bytes > limits::tool_server_text_bytes_max) {
    return fail(ErrorKind::invalid, "is too long", "command");
  }
  if (!are_sound(input.secrets.environment, "=") ||
      (is_http && !input.secrets.environment.empty())) {
    return fail(ErrorKind::invalid,
                "must hold the environment variables of a stdio server: names without '=', values "
                "of one line",
                "env");
  }
  if (!are_sound(input.secrets.headers, ": ") || (!is_http && !input.secrets.headers.empty())) {
    return fail(ErrorKind::invalid,
                "must hold the headers of an http server: names without a colon, values of one "
                "line",
                "headers");
  }
  return {};
}

ToolServers::ToolServers(ToolServerStore& store, Agents& agents, EventFeed& feed,
                         base::Clock& clock, const base::SecretBox& box,
                         std::vector<NewToolServer> configured)
    : store_(store), agents_(agents), feed_(feed), clock_(clock), box_(box) {
  const Time now = clock_.now();
  for (NewToolServer& input : configured) {
    configured_.push_back({.server = {.id = configured_tool_server_id(input.name),
                                      .scope = default_view(),
                                      .name = std::move(input.name),
                                      .transport = input.transport,
                                      .command = std::move(input.command),
                                      .url = std::move(input.url),
                                      .configured = true,
                                      .created_at = now},
                           .secrets = std::move(input.secrets)});
  }
  std::ranges::sort(configured_, {}, [](const auto& one) { return one.server.name; });
}

Task<Result<void>> ToolServers::open_all() {
  if (host_ == nullptr) co_return Result<void>{};
  for (OpenedToolServer opened : configured_) {
    auto pins = co_await store_.tool_pins(opened.server.scope, opened.server.id);
    if (!pins) co_return fail(std::move(pins.error()));
    opened.pins = std::move(*pins);
    host_->added(std::move(opened));
  }
  auto servers = co_await store_.all_tool_servers();
  if (!servers) co_return fail(std::move(servers.error()));
  for (ToolServer& server : *servers) {
    auto secrets = open(server);
    if (!secrets) {  // its own trouble: the others are started
      base::log::error("tool_server_not_opened",
                       {{"server", server.name}, {"error", secrets.error().message}});
      continue;
    }
    auto pins = co_await store_.tool_pins(server.scope, server.id);
    if (!pins) co_return fail(std::move(pins.error()));
    host_->added(
        {.server = std::move(server), .secrets = std::move(*secrets), .pins = std::move(*pins)});
  }
  co_return Result<void>{};
}

Result<ToolServerSecrets> ToolServers::open(const ToolServer& server) const {
  if (server.sealed_secrets.empty()) return ToolServerSecrets{};
  auto text = box_.open(server.sealed_secrets, purpose_of(server));
  if (!text) return fail(std::move(text.error()));
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::internal, "stored secrets are not a JSON object");
  return ToolServerSecrets{
      .environment = json.value("environment", decltype(ToolServerSecrets::environment){}),
      .headers = json.value("headers", decltype(ToolServerSecrets::headers){})};
}

Task<Result<ToolServer>> ToolServers::create(Principal who, NewToolServer input) {
  if (auto sound = check_tool_server(input); !sound) co_return fail(std::move(sound.error()));
  if (input.transport == ToolServerTransport::stdio && !who.is_server_operator()) {
    co_return fail(
        ErrorKind::forbidden,
        "a server's command runs on this machine: only an operator of every scope adds it",
        "transport");
  }
  const auto taken = std::ranges::any_of(
      configured_, [&](const auto& one) { return one.server.name == input.name; });
  if (taken) co_return fail(ErrorKind::conflict, "the name is taken", "name");
  ToolServer server{.id = base::new_uuid(),
                    .scope = who.scope,
                    .name = std::move(input.name),
                    .transport = input.transport,
                    .command = std::move(input.command),
                    .url = std::move(input.url),
                    .created_at = clock_.now()};
  if (!input.secrets.empty()) {
    server.sealed_secrets = box_.seal(to_text(input.secrets), purpose_of(server));
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(PutToolServer{server});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), server.id});
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed && committed.error().kind == ErrorKind::conflict) {
    co_return fail(ErrorKind::conflict, "the name is taken", "name");
  }
  if (!committed) co_return fail(std::move(committed.error()));
  if (host_ != nullptr) host_->added({.server = server, .secrets = std::move(input.secrets)});
  co_return server;
}

Task<Result<std::vector<ToolServer>>> ToolServers::list(Scope scope) const {
  auto servers = co_await store_.tool_servers(scope);
  if (!servers) co_return servers;
  for (const OpenedToolServer& one : configured_) {
    if (one.server.scope == scope) servers->push_back(one.server);
  }
  std::ranges::sort(*servers, {}, &ToolServer::name);
  co_return servers;
}

Task<Result<ToolServer>> ToolServers::get(Scope scope, std::string id) const {
  for (const OpenedToolServer& one : configured_) {
    if (one.server.id == id && one.server.scope == scope) co_return one.server;
  }
  auto server = co_await store_.tool_server(std::move(scope), std::move(id));
  if (!server) co_return fail(std::move(server.error()));
  if (!*server) co_return no_such_server();
  co_return std::move(**server);
}

Task<Result<void>> ToolServers::remove(Principal who, std::string id) {
  auto server = co_await get(who.scope, id);
  if (!server) co_return fail(std::move(server.error()));
  if (server->configured) {
    co_return fail(ErrorKind::conflict,
                   "this server is part of the configuration (mcp.servers); remove it there");
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(DeleteToolServer{.id = id, .at = clock_.now()});
  auto removed = co_await feed_.commit(std::move(unit));
  if (!removed && removed.error().kind == ErrorKind::not_found) co_return no_such_server();
  if (!removed) co_return fail(std::move(removed.error()));
  if (host_ != nullptr) host_->removed(who.scope, id);
  co_return Result<void>{};
}

Task<Result<Agent>> ToolServers::attach(Principal who, std::string agent_id,
                                        std::string server_id) {
  // In this order, so that who names neither learns of the agent first.
  auto agent = co_await agents_.get(who, agent_id);
  if (!agent) co_return agent;
  if (!agent->id.empty()) {  // alter() refuses to change the default agent
    auto server = co_await get(who.scope, server_id);
    if (!server) co_return fail(std::move(server.error()));
  }
  Agents::Alter alter = [id = std::move(server_id)](Agent& one) { return add_to(one, id); };
  auto changed = co_await agents_.alter(std::move(who), std::move(agent_id), std::move(alter));
  co_return changed;
}

Task<Result<Agent>> ToolServers::detach(Principal who, std::string agent_id,
                                        std::string server_id) {
  Agents::Alter alter = [id = std::move(server_id)](Agent& agent) -> Result<bool> {
    if (std::erase(agent.tool_servers, id) == 0) return no_such_server();
    return true;
  };
  auto changed = co_await agents_.alter(std::move(who), std::move(agent_id), std::move(alter));
  co_return changed;
}

void ToolServers::store_pins(const Scope& scope, const std::string& id, std::string pins) {
  Unit unit{.scope = scope};
  unit.changes.emplace_back(KeepToolPins{.server_id = id, .pins = std::move(pins)});
  feed_.append(std::move(unit), [id](const Result<std::int64_t>& kept) {
    if (!kept) base::log::error("tool_pins_not_stored", {{"server", id}});
  });
}

}  // namespace colonnade::core
