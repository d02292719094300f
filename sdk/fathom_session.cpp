#include "fathom_session.hpp"

#include "fathom_wire.hpp"

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

using colonnade::detail::Line;
using colonnade::detail::Pool;

constexpr std::size_t idempotency_key_bytes_max = 255;

Failure wrong(std::string message) { return colonnade::detail::usage(std::move(message)); }

std::string bearer(std::string_view token, std::string_view setting) {
  const std::string_view trimmed = colonnade::detail::trim(token);
  if (trimmed.empty()) return {};
  if (!colonnade::detail::fits_header(trimmed)) {
    raise(wrong(std::string(setting) + " holds a control character; a token is one line of text"));
  }
  return "Bearer " + std::string(trimmed);
}

void check_headers(const HttpOptions& http) {
  for (const Header& header : http.headers) {
    const bool named =
        !header.name.empty() && header.name.find_first_of(": \t\r\n") == std::string::npos;
    if (!named || !colonnade::detail::fits_header(header.name) ||
        !colonnade::detail::fits_header(header.value)) {
      raise(wrong("Options::http.headers: \"" + header.name + "\" cannot be sent as a header"));
    }
  }
  if (!colonnade::detail::fits_header(http.user_agent)) {
    raise(wrong("Options::http.user_agent holds a control character"));
  }
}

}  // namespace

std::shared_ptr<const Session> open_session(const Options& options) {
  std::string_view setting = "Options::base_url";
  std::string url(colonnade::detail::trim(options.base_url));
  if (url.empty()) {
    setting = "FATHOM_BASE_URL";
    url = colonnade::detail::environment("FATHOM_BASE_URL");
  }
  if (url.empty()) {
    raise(
        wrong("no base URL: set Options::base_url or the environment variable FATHOM_BASE_URL, "
              "for example to http://localhost:8790"));
  }
  auto base = colonnade::detail::check_base_url(url, setting);
  if (!base) raise(base.error());
  check_headers(options.http);

  const std::string from_environment = colonnade::detail::environment("FATHOM_TOKEN");
  const bool given = !colonnade::detail::trim(options.token).empty();
  Line line;
  line.authorization =
      given ? bearer(options.token, "Options::token") : bearer(from_environment, "FATHOM_TOKEN");
  line.root = *std::move(base) + "/api/v1";
  line.timeouts = options.http.timeouts;
  line.headers = options.http.headers;
  line.user_agent = options.http.user_agent.empty() ? "" : options.http.user_agent + " ";
  line.user_agent += "colonnade-cpp/" COLONNADE_VERSION;
  line.credentials_hint =
      "this call needs a token and the client has none: pair() gives one, Options::token, "
      "FATHOM_TOKEN or with_token() set it";
  line.pool = std::make_shared<Pool>(options.http.transport ? options.http.transport
                                                            : make_http_transport(options.http));
  return std::make_shared<const Session>(std::make_shared<const Line>(std::move(line)), true);
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  const std::string& key = options.idempotency_key;
  if (key.size() > idempotency_key_bytes_max || !colonnade::detail::fits_header(key)) {
    raise(wrong("CallOptions::idempotency_key must be at most 255 printable bytes"));
  }
  if (options.timeout.count() < 0) raise(wrong("CallOptions::timeout is negative"));
  Line line = *from.line;
  if (options.timeout.count() > 0) line.scope.timeout = options.timeout;
  if (options.stop.stop_possible()) line.scope.stop = options.stop;
  if (!key.empty()) line.scope.idempotency_key = key;
  return std::make_shared<const Session>(std::make_shared<const Line>(std::move(line)), false);
}

std::shared_ptr<const Session> derive(const Session& from, std::string_view token) {
  Line line = *from.line;
  line.authorization = bearer(token, "the token");
  return std::make_shared<const Session>(std::make_shared<const Line>(std::move(line)), false);
}

void close(const std::shared_ptr<const Session>& session) noexcept {
  if (session && session->root) session->line->pool->close();
}

void raise(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage:
    case ErrorKind::closed: throw Error(failure);
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
