// UTF-8 text: checking, repairing and cutting.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::base {

bool is_valid_utf8(std::string_view text);
// Each maximal invalid sequence becomes one U+FFFD, as browsers do it.
std::string replace_invalid_utf8(std::string_view text);
// The longest prefix of at most `bytes_max` bytes that does not split a character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);
// The first `characters_max` characters (code points) of valid UTF-8.
std::string_view first_characters(std::string_view text, std::size_t characters_max);

}  // namespace colonnade::base
