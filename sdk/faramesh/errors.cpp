#include "sdk/faramesh/session.hpp"

#include <utility>

namespace colonnade::inline v1::faramesh {
namespace {

std::string code_of_status(int status) {
  switch (status) {
    case 400: return "invalid_state";
    case 401: return "unauthorized";
    case 402: return "payment_required";
    case 403: return "forbidden";
    case 404: return "not_found";
    case 405: return "method_not_allowed";
    case 409: return "conflict";
    case 422: return "invalid_action";
    case 429: return "rate_limited";
    default: return status >= 500 ? "internal_error" : "http_" + std::to_string(status);
  }
}

// {"code": "…"} or {"error": {"code": "…"}}, where the server sends one.
std::string code_in(const std::string& body) {
  const auto parsed = Json::try_parse(body);
  if (!parsed) return {};
  if (const Json* code = parsed->find("code"); code != nullptr && code->is_string()) {
    return code->as_string();
  }
  const Json* error = parsed->find("error");
  const Json* code = error == nullptr ? nullptr : error->find("code");
  return code != nullptr && code->is_string() ? code->as_string() : std::string();
}

std::string code_of(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage: return "invalid_argument";
    case ErrorKind::closed: return "closed";
    case ErrorKind::credentials_missing: return "unauthorized";
    case ErrorKind::unauthorized:
    case ErrorKind::http: {
      std::string code = code_in(failure.body);
      return code.empty() ? code_of_status(failure.status) : code;
    }
    case ErrorKind::malformed: return "malformed_response";
    case ErrorKind::denied: return "denied";
    case ErrorKind::transport: break;
  }
  if (failure.transport == TransportErrorKind::timeout) return "timeout";
  if (failure.transport == TransportErrorKind::canceled) return "canceled";
  return "connection_error";
}

// The gate's verdict is an answer, not a fault of the way to it.
Failure verdict(std::string message) {
  return Failure{.kind = ErrorKind::denied, .message = std::move(message)};
}

std::string named(const Action& action) {
  return "action " + action.id + " (" + action.tool + "/" + action.operation + ")";
}

std::string because(const std::string& reason, const std::string& reason_code) {
  std::string out = reason.empty() ? "" : ": " + reason;
  if (!reason_code.empty()) out += " [" + reason_code + "]";
  return out;
}

}  // namespace

Error::Error(Failure failure) : colonnade::Error(std::move(failure)) {
  code_ = code_of(this->failure());
}
Error::Error(Failure failure, std::string code)
    : colonnade::Error(std::move(failure)), code_(std::move(code)) {}
Error::~Error() = default;
AuthError::~AuthError() = default;
NotFoundError::~NotFoundError() = default;
ValidationError::~ValidationError() = default;
RefusedError::~RefusedError() = default;
ServerError::~ServerError() = default;
MalformedResponseError::~MalformedResponseError() = default;
ConnectionError::~ConnectionError() = default;
CancelledError::~CancelledError() = default;
TimeoutError::~TimeoutError() = default;
HashMismatchError::~HashMismatchError() = default;

ApprovalTimeoutError::ApprovalTimeoutError(Action action)
    : TimeoutError(Failure{.kind = ErrorKind::transport,
                           .message = named(action) + " was not decided about in time",
                           .transport = TransportErrorKind::timeout}),
      action_(std::move(action)) {}
ApprovalTimeoutError::~ApprovalTimeoutError() = default;

NotAllowedError::NotAllowedError(GateDecision decision)
    : Error(verdict("the gate says " +
                    (decision.outcome_text.empty() ? "nothing" : decision.outcome_text) +
                    because(decision.reason, decision.reason_code)),
            "not_allowed"),
      decision_(std::move(decision)) {}
NotAllowedError::NotAllowedError(GateDecision decision, Failure failure, std::string code)
    : Error(std::move(failure), std::move(code)), decision_(std::move(decision)) {}
NotAllowedError::~NotAllowedError() = default;

PendingApprovalError::PendingApprovalError(Action action)
    : NotAllowedError(decision_of(action), verdict(named(action) + " waits for approval"),
                      "pending_approval"),
      action_(std::move(action)) {}
PendingApprovalError::~PendingApprovalError() = default;

DeniedError::DeniedError(Action action) : DeniedError(std::move(action), "denied") {}
DeniedError::DeniedError(Action action, std::string code)
    : NotAllowedError(
          decision_of(action),
          verdict(named(action) + " is denied" + because(action.reason, action.reason_code)),
          std::move(code)),
      action_(std::move(action)) {}
DeniedError::~DeniedError() = default;

PolicyError::PolicyError(Action action) : DeniedError(std::move(action), "policy_denied") {}
PolicyError::~PolicyError() = default;

BatchError::BatchError(std::vector<KeyedRequest> successes, std::vector<KeyedRequest> errors)
    : Error(verdict(std::to_string(errors.size()) + " of " +
                    std::to_string(successes.size() + errors.size()) + " submissions failed" +
                    (errors.empty() || !errors.front().failure
                         ? ""
                         : "; the first: " + errors.front().failure->message)),
            "batch_failed"),
      successes_(std::move(successes)),
      errors_(std::move(errors)) {}
BatchError::~BatchError() = default;

namespace detail {

void raise(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage: throw ValidationError(failure);
    case ErrorKind::credentials_missing:
    case ErrorKind::unauthorized: throw AuthError(failure);
    case ErrorKind::closed:
    case ErrorKind::denied: throw Error(failure);
    case ErrorKind::malformed: throw MalformedResponseError(failure);
    case ErrorKind::http:
      if (failure.status == 404) throw NotFoundError(failure);
      if (failure.status == 422) throw ValidationError(failure);
      if (failure.status >= 500) throw ServerError(failure);
      throw RefusedError(failure);
    case ErrorKind::transport: break;
  }
  if (failure.transport == TransportErrorKind::canceled) throw CancelledError(failure);
  if (failure.transport == TransportErrorKind::timeout) throw TimeoutError(failure);
  throw ConnectionError(failure);
}

}  // namespace detail
}  // namespace colonnade::inline v1::faramesh
