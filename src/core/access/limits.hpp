// Limits of credentials, pairing and repeated requests.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t scope_part_bytes_max = 128;  // platos §1.8

constexpr auto idempotency_time = 24h;
constexpr std::size_t idempotency_key_bytes_max = 255;
constexpr auto credential_touch_interval = 60s;  // how exact last_seen is
constexpr auto pairing_code_time = 60s;          // fathom §5.3
constexpr auto pairing_sweep_interval = 30s;
constexpr int pairing_claims_max = 5;  // per window and client
// Wrong claims, of all clients together, that a code outlives. Of a million codes that is one
// chance in 100,000 for each open code, however many addresses somebody has.
constexpr std::uint64_t pairing_wrong_claims_max = 10;
constexpr auto pairing_window = 60s;
constexpr auto pairing_watch_time_max = 90s;

constexpr std::size_t pairing_codes_per_account = 32;  // open at once: nobody pairs more by hand
constexpr std::size_t pairing_codes_max =
    100'000;  // a tenth of all codes: a new one is found at once
constexpr std::size_t pairing_watchers_per_account = 64;  // connections that wait for a claim
constexpr std::size_t pairing_watchers_max = 4096;
constexpr std::size_t pairing_addresses_max = 100'000;  // whose attempts are counted

// Keys begun within idempotency_time, each a row with its answer: 23 a second, all day. Counted
// since the server started.
constexpr std::size_t keyed_requests_per_account = 2'000'000;
constexpr std::size_t keyed_requests_max = 8'000'000;
// Failed logins that the audit trail has, in one window; the rest is counted.
constexpr auto login_failure_window = 1h;
constexpr std::size_t login_failures_per_address = 10;
constexpr std::size_t login_failures_max = 1000;

constexpr std::size_t keyed_waiters_per_account = 64;  // each holds a connection
constexpr std::size_t keyed_waiters_max = 4096;

// How often, when nobody configured it (platos §4.4).
constexpr int turns_per_user_minute = 20;
constexpr int turns_per_user_hour = 200;
constexpr int turns_per_user_day = 1000;
constexpr int tool_calls_per_agent_and_user_minute = 60;
constexpr auto guest_window = 5min;  // platos §1.3, as the two below
constexpr int guests_per_address = 20;
constexpr int guests_per_agent = 500;
constexpr std::size_t rate_names_max = 100'000;  // about 20 MB at most, in each length of window

// HS256 wants a key as long as its hash (RFC 7518 §3.2); more than the upper bound is no secret.
constexpr std::size_t entity_secret_bytes_min = 32;
constexpr std::size_t entity_secret_bytes_max = 1024;
constexpr std::size_t access_keys_per_scope =
    256;  // each is compared on every request of the scope
constexpr std::size_t access_key_origins_max = 64;
constexpr std::size_t access_key_origin_bytes_max = 256;

constexpr std::size_t managed_token_bytes_min = 16;  // tandem §6
constexpr std::size_t managed_token_bytes_max = 512;

}  // namespace colonnade::limits
