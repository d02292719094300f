// URLs of http and https, as the HTTP client itself reads them.
#pragma once

#include <string>

#include "base/result.hpp"

namespace colonnade::net {

struct Url {
  std::string text{};    // absolute, normalized, without user info and fragment
  std::string scheme{};  // "http" or "https"
  std::string host{};
  std::string port{};  // always set
};

// `text` may be relative to `base` when that is not empty (a redirect's Location).
// ErrorKind::invalid for a malformed URL, another scheme, and for a user name or password inside.
base::Result<Url> parse_http_url(const std::string& text, const std::string& base = {});

// The same in the one form of all texts that mean the same connection and the same page: the host
// in lower case without a dot at its end, no default port, no "." and ".." in the path, no
// %-escapes of letters, digits and "-._~".
base::Result<Url> canonical_http_url(const std::string& text, const std::string& base = {});

}  // namespace colonnade::net
