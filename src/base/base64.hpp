// Base64 in its two alphabets (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace colonnade::base {

// With padding (§4).
std::string to_base64(std::string_view bytes);
// The alphabet of URLs, without padding (§5).
std::string to_base64url(std::string_view bytes);
// Of to_base64url(). Strict: padding, other characters, a length that no bytes have and set bits
// behind the last byte are refused, so bytes have one spelling.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace colonnade::base
