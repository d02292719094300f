// The one error type of the server side, and the Result that carries it.
//
// An Error has a kind inside and a face outside: core, storage and providers only ever name a kind;
// each dialect maps kinds to its own status and body in its errors.cpp.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace colonnade::base {

enum class ErrorKind {
  invalid,       // the request is wrong; `field` names the culprit where there is one
  unauthorized,  // no credential, or one that does not (or no longer) count
  forbidden,     // a valid credential that may not do this
  not_found,     // no such thing in this scope
  conflict,      // the thing is in a state that excludes the request
  gone,          // it existed and has expired
  too_large,     // a named limit was exceeded
  rate_limited,  // come back after `retry_after`
  unavailable,   // a part that is needed is absent, stopping or overloaded
  timeout,       // a named time limit passed
  cancelled,     // somebody asked for it to stop
  over_budget,   // a spending cap is reached, or would be passed
  upstream,      // a provider, tool server or other peer failed
  internal,      // our fault: storage failure, broken invariant
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message{};  // what was wrong and how to mend it; never holds a secret
  std::string field{};    // the offending input field or setting, "" when there is none
  std::optional<std::chrono::milliseconds> retry_after{};  // for rate_limited and unavailable
  bool retryable =
      false;  // the same call may succeed later (set by ports, read by the turn driver)
};

template <class T>
using Result = std::expected<T, Error>;

// Shorthand for the failing side: `return fail(ErrorKind::not_found, "no such thread");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                 std::string field = {}) {
  return std::unexpected(
      Error{.kind = kind, .message = std::move(message), .field = std::move(field)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace colonnade::base
