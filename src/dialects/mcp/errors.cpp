#include "dialects/mcp/errors.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace colonnade::dialects::mcp {
namespace {

using base::ErrorKind;

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return 400;
    case ErrorKind::unauthorized: return 401;
    case ErrorKind::forbidden: return 403;
    case ErrorKind::not_found: return 404;
    case ErrorKind::timeout: return 408;
    case ErrorKind::conflict: return 409;
    case ErrorKind::gone: return 410;
    case ErrorKind::too_large: return 413;
    case ErrorKind::rate_limited: return 429;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::cancelled:
    case ErrorKind::upstream:
    case ErrorKind::internal: break;
  }
  return 500;
}

}  // namespace

RpcFault fault_of(const base::Error& error) {
  std::int64_t code = error_code::server_error;
  if (error.kind == ErrorKind::invalid) code = error_code::invalid_params;
  if (error.kind == ErrorKind::internal) code = error_code::internal_error;
  return {
      .code = code,
      .message = error.message.empty() ? std::string(base::to_string(error.kind)) : error.message};
}

net::Response fault_response(int status, const std::optional<RequestId>& id,
                             const RpcFault& fault) {
  return {.status = status, .body = encode_fault(id, fault)};
}

net::Response error_response(const base::Error& error) {
  RpcFault fault = fault_of(error);
  fault.code = error_code::server_error;
  net::Response out = fault_response(status_of(error.kind), std::nullopt, fault);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    out.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1))});
  }
  if (out.status == 401) {
    out.headers.push_back({"WWW-Authenticate", R"(Bearer realm="colonnade")"});
  }
  return out;
}

net::ErrorEncoder error_encoder() {
  const auto encode = [](const base::Error& error, std::string_view /*request_id*/) {
    return error_response(error);
  };
  const auto wrong_method = [](const net::Request& request, std::string_view allow) {
    net::Response out = fault_response(
        405, std::nullopt,
        {.code = error_code::server_error,
         .message = request.method_text + " is not served here; allowed: " + std::string(allow)});
    out.headers.push_back({"Allow", std::string(allow)});
    return out;
  };
  return {.prefix = "/api/mcp", .encode = encode, .wrong_method = wrong_method};
}

}  // namespace colonnade::dialects::mcp
