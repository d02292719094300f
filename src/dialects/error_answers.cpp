#include "dialects/error_answers.hpp"

#include <string>

#include "base/json.hpp"

namespace colonnade::dialects {

int http_status_of(base::ErrorKind kind) {
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
    case over_budget: return 402;
    case rate_limited: return 429;
    case unavailable: return 503;
    case cancelled:
    case upstream:
    case internal: return 500;
  }
  return 500;
}

std::string_view error_text(const base::Error& error) {
  return error.message.empty() ? base::to_string(error.kind) : std::string_view(error.message);
}

net::Response encode_error(int status, std::string_view text) {
  net::Response out{.status = status};
  base::JsonWriter(out.body).object().field("error", text).end_object();
  return out;
}

net::Response encode_error(const base::Error& error) {
  net::Response out = encode_error(http_status_of(error.kind), error_text(error));
  add_retry_after(out, error);
  if (out.status == 401) out.headers.push_back({"WWW-Authenticate", "Bearer"});
  return out;
}

}  // namespace colonnade::dialects
