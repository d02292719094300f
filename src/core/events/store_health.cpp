#include "core/events/store_health.hpp"

#include <chrono>

#include "core/events/limits.hpp"

namespace colonnade::core {

std::string_view to_string(StoreState state) {
  switch (state) {
    case StoreState::writable: return "writable";
    case StoreState::cannot_write: return "cannot_write";
    case StoreState::cannot_sync: return "cannot_sync";
    case StoreState::damaged: return "damaged";
  }
  return {};
}

std::optional<base::Error> refusal_of(const StoreHealth& health) {
  if (health.state == StoreState::writable) return std::nullopt;
  if (health.state == StoreState::damaged) {
    return base::Error{.kind = base::ErrorKind::unavailable,
                       .message = "the store is damaged: " + health.reason};
  }
  return base::Error{.kind = base::ErrorKind::unavailable,
                     .message = health.reason,
                     .retry_after = limits::store_retry_after,
                     .retryable = true};
}

base::Result<void> readiness_of(const StoreHealth& health) {
  std::string_view what;
  switch (health.state) {
    case StoreState::writable: return {};
    case StoreState::cannot_write: what = "the store cannot write"; break;
    case StoreState::cannot_sync: what = "the store cannot sync"; break;
    case StoreState::damaged: what = "the store is damaged"; break;
  }
  const bool passes = health.state != StoreState::damaged;
  return base::fail(
      {.kind = base::ErrorKind::unavailable,
       .message =
           std::string(what) + " since " + base::to_rfc3339(health.since) + ": " + health.reason,
       .retry_after = passes ? std::optional<std::chrono::milliseconds>(limits::store_retry_after)
                             : std::nullopt,
       .retryable = passes});
}

}  // namespace colonnade::core
