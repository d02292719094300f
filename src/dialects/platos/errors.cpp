#include "dialects/platos/errors.hpp"

#include <algorithm>
#include <cstdint>

#include "base/json.hpp"
#include "dialects/error_answers.hpp"

namespace colonnade::dialects::platos {
namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Payload Too Large";
    case 429: return "Too Many Requests";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

std::int64_t retry_seconds(std::chrono::milliseconds time) {
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(time).count(), 1);
}

// {"error":"INVALID_ACCESS_KEY",…}: no other member, as clients compare `error`.
net::Response named_response(int status, std::string_view name, std::string_view message) {
  net::Response out{.status = status};
  base::JsonWriter(out.body)
      .object()
      .field("error", name)
      .field("message", message)
      .field("statusCode", status)
      .end_object();
  return out;
}

// Of the server's own bounds, which have no bucket of the contract's.
net::Response busy_response(const base::Error& error) {
  net::Response out{.status = 429};
  const auto retry = retry_seconds(error.retry_after.value_or(std::chrono::seconds(1)));
  base::JsonWriter(out.body)
      .object()
      .field("code", "rate_limit")
      .field("error", "Rate limit reached.")
      .field("message", error_text(error))
      .field("scope", error.field.empty() ? std::string_view("server") : error.field)
      .field("retryAfterSeconds", retry)
      .field("statusCode", 429)
      .end_object();
  out.headers.push_back({"Retry-After", std::to_string(retry)});
  return out;
}

// "title: must be a string": the member first, for clients that show it there.
std::string validation_error(const base::Error& error) {
  std::string text(error_text(error));
  if (text.starts_with(error.field + ":")) return text;
  const std::string named = error.field + " ";
  return error.field + ": " + (text.starts_with(named) ? text.substr(named.size()) : text);
}

net::Response cannot_response(const net::Request& request) {
  net::Response out{.status = 404};
  base::JsonWriter(out.body)
      .object()
      .field("message", "Cannot " + request.method_text + " " + request.path)
      .field("error", "Not Found")
      .field("statusCode", 404)
      .end_object();
  return out;
}

}  // namespace

std::string_view code_of(const base::Error& error) {
  using enum base::ErrorKind;
  switch (error.kind) {
    case invalid: return "validation";
    case unauthorized: return error.field == user_id_field ? "user_id_required" : "unauthorized";
    case forbidden: return "forbidden";
    case not_found: return "not_found";
    case conflict: return "conflict";
    case gone: return "gone";
    case too_large: return "too_large";
    case rate_limited: return "rate_limit";
    case unavailable: return "service_unavailable";
    case over_budget: return "budget_cap";
    case timeout: return "timeout";
    case cancelled: return "aborted";
    case upstream: return "provider_unavailable";
    case internal: return "internal";
  }
  return "internal";
}

net::Response error_response(const base::Error& error) {
  return error_response(error, code_of(error));
}

net::Response error_response(const base::Error& error, std::string_view code) {
  const bool access_key =
      error.kind == base::ErrorKind::unauthorized && error.field == access_key_field;
  if (access_key) return named_response(401, "INVALID_ACCESS_KEY", error_text(error));
  const bool binding =
      error.kind == base::ErrorKind::forbidden && error.field == agent_binding_field;
  if (binding) return named_response(403, "AGENT_SCOPE_MISMATCH", error_text(error));
  if (error.kind == base::ErrorKind::rate_limited) return busy_response(error);

  net::Response out{.status = http_status_of(error.kind)};
  base::JsonWriter json(out.body);
  json.object().field("statusCode", out.status);
  if (out.status == 500) {
    // What broke is in the log; it is nobody's business outside.
    json.field("message", "Internal server error").end_object();
    return out;
  }
  json.field("message", error_text(error));
  json.field("error", reason_phrase(out.status)).field("code", code);
  // A body that is none has no member that could be wrong.
  const bool of_member = !error.field.empty() && error.field != "body";
  if (error.kind == base::ErrorKind::invalid && of_member) {
    json.key("validationErrors").array().value(validation_error(error)).end_array();
  }
  json.end_object();
  add_retry_after(out, error);
  if (out.status == 401) out.headers.push_back({"WWW-Authenticate", "Bearer"});
  return out;
}

std::string_view scope_of(core::RateBucket bucket) {
  switch (bucket) {
    case core::RateBucket::user_per_minute: return "user_per_minute";
    case core::RateBucket::user_per_hour: return "user_per_hour";
    case core::RateBucket::user_per_day: return "user_per_day";
    case core::RateBucket::scope_per_minute: return "org_per_minute";
    case core::RateBucket::scope_per_day: return "org_per_day";
    case core::RateBucket::agent_and_user_per_minute: return "tool_calls_per_minute";
    case core::RateBucket::address_per_window: return "guest_tokens_per_address";
    case core::RateBucket::agent_per_window: return "guest_tokens_per_agent";
  }
  return "server";
}

std::string message_of(const core::OverLimit& over) {
  const auto seconds = over.retry_after.count();
  return "Rate limit reached. Try again in " + std::to_string(seconds) +
         (seconds == 1 ? " second." : " seconds.");
}

net::Response error_response(const core::OverLimit& over) {
  net::Response out{.status = 429};
  const std::int64_t retry = over.retry_after.count();
  base::JsonWriter(out.body)
      .object()
      .field("code", "rate_limit")
      .field("error", "Rate limit reached.")
      .field("message", message_of(over))
      .field("scope", scope_of(over.bucket))
      .field("limit", over.limit)
      .field("retryAfterSeconds", retry)
      .end_object();
  out.headers.push_back({"Retry-After", std::to_string(retry)});
  return out;
}

Attempted refused(const base::Error& error) { return dialects::refused(error_response(error)); }

std::vector<net::ErrorEncoder> error_encoders() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  const auto wrong_method = [](const net::Request& request, std::string_view /*allow*/) {
    return cannot_response(request);
  };
  std::vector<net::ErrorEncoder> out;
  for (const char* prefix : {"/api/v1/agent", "/api/v1/entities", "/api/v1/public"}) {
    out.push_back({.prefix = prefix,
                   .encode = encode,
                   .wrong_method = wrong_method,
                   .unknown_path = cannot_response});
  }
  return out;
}

}  // namespace colonnade::dialects::platos
