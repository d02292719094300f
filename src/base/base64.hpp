// Base64 in its two alphabets (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace colonnade::base {

// With padding (§4).
std::string to_base64(std::string_view bytes);
// Of to_base64(). Strict: a length that is no multiple of four, other characters, padding elsewhere
// and set bits behind the last byte are refused, so bytes have one spelling.
std::optional<std::string> from_base64(std::string_view text);
// As from_base64(), but any padding or none, and whatever bits behind the last byte: what clients
// put into data URLs.
std::optional<std::string> from_loose_base64(std::string_view text);
// The alphabet of URLs, without padding (§5).
std::string to_base64url(std::string_view bytes);
// Of to_base64url(). As strict as from_base64(); padding is refused.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace colonnade::base
