// One key of several texts.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace colonnade::base {

// For the key of a table: different texts never give the same one, whatever characters they hold.
// Each is preceded by its length.
inline std::string joined(std::initializer_list<std::string_view> texts) {
  constexpr std::size_t digits_max = 20;
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size() + 4;  // usually enough
  std::string out;
  out.reserve(bytes);
  for (const std::string_view text : texts) {
    std::array<char, digits_max> digits;
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), text.size()).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out.append(1, ':').append(text);
  }
  return out;
}

}  // namespace colonnade::base
