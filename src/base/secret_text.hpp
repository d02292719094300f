// Finds secrets in text, and leaves them out: for logs, errors, the audit trail, and whatever else
// is shown. What stands for a secret is secret_stand_in.
//
// A secret is known by its name (`password=…`, `X-Api-Key: …`, `?token=…`), by its form (a vendor's
// key, a JWT, a PEM private key), or by its place (behind `Bearer`, between `://` and `@`). A
// random string without any of these looks like any other word: whoever holds one must not show it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::base {

inline constexpr std::string_view secret_stand_in = "[redacted]";

// A name without the marks that people write differently: lower case, no '-', '_', '.' or blanks.
std::string folded_name(std::string_view name);

// Whether a member, a parameter, a header or a variable of that name holds a secret: a name with
// password, secret, token, apikey … anywhere in it, or with pw, pass, otp … as one of its words.
bool is_secret_name(std::string_view name);
// The parts of names that is_secret_name() looks for anywhere, folded.
std::vector<std::string> secret_name_parts();

// The text without its secrets. Linear in the text.
std::string hide_secrets(std::string_view text);

// A URL without its password, without a user name that is long enough to be a key, and without the
// values of parameters that are secrets; also of each URL in a text. What only a name tells outside
// of URLs stays: settings are shown by it.
std::string hide_secrets_in_url(std::string_view url);

// A command's arguments, each without its secrets; the one behind `--password` or the like is one.
std::vector<std::string> hide_secrets_in_command(const std::vector<std::string>& command);

// The text without these values, wherever they stand in it: for the words of somebody who was told
// them. Values of fewer than secret_bytes_min bytes stay; they would mangle every text.
inline constexpr std::size_t secret_bytes_min = 6;
std::string hide_values(std::string text, std::vector<std::string> values);

// The text without what it quotes of `written`: what hide_values() takes out, and each stretch of
// quote_bytes_min bytes or more that one of them has too. For the words of somebody who was told
// what people wrote and may have cut it. Takes time in proportion to all of it.
inline constexpr std::size_t quote_bytes_min = 16;
std::string hide_quotes(std::string text, const std::vector<std::string>& written);

}  // namespace colonnade::base
