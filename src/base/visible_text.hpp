// Text that somebody else wrote, made safe to show: whoever reads it sees every character that is
// in it, in its order.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::base {

// Whether a terminal obeys the character, shows nothing for it, or turns the order of its
// neighbours round: controls (C0, DEL, C1; line ends and tabs too), bidirectional controls,
// characters without width, line separators, fillers, tags and variation selectors.
bool is_hidden(char32_t character);

// Whether any character of `text` is hidden, or a byte of it is no UTF-8.
bool has_hidden(std::string_view text);

// Each hidden character as \u{202E}, each byte that is no UTF-8 as \x{9B}; everything else as it
// is. Line ends and tabs stay, and a variation selector behind a symbol that it chooses the look
// of.
std::string escape_hidden(std::string_view text);
// The same on one line: line ends and tabs become \n, \r and \t.
std::string escape_hidden_on_one_line(std::string_view text);
// The same for a JSON document: in its strings \u202e, which means what was there before.
std::string escape_hidden_in_json(std::string_view document);

}  // namespace colonnade::base
