// Errors of the Fathom client. Include colonnade/fathom.hpp.
#pragma once

#include <string>

#include "colonnade/error.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::fathom {

// The root of this dialect. Thrown itself for calls that cannot be made: no base URL, an empty id,
// a pairing code that is not six digits, a client that was closed.
class COLONNADE_API Error : public colonnade::Error {
 public:
  using colonnade::Error::Error;
  ~Error() override;
};

// HTTP 401: the token is unknown or revoked. Pair again.
class COLONNADE_API UnauthorizedError : public Error {
 public:
  using Error::Error;
  ~UnauthorizedError() override;
  int status() const noexcept { return failure().status; }
  const std::string& body() const noexcept { return failure().body; }  // raw text
};

// Any other status that is not 2xx.
class COLONNADE_API HttpError : public Error {
 public:
  using Error::Error;
  ~HttpError() override;
  int status() const noexcept { return failure().status; }
  const std::string& body() const noexcept { return failure().body; }  // raw text
};

// The client has no token and the call needs one; nothing was sent.
class COLONNADE_API PairingRequiredError : public Error {
 public:
  using Error::Error;
  ~PairingRequiredError() override;
};

// A 2xx reply that is not JSON, not an object, or lacks a required field.
class COLONNADE_API MalformedResponseError : public Error {
 public:
  using Error::Error;
  ~MalformedResponseError() override;
  const std::string& body() const noexcept { return failure().body; }
};

// No whole reply: DNS, connect, TLS, reset, timeout, cancel. kind() tells which.
class COLONNADE_API TransportError : public Error {
 public:
  using Error::Error;
  ~TransportError() override;
  TransportErrorKind kind() const noexcept { return failure().transport; }
};

// The TransportError of kind `canceled`: a stop token asked for it, or the client was closed.
class COLONNADE_API CancelledError : public TransportError {
 public:
  using TransportError::TransportError;
  ~CancelledError() override;
};

}  // namespace colonnade::inline v1::fathom
