// The canonical form of a JSON value and the hashes made from it (faramesh §5). Not RFC 8785.
#pragma once

#include <string>
#include <string_view>

#include "gate/value.hpp"

namespace colonnade::gate {

// Members sorted by code point, no spaces, integers as they are, other numbers in the shortest form
// that reads back equal, written without an exponent.
void append_canonical(std::string& out, const Value& value);
void append_canonical(std::string& out, std::string_view text);  // of a string
std::string canonical_text(const Value& value);

// SHA-256 as 64 lower-case hex characters: base::sha256_hex at half the price, for short texts.
std::string sha256_hex(std::string_view data);
std::string canonical_hash(const Value& value);

// Hash of an action given as an object: at the top level, names that the server adds and names that
// start with `_` do not count (faramesh §5.1).
std::string request_hash_of(const Value& action);

// SHA-256 of the parts joined with `|`; missing parts are empty (faramesh §5.4).
std::string provenance_id_of(std::string_view request_hash, std::string_view policy_hash,
                             std::string_view profile_hash, std::string_view runtime_version);

}  // namespace colonnade::gate
