// Signed tokens in the compact form of RFC 7515, with HS256 alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::base {

// HMAC with SHA-256 (RFC 2104): 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view data);

// A token that was taken apart. Nothing of it may be believed before verify_token().
struct SplitToken {
  std::string header{};            // JSON text
  std::string payload{};           // of any form
  std::string_view signed_part{};  // of the token
  std::string signature{};         // as bytes
};
// invalid for what has not three parts in base64url, of which the first two are not empty. The
// views are of `token`.
Result<SplitToken> split_token(std::string_view token);
// Whether the header says HS256 and the signature is the key's. The comparison takes the same time
// wherever the two differ.
bool verify_token(const SplitToken& token, std::string_view key);

// {"alg":"HS256","typ":"JWT"}, the payload and the signature.
std::string make_token(std::string_view payload, std::string_view key);

}  // namespace colonnade::base
