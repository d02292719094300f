#include "dialects/faramesh/errors.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/json.hpp"

namespace colonnade::dialects::faramesh {
namespace {

using base::ErrorKind;
using base::JsonWriter;

struct WireStatus {
  int status = 500;
  std::string_view code{"internal_error"};
};

WireStatus wire_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return {422, "invalid_action"};
    case ErrorKind::unauthorized: return {401, "unauthorized"};
    case ErrorKind::forbidden: return {403, "forbidden"};
    case ErrorKind::not_found: return {404, "not_found"};
    case ErrorKind::timeout: return {408, "timeout"};
    case ErrorKind::conflict: return {409, "conflict"};
    case ErrorKind::gone: return {410, "gone"};
    case ErrorKind::too_large: return {413, "too_large"};
    case ErrorKind::rate_limited: return {429, "rate_limited"};
    case ErrorKind::unavailable: return {503, "unavailable"};
    case ErrorKind::cancelled:
    case ErrorKind::upstream:
    case ErrorKind::internal: break;
  }
  return {};
}

std::string_view text_of(const base::Error& error) {
  return error.message.empty() ? base::to_string(error.kind) : std::string_view(error.message);
}

void write_code(JsonWriter& json, std::string_view code, std::string_view message) {
  json.field("code", code);
  json.key("error").object().field("code", code).field("message", message).end_object();
}

net::Response response_of(WireStatus wire_status, const base::Error& error) {
  net::Response out = error_response(wire_status.status, wire_status.code, text_of(error));
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    out.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1))});
  }
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
  return response_of(wire_status_of(error.kind), error);
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
  json.field("detail", text_of(error));
  write_code(json, wire_status_of(error.kind).code, text_of(error));
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
