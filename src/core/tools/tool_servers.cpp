#include "core/tools/tool_servers.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/secret_text.hpp"
#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/events/background_commits.hpp"
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
  return base::to_text(Json{{"environment", secrets.environment},
                            {"headers", secrets.headers},
                            {"url", secrets.url},
                            {"command", secrets.command}});
}

// Moves a URL or a command with a secret in it to what is stored sealed; what is left can be shown.
void take_secrets(ToolServer& server, ToolServerSecrets& secrets) {
  std::string url = base::hide_secrets_in_url(server.url);
  if (url != server.url) secrets.url = std::exchange(server.url, std::move(url));
  auto command = base::hide_secrets_in_command(server.command);
  if (command != server.command) {
    secrets.command = std::exchange(server.command, std::move(command));
  }
}

// The server as whoever connects to it needs it.
OpenedToolServer opened_with(ToolServer server, ToolServerSecrets secrets) {
  if (!secrets.url.empty()) server.url = secrets.url;
  if (!secrets.command.empty()) server.command = secrets.command;
  return {.server = std::move(server), .secrets = std::move(secrets)};
}

template <class Map>
Json names_of(const Map& values) {
  Json out = Json::array();
  for (const auto& [name, value] : values) out.push_back(name);
  return out;
}

AuditEntry server_entry(std::string_view change, const ToolServer& server, std::string actor,
                        base::Time at) {
  return {.kind = std::string(audit_kind::tool_server),
          .actor = std::move(actor),
          .subject = server.id,
          .details = {{"change", change},
                      {"name", server.name},
                      {"transport", to_string(server.transport)},
                      {"url", base::hide_secrets_in_url(server.url)},
                      {"command", base::hide_secrets_in_command(server.command)}},
          .at = at};
}

std::unexpected<base::Error> not_their_command() {
  return fail(ErrorKind::forbidden,
              "a server's command runs on this machine: only an operator of every scope adds it",
              "transport");
}

std::unexpected<base::Error> of_the_configuration() {
  return fail(ErrorKind::conflict,
              "this server is part of the configuration (mcp.servers); change it there");
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
                         BackgroundCommits& commits, base::Clock& clock, const base::SecretBox& box,
                         std::vector<NewToolServer> configured)
    : store_(store), agents_(agents), feed_(feed), commits_(commits), clock_(clock), box_(box) {
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
    take_secrets(configured_.back().server, configured_.back().secrets);
  }
  std::ranges::sort(configured_, {}, [](const auto& one) { return one.server.name; });
}

Task<Result<void>> ToolServers::open_all() {
  if (host_ == nullptr) co_return Result<void>{};
  for (OpenedToolServer opened : configured_) {
    auto pins = co_await store_.tool_pins(opened.server.scope, opened.server.id);
    if (!pins) co_return fail(std::move(pins.error()));
    OpenedToolServer whole = opened_with(std::move(opened.server), std::move(opened.secrets));
    whole.pins = std::move(*pins);
    add_to_host(std::move(whole));
  }
  auto servers = co_await store_.all_tool_servers();
  if (!servers) co_return fail(std::move(servers.error()));
  std::set<Scope> scopes;
  for (const ToolServer& server : *servers) {
    if (server.for_default_agent) scopes.insert(server.scope);
    if (!server.enabled) continue;
    auto connected = co_await connect_now(server);
    if (!connected && connected.error().kind == ErrorKind::unavailable) {
      co_return fail(std::move(connected.error()));
    }
    if (!connected) {  // its own trouble: the others are started
      base::log::error("tool_server_not_opened",
                       {{"server", server.name}, {"error", connected.error().message}});
    }
  }
  for (const Scope& scope : scopes) {
    auto offered = co_await offer_to_default_agent(scope);
    if (!offered) co_return offered;
  }
  co_return Result<void>{};
}

void ToolServers::add_to_host(OpenedToolServer server) {
  if (host_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    told_of_.insert(server.server.id);
  }
  host_->added(std::move(server));
}

void ToolServers::disconnect_now(const Scope& scope, const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (told_of_.erase(id) == 0) return;
  }
  host_->removed(scope, id);
}

Result<OpenedToolServer> ToolServers::opened(const ToolServer& server) const {
  for (const OpenedToolServer& one : configured_) {
    if (one.server.id == server.id) return opened_with(one.server, one.secrets);
  }
  auto secrets = open(server);
  if (!secrets) return fail(std::move(secrets.error()));
  return opened_with(server, std::move(*secrets));
}

Task<Result<void>> ToolServers::connect_now(ToolServer server) {
  {
    const std::lock_guard lock(mutex_);
    if (told_of_.contains(server.id)) co_return Result<void>{};
  }
  auto whole = opened(server);
  if (!whole) co_return fail(std::move(whole.error()));
  auto pins = co_await store_.tool_pins(server.scope, server.id);
  if (!pins) co_return fail(std::move(pins.error()));
  whole->pins = std::move(*pins);
  add_to_host(std::move(*whole));
  co_return Result<void>{};
}

Task<Result<void>> ToolServers::offer_to_default_agent(Scope scope) {
  const auto servers = co_await store_.tool_servers(scope);
  if (!servers) co_return fail(servers.error());
  std::vector<std::string> ids;
  for (const ToolServer& one : *servers) {
    if (one.for_default_agent && one.enabled) ids.push_back(one.id);
  }
  agents_.set_default_tool_servers(scope, std::move(ids));
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
      .headers = json.value("headers", decltype(ToolServerSecrets::headers){}),
      .url = json.value("url", ""),
      .command = json.value("command", decltype(ToolServerSecrets::command){})};
}

Task<Result<ToolServer>> ToolServers::create(Principal who, NewToolServer input) {
  if (auto sound = check_tool_server(input); !sound) co_return fail(std::move(sound.error()));
  if (input.transport == ToolServerTransport::stdio && !who.is_server_operator()) {
    co_return not_their_command();
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
  take_secrets(server, input.secrets);
  if (!input.secrets.empty()) {
    server.sealed_secrets = box_.seal(to_text(input.secrets), purpose_of(server));
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  AuditEntry entry = server_entry("registered", server, who.user_id, server.created_at);
  entry.details["environment"] = names_of(input.secrets.environment);
  entry.details["headers"] = names_of(input.secrets.headers);
  unit.changes.emplace_back(PutToolServer{server});
  unit.changes.emplace_back(AppendAudit{std::move(entry)});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), server.id});
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed && committed.error().kind == ErrorKind::conflict) {
    co_return fail(ErrorKind::conflict, "the name is taken", "name");
  }
  if (!committed) co_return fail(std::move(committed.error()));
  add_to_host(opened_with(server, std::move(input.secrets)));
  co_return server;
}

// --- servers of the scope's default agent --------------------------------------------------------

Task<Result<ToolServer>> ToolServers::manageable(Principal who, std::string id) const {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  auto server = co_await get(who.scope, std::move(id));
  co_return server;
}

Task<Result<void>> ToolServers::store(Principal who, ToolServer server, const ToolServer* before,
                                      std::string_view change) {
  Unit unit{.scope = who.scope, .account = account_of(who)};
  AuditEntry entry = server_entry(change, server, who.user_id, clock_.now());
  entry.details["headers"] = header_names(server);
  entry.details["enabled"] = server.enabled;
  if (before == nullptr) {
    unit.changes.emplace_back(PutToolServer{std::move(server)});
  } else {
    unit.changes.emplace_back(ReplaceToolServer{std::move(server)});
  }
  unit.changes.emplace_back(AppendAudit{std::move(entry)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  auto offered = co_await offer_to_default_agent(who.scope);
  co_return offered;
}

Task<Result<ToolServer>> ToolServers::put(Principal who, NewToolServer input, bool enabled) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (auto sound = check_tool_server(input); !sound) co_return fail(std::move(sound.error()));
  if (input.transport == ToolServerTransport::stdio && !who.is_server_operator()) {
    co_return not_their_command();
  }
  const auto all = co_await list(who.scope);
  if (!all) co_return fail(all.error());
  const auto found = std::ranges::find(*all, input.name, &ToolServer::name);
  const ToolServer* before = found == all->end() ? nullptr : &*found;
  if (before != nullptr && before->configured) co_return of_the_configuration();
  ToolServer server{.id = before != nullptr ? before->id : base::new_uuid(),
                    .scope = who.scope,
                    .name = std::move(input.name),
                    .transport = input.transport,
                    .command = std::move(input.command),
                    .url = std::move(input.url),
                    .enabled = enabled,
                    .for_default_agent = true,
                    .created_at = before != nullptr ? before->created_at : clock_.now()};
  take_secrets(server, input.secrets);
  if (before != nullptr) {
    const auto secrets = open(*before);
    const bool same = secrets && to_text(*secrets) == to_text(input.secrets) &&
                      before->transport == server.transport && before->url == server.url &&
                      before->command == server.command;
    if (same) server.sealed_secrets = before->sealed_secrets;
    if (same && before->enabled == enabled && before->for_default_agent) co_return server;
    if (!same || !enabled) disconnect_now(who.scope, server.id);
  }
  if (server.sealed_secrets.empty() && !input.secrets.empty()) {
    server.sealed_secrets = box_.seal(to_text(input.secrets), purpose_of(server));
  }
  const char* change = before != nullptr ? "changed" : "registered";
  auto stored = co_await store(std::move(who), server, before, change);
  if (!stored) co_return fail(std::move(stored.error()));
  co_return server;
}

Task<Result<bool>> ToolServers::set_enabled(Principal who, std::string id, bool enabled) {
  auto server = co_await manageable(who, std::move(id));
  if (!server) co_return fail(std::move(server.error()));
  if (server->configured) co_return of_the_configuration();
  if (server->enabled == enabled) co_return false;
  const ToolServer before = *server;
  server->enabled = enabled;
  const char* change = enabled ? "enabled" : "disabled";
  auto stored = co_await store(std::move(who), *server, &before, change);
  if (!stored) co_return fail(std::move(stored.error()));
  if (!enabled) {
    disconnect_now(server->scope, server->id);
    co_return true;
  }
  auto connected = co_await connect_now(std::move(*server));
  if (!connected) co_return fail(std::move(connected.error()));
  co_return true;
}

Task<Result<void>> ToolServers::connect(Principal who, std::string id) {
  auto server = co_await manageable(std::move(who), std::move(id));
  if (!server) co_return fail(std::move(server.error()));
  if (!server->enabled) {
    co_return fail(ErrorKind::conflict, "the server is disabled; enable it first", "enabled");
  }
  auto connected = co_await connect_now(std::move(*server));
  co_return connected;
}

Task<Result<void>> ToolServers::disconnect(Principal who, std::string id) {
  auto server = co_await manageable(std::move(who), std::move(id));
  if (!server) co_return fail(std::move(server.error()));
  disconnect_now(server->scope, server->id);
  co_return Result<void>{};
}

Task<Result<void>> ToolServers::forget_authorization(Principal who, std::string id) {
  auto server = co_await manageable(who, std::move(id));
  if (!server) co_return fail(std::move(server.error()));
  disconnect_now(server->scope, server->id);
  auto pins = co_await store_.tool_pins(server->scope, server->id);
  if (!pins) co_return fail(std::move(pins.error()));
  if (pins->empty() || host_ == nullptr) co_return Result<void>{};
  Unit unit{.scope = server->scope, .account = account_of(who)};
  unit.changes.emplace_back(
      KeepToolPins{.server_id = server->id, .pins = host_->without_authorization(*pins)});
  unit.changes.emplace_back(
      AppendAudit{server_entry("authorization forgotten", *server, who.user_id, clock_.now())});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

std::vector<std::string> ToolServers::header_names(const ToolServer& server) const {
  std::vector<std::string> out;
  const auto whole = opened(server);
  if (!whole) return out;
  for (const auto& [name, value] : whole->secrets.headers) out.push_back(name);
  return out;
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
    co_return of_the_configuration();
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  const Time now = clock_.now();
  unit.changes.emplace_back(DeleteToolServer{.id = id, .at = now});
  unit.changes.emplace_back(AppendAudit{server_entry("removed", *server, who.user_id, now)});
  auto removed = co_await feed_.commit(std::move(unit));
  if (!removed && removed.error().kind == ErrorKind::not_found) co_return no_such_server();
  if (!removed) co_return fail(std::move(removed.error()));
  disconnect_now(who.scope, id);
  if (server->for_default_agent) {
    auto offered = co_await offer_to_default_agent(who.scope);
    if (!offered) co_return offered;
  }
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
  commits_.add(std::move(unit), "tools of an MCP server", id);
}

}  // namespace colonnade::core
