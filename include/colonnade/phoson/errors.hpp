// Errors of the Phoson client. Include colonnade/phoson.hpp.
#pragma once

#include <string>

#include "colonnade/error.hpp"
#include "colonnade/json.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::phoson {

// The root of this dialect.
class COLONNADE_API Error : public colonnade::Error {
 public:
  using colonnade::Error::Error;
  ~Error() override;
};

// Any status that is not 2xx, and a 2xx whose body is not what the contract says.
class COLONNADE_API ApiError : public Error {
 public:
  explicit ApiError(Failure failure);
  ~ApiError() override;
  ApiError(const ApiError&) = default;
  ApiError& operator=(const ApiError&) = default;

  int status_code() const noexcept { return failure().status; }
  // What the server says is wrong, "Agent not found", as text: its `detail`, one that is no string
  // as compact JSON; without one the body; without a body the usual words for the status. A 2xx
  // that makes no sense: "Malformed response: …".
  const std::string& detail() const noexcept { return detail_text_; }
  // The same as a value. Of HTTP 422 an array: each entry has `loc`, `msg` and `type`.
  const Json& detail_json() const noexcept { return detail_; }
  const std::string& body() const noexcept { return failure().body; }  // raw text

 private:
  Json detail_;
  std::string detail_text_;
};

// No whole reply: DNS, connect, TLS, reset, timeout, cancel. kind() tells which. Also a stream that
// ended without its final event.
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
using PhosonAPIError = ApiError;
using PhosonConnectionError = ConnectionError;

}  // namespace colonnade::inline v1::phoson
