#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/utf8.hpp"
#include "sdk/platos/session.hpp"

namespace colonnade::inline v1::platos {
namespace {

constexpr std::size_t text_bytes_max = 200;  // of a body that is no JSON (platos §4.1)

// What a status says when its reply does not. HTTP/2 sends no words, so these are ours.
std::string_view words_of(int status) {
  switch (status) {
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "request failed";
  }
}

const std::string* text_member(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->is_string() ? &value->as_string() : nullptr;
}

Json object_in(const std::string& body) {
  auto parsed = Json::try_parse(body);
  if (!parsed || !parsed->is_object()) return Json::object();
  return *std::move(parsed);
}

// AGENT_SCOPE_MISMATCH and the like, not "Not Found".
bool looks_like_a_code(std::string_view text) {
  if (text.empty()) return false;
  return std::ranges::all_of(
      text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string code_in(const Json& detail) {
  if (const auto* code = text_member(detail, "code")) return *code;
  const auto* error = text_member(detail, "error");
  return error != nullptr && looks_like_a_code(*error) ? *error : std::string();
}

// The choice of words of platos §4.1.
std::string words_in(const Failure& failure) {
  const Json detail = object_in(failure.body);
  if (const auto* message = text_member(detail, "message")) return *message;
  if (const auto* error = text_member(detail, "error")) return *error;
  if (failure.body.empty() || Json::try_parse(failure.body)) {
    return std::string(words_of(failure.status));
  }
  if (failure.body.size() <= text_bytes_max) return failure.body;
  return std::string(base::cut_utf8(failure.body, text_bytes_max)) + "…";
}

Failure with_words(Failure failure) {
  if (failure.kind == ErrorKind::unauthorized || failure.kind == ErrorKind::http) {
    failure.message = "Platos " + std::to_string(failure.status) + ": " + words_in(failure);
  } else if (failure.kind == ErrorKind::transport || failure.kind == ErrorKind::closed) {
    failure.message = "Platos 0: network error: " + failure.message;
  } else if (failure.kind == ErrorKind::malformed) {
    failure.message = "Platos " + std::to_string(failure.status) + ": " + failure.message;
  }
  return failure;
}

std::vector<std::string> validation_errors_in(const Json& detail) {
  std::vector<std::string> out;
  const Json* items = detail.find("validationErrors");
  if (items == nullptr || !items->is_array()) return out;
  for (const Json& item : items->as_array()) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

}  // namespace

Error::Error(Failure failure)
    : colonnade::Error(with_words(std::move(failure))),
      detail_(object_in(this->failure().body)),
      code_(code_in(detail_)) {}
Error::~Error() = default;
AuthError::~AuthError() = default;
NotFoundError::~NotFoundError() = default;
RateLimitError::~RateLimitError() = default;
ServerError::~ServerError() = default;
NotImplementedError::~NotImplementedError() = default;
NetworkError::~NetworkError() = default;
CancelledError::~CancelledError() = default;

ValidationError::ValidationError(Failure failure)
    : Error(std::move(failure)), errors_(validation_errors_in(detail())) {}
ValidationError::~ValidationError() = default;

namespace detail {
namespace {

[[noreturn]] void raise_status(const Failure& failure) {
  switch (failure.status) {
    case 401:
    case 403: throw AuthError(failure);
    case 404: throw NotFoundError(failure);
    case 400:
    case 422: throw ValidationError(failure);
    case 429: throw RateLimitError(failure);
    case 501: throw NotImplementedError(failure);
    default: break;
  }
  if (failure.status >= 500) throw ServerError(failure);
  throw Error(failure);
}

}  // namespace

void raise(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage:
    case ErrorKind::credentials_missing: throw std::invalid_argument(failure.message);
    case ErrorKind::unauthorized:
    case ErrorKind::http: raise_status(failure);
    case ErrorKind::malformed:
    case ErrorKind::denied: throw Error(failure);
    case ErrorKind::closed: throw CancelledError(colonnade::detail::as_canceled(failure));
    case ErrorKind::transport: break;
  }
  if (failure.transport == TransportErrorKind::canceled) throw CancelledError(failure);
  throw NetworkError(failure);
}

}  // namespace detail
}  // namespace colonnade::inline v1::platos
