#include "dialects/tandem/mcp_servers.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/tools/tool_names.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using core::ServedTool;
using core::ToolServerState;
using core::ToolServerView;

constexpr std::string_view hidden_header = "[REDACTED]";
constexpr std::string_view stdio_scheme = "stdio:";
constexpr std::size_t hash_characters = 16;

// 200 with ok false (tandem §1.5, family F).
net::Response mcp_failure(std::string_view text) {
  return answer(Json{{"ok", false}, {"error", text}});
}
net::Response mcp_failure(const base::Error& error) { return mcp_failure(error.message); }

std::int64_t fetched_time(base::Time at) { return at.micros / 1000; }

std::string transport_text(const core::ToolServer& server) {
  if (server.transport == core::ToolServerTransport::http) return server.url;
  std::string out(stdio_scheme);
  for (const std::string& word : server.command) {
    if (out.size() > stdio_scheme.size()) out += ' ';
    out += word;
  }
  return out;
}

void write_tool(JsonWriter& json, const ToolServerView& view, const ServedTool& tool) {
  json.field("tool_name", tool.name).field("description", tool.description);
  json.field("input_schema", tool.input_schema);
  if (view.tools_at) json.field("fetched_at_ms", fetched_time(*view.tools_at));
  json.field("schema_hash",
             base::sha256_hex(base::to_text(tool.input_schema)).substr(0, hash_characters));
}

// What went wrong last; "" for nothing.
std::string fault_of(const ToolServerView& view) {
  return view.connection && !view.connected() ? view.connection->reason : std::string();
}

void write_server(JsonWriter& json, const ToolServerView& view) {
  json.object().field("name", view.server.name).field("transport", transport_text(view.server));
  json.field("enabled", view.server.enabled).field("connected", view.connected());
  if (const std::string fault = fault_of(view); !fault.empty()) json.field("last_error", fault);
  if (view.connection && !view.connection->authorization_url.empty()) {
    json.key("last_auth_challenge")
        .object()
        .field("authorization_url", view.connection->authorization_url)
        .field("message", "a human has to open this address")
        .end_object();
  }
  json.key("headers").object();
  for (const std::string& name : view.header_names) json.field(name, hidden_header);
  json.end_object().key("tool_cache").array();
  for (const ServedTool& tool : view.tools) {
    json.object();
    write_tool(json, view, tool);
    json.end_object();
  }
  json.end_array();
  if (view.tools_at) json.field("tools_fetched_at_ms", fetched_time(*view.tools_at));
  json.end_object();
}

base::Result<std::map<std::string, std::string>> headers_of(const Json& body) {
  std::map<std::string, std::string> out;
  const Json* headers = member(body, {"headers"});
  if (headers == nullptr) return out;
  const auto wrong = [] {
    return base::fail(base::ErrorKind::invalid, "headers must be an object of texts", "headers");
  };
  if (!headers->is_object()) return wrong();
  for (const auto& [name, value] : headers->items()) {
    if (!value.is_string()) return wrong();
    out.emplace(name, value.get<std::string>());
  }
  return out;
}

// `transport` says where and how: a URL, or "stdio:" and a command.
base::Result<core::NewToolServer> new_server(const Json& body) {
  auto name = text_member(body, {"name"});
  if (!name) return base::fail(std::move(name.error()));
  auto transport = text_member(body, {"transport"});
  if (!transport) return base::fail(std::move(transport.error()));
  auto headers = headers_of(body);
  if (!headers) return base::fail(std::move(headers.error()));
  const std::string where = transport->value_or("stdio");
  core::NewToolServer out{.name = name->value_or("default")};
  out.secrets.headers = std::move(*headers);
  if (where.starts_with("http://") || where.starts_with("https://")) {
    out.transport = core::ToolServerTransport::http;
    out.url = where;
    return out;
  }
  if (where.starts_with(stdio_scheme)) {
    out.command = command_words(std::string_view(where).substr(stdio_scheme.size()));
    if (!out.command.empty()) return out;
  }
  return base::fail(base::ErrorKind::invalid,
                    "transport must be an http or https URL, or \"stdio:\" and a command",
                    "transport");
}

const std::string& name_of(const net::Request& request) { return request.path_parameters.front(); }

// The rest of a query string.
void append_parameter(std::string& query, std::string_view name, std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (!query.empty()) query += '&';
  query += name;
  query += '=';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || c == '-' || c == '_' || c == '.' || c == '~') {
      query += c;
    } else {
      query += '%';
      query += digits[byte >> 4];
      query += digits[byte & 15];
    }
  }
}

std::string toml_text(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);  // TOML's basic strings take the same escapes
  return out;
}

}  // namespace

std::vector<std::string> command_words(std::string_view line) {
  std::vector<std::string> out;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      if (!word) word.emplace();
      *word += line[++i];
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        *word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      if (!word) word.emplace();
    } else if (c == ' ' || c == '\t') {
      if (word) out.push_back(*std::exchange(word, std::nullopt));
    } else {
      if (!word) word.emplace();
      *word += c;
    }
  }
  if (word) out.push_back(std::move(*word));
  return out;
}

// --- reads --------------------------------------------------------------------------------------

base::Task<net::Reply> McpServerResource::list(core::Principal who, RequestPtr /*request*/) {
  const auto views = co_await servers_.list(std::move(who));
  if (!views) co_return error_response(views.error());
  std::string out;
  JsonWriter json(out);
  json.object();
  for (const ToolServerView& view : *views) {
    json.key(view.server.name);
    write_server(json, view);
  }
  json.end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> McpServerResource::tools(core::Principal who, RequestPtr /*request*/) {
  const auto views = co_await servers_.list(std::move(who));
  if (!views) co_return error_response(views.error());
  struct Row {
    std::string name;
    const ToolServerView* view;
    const ServedTool* tool;
  };
  std::vector<Row> rows;
  for (const ToolServerView& view : *views) {
    if (!view.server.enabled || !view.connected()) continue;
    for (const ServedTool& tool : view.tools) {
      rows.push_back({core::engine_tool(tool.model_name), &view, &tool});
    }
  }
  std::ranges::sort(rows, {}, &Row::name);
  std::string out;
  JsonWriter json(out);
  json.array();
  for (const Row& one : rows) {
    json.object().field("server_name", one.view->server.name);
    json.field("namespaced_name", one.name);
    write_tool(json, *one.view, *one.tool);
    json.end_object();
  }
  json.end_array();
  co_return answer(std::move(out));
}

// What the engine says of each server that is connected.
base::Task<net::Reply> McpServerResource::resources(core::Principal who, RequestPtr /*request*/) {
  const auto views = co_await servers_.list(std::move(who));
  if (!views) co_return error_response(views.error());
  Json out = Json::array();
  for (const ToolServerView& view : *views) {
    if (!view.server.enabled || !view.connected()) continue;
    Json resources = Json::array();
    for (const char* kind : {"tools", "prompts"}) {
      resources.push_back({{"uri", "mcp://" + view.server.name + "/" + kind}, {"name", kind}});
    }
    out.push_back({{"server", view.server.name}, {"resources", std::move(resources)}});
  }
  co_return answer(out);
}

base::Task<net::Reply> McpServerResource::catalog(core::Principal who, RequestPtr request) {
  const auto view = co_await servers_.get(std::move(who), name_of(*request));
  if (!view) co_return error_response(view.error());
  net::Response out{.content_type = "application/toml"};
  out.body = "name = " + toml_text(view->server.name) + "\n";
  out.body += "slug = " + toml_text(view->server.name) + "\n";
  out.body += "transport = " + toml_text(transport_text(view->server)) + "\n";
  out.body += std::string("enabled = ") + (view->server.enabled ? "true" : "false") + "\n";
  out.body += "tools = [";
  for (const ServedTool& tool : view->tools) {
    if (!out.body.ends_with('[')) out.body += ", ";
    out.body += toml_text(tool.name);
  }
  out.body += "]\n";
  co_return out;
}

// --- changes ------------------------------------------------------------------------------------

base::Task<net::Reply> McpServerResource::add(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return mcp_failure(body.error());
  auto input = new_server(*body);
  if (!input) co_return mcp_failure(input.error());
  const auto enabled = flag_member(*body, {"enabled"});
  if (!enabled) co_return mcp_failure(enabled.error());
  const auto stored =
      co_await servers_.put(std::move(who), std::move(*input), enabled->value_or(true));
  if (!stored) {
    const std::string& field = stored.error().field;
    const bool named = !field.empty() && !stored.error().message.starts_with(field);
    co_return mcp_failure((named ? field + ": " : "") + stored.error().message);
  }
  co_return answer(Json{{"ok", true}});
}

base::Task<net::Reply> McpServerResource::change(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return mcp_failure(body.error());
  const auto enabled = flag_member(*body, {"enabled"});
  if (!enabled) co_return mcp_failure(enabled.error());
  if (!*enabled) co_return answer(Json{{"ok", false}, {"error", "enabled is missing"}});
  const auto changed = co_await servers_.set_enabled(std::move(who), name_of(*request), **enabled);
  if (!changed) co_return mcp_failure(changed.error());
  co_return answer(Json{{"ok", *changed}});
}

base::Task<net::Reply> McpServerResource::remove(core::Principal who, RequestPtr request) {
  const auto gone = co_await servers_.remove(std::move(who), name_of(*request));
  if (!gone) {
    co_return answer(Json{{"ok", false}, {"error", gone.error().message}, {"removedToolCount", 0}});
  }
  co_return answer(Json{{"ok", true}, {"removedToolCount", *gone}});
}

base::Task<net::Reply> McpServerResource::connect(core::Principal who, RequestPtr request) {
  const auto view =
      co_await servers_.connect(std::move(who), name_of(*request), request->disconnected);
  if (!view) co_return mcp_failure(view.error());
  Json out = {{"ok", view->connected()}};
  if (!view->connected()) {
    const std::string fault = fault_of(*view);
    out["error"] = fault.empty() ? "the server does not answer" : fault;
  }
  co_return answer(out);
}

base::Task<net::Reply> McpServerResource::disconnect(core::Principal who, RequestPtr request) {
  const auto gone = co_await servers_.disconnect(std::move(who), name_of(*request));
  if (!gone) co_return mcp_failure(gone.error());
  co_return answer(Json{{"ok", true}});
}

base::Task<net::Reply> McpServerResource::refresh(core::Principal who, RequestPtr request) {
  const auto before = co_await servers_.get(who, name_of(*request));
  const std::size_t had = before ? before->tools.size() : 0;
  const auto view =
      co_await servers_.refresh(std::move(who), name_of(*request), request->disconnected);
  if (view && view->connected()) {
    co_return answer(Json{{"ok", true}, {"count", view->tools.size()}});
  }
  std::string why = view ? fault_of(*view) : view.error().message;
  if (why.empty()) why = "the server does not answer";
  co_return answer(
      Json{{"ok", false}, {"error", std::move(why)}, {"removedToolCount", view ? had : 0}});
}

// --- authorization ------------------------------------------------------------------------------

base::Task<net::Reply> McpServerResource::authorize(core::Principal who, RequestPtr request) {
  const auto view = co_await servers_.begin_authorization(std::move(who), name_of(*request),
                                                          request->disconnected);
  if (!view) co_return mcp_failure(view.error());
  const std::string url = view->connection ? view->connection->authorization_url : std::string();
  Json out = {{"ok", view->connected() || !url.empty()},
              {"name", view->server.name},
              {"connected", view->connected()}};
  if (!url.empty()) out["authorizationUrl"] = url;
  if (!view->connected() && url.empty()) {
    const std::string fault = fault_of(*view);
    out["error"] = fault.empty() ? "the server asks for no authorization" : fault;
  }
  co_return answer(out);
}

base::Task<net::Reply> McpServerResource::complete(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return mcp_failure(body.error());
  std::string query;
  for (const char* name : {"code", "state", "iss", "error", "error_description"}) {
    const auto value = text_member(*body, {name});
    if (!value) co_return mcp_failure(value.error());
    if (*value) append_parameter(query, name, **value);
  }
  const auto server =
      co_await servers_.complete_authorization(std::move(who), name_of(*request), std::move(query));
  if (!server) co_return mcp_failure(server.error());
  co_return answer(Json{{"ok", true}, {"name", server->name}});
}

base::Task<net::Reply> McpServerResource::forget(core::Principal who, RequestPtr request) {
  const auto done = co_await servers_.forget_authorization(std::move(who), name_of(*request));
  if (!done) co_return mcp_failure(done.error());
  co_return answer(Json{{"ok", true}, {"name", name_of(*request)}});
}

std::vector<net::Route> McpServerResource::routes(const Callers& in) {
  using enum net::Method;
  const auto at =
      [&](net::Method method, std::string pattern,
          base::Task<net::Reply> (McpServerResource::*handler)(core::Principal, RequestPtr),
          bool waits = false) {
        return row(method, std::move(pattern), in(*this, handler), waits);
      };
  const auto once =
      [&](std::string pattern,
          base::Task<net::Reply> (McpServerResource::*handler)(core::Principal, RequestPtr),
          bool waits = false) {
        return row(post, std::move(pattern), in.once(*this, handler), waits);
      };
  return {
      at(get, "/mcp", &McpServerResource::list),
      once("/mcp", &McpServerResource::add),
      at(get, "/mcp/tools", &McpServerResource::tools),
      at(get, "/mcp/resources", &McpServerResource::resources),
      at(patch, "/mcp/{name}", &McpServerResource::change),
      at(del, "/mcp/{name}", &McpServerResource::remove),
      once("/mcp/{name}/connect", &McpServerResource::connect, true),
      once("/mcp/{name}/disconnect", &McpServerResource::disconnect),
      once("/mcp/{name}/refresh", &McpServerResource::refresh, true),
      // What they answer is for one use: an address with a secret of this attempt.
      at(post, "/mcp/{name}/auth", &McpServerResource::authorize, true),
      at(post, "/mcp/{name}/auth/authenticate", &McpServerResource::authorize, true),
      once("/mcp/{name}/auth/callback", &McpServerResource::complete),
      at(del, "/mcp/{name}/auth", &McpServerResource::forget),
      at(get, "/mcp/catalog/{slug}/toml", &McpServerResource::catalog),
  };
}

}  // namespace colonnade::dialects::tandem
