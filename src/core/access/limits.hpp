// Limits of credentials, pairing and repeated requests.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t scope_part_bytes_max = 64;

constexpr auto idempotency_time = 24h;
constexpr std::size_t idempotency_key_bytes_max = 255;
constexpr auto credential_touch_interval = 60s;  // how exact last_seen is
constexpr auto pairing_code_time = 60s;          // fathom §5.3
constexpr auto pairing_sweep_interval = 30s;
constexpr int pairing_claims_max = 5;  // per window and address
constexpr auto pairing_window = 60s;
constexpr auto pairing_watch_time_max = 90s;

constexpr std::size_t pairing_codes_per_account = 32;  // open at once: nobody pairs more by hand
constexpr std::size_t pairing_codes_max = 100'000;  // a tenth of all codes: guessing stays hopeless
constexpr std::size_t pairing_watchers_per_account = 64;  // connections that wait for a claim
constexpr std::size_t pairing_watchers_max = 4096;
constexpr std::size_t pairing_addresses_max = 100'000;  // whose attempts are counted

// Keys begun within idempotency_time, each a row with its answer: 23 a second, all day. Counted
// since the server started.
constexpr std::size_t keyed_requests_per_account = 2'000'000;
constexpr std::size_t keyed_requests_max = 8'000'000;
constexpr std::size_t keyed_waiters_per_account = 64;  // each holds a connection
constexpr std::size_t keyed_waiters_max = 4096;

}  // namespace colonnade::limits
