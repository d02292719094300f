#include "core/tools/scope_tool_servers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/account.hpp"
#include "core/access/operators.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

ToolServerView ScopeToolServers::view_of(ToolServer server) const {
  ToolServerView out{.server = std::move(server)};
  out.header_names = servers_.header_names(out.server);
  out.connection = connector_.connection(out.server.id);
  if (out.connected()) out.tools = connector_.tools(out.server.id);
  const std::lock_guard lock(mutex_);
  if (const auto at = tools_at_.find(out.server.id); at != tools_at_.end()) {
    out.tools_at = at->second;
  }
  return out;
}

Task<Result<std::vector<ToolServerView>>> ScopeToolServers::list(Principal who) const {
  auto servers = co_await servers_.list(who.scope);
  if (!servers) co_return fail(std::move(servers.error()));
  std::vector<ToolServerView> out;
  for (ToolServer& one : *servers) out.push_back(view_of(std::move(one)));
  co_return out;
}

Task<Result<ToolServer>> ScopeToolServers::find(Principal who, std::string name) const {
  auto servers = co_await servers_.list(who.scope);
  if (!servers) co_return fail(std::move(servers.error()));
  const auto found = std::ranges::find(*servers, name, &ToolServer::name);
  if (found == servers->end()) {
    co_return fail(ErrorKind::not_found, "there is no MCP server named '" + name + "'", "name");
  }
  co_return std::move(*found);
}

Task<Result<ToolServerView>> ScopeToolServers::get(Principal who, std::string name) const {
  auto server = co_await find(std::move(who), std::move(name));
  if (!server) co_return fail(std::move(server.error()));
  co_return view_of(std::move(*server));
}

void ScopeToolServers::tell(const ToolServer& server, NoticeKind kind, Json details) {
  notices_.publish({.scope = server.scope,
                    .kind = kind,
                    .subject = server.name,
                    .details = std::move(details),
                    .at = clock_.now()});
}

Task<void> ScopeToolServers::note(Scope scope, std::string id) {
  const auto server = co_await servers_.get(std::move(scope), id);
  if (!server) co_return;  // removed meanwhile
  const auto connection = connector_.connection(id);
  if (!connection || connection->state == ToolServerState::stopped) co_return;
  std::optional<std::size_t> had;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = refreshing_.find(id); at != refreshing_.end()) {
      had = at->second;
      refreshing_.erase(at);
    }
    if (connection->state == ToolServerState::ready) tools_at_[id] = clock_.now();
  }
  if (connection->state != ToolServerState::ready) {
    Json details = {{"reason", had ? "refresh_failed" : "connect_failed"}};
    if (had) details["removedToolCount"] = *had;
    tell(*server, NoticeKind::tool_server_disconnected, std::move(details));
    if (!connection->authorization_url.empty()) {
      tell(*server, NoticeKind::tool_server_asks,
           {{"authorization_url", connection->authorization_url}});
    }
    co_return;
  }
  tell(*server, NoticeKind::tool_server_connected);
  tell(*server, NoticeKind::tools_changed, {{"count", connection->tools.size()}});
}

Task<Result<ToolServer>> ScopeToolServers::put(Principal who, NewToolServer input, bool enabled) {
  auto server = co_await servers_.put(std::move(who), std::move(input), enabled);
  if (server) tell(*server, NoticeKind::tool_server_changed);
  co_return server;
}

Task<Result<ToolServerView>> ScopeToolServers::connect(Principal who, std::string name,
                                                       std::stop_token stop) {
  auto server = co_await find(who, std::move(name));
  if (!server) co_return fail(std::move(server.error()));
  auto connected = co_await servers_.connect(std::move(who), server->id);
  if (!connected) co_return fail(std::move(connected.error()));
  if (!view_of(*server).connected()) {
    connector_.retry(server->id);
    co_await connector_.settled(server->id, std::move(stop));
  }
  ToolServerView out = view_of(std::move(*server));
  if (out.connected() && !out.tools_at) {
    out.tools_at = clock_.now();
    const std::lock_guard lock(mutex_);
    tools_at_[out.server.id] = *out.tools_at;
  }
  co_return out;
}

Task<Result<std::size_t>> ScopeToolServers::disconnect(Principal who, std::string name) {
  auto server = co_await find(who, std::move(name));
  if (!server) co_return fail(std::move(server.error()));
  const std::size_t gone = view_of(*server).tools.size();
  auto ended = co_await servers_.disconnect(std::move(who), server->id);
  if (!ended) co_return fail(std::move(ended.error()));
  tell(*server, NoticeKind::tool_server_disconnected, {{"removedToolCount", gone}});
  co_return gone;
}

Task<Result<std::size_t>> ScopeToolServers::remove(Principal who, std::string name) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  auto server = co_await find(who, std::move(name));
  if (!server) co_return fail(std::move(server.error()));
  const std::size_t gone = view_of(*server).tools.size();
  auto removed = co_await servers_.remove(std::move(who), server->id);
  if (!removed) co_return fail(std::move(removed.error()));
  {
    const std::lock_guard lock(mutex_);
    tools_at_.erase(server->id);
    refreshing_.erase(server->id);
    authorizing_.erase(server->id);
  }
  tell(*server, NoticeKind::tool_server_removed, {{"removedToolCount", gone}});
  co_return gone;
}

Task<Result<ToolServerView>> ScopeToolServers::refresh(Principal who, std::string name,
                                                       std::stop_token stop) {
  auto server = co_await find(who, name);
  if (!server) co_return fail(std::move(server.error()));
  const std::size_t had = view_of(*server).tools.size();
  auto ended = co_await servers_.disconnect(who, server->id);
  if (!ended) co_return fail(std::move(ended.error()));
  {
    const std::lock_guard lock(mutex_);
    refreshing_[server->id] = had;
  }
  auto again = co_await connect(std::move(who), std::move(name), std::move(stop));
  if (!again) {
    const std::lock_guard lock(mutex_);
    refreshing_.erase(server->id);
  }
  co_return again;
}

Task<Result<bool>> ScopeToolServers::set_enabled(Principal who, std::string name, bool enabled) {
  auto server = co_await find(who, std::move(name));
  if (!server) co_return fail(std::move(server.error()));
  const std::size_t gone = view_of(*server).tools.size();
  auto changed = co_await servers_.set_enabled(std::move(who), server->id, enabled);
  if (!changed || !*changed) co_return changed;
  Json details = {{"enabled", enabled}};
  if (!enabled) details["removedToolCount"] = gone;
  tell(*server, NoticeKind::tool_server_changed, std::move(details));
  co_return changed;
}

Task<Result<void>> ScopeToolServers::forget_authorization(Principal who, std::string name) {
  auto server = co_await find(who, std::move(name));
  if (!server) co_return fail(std::move(server.error()));
  auto forgotten = co_await servers_.forget_authorization(std::move(who), server->id);
  if (forgotten) tell(*server, NoticeKind::tool_server_changed);
  co_return forgotten;
}

Task<Result<ToolServerView>> ScopeToolServers::begin_authorization(Principal who, std::string name,
                                                                   std::stop_token stop) {
  auto view = co_await connect(who, std::move(name), std::move(stop));
  if (!view) co_return view;
  const std::string url = view->connection ? view->connection->authorization_url : std::string();
  const std::lock_guard lock(mutex_);
  if (url.empty()) {
    authorizing_.erase(view->server.id);
  } else {
    authorizing_.insert_or_assign(view->server.id,
                                  Authorizing{.account = account_of(who), .url = url});
  }
  co_return view;
}

Task<Result<ToolServer>> ScopeToolServers::complete_authorization(Principal who, std::string name,
                                                                  std::string query) {
  auto server = co_await find(who, std::move(name));
  if (!server) co_return server;
  const auto connection = connector_.connection(server->id);
  bool began = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = authorizing_.find(server->id);
    began = found != authorizing_.end() && found->second.account == account_of(who) && connection &&
            connection->authorization_url == found->second.url;
  }
  if (!began) {
    co_return fail(ErrorKind::not_found,
                   "no authorization of the MCP server '" + server->name +
                       "' that you began waits for an answer; begin one",
                   "state");
  }
  auto done = co_await connector_.complete_authorization(server->id, std::move(query));
  if (!done) co_return fail(std::move(done.error()));
  co_return server;
}

}  // namespace colonnade::core
