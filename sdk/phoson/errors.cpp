#include "sdk/phoson/session.hpp"

#include <stdexcept>
#include <utility>

namespace colonnade::inline v1::phoson {
namespace {

// What a status says when its reply has no body. HTTP/2 sends no words, so these are ours.
std::string reason_phrase(int status) {
  switch (status) {
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "HTTP " + std::to_string(status);
  }
}

// phoson §1, errors.
Json detail_of(const Failure& failure) {
  if (failure.kind == ErrorKind::malformed) return "Malformed response: " + failure.message;
  if (failure.body.empty()) return reason_phrase(failure.status);
  auto parsed = Json::try_parse(failure.body);
  if (!parsed) return failure.body;
  const Json* detail = parsed->find("detail");
  return detail == nullptr ? Json(failure.body) : *detail;
}

}  // namespace

Error::~Error() = default;
ConnectionError::~ConnectionError() = default;
CancelledError::~CancelledError() = default;

ApiError::ApiError(Failure failure)
    : Error(std::move(failure)), detail_(detail_of(this->failure())) {
  detail_text_ = detail_.is_string() ? detail_.as_string() : detail_.dump();
}
ApiError::~ApiError() = default;

namespace detail {

void raise(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage:
    case ErrorKind::credentials_missing: throw std::invalid_argument(failure.message);
    case ErrorKind::unauthorized:
    case ErrorKind::http:
    case ErrorKind::malformed: throw ApiError(failure);
    case ErrorKind::denied: throw Error(failure);
    case ErrorKind::closed: throw CancelledError(colonnade::detail::as_canceled(failure));
    case ErrorKind::transport: break;
  }
  if (failure.transport == TransportErrorKind::canceled) throw CancelledError(failure);
  throw ConnectionError(failure);
}

}  // namespace detail
}  // namespace colonnade::inline v1::phoson
