#include "app/mcp_routes.hpp"

#include <nlohmann/json.hpp>

#include "app/operator_access.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t body_bytes_max = 4 * limits::KiB;

net::Response answer(const base::Json& body) {
  net::Response out;
  out.headers.push_back({"Cache-Control", "no-store"});
  out.body = base::to_text(body);
  return out;
}

base::Json row_of(const tools::mcp::ServerReport& report) {
  const tools::mcp::ServerStatus& status = report.status;
  return {{"id", report.id},
          {"name", report.name},
          {"state", core::to_string(status.state)},
          {"reason", status.reason},
          {"failures", status.failures},
          {"revision", status.server.revision},
          {"server", status.server.name},
          {"server_version", status.server.version},
          {"tools", report.offered},
          {"refused", status.refused},
          {"held_back_set", status.held_back_set},
          {"authorization_url", report.authorization_url}};
}

net::Response page(int status, const std::string& text) {
  net::Response out;
  out.status = status;
  out.content_type = "text/plain; charset=utf-8";
  out.headers.push_back({"Cache-Control", "no-store"});
  out.headers.push_back({"Referrer-Policy", "no-referrer"});
  out.body = text + "\n";
  return out;
}

}  // namespace

std::vector<net::Route> McpRoutes::routes() {
  constexpr const char* servers = "/api/v1/operator/mcp-servers";
  std::vector<net::Route> out;
  out.push_back({.method = net::Method::get, .pattern = servers, .handler = [this](RequestPtr r) {
                   return list(std::move(r));
                 }});
  out.push_back({.method = net::Method::post,
                 .pattern = std::string(servers) + "/{id}/accept",
                 .handler = [this](RequestPtr r) { return accept(std::move(r)); },
                 .body_bytes_max = body_bytes_max});
  out.push_back({.method = net::Method::post,
                 .pattern = std::string(servers) + "/{id}/retry",
                 .handler = [this](RequestPtr r) { return retry(std::move(r)); },
                 .body_bytes_max = body_bytes_max});
  out.push_back({.method = net::Method::get,
                 .pattern = mcp_callback_path,
                 .handler = [this](RequestPtr r) { return callback(std::move(r)); }});
  return out;
}

base::Result<std::string> McpRoutes::id_of(const std::string& text) const {
  std::vector<std::string> found;
  for (const auto& report : servers_.list()) {
    if (report.id == text) return text;
    if (report.name == text) found.push_back(report.id);
  }
  if (found.size() == 1) return found.front();
  const std::string why = found.empty()
                              ? "there is no MCP server '" + text + "'"
                              : "several MCP servers are named '" + text + "'; use the id";
  return base::fail(base::ErrorKind::not_found, why);
}

base::Task<net::Reply> McpRoutes::list(RequestPtr request) {
  const auto who = co_await server_operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  base::Json rows = base::Json::array();
  for (const auto& report : servers_.list()) rows.push_back(row_of(report));
  co_return answer({{"servers", std::move(rows)}});
}

base::Task<net::Reply> McpRoutes::accept(RequestPtr request) {
  const auto who = co_await server_operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const auto id = id_of(request->path_parameters.at(0));
  if (!id) co_return refusal(id.error());
  const auto body = base::parse_json(request->body, "body");
  const bool has_set = body && body->is_object() && body->contains("set");
  if (!has_set || !body->at("set").is_string()) {
    co_return refusal({.kind = base::ErrorKind::invalid,
                       .message = "expected an object with set, the held_back_set that was shown"});
  }
  const auto accepted = servers_.accept(*id, body->at("set").get<std::string>());
  if (!accepted) co_return refusal(accepted.error());
  co_return answer({{"accepted", *id}});
}

base::Task<net::Reply> McpRoutes::retry(RequestPtr request) {
  const auto who = co_await server_operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const auto id = id_of(request->path_parameters.at(0));
  if (!id) co_return refusal(id.error());
  if (const auto done = servers_.retry(*id); !done) co_return refusal(done.error());
  co_return answer({{"retried", *id}});
}

// A failure's words may come from the authorization server; a browser shows them as plain text.
base::Task<net::Reply> McpRoutes::callback(RequestPtr request) {
  const auto done = co_await servers_.complete_authorization(request->query);
  if (done) co_return page(200, "Authorised. You may close this page.");
  const bool unknown = done.error().kind == base::ErrorKind::not_found;
  co_return page(unknown ? 404 : 400, "Not authorised: " + done.error().message);
}

}  // namespace colonnade::app
