// Errors of the Platos client. Include colonnade/platos.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/json.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

// The root of this dialect, and what it is for statuses without a class of their own. Its text is
// "Platos <status>: <the server's words>".
class COLONNADE_API Error : public colonnade::Error {
 public:
  explicit Error(Failure failure);
  ~Error() override;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

  int status() const noexcept { return failure().status; }             // 0 without a reply
  const std::string& body() const noexcept { return failure().body; }  // raw text
  // The body as an object; an empty one when it is none.
  const Json& detail() const noexcept { return detail_; }
  // The server's name for it: its `code`, else an `error` in the style of ACCESS_KEY_INVALID, else
  // "".
  const std::string& code() const noexcept { return code_; }

 private:
  Json detail_;
  std::string code_;
};

// 401 and 403.
class COLONNADE_API AuthError : public Error {
 public:
  using Error::Error;
  ~AuthError() override;
};

// 404.
class COLONNADE_API NotFoundError : public Error {
 public:
  using Error::Error;
  ~NotFoundError() override;
};

// 400 and 422.
class COLONNADE_API ValidationError : public Error {
 public:
  explicit ValidationError(Failure failure);
  ~ValidationError() override;
  ValidationError(const ValidationError&) = default;
  ValidationError& operator=(const ValidationError&) = default;
  // Each "field: what is wrong".
  const std::vector<std::string>& validation_errors() const noexcept { return errors_; }

 private:
  std::vector<std::string> errors_;
};

// 429.
class COLONNADE_API RateLimitError : public Error {
 public:
  using Error::Error;
  ~RateLimitError() override;
  // How long the server asks to wait.
  std::optional<std::chrono::milliseconds> retry_after() const noexcept {
    return failure().retry_after;
  }
  std::optional<std::int64_t> retry_after_ms() const noexcept {
    if (!failure().retry_after) return std::nullopt;
    return failure().retry_after->count();
  }
};

// 500 and above.
class COLONNADE_API ServerError : public Error {
 public:
  using Error::Error;
  ~ServerError() override;
};

// 501: a route that this server does not serve yet. Not repeated.
class COLONNADE_API NotImplementedError : public ServerError {
 public:
  using ServerError::ServerError;
  ~NotImplementedError() override;
};

// No whole reply: DNS, connect, TLS, reset, timeout, cancel. kind() tells which.
class COLONNADE_API NetworkError : public Error {
 public:
  using Error::Error;
  ~NetworkError() override;
  TransportErrorKind kind() const noexcept { return failure().transport; }
};

// The NetworkError of kind `canceled`: a stop token asked for it, or the client is closed.
class COLONNADE_API CancelledError : public NetworkError {
 public:
  using NetworkError::NetworkError;
  ~CancelledError() override;
};

// The names of the Python SDK.
using PlatosError = Error;
using PlatosAuthError = AuthError;
using PlatosNotFoundError = NotFoundError;
using PlatosValidationError = ValidationError;
using PlatosRateLimitError = RateLimitError;
using PlatosServerError = ServerError;
using PlatosNetworkError = NetworkError;

}  // namespace colonnade::inline v1::platos
