#include "tools/mcp/servers.hpp"

#include <algorithm>
#include <set>

#include "base/base64.hpp"
#include "base/log.hpp"
#include "base/secret_text.hpp"
#include "core/tools/tool_servers.hpp"
#include "net/http.hpp"
#include "tools/mcp/http_connection.hpp"
#include "tools/mcp/stdio_connection.hpp"

namespace colonnade::tools::mcp {

using base::ErrorKind;
using base::Result;

// Shared with the coroutines that end servers, which may outlive a caller.
struct Servers::State {
  base::Lane* lane = nullptr;
  net::HttpClient* client = nullptr;
  ServersOptions options{};

  std::mutex mutex{};  // guards what follows
  std::map<std::string, Entry> entries{};
  std::uint64_t generations = 0;
  std::size_t replacing = 0;  // coroutines under way
  bool stopped = false;
  bool waits = false;  // for begin()
  base::Signal idle{};
};

namespace {

base::Error no_server(const std::string& id) {
  return {.kind = ErrorKind::not_found, .message = "there is no MCP server '" + id + "'"};
}

base::Task<void> finish(std::shared_ptr<OAuth> oauth, std::string query,
                        std::shared_ptr<base::Completion<Result<void>>> done) {
  auto result = co_await OAuth::complete(std::move(oauth), std::move(query));
  done->complete(std::move(result));
}

// Of a URL: its user's name and password, as they are and as HTTP sends them, and its parameters.
void add_secrets_of_url(std::string_view url, std::vector<std::string>& out) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    out.push_back(base::to_base64(user));
    out.emplace_back(user);
    if (user.contains(':')) out.emplace_back(user.substr(user.find(':') + 1));
  }
  if (const std::size_t query = url.find('?'); query != std::string_view::npos) {
    std::string_view rest = url.substr(query + 1, url.find('#') - query - 1);
    while (!rest.empty()) {
      const std::string_view one = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      if (one.contains('=')) out.emplace_back(one.substr(one.find('=') + 1));
    }
  }
}

// What only this server is told.
std::vector<std::string> secrets_of(const ServerRecord& record) {
  std::vector<std::string> out;
  for (const auto& [name, value] : record.command.environment) out.push_back(value);
  const auto shown = base::hide_secrets_in_command(record.command.arguments);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i] == base::secret_stand_in) out.push_back(record.command.arguments[i]);
  }
  for (const net::Header& header : record.headers) {
    out.push_back(header.value);
    // Of an authorization, what stands behind its scheme.
    out.push_back(header.value.substr(header.value.rfind(' ') + 1));
  }
  add_secrets_of_url(record.url, out);
  return out;
}

bool has_credential(const ServerRecord& record) {
  return !net::find_header(record.headers, "Authorization").empty();
}

}  // namespace

Servers::Servers(base::Lane& lane, net::HttpClient& client, ServersOptions options)
    : state_(std::make_shared<State>()) {
  state_->lane = &lane;
  state_->client = &client;
  state_->options = std::move(options);
  state_->waits = state_->options.wait_for_begin;
}

Servers::~Servers() = default;

// The lock is held.
void Servers::start(const std::shared_ptr<State>& state, Entry* entry) {
  const ServerRecord& record = entry->record;
  const ServersOptions& shared = state->options;
  SessionOptions options;
  options.name = record.name;
  options.client_version = shared.client_version;
  options.elicit = shared.elicit;
  options.sample = shared.sample;
  options.accepted = record.accepted;
  options.times = shared.times;
  const std::string id = record.id;
  if (shared.on_pinned) {
    options.on_pinned = [keep = shared.on_pinned, id](const ToolPins& pins) { keep(id, pins); };
  }
  if (shared.on_status) {
    options.on_status = [tell = shared.on_status, id](const ServerStatus& now) { tell(id, now); };
  }
  base::Lane* lane = state->lane;
  Connect connect;
  if (record.url.empty()) {
    StdioOptions process;
    process.name = record.name;
    process.command = record.command;
    connect = [lane, process] { return make_stdio_connection(*lane, process); };
  } else {
    HttpOptions http;
    http.name = record.name;
    http.url = record.url;
    http.headers = record.headers;
    if (!has_credential(record)) {
      OAuthOptions oauth;
      oauth.name = record.name;
      oauth.url = record.url;
      oauth.settings = record.oauth;
      oauth.kept = record.kept;
      oauth.follow = shared.follow;
      oauth.redirect_url = shared.redirect_url;
      if (shared.on_stored) {
        oauth.on_stored = [keep = shared.on_stored, id](const std::string& kept) {
          keep(id, kept);
        };
      }
      entry->oauth = std::make_shared<OAuth>(*lane, *state->client, std::move(oauth));
      http.authorization = entry->oauth;
    }
    connect = [lane, client = state->client, http] {
      return make_http_connection(*lane, *client, http);
    };
  }
  options.secrets = [known = secrets_of(record), oauth = entry->oauth] {
    std::vector<std::string> out = known;
    if (oauth) std::ranges::copy(oauth->secrets(), std::back_inserter(out));
    return out;
  };
  entry->session = Session::start(*lane, std::move(options), std::move(connect));
}

// Ends the old session, then starts what is wanted by then.
base::Task<void> Servers::replace(std::shared_ptr<State> state, std::string id,
                                  std::uint64_t generation, std::shared_ptr<Session> old) {
  if (old) co_await Session::stop(old);
  old.reset();
  {
    const std::lock_guard lock(state->mutex);
    const auto found = state->entries.find(id);
    const bool wanted =
        !state->stopped && found != state->entries.end() && found->second.generation == generation;
    if (wanted) start(state, &found->second);
    --state->replacing;
  }
  state->idle.notify();
}

Result<void> Servers::set(ServerRecord record) {
  if (auto named = core::check_tool_server_name(record.name); !named) return named;
  std::shared_ptr<Session> old;
  const std::string id = record.id;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopped) return base::fail(ErrorKind::conflict, "the MCP servers were stopped");
    Entry& entry = state_->entries[id];
    old = std::exchange(entry.session, nullptr);
    entry.oauth.reset();
    entry.record = std::move(record);
    generation = entry.generation = ++state_->generations;
    if (state_->waits) return {};
    ++state_->replacing;
  }
  state_->lane->spawn("mcp_replace", replace(state_, id, generation, std::move(old)));
  return {};
}

void Servers::begin() {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  {
    const std::lock_guard lock(state_->mutex);
    if (!std::exchange(state_->waits, false) || state_->stopped) return;
    for (const auto& [id, entry] : state_->entries) all.emplace_back(id, entry.generation);
    state_->replacing += all.size();
  }
  for (const auto& [id, generation] : all) {
    state_->lane->spawn("mcp_begin", replace(state_, id, generation, nullptr));
  }
}

void Servers::remove(const std::string& id) {
  std::shared_ptr<Session> old;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->entries.find(id);
    if (found == state_->entries.end()) return;
    old = std::move(found->second.session);
    state_->entries.erase(found);
    ++state_->replacing;
  }
  state_->lane->spawn("mcp_remove", replace(state_, id, 0, std::move(old)));
}

base::Task<void> Servers::stop() {
  const std::shared_ptr<State> state = state_;
  std::vector<std::shared_ptr<Session>> all;
  {
    const std::lock_guard lock(state->mutex);
    state->stopped = true;
    for (auto& [id, entry] : state->entries) all.push_back(std::move(entry.session));
    state->entries.clear();
    state->replacing += all.size();
  }
  // All at once: each may take its time.
  for (auto& one : all) state->lane->spawn("mcp_stop", replace(state, "", 0, std::move(one)));
  for (;;) {
    {
      const std::lock_guard lock(state->mutex);
      if (state->replacing == 0) co_return;
    }
    co_await state->idle.wait();
  }
}

ServerReport Servers::report_of(const Entry& entry) {
  ServerReport out;
  out.id = entry.record.id;
  out.name = entry.record.name;
  if (entry.session) {
    out.status = entry.session->status();
    const auto tools = entry.session->tools();
    for (const RemoteTool& tool : *tools) out.offered.push_back(tool.definition.name);
  }
  if (entry.oauth) {
    out.authorization_url = entry.oauth->authorization_url();
    const std::string problem = entry.oauth->problem();
    if (!problem.empty() && out.status.state == ServerState::needs_auth) {
      out.status.reason += "; " + problem;
    }
  }
  return out;
}

std::vector<ServerReport> Servers::list() const {
  std::vector<ServerReport> out;
  const std::lock_guard lock(state_->mutex);
  for (const auto& [id, entry] : state_->entries) out.push_back(report_of(entry));
  return out;
}

std::optional<ServerReport> Servers::find(const std::string& id) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->entries.find(id);
  if (found == state_->entries.end()) return std::nullopt;
  return report_of(found->second);
}

std::shared_ptr<Session> Servers::session(const std::string& id) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->entries.find(id);
  return found == state_->entries.end() ? nullptr : found->second.session;
}

Result<void> Servers::accept(const std::string& id, const std::string& set) {
  const auto one = session(id);
  if (!one) return base::fail(no_server(id));
  return one->accept(set);
}

Result<void> Servers::retry(const std::string& id) {
  const auto one = session(id);
  if (!one) return base::fail(no_server(id));
  one->retry();
  return {};
}

base::Task<Result<void>> Servers::complete_authorization(std::string id, std::string query) {
  net::Request parsed;
  parsed.query = query;
  const std::string oauth_state = parsed.query_parameter("state").value_or("");
  std::shared_ptr<OAuth> oauth;
  std::shared_ptr<Session> waiting;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [of, entry] : state_->entries) {
      if (!id.empty() && of != id) continue;
      if (!entry.oauth || !entry.oauth->awaits(oauth_state)) continue;
      oauth = entry.oauth;
      waiting = entry.session;
    }
  }
  if (!oauth) {
    co_return base::fail(ErrorKind::not_found, "no authorization waits for this answer", "state");
  }
  // It lives on the servers' lane, this caller perhaps on another.
  auto done = std::make_shared<base::Completion<Result<void>>>();
  state_->lane->spawn("mcp_authorized", finish(oauth, std::move(query), done));
  auto result = co_await done->wait();
  if (result && waiting) waiting->retry();
  co_return result;
}

std::vector<ServerTool> Servers::tools(const std::vector<std::string>& ids) const {
  std::vector<ServerTool> out;
  std::set<std::string> names;
  for (const std::string& id : ids) {
    const auto one = session(id);
    if (!one) {
      base::log::warn("mcp_server_missing", {{"server", id}});
      continue;
    }
    const auto offered = one->tools();
    if (offered->empty()) {
      const ServerStatus now = one->status();
      if (now.state != ServerState::ready) {
        base::log::warn(
            "mcp_server_away",
            {{"server", one->name()}, {"state", to_string(now.state)}, {"reason", now.reason}});
      }
    }
    for (const RemoteTool& tool : *offered) {
      if (!names.insert(tool.definition.name).second) continue;
      out.push_back({id, tool.name, tool.definition});
    }
  }
  return out;
}

std::optional<ServerTool> Servers::tool(const std::vector<std::string>& ids,
                                        std::string_view name) const {
  for (const std::string& id : ids) {
    const auto one = session(id);
    // Most names are not this server's, and comparing beginnings is cheap.
    if (!one || !name.starts_with(one->name() + "__")) continue;
    const auto offered = one->tools();
    const auto found = std::ranges::find(*offered, name, [](const RemoteTool& tool) {
      return std::string_view(tool.definition.name);
    });
    if (found != offered->end()) return ServerTool{id, found->name, found->definition};
  }
  return std::nullopt;
}

bool Servers::is_starting(const std::vector<std::string>& ids, std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  return std::ranges::any_of(ids, [&](const std::string& id) {
    const auto found = state_->entries.find(id);
    if (found == state_->entries.end() || !name.starts_with(found->second.record.name + "__")) {
      return false;
    }
    const auto& one = found->second.session;
    return !one || one->status().state == ServerState::starting;
  });
}

bool Servers::is_first_start(const std::vector<std::string>& ids) const {
  const std::lock_guard lock(state_->mutex);
  return std::ranges::any_of(ids, [&](const std::string& id) {
    const auto found = state_->entries.find(id);
    if (found == state_->entries.end()) return false;
    if (!found->second.session) return true;
    const ServerStatus now = found->second.session->status();
    return now.state == ServerState::starting && now.failures == 0;
  });
}

std::string Servers::server_of(const std::vector<std::string>& ids, std::string_view name) const {
  for (const std::string& id : ids) {
    const auto one = session(id);
    if (one && name.starts_with(one->name() + "__")) return id;
  }
  return {};
}

std::string Servers::why_not(const std::vector<std::string>& ids, std::string_view name) const {
  const auto one = session(server_of(ids, name));
  if (!one) return "this agent has no such server";
  const ServerStatus now = one->status();
  return "its server is " + std::string(to_string(now.state)) +
         (now.reason.empty() ? "" : " (" + now.reason + ")");
}

bool Servers::has_name(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  return std::ranges::any_of(state_->entries,
                             [&](const auto& entry) { return entry.second.record.name == name; });
}

base::Task<Result<core::ToolOutcome>> Servers::call(std::string id, std::string tool,
                                                    base::Json arguments, RequestOptions options) {
  const auto one = session(id);
  if (!one) co_return base::fail(no_server(id));
  auto outcome =
      co_await Session::call_tool(one, std::move(tool), std::move(arguments), std::move(options));
  co_return outcome;
}

}  // namespace colonnade::tools::mcp
