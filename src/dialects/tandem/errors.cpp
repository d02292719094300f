#include "dialects/tandem/errors.hpp"

#include <string>

#include "base/json.hpp"
#include "core/access/keyed_requests.hpp"
#include "dialects/error_answers.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

std::string_view code_of(base::ErrorKind kind) {
  using enum base::ErrorKind;
  switch (kind) {
    case invalid: return "INVALID_REQUEST";
    case unauthorized: return "AUTH_REQUIRED";
    case forbidden: return "FORBIDDEN";
    case not_found: return "NOT_FOUND";
    case conflict: return "CONFLICT";
    case gone: return "GONE";
    case too_large: return "PAYLOAD_TOO_LARGE";
    case rate_limited: return "RATE_LIMIT_EXCEEDED";
    case unavailable: return "UNAVAILABLE";
    case over_budget: return "BUDGET_EXCEEDED";
    case timeout: return "TIMEOUT";
    case cancelled: return "CANCELLED";
    case upstream: return "UPSTREAM_ERROR";
    case internal: return "INTERNAL";
  }
  return "INTERNAL";
}

// A body that is none, a query string and a key in a header have no member that does not fit.
bool is_member(std::string_view field) {
  return !field.empty() && field != "body" && !field.starts_with("query") &&
         field != core::idempotency_key_field;
}

int status_of(const base::Error& error) {
  if (error.kind == base::ErrorKind::invalid && error.field == "Content-Type") return 415;
  if (error.kind == base::ErrorKind::invalid && is_member(error.field)) return 422;
  if (error.kind == base::ErrorKind::upstream) return 502;
  return http_status_of(error.kind);
}

net::Response encode(int status, std::string_view text, std::string_view code,
                     std::string_view field) {
  net::Response out{.status = status};
  base::JsonWriter json(out.body);
  json.object().field("error", text).field("code", code);
  if (!field.empty()) json.field("field", field);
  json.end_object();
  return out;
}

// Of requests that match no route.
net::Response unrouted(const net::Request& request, int status, std::string_view text,
                       std::string_view code) {
  net::Response out = error_response(status, text, code);
  out.close = ends_connection(request);
  return out;
}

// Of the contract's families that have no row each (tandem §2.14): none of their paths is served.
net::Response not_served(const net::Request& request) {
  if (request.method == net::Method::options) return preflight_response(request);
  return unrouted(request, 501, "this server does not have " + request.path, "NOT_IMPLEMENTED");
}

net::Response unknown_path(const net::Request& request) {
  if (request.method == net::Method::options) return preflight_response(request);
  return unrouted(request, 404, "no such path: " + request.path, "NOT_FOUND");
}

net::Response wrong_method(const net::Request& request, std::string_view allow) {
  if (request.method == net::Method::options) return preflight_response(request);
  net::Response out = unrouted(
      request, 405, request.method_text + " is not served here; allowed: " + std::string(allow),
      "METHOD_NOT_ALLOWED");
  out.headers.push_back({"Allow", std::string(allow)});
  return out;
}

}  // namespace

net::Response error_response(int status, std::string_view text, std::string_view code) {
  return encode(status, text, code, "");
}

net::Response error_response(const base::Error& error, std::string_view code) {
  const int status = status_of(error);
  // What broke is in the log; it is nobody's business outside.
  if (status == 500) return encode(status, "internal error", "INTERNAL", "");
  const bool named = error.kind == base::ErrorKind::invalid && error.field != "body";
  net::Response out = encode(status, error_text(error), code, named ? error.field : "");
  add_retry_after(out, error);
  return out;
}

net::Response error_response(const base::Error& error) {
  return error_response(error, code_of(error.kind));
}

net::Response refusal(const base::Error& error) {
  if (error.kind != base::ErrorKind::unauthorized) return error_response(error);
  net::Response out =
      error_response(401, "Unauthorized: missing or invalid API token", "AUTH_REQUIRED");
  out.headers.push_back({"WWW-Authenticate", "Bearer"});
  return out;
}

net::Response preflight_response(const net::Request& request) {
  net::Response out{.status = 200, .content_type = ""};
  out.headers = {{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Allow-Methods", "*"}};
  // A wildcard does not stand for Authorization.
  const std::string_view asked = request.header("Access-Control-Request-Headers");
  out.headers.push_back({"Access-Control-Allow-Headers", asked.empty() ? "*" : std::string(asked)});
  return out;
}

std::vector<net::ErrorEncoder> error_encoders() {
  const auto encode_any = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  std::vector<net::ErrorEncoder> out;
  // The longest prefix of a path counts: those below /api are this dialect's where fathom's and
  // platos' are not.
  for (const char* prefix :
       {"/api/session", "/api/run",     "/api/providers",  "/auth",
        "/agent-team",  "/automations", "/capabilities",   "/channels",
        "/config",      "/event",       "/global",         "/mcp",
        "/memory",      "/mission",     "/packs",          "/permission",
        "/provider",    "/question",    "/resource",       "/routines",
        "/run",         "/session",     "/sessions",       "/skills",
        "/tool",        "/workflows",   "/workflow-hooks", "/workflow-plans"}) {
    out.push_back({.prefix = prefix,
                   .encode = encode_any,
                   .wrong_method = wrong_method,
                   .unknown_path = unknown_path});
  }
  for (const char* prefix : {"/agent-standup", "/browser", "/bug-monitor", "/coder",
                             "/config/bug-monitor", "/optimizations", "/worktree"}) {
    out.push_back({.prefix = prefix,
                   .encode = encode_any,
                   .wrong_method = wrong_method,
                   .unknown_path = not_served});
  }
  return out;
}

}  // namespace colonnade::dialects::tandem
