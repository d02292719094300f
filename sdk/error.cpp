#include "colonnade/error.hpp"

namespace colonnade::inline v1 {

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::closed: return "closed";
    case ErrorKind::credentials_missing: return "credentials_missing";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::http: return "http";
    case ErrorKind::malformed: return "malformed";
    case ErrorKind::transport: return "transport";
    case ErrorKind::denied: return "denied";
  }
  return "transport";
}

std::string_view to_string(TransportErrorKind kind) noexcept {
  switch (kind) {
    case TransportErrorKind::none: return "none";
    case TransportErrorKind::resolve: return "resolve";
    case TransportErrorKind::connect: return "connect";
    case TransportErrorKind::tls: return "tls";
    case TransportErrorKind::reset: return "reset";
    case TransportErrorKind::timeout: return "timeout";
    case TransportErrorKind::canceled: return "canceled";
    case TransportErrorKind::protocol: return "protocol";
  }
  return "none";
}

Error::Error(Failure failure) : std::runtime_error(failure.message), failure_(std::move(failure)) {}
Error::Error(const std::string& message) : Error(Failure{.message = message}) {}
Error::~Error() = default;

}  // namespace colonnade::inline v1
