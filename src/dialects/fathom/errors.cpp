#include "dialects/fathom/errors.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.hpp"

namespace colonnade::dialects::fathom {
namespace {

// "GET, HEAD, POST" → "GET or POST", as the contract's examples say it.
std::string spoken(std::string_view allow) {
  std::string out;
  while (!allow.empty()) {
    const auto comma = allow.find(',');
    std::string_view verb = allow.substr(0, comma);
    allow.remove_prefix(comma == std::string_view::npos ? allow.size() : comma + 1);
    while (verb.starts_with(' ')) verb.remove_prefix(1);
    if (verb.empty() || verb == "HEAD" || verb == "OPTIONS") continue;
    if (!out.empty()) out += " or ";
    out += verb;
  }
  return out;
}

net::Response wrong_method(const net::Request& request, std::string_view allow) {
  if (request.path.starts_with("/api/v1/threads/")) return error_response(404, "no such route");
  net::Response response = error_response(405, spoken(allow));
  response.headers.push_back({"Allow", std::string(allow)});
  return response;
}

}  // namespace

int status_of(base::ErrorKind kind) {
  using enum base::ErrorKind;
  switch (kind) {
    case invalid: return 400;
    case unauthorized: return 401;
    case forbidden: return 403;
    case not_found: return 404;
    case timeout: return 408;
    case conflict: return 409;
    case gone: return 410;
    case too_large: return 413;
    case rate_limited: return 429;
    case unavailable: return 503;
    case cancelled:
    case upstream:
    case internal: return 500;
  }
  return 500;
}

net::Response error_response(int status, std::string_view text) {
  net::Response response{.status = status};
  base::JsonWriter(response.body).object().field("error", text).end_object();
  return response;
}

net::Response error_response(const base::Error& error) {
  const int status = status_of(error.kind);
  net::Response response =
      error_response(status, error.message.empty() ? base::to_string(error.kind) : error.message);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    response.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1))});
  }
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

Attempted refused(const base::Error& error) { return dialects::refused(error_response(error)); }

std::vector<net::ErrorEncoder> error_encoders() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  return {{.prefix = "/api/v1", .encode = encode, .wrong_method = wrong_method}};
}

}  // namespace colonnade::dialects::fathom
