// What tools say about text files.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::tools {

// Whether these are no bytes of a text: there is a NUL among the first.
bool is_binary(std::string_view bytes);

// The line from `at`, without its end; `at` moves behind it.
std::string_view next_line(std::string_view text, std::size_t& at);

// At most `bytes_max` bytes of a line, with a mark when there is more.
std::string shown_line(std::string_view line, std::size_t bytes_max);

}  // namespace colonnade::tools
