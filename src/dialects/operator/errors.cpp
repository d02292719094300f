#include "dialects/operator/errors.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace colonnade::dialects::operators {
namespace {

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

net::Response response_of(int status, std::string_view text) {
  net::Response out{.status = status};
  base::JsonWriter(out.body).object().field("error", text).end_object();
  return out;
}

net::Response wrong_method(const net::Request& /*request*/, std::string_view allow) {
  net::Response out = response_of(405, "this path takes " + std::string(allow));
  out.headers.push_back({"Allow", std::string(allow)});
  return out;
}

}  // namespace

net::Response error_response(const base::Error& error) {
  net::Response out = response_of(
      status_of(error.kind), error.message.empty() ? base::to_string(error.kind) : error.message);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    out.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1))});
  }
  if (out.status == 401) out.headers.push_back({"WWW-Authenticate", "Bearer"});
  return out;
}

net::ErrorEncoder error_encoder() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  return {.prefix = "/api/v1/operator", .encode = encode, .wrong_method = wrong_method};
}

}  // namespace colonnade::dialects::operators
