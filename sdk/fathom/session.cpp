#include "sdk/fathom/session.hpp"

#include "sdk/fathom/wire.hpp"

namespace colonnade::inline v1::fathom {

Error::~Error() = default;
UnauthorizedError::~UnauthorizedError() = default;
HttpError::~HttpError() = default;
PairingRequiredError::~PairingRequiredError() = default;
MalformedResponseError::~MalformedResponseError() = default;
TransportError::~TransportError() = default;
CancelledError::~CancelledError() = default;

namespace detail {
namespace {

using colonnade::detail::make_session;

}  // namespace

std::shared_ptr<const Session> open_session(const Options& options) {
  const auto base_url =
      colonnade::detail::first_of(options.base_url, "Options::base_url", {"FATHOM_BASE_URL"});
  if (base_url.value.empty()) {
    raise(colonnade::detail::usage(
        "no base URL: set Options::base_url or the environment variable FATHOM_BASE_URL, "
        "for example to http://localhost:8790"));
  }
  const auto token = colonnade::detail::first_of(options.token, "Options::token", {"FATHOM_TOKEN"});
  auto line = colonnade::detail::make_line(base_url, token, "/api/v1", options.http);
  if (line) {
    line->credentials_hint =
        "this call needs a token and the client has none: pair() gives one, Options::token, "
        "FATHOM_TOKEN or with_token() set it";
  }
  return make_session<Session>(std::move(line), true, &raise);
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  return make_session<Session>(colonnade::detail::scoped(*from.line, options), false, &raise);
}

std::shared_ptr<const Session> derive(const Session& from, std::string_view token) {
  return make_session<Session>(colonnade::detail::with_authorization(*from.line, token), false,
                               &raise);
}

void close(const std::shared_ptr<const Session>& session) noexcept {
  colonnade::detail::close(session.get());
}

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

colonnade::detail::EventRules<Event> thread_rules() {
  return {.decode = &wire::event, .raise = &raise};
}

colonnade::detail::EventRules<ReplyEvent> reply_rules() {
  return {.decode = &wire::reply_event, .raise = &raise};
}

}  // namespace detail
}  // namespace colonnade::inline v1::fathom
