// Limits of request bodies, beside those in net/limits.hpp.
#pragma once

#include "net/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t http_body_bytes_default = 64 * KiB;  // of a route that names no limit
constexpr std::size_t http_open_body_bytes_max = 4 * KiB;  // the same, of one that anybody may call
// Bodies under way, from their first byte until they are answered. An account gets a quarter of
// all, wherever it calls from. Whoever needs no credential is counted by address, and sends little.
constexpr std::size_t http_bodies_bytes_max = 256 * MiB;
constexpr std::size_t http_bodies_account_bytes_max = 64 * MiB;
constexpr std::size_t http_bodies_address_bytes_max = 32 * MiB;
constexpr std::size_t http_body_uncounted_bytes = 8 * KiB;  // of each: http_connections_max bounds
constexpr auto http_bodies_retry_after = 1s;                // when there was no room

}  // namespace colonnade::limits
