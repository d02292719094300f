// Errors of the Tandem client. Include colonnade/tandem.hpp.
#pragma once

#include <string>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/json.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

// The root of this dialect.
class COLONNADE_API Error : public colonnade::Error {
 public:
  using colonnade::Error::Error;
  ~Error() override;
};

// The server refused: any status that is not 2xx, and HTTP 200 with `"ok": false` from a method
// that has no other way to tell (providers.set_api_key(), permissions.reply() and others that say
// so).
class COLONNADE_API EngineError : public Error {
 public:
  explicit EngineError(Failure failure);
  ~EngineError() override;
  EngineError(const EngineError&) = default;
  EngineError& operator=(const EngineError&) = default;

  int status() const noexcept { return failure().status; }
  const std::string& body() const noexcept { return failure().body; }  // raw text; may be empty
  // The body as an object; an empty one when it is none.
  const Json& detail() const noexcept { return detail_; }
  // The server's name for it, AUTH_REQUIRED or permission_request_not_found; "" without one.
  const std::string& code() const noexcept { return code_; }

 private:
  Json detail_;
  std::string code_;
};

// A 2xx whose body is not what the contract says.
class COLONNADE_API ValidationError : public Error {
 public:
  explicit ValidationError(Failure failure);
  ~ValidationError() override;
  ValidationError(const ValidationError&) = default;
  ValidationError& operator=(const ValidationError&) = default;

  const std::string& endpoint() const noexcept { return endpoint_; }  // "GET /session"
  int status() const noexcept { return failure().status; }
  const std::vector<std::string>& issues() const noexcept { return issues_; }  // what is wrong
  const std::string& raw_snippet() const noexcept {
    return raw_snippet_;
  }  // at most 200 characters

 private:
  std::string endpoint_;
  std::vector<std::string> issues_;
  std::string raw_snippet_;
};

// No whole reply: DNS, connect, TLS, reset, timeout, cancel. kind() tells which. Also the stream of
// a run that ended before the run did.
class COLONNADE_API ConnectionError : public Error {
 public:
  using Error::Error;
  ~ConnectionError() override;
  TransportErrorKind kind() const noexcept { return failure().transport; }
};

// The ConnectionError of kind `canceled`: a stop token asked for it, or the client is closed.
class COLONNADE_API CancelledError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
  ~CancelledError() override;
};

// The names of the Python SDK.
using TandemError = Error;
using TandemValidationError = ValidationError;

}  // namespace colonnade::inline v1::tandem
