#include "sdk/fathom/session.hpp"

namespace colonnade::inline v1::fathom {

Error::~Error() = default;
UnauthorizedError::~UnauthorizedError() = default;
HttpError::~HttpError() = default;
PairingRequiredError::~PairingRequiredError() = default;
MalformedResponseError::~MalformedResponseError() = default;
TransportError::~TransportError() = default;
CancelledError::~CancelledError() = default;

namespace detail {

void raise(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage:
    case ErrorKind::closed:
    case ErrorKind::denied: throw Error(failure);
    case ErrorKind::credentials_missing: throw PairingRequiredError(failure);
    case ErrorKind::unauthorized: throw UnauthorizedError(failure);
    case ErrorKind::http: throw HttpError(failure);
    case ErrorKind::malformed: throw MalformedResponseError(failure);
    case ErrorKind::transport: break;
  }
  if (failure.transport == TransportErrorKind::canceled) throw CancelledError(failure);
  throw TransportError(failure);
}

}  // namespace detail
}  // namespace colonnade::inline v1::fathom
