#include "dialects/mcp/errors.hpp"

#include <string>

#include "dialects/error_answers.hpp"

namespace colonnade::dialects::mcp {

using base::ErrorKind;

RpcFault fault_of(const base::Error& error) {
  std::int64_t code = error_code::server_error;
  if (error.kind == ErrorKind::invalid) code = error_code::invalid_params;
  if (error.kind == ErrorKind::internal) code = error_code::internal_error;
  return {.code = code, .message = std::string(error_text(error))};
}

net::Response fault_response(int status, const std::optional<RequestId>& id,
                             const RpcFault& fault) {
  return {.status = status, .body = encode_fault(id, fault)};
}

net::Response error_response(const base::Error& error) {
  RpcFault fault = fault_of(error);
  fault.code = error_code::server_error;
  net::Response out = fault_response(http_status_of(error.kind), std::nullopt, fault);
  add_retry_after(out, error);
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
