// Errors of the Faramesh client. Include colonnade/faramesh.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/faramesh/types.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

// The root of this dialect.
class COLONNADE_API Error : public colonnade::Error {
 public:
  explicit Error(Failure failure);
  Error(Failure failure, std::string code);
  ~Error() override;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

  // For programs: the code the server sent, else one for what happened: "invalid_argument",
  // "invalid_action", "invalid_state", "unauthorized", "forbidden", "not_found", "conflict",
  // "rate_limited", "internal_error", "malformed_response", "timeout", "canceled",
  // "connection_error", "closed", "policy_denied", "denied", "not_allowed", "pending_approval",
  // "hash_mismatch", "batch_failed".
  const std::string& code() const noexcept { return code_; }
  int status() const noexcept { return failure().status; }             // HTTP, 0 without a reply
  const std::string& body() const noexcept { return failure().body; }  // raw text of the reply

 private:
  std::string code_;
};

// HTTP 401: no bearer token, a wrong one, or a wrong approval token.
class COLONNADE_API AuthError : public Error {
 public:
  using Error::Error;
  ~AuthError() override;
};

// HTTP 404.
class COLONNADE_API NotFoundError : public Error {
 public:
  using Error::Error;
  ~NotFoundError() override;
};

// HTTP 422, or an argument that cannot be sent: status() is 0 then.
class COLONNADE_API ValidationError : public Error {
 public:
  using Error::Error;
  ~ValidationError() override;
};

// Any other status that is not 2xx: 400 for an action in the wrong state, 403, 409, 429 …
class COLONNADE_API RefusedError : public Error {
 public:
  using Error::Error;
  ~RefusedError() override;
};

// HTTP 5xx, when the repetitions are used up.
class COLONNADE_API ServerError : public Error {
 public:
  using Error::Error;
  ~ServerError() override;
};

// A success whose body is not what the contract says.
class COLONNADE_API MalformedResponseError : public Error {
 public:
  using Error::Error;
  ~MalformedResponseError() override;
};

// No whole reply: DNS, connect, TLS, reset. kind() tells which.
class COLONNADE_API ConnectionError : public Error {
 public:
  using Error::Error;
  ~ConnectionError() override;
  TransportErrorKind kind() const noexcept { return failure().transport; }
};

// A stop token asked for it, or the client was closed while the call ran.
class COLONNADE_API CancelledError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
  ~CancelledError() override;
};

// A reply, or the end of an action, did not come in time.
class COLONNADE_API TimeoutError : public Error {
 public:
  using Error::Error;
  ~TimeoutError() override;
};

// Nobody decided about the action in time. It is still pending at the server; nothing ran.
class COLONNADE_API ApprovalTimeoutError : public TimeoutError {
 public:
  explicit ApprovalTimeoutError(Action action);
  ~ApprovalTimeoutError() override;
  const Action& action() const noexcept { return action_; }

 private:
  Action action_;
};

// The gate did not say EXECUTE; nothing ran.
class COLONNADE_API NotAllowedError : public Error {
 public:
  explicit NotAllowedError(GateDecision decision);
  ~NotAllowedError() override;
  const GateDecision& decision() const noexcept { return decision_; }
  const std::string& reason() const noexcept { return decision_.reason; }
  const std::string& reason_code() const noexcept { return decision_.reason_code; }

 protected:
  NotAllowedError(GateDecision decision, Failure failure, std::string code);

 private:
  GateDecision decision_;
};

// The action waits for a human, and the call was not to wait. resume() or block_until_approved() go
// on with action().id.
class COLONNADE_API PendingApprovalError : public NotAllowedError {
 public:
  explicit PendingApprovalError(Action action);
  ~PendingApprovalError() override;
  const Action& action() const noexcept { return action_; }

 private:
  Action action_;
};

// The action ended as denied: a human said no.
class COLONNADE_API DeniedError : public NotAllowedError {
 public:
  explicit DeniedError(Action action);
  ~DeniedError() override;
  const Action& action() const noexcept { return action_; }

 protected:
  DeniedError(Action action, std::string code);

 private:
  Action action_;
};

// The policy denied the action when it was submitted. It is recorded at the server under
// action().id.
class COLONNADE_API PolicyError : public DeniedError {
 public:
  explicit PolicyError(Action action);
  ~PolicyError() override;
};

// What the server says the action is was not what its hash, or the request, says: nothing ran.
class COLONNADE_API HashMismatchError : public Error {
 public:
  using Error::Error;
  ~HashMismatchError() override;
};

// One entry of a batch.
struct KeyedRequest {
  std::size_t index = 0;  // in the list that was given
  ActionRequest request{};
  std::optional<Action> action{};    // also when the policy denied it
  std::optional<Failure> failure{};  // of a denied or failed submission
};

// submit_actions_bulk() with raise_on_error: everything was tried, something failed.
class COLONNADE_API BatchError : public Error {
 public:
  BatchError(std::vector<KeyedRequest> successes, std::vector<KeyedRequest> errors);
  ~BatchError() override;
  const std::vector<KeyedRequest>& successes() const noexcept { return successes_; }
  const std::vector<KeyedRequest>& errors() const noexcept { return errors_; }

 private:
  std::vector<KeyedRequest> successes_;
  std::vector<KeyedRequest> errors_;
};

}  // namespace colonnade::inline v1::faramesh
