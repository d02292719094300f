// Whether the store can do its work, for whoever tells clients and operators.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace colonnade::core {

enum class StoreState {
  writable,      // what is committed becomes durable
  cannot_write,  // no space, a failed write, a file that somebody else locks
  cannot_sync,   // written, but the disk does not confirm it
  damaged,       // what was stored cannot be read any more: a human has to mend it
};
std::string_view to_string(StoreState state);

// The store leaves `cannot_write` and `cannot_sync` by itself once the disk works again, also when
// nobody writes. It leaves `damaged` only with the process.
struct StoreHealth {
  StoreState state = StoreState::writable;
  std::string reason{};  // what failed and what mends it; "" while it is writable
  base::Time since{};    // when the state began
};

// What a unit is refused with in that state; nullopt while it is writable: unavailable, retryable
// and with `retry_after` for what may pass, and neither of the two for damage.
std::optional<base::Error> refusal_of(const StoreHealth& health);

// For a readiness check: unavailable, saying which state, since when and why.
base::Result<void> readiness_of(const StoreHealth& health);

}  // namespace colonnade::core
