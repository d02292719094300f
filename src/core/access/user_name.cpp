#include "core/access/user_name.hpp"

#include <algorithm>
#include <string>

#include "base/utf8.hpp"

namespace colonnade::core {
namespace {

// Controls, and every blank that Unicode has (White_Space, and the invisible formats beside them).
bool does_not_show(char32_t c) {
  return c <= U' ' || (c >= 0x7F && c <= 0xA0) || c == 0xAD || c == 0x1680 || c == 0x180E ||
         (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
         (c >= 0x205F && c <= 0x206F) || c == 0x3000 || c == 0xFEFF;
}

// `text` is valid.
std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    out.push_back(c);
    i += length;
  }
  return out;
}

}  // namespace

base::Result<void> check_user_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= user_name_bytes_max &&
                    base::is_valid_utf8(name) &&
                    std::ranges::none_of(code_points(name), does_not_show);
  if (fits) return {};
  return base::fail(base::ErrorKind::invalid,
                    "user must have 1 to " + std::to_string(user_name_bytes_max) +
                        " bytes of UTF-8, without blanks, line breaks and control characters",
                    "user");
}

}  // namespace colonnade::core
