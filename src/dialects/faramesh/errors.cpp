#include "dialects/faramesh/errors.hpp"

#include <utility>

#include "base/json.hpp"
#include "core/access/keyed_requests.hpp"
#include "dialects/error_answers.hpp"

namespace colonnade::dialects::faramesh {
namespace {

using base::ErrorKind;
using base::JsonWriter;

struct WireStatus {
  int status = 500;
  std::string_view code{"internal_error"};
};

std::string_view code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return "invalid_action";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::forbidden: return "forbidden";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::gone: return "gone";
    case ErrorKind::too_large: return "too_large";
    case ErrorKind::rate_limited: return "rate_limited";
    case ErrorKind::over_budget: return "budget_exceeded";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::cancelled:
    case ErrorKind::upstream:
    case ErrorKind::internal: break;
  }
  return "internal_error";
}

WireStatus wire_status_of(ErrorKind kind) {
  const int status = kind == ErrorKind::invalid ? 422 : http_status_of(kind);
  return {.status = status, .code = code_of(kind)};
}

void write_code(JsonWriter& json, std::string_view code, std::string_view message) {
  json.field("code", code);
  json.key("error").object().field("code", code).field("message", message).end_object();
}

net::Response response_of(WireStatus wire_status, const base::Error& error) {
  net::Response out = error_response(wire_status.status, wire_status.code, error_text(error));
  add_retry_after(out, error);
  return out;
}

}  // namespace

net::Response error_response(int status, std::string_view code, std::string_view detail) {
  net::Response out{.status = status};
  JsonWriter json(out.body);
  json.object().field("detail", detail);
  write_code(json, code, detail);
  json.end_object();
  return out;
}

net::Response error_response(const base::Error& error) {
  WireStatus wire_status = wire_status_of(error.kind);
  const bool is_key =
      error.kind == ErrorKind::invalid && error.field == core::idempotency_key_field;
  if (is_key) wire_status.status = 400;
  return response_of(wire_status, error);
}

net::Response action_error(const base::Error& error) {
  if (error.kind == ErrorKind::conflict) return response_of({400, "invalid_state"}, error);
  if (error.kind == ErrorKind::unauthorized) {
    return error_response(401, "invalid_token", "Invalid approval token");
  }
  return error_response(error);
}

void write_faults(JsonWriter& json, const Faults& faults) {
  json.key("detail").array();
  for (const Fault& fault : faults) {
    json.object().field("type", fault.type).key("loc").raw(fault.location);
    json.field("msg", fault.message).key("input").raw(fault.input);
    if (!fault.context.empty()) json.key("ctx").raw(fault.context);
    json.end_object();
  }
  json.end_array();
  write_code(json, "invalid_action", faults.front().location + ": " + faults.front().message);
}

void write_error(JsonWriter& json, const base::Error& error) {
  json.field("detail", error_text(error));
  write_code(json, code_of(error.kind), error_text(error));
}

net::Response refusal(const Faults& faults) {
  net::Response out{.status = 422};
  JsonWriter json(out.body);
  json.object();
  write_faults(json, faults);
  json.end_object();
  return out;
}

std::vector<net::ErrorEncoder> error_encoders() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    if (error.kind == ErrorKind::not_found) return error_response(404, "not_found", "Not Found");
    return error_response(error);
  };
  const auto wrong_method = [](const net::Request& /*request*/, std::string_view allow) {
    net::Response out = error_response(405, "method_not_allowed", "Method Not Allowed");
    out.headers.push_back({"Allow", std::string(allow)});
    return out;
  };
  std::vector<net::ErrorEncoder> out;
  for (const char* prefix : {"/v1", "/playground", "/health", "/ready"}) {
    out.push_back({.prefix = prefix, .encode = encode, .wrong_method = wrong_method});
  }
  return out;
}

}  // namespace colonnade::dialects::faramesh
