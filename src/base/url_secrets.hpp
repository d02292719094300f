// URLs without what should be nobody's to read.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::base {

// `text` with the secrets of each URL in it as ***: the password of scheme://user:password@host,
// all of the user's part when it has no password, and the values of query and fragment parameters
// whose names say that they are keys, tokens, passwords or signatures.
std::string without_url_secrets(std::string_view text);

}  // namespace colonnade::base
