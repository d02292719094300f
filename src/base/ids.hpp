// Ids and secrets. Both come from the kernel's random source.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace colonnade::base {

// 32 lower-case hex characters: 48 bits of milliseconds, then 74 random bits, with the two marks of
// a UUID of version 4 between them. Ids made later sort after earlier ones (to the millisecond),
// which keeps the store's indexes compact. Clients must treat it as opaque.
std::string new_id(Time now);
// Sorts in front of every new_id() of that millisecond and later, behind those of earlier ones.
std::string first_id_of(Time time);

// A new_id() as a UUID is written, with dashes, for clients that expect one, and back. Any other
// text stays as it is.
std::string uuid_form(std::string_view id);
std::string plain_form(std::string_view id);

// `bytes` random bytes as lower-case hex (two characters a byte).
std::string random_hex(std::size_t bytes);

// A random UUID (RFC 9562, version 4): lower case, with dashes.
std::string new_uuid();

// A bearer token: random bytes (64 at most) as base64url without padding. 32 bytes make the 43
// characters of fathom §2.4, 16 the 22 of faramesh §2.1.
std::string new_token(std::size_t bytes = 32);

// `digits` random decimal digits, leading zeros kept, each equally likely.
std::string random_digits(std::size_t digits);

// SHA-256 as 64 lower-case hex characters; how credentials are stored.
std::string sha256_hex(std::string_view data);

// Compares without an early exit, so that timing tells nothing about the content.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace colonnade::base
