#include <stdexcept>
#include <utility>

#include "base/utf8.hpp"
#include "sdk/tandem/session.hpp"

namespace colonnade::inline v1::tandem {
namespace {

constexpr std::size_t snippet_bytes_max = 200;  // tandem §1.6

std::string snippet(const std::string& body) {
  return std::string(base::cut_utf8(body, snippet_bytes_max));
}

Json object_in(const std::string& body) {
  auto parsed = Json::try_parse(body);
  if (!parsed || !parsed->is_object()) return Json::object();
  return *std::move(parsed);
}

std::string code_in(const Json& detail) {
  const Json* code = detail.find("code");
  return code != nullptr && code->is_string() ? code->as_string() : std::string();
}

// Adds what a plain-text body says (tandem §1.5, family D); the words of a JSON body are there.
Failure with_text(Failure failure) {
  if (!failure.body.empty() && !Json::try_parse(failure.body)) {
    failure.message += ": " + snippet(failure.body);
  }
  return failure;
}

// The reader of a reply says "<endpoint>: <issue>"; an endpoint has no colon and space.
std::string_view endpoint_in(std::string_view message) {
  return message.substr(0, message.find(": "));
}

std::string_view issue_in(std::string_view message) {
  const auto at = message.find(": ");
  return at == std::string_view::npos ? message : message.substr(at + 2);
}

Failure with_reason(Failure failure) {
  const std::string endpoint(endpoint_in(failure.message));
  const std::string issue(issue_in(failure.message));
  failure.message = endpoint + ": the reply is not what the Tandem API promises: " + issue;
  return failure;
}

}  // namespace

Error::~Error() = default;
ConnectionError::~ConnectionError() = default;
CancelledError::~CancelledError() = default;

EngineError::EngineError(Failure failure)
    : Error(with_text(std::move(failure))), detail_(object_in(body())), code_(code_in(detail_)) {}
EngineError::~EngineError() = default;

ValidationError::ValidationError(Failure failure)
    : Error(with_reason(failure)),
      endpoint_(endpoint_in(failure.message)),
      issues_{std::string(issue_in(failure.message))},
      raw_snippet_(snippet(failure.body)) {}
ValidationError::~ValidationError() = default;

namespace detail {

void raise(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage:
    case ErrorKind::credentials_missing: throw std::invalid_argument(failure.message);
    case ErrorKind::unauthorized:
    case ErrorKind::http: throw EngineError(failure);
    case ErrorKind::malformed: throw ValidationError(failure);
    case ErrorKind::denied: throw Error(failure);
    case ErrorKind::closed: throw CancelledError(colonnade::detail::as_canceled(failure));
    case ErrorKind::transport: break;
  }
  if (failure.transport == TransportErrorKind::canceled) throw CancelledError(failure);
  throw ConnectionError(failure);
}

}  // namespace detail
}  // namespace colonnade::inline v1::tandem
