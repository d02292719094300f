#include "dialects/phoson/errors.hpp"

#include <utility>

#include "base/json.hpp"
#include "core/access/keyed_requests.hpp"
#include "dialects/authentication.hpp"
#include "dialects/error_answers.hpp"

namespace colonnade::dialects::phoson {
namespace {

std::string_view missing(Object object) {
  switch (object) {
    case Object::agent: return "Agent not found";
    case Object::conversation: return "Conversation not found";
    case Object::tool_server: return "MCP server not found";
  }
  return "Not found";
}

// Texts that the contract fixes; "" where the error speaks for itself.
std::string_view fixed_text(const base::Error& error, Object object) {
  using enum base::ErrorKind;
  switch (error.kind) {
    // The key is good where the scope that a header names is the wrong one.
    case unauthorized: return error.field == scope_header ? "" : "Invalid or missing API key";
    case forbidden:
    case not_found: return missing(object);
    // A part of a body that is too large says which and why.
    case too_large: return error.field.empty() ? "Request body too large" : "";
    case rate_limited: return "Rate limit exceeded";
    case internal: return "Internal server error";
    default: return {};
  }
}

int status_of(base::ErrorKind kind) {
  using enum base::ErrorKind;
  switch (kind) {
    case invalid: return 422;
    case forbidden: return 404;  // another account's objects do not exist (§3.3)
    case upstream: return 502;
    default: return http_status_of(kind);
  }
}

// A request that never reached a handler.
net::Response unhandled(const base::Error& error, std::string_view /*request_id*/) {
  const bool unknown_path = error.kind == base::ErrorKind::not_found;
  if (unknown_path) return error_response(404, "Not found");
  if (error.kind == base::ErrorKind::invalid) return error_response(400, error.message);
  return error_response(error, Object::agent);
}

net::Response wrong_method(const net::Request& /*request*/, std::string_view allow) {
  net::Response response = error_response(405, "Method not allowed");
  response.headers.push_back({"Allow", std::string(allow)});
  return response;
}

}  // namespace

net::Response error_response(int status, std::string_view detail) {
  net::Response response{.status = status};
  base::JsonWriter(response.body).object().field("detail", detail).end_object();
  return response;
}

net::Response error_response(const Fault& fault) {
  net::Response response{.status = 422};
  base::JsonWriter json(response.body);
  json.object().key("detail").array().object().key("loc").array().value(fault.in);
  if (!fault.field.empty()) json.value(fault.field);
  json.end_array().field("msg", fault.message).field("type", fault.type);
  json.end_object().end_array().end_object();
  return response;
}

net::Response error_response(const base::Error& error, Object object) {
  if (error.kind == base::ErrorKind::invalid && error.field == core::idempotency_key_field) {
    return error_response(400, error.message);
  }
  if (error.kind == base::ErrorKind::invalid) {
    const std::string_view in = error.field == scope_header ? "header" : "body";
    return error_response(
        Fault{.field = error.field, .message = error.message, .type = "value", .in = in});
  }
  std::string_view text = fixed_text(error, object);
  if (text.empty()) text = error_text(error);
  net::Response response = error_response(status_of(error.kind), text);
  add_retry_after(response, error);
  if (response.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

std::vector<net::ErrorEncoder> error_encoders() {
  std::vector<net::ErrorEncoder> out;
  for (const char* prefix : {"/v1/agents", "/v1/conversations", "/v1/mcp", "/v1/health"}) {
    out.push_back({.prefix = prefix, .encode = unhandled, .wrong_method = wrong_method});
  }
  return out;
}

}  // namespace colonnade::dialects::phoson
