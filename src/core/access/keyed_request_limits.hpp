// How many requests may wait for another with the same Idempotency-Key.
#pragma once

#include <cstddef>

namespace colonnade::limits {

constexpr std::size_t keyed_waiters_per_account = 64;  // each holds a connection
constexpr std::size_t keyed_waiters_max = 4096;

}  // namespace colonnade::limits
