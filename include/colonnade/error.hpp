// Errors. Every exception of the SDK derives from colonnade::Error; attempt() turns a call that
// throws one into a Result for people who branch instead.
#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "colonnade/version.hpp"

namespace colonnade::inline v1 {

enum class ErrorKind {
  usage,   // the call itself is wrong: a missing setting, an empty id; nothing was sent
  closed,  // the client was closed; nothing was sent
  credentials_missing,  // the call needs a token and the client has none; nothing was sent
  unauthorized,         // the server refused the credential (HTTP 401)
  http,                 // any other status that is not a success
  malformed,            // a success whose body is not what the contract says
  transport,            // no whole reply: see TransportErrorKind
  denied,               // the server, or a human through it, said no; nothing ran
};

enum class TransportErrorKind {
  none,      // not a transport failure
  resolve,   // the host name has no address
  connect,   // nobody listens, or the network is unreachable
  tls,       // certificate or handshake
  reset,     // the connection broke before the reply was whole
  timeout,   // a time limit passed
  canceled,  // a stop token asked for it, or the client was closed
  protocol,  // the peer does not speak HTTP, or a reply or line exceeds its limit
};

COLONNADE_API std::string_view to_string(ErrorKind kind) noexcept;
COLONNADE_API std::string_view to_string(TransportErrorKind kind) noexcept;

// What went wrong, as data. Never holds a token.
struct Failure {
  ErrorKind kind = ErrorKind::usage;
  std::string message{};  // for people; says what to do where that is known
  int status = 0;         // HTTP status, 0 when there was none
  std::string body{};     // raw text of the reply, for unauthorized, http and malformed
  TransportErrorKind transport = TransportErrorKind::none;
  std::optional<std::chrono::milliseconds> retry_after{};  // how long the server asks to wait
  std::exception_ptr origin{};  // the exception attempt() caught; Result::value() throws it again
};

// The root of everything the SDK throws.
class COLONNADE_API Error : public std::runtime_error {
 public:
  explicit Error(Failure failure);
  explicit Error(const std::string& message);
  ~Error() override;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

  const Failure& failure() const noexcept { return failure_; }

 private:
  Failure failure_;
};

// A value or a Failure. Spelled like std::expected, which C++20 does not have.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Undefined without a value, as with a pointer.
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  // The value, or the original exception.
  T& value() & { return require(), **this; }
  const T& value() const& { return require(), **this; }
  T&& value() && { return require(), std::move(**this); }

  template <class U>
  T value_or(U&& fallback) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
  }

  // Undefined with a value.
  Failure& error() & { return *std::get_if<1>(&state_); }
  const Failure& error() const& { return *std::get_if<1>(&state_); }
  Failure&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  void require() const {
    if (has_value()) return;
    if (error().origin) std::rethrow_exception(error().origin);
    throw Error(error());
  }

  std::variant<T, Failure> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)) {}

  bool has_value() const noexcept { return !failure_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (!failure_) return;
    if (failure_->origin) std::rethrow_exception(failure_->origin);
    throw Error(*failure_);
  }
  Failure& error() & { return *failure_; }
  const Failure& error() const& { return *failure_; }
  Failure&& error() && { return std::move(*failure_); }

 private:
  std::optional<Failure> failure_{};
};

// Calls `call` and catches what derives from Error; anything else passes through.
template <std::invocable F>
Result<std::invoke_result_t<F>> attempt(F&& call) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::invoke(std::forward<F>(call));
      return {};
    } else {
      return std::invoke(std::forward<F>(call));
    }
  } catch (const Error& error) {
    Failure failure = error.failure();
    failure.origin = std::current_exception();
    return failure;
  }
}

}  // namespace colonnade::inline v1
