#include "quoting_servers.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/limits.hpp"
#include "tools/mcp/oauth_metadata.hpp"

namespace colonnade::e2e {

using Json = nlohmann::json;

namespace {

constexpr const char* realms[] = {"human", "machine", "refused"};

net::Response reply(const Json& body, int status = 200) {
  return {.status = status, .body = body.dump()};
}

std::string field(const std::string& form, std::string_view name) {
  net::Request request;
  request.query = form;
  return request.query_parameter(name).value_or("");
}

// All that a request said.
std::string told(const net::Request& request) {
  std::string out = request.path + "?" + request.query;
  for (const net::Header& header : request.headers) out += " " + header.name + ": " + header.value;
  return out + " " + request.body;
}

}  // namespace

QuotingServers::QuotingServers(OAuthSecrets secrets)
    : secrets_(std::move(secrets)), server_(routes()) {}

std::string QuotingServers::origin() const {
  return "http://127.0.0.1:" + std::to_string(server_.server.port());
}

std::string QuotingServers::consent(const std::string& authorization_url) {
  const std::string query = authorization_url.substr(authorization_url.find('?') + 1);
  const std::lock_guard lock(mutex_);
  challenge_ = field(query, "code_challenge");
  return "state=" + field(query, "state") + "&code=" + secrets_.code + "&" +
         tools::mcp::encode_form({{"iss", origin()}});
}

void QuotingServers::expire() {
  const std::lock_guard lock(mutex_);
  expired_ = true;
}

std::vector<net::Route> QuotingServers::routes() {
  std::vector<std::string> paths = {"/token",
                                    "/register",
                                    "/.well-known/oauth-authorization-server",
                                    "/hostile/mcp",
                                    "/failing/chat/completions",
                                    "/failing/v1/messages",
                                    "/failing/embeddings",
                                    "/failing/v1/traces",
                                    "/breaking/chat/completions"};
  for (const std::string realm : realms) {
    paths.push_back("/" + realm + "/mcp");
    paths.push_back("/" + realm + "/metadata");
  }
  std::vector<net::Route> out;
  for (const std::string& path : paths) {
    for (const net::Method method : {net::Method::get, net::Method::post}) {
      out.push_back({.method = method,
                     .pattern = path,
                     .handler = std::bind_front(&QuotingServers::serve, this),
                     .body_bytes_max = limits::MiB});
    }
  }
  return out;
}

base::Task<net::Reply> QuotingServers::serve(std::shared_ptr<const net::Request> request) {
  co_return net::Reply(answer(*request));
}

net::Response QuotingServers::answer(const net::Request& request) {
  const std::lock_guard lock(mutex_);
  const std::string& path = request.path;
  if (path == "/token") return token_answer(request);
  if (path == "/register") {
    return reply({{"client_id", "registered"}, {"client_secret", secrets_.client_secret}}, 201);
  }
  for (const std::string realm : realms) {
    if (path == "/" + realm + "/mcp") return mcp_answer(request, realm);
    if (path == "/" + realm + "/metadata") {
      return reply({{"resource", origin() + "/" + realm + "/mcp"},
                    {"authorization_servers", Json::array({origin()})}});
    }
  }
  if (path == "/hostile/mcp") {
    const Json body = Json::parse(request.body, nullptr, false);
    ++quoted_;
    return reply({{"jsonrpc", "2.0"},
                  {"id", body.is_object() && body.contains("id") ? body["id"] : Json()},
                  {"error", {{"code", -32000}, {"message", "you said " + told(request)}}}},
                 400);
  }
  if (path.starts_with("/failing/")) {
    ++quoted_;
    return reply(
        {{"type", "error"},
         {"error", {{"type", "invalid_request_error"}, {"message", "you said " + told(request)}}}},
        400);
  }
  if (path.starts_with("/breaking/")) {
    ++quoted_;
    net::Response out{
        .body =
            "data: " + Json{{"error", {{"message", "you said " + told(request)}}}}.dump() + "\n\n"};
    out.headers.push_back({"Content-Type", "text/event-stream"});
    return out;
  }
  return reply({{"issuer", origin()},
                {"authorization_endpoint", origin() + "/authorize"},
                {"token_endpoint", origin() + "/token"},
                {"registration_endpoint", origin() + "/register"},
                {"code_challenge_methods_supported", {"S256"}},
                {"authorization_response_iss_parameter_supported", true}});
}

net::Response QuotingServers::token_answer(const net::Request& request) {
  const std::string grant = field(request.body, "grant_type");
  Json out = {{"token_type", "Bearer"}, {"expires_in", 3600}};
  const bool proved =
      tools::mcp::pkce_challenge(field(request.body, "code_verifier")) == challenge_;
  if (grant == "authorization_code" && proved && field(request.body, "code") == secrets_.code) {
    out["access_token"] = secrets_.access_token;
    out["refresh_token"] = secrets_.refresh_token;
  } else if (grant == "refresh_token" &&
             field(request.body, "refresh_token") == secrets_.refresh_token) {
    ++refreshes_;
    out["access_token"] = secrets_.next_access_token;
  } else if (grant == "client_credentials" &&
             field(request.body, "resource").ends_with("/machine/mcp")) {
    out["access_token"] = secrets_.machine_token;
  } else {
    ++quoted_;
    return reply({{"error", "invalid_client"}, {"error_description", "you said " + told(request)}},
                 400);
  }
  return reply(out);
}

net::Response QuotingServers::mcp_answer(const net::Request& request, const std::string& realm) {
  const std::string valid = realm == "machine" ? secrets_.machine_token
                            : expired_         ? secrets_.next_access_token
                                               : secrets_.access_token;
  if (realm == "refused" || request.header("Authorization") != "Bearer " + valid) {
    net::Response out = reply(Json::object(), 401);
    out.headers.push_back({"WWW-Authenticate",
                           "Bearer resource_metadata=\"" + origin() + "/" + realm + "/metadata\""});
    return out;
  }
  const Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("method")) return reply(Json::object(), 400);
  const std::string method = body["method"];
  if (method == "server/discover") {
    return reply({{"jsonrpc", "2.0"},
                  {"id", body["id"]},
                  {"result",
                   {{"resultType", "complete"},
                    {"supportedVersions", {"2026-07-28"}},
                    {"capabilities", {{"tools", Json::object()}}}}}});
  }
  if (method == "tools/list") {
    return reply({{"jsonrpc", "2.0"},
                  {"id", body["id"]},
                  {"result",
                   {{"resultType", "complete"},
                    {"tools", {{{"name", "t"}, {"inputSchema", {{"type", "object"}}}}}}}}});
  }
  if (!body.contains("id")) return {.status = 202};
  // A call is refused with all that came with it.
  ++quoted_;
  return reply({{"jsonrpc", "2.0"},
                {"id", body["id"]},
                {"error", {{"code", -32603}, {"message", "you said " + told(request)}}}});
}

}  // namespace colonnade::e2e
