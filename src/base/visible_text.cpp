#include "base/visible_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/utf8.hpp"

namespace colonnade::base {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr char32_t variation_selector_first = 0xFE00;
constexpr char32_t variation_selector_last = 0xFE0F;

struct Range {
  char32_t first;
  char32_t last;
};
// Unicode's Default_Ignorable_Code_Point and its neighbours that a terminal obeys. In order.
constexpr Range hidden_ranges[] = {
    {0x0000, 0x001F},  // C0
    {0x007F, 0x009F},  // DEL and C1
    {0x00AD, 0x00AD},  // soft hyphen
    {0x034F, 0x034F},  // combining grapheme joiner
    {0x061C, 0x061C},  // Arabic letter mark
    {0x115F, 0x1160},  // Hangul fillers
    {0x17B4, 0x17B5},  // Khmer inherent vowels
    {0x180B, 0x180F},  // Mongolian selectors and separator
    {0x200B, 0x200F},  // without width; marks of direction
    {0x2028, 0x202E},  // line and paragraph separators; embeddings and overrides
    {0x2060, 0x206F},  // joiners, invisible operators, isolates
    {0x3164, 0x3164},  // Hangul filler
    {variation_selector_first, variation_selector_last},
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // Hangul filler
    {0xFFF0, 0xFFFB},    // unassigned; interlinear annotations
    {0x1BCA0, 0x1BCA3},  // shorthand controls
    {0x1D173, 0x1D17A},  // musical controls
    {0xE0000, 0xE0FFF},  // tags and further variation selectors
};

// What a variation selector stands behind where it only chooses between two looks.
bool is_symbol(char32_t c) {
  return (c >= 0x2010 && c <= 0x2BFF) || (c >= 0x3030 && c <= 0x3299) ||
         (c >= 0x1F000 && c <= 0x1FAFF);
}

struct Character {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool is_valid = true;
};

// The one at the front; `text` is not empty.
Character front_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {.value = lead};
  const std::size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const std::string_view whole = text.substr(0, bytes);
  if (whole.size() < bytes || !is_valid_utf8(whole)) return {.value = lead, .is_valid = false};
  char32_t value = lead & (0xFFU >> (bytes + 1));
  for (const char c : whole.substr(1)) value = (value << 6) | (static_cast<unsigned>(c) & 0x3FU);
  return {.value = value, .bytes = bytes};
}

std::string hexadecimal(std::uint32_t value, std::size_t digits_min) {
  std::string out;
  for (; value > 0 || out.size() < digits_min; value >>= 4) out += hex_digits[value & 0xFU];
  std::ranges::reverse(out);
  return out;
}

// `escaped` says how a hidden character is written.
std::string escaped_by(std::string_view text,
                       const std::function<std::string(const Character&)>& escaped) {
  std::string out;
  out.reserve(text.size());
  char32_t before = 0;
  while (!text.empty()) {
    const Character one = front_of(text);
    const bool chooses_look = one.value >= variation_selector_first &&
                              one.value <= variation_selector_last && is_symbol(before);
    if (one.is_valid && (!is_hidden(one.value) || chooses_look)) {
      out += text.substr(0, one.bytes);
    } else {
      out += escaped(one);
    }
    before = one.value;
    text.remove_prefix(one.bytes);
  }
  return out;
}

std::string for_people(const Character& one) {
  if (!one.is_valid) return "\\x{" + hexadecimal(one.value, 2) + "}";
  return "\\u{" + hexadecimal(one.value, 2) + "}";
}

}  // namespace

bool is_hidden(char32_t character) {
  return std::ranges::any_of(hidden_ranges, [character](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

bool has_hidden(std::string_view text) {
  while (!text.empty()) {
    const Character one = front_of(text);
    if (!one.is_valid || is_hidden(one.value)) return true;
    text.remove_prefix(one.bytes);
  }
  return false;
}

std::string escape_hidden(std::string_view text) {
  return escaped_by(text, [](const Character& one) -> std::string {
    if (one.value == '\n' || one.value == '\t') return {static_cast<char>(one.value)};
    return for_people(one);
  });
}

std::string escape_hidden_on_one_line(std::string_view text) {
  return escaped_by(text, [](const Character& one) -> std::string {
    switch (one.value) {
      case '\n': return "\\n";
      case '\r': return "\\r";
      case '\t': return "\\t";
      default: return for_people(one);
    }
  });
}

std::string escape_hidden_in_json(std::string_view document) {
  return escaped_by(document, [](const Character& one) -> std::string {
    // Between the values of a document; in a string these are escaped already.
    if (one.value < 0x20) return {static_cast<char>(one.value)};
    if (!one.is_valid) return "\\uFFFD";
    if (one.value < 0x10000) return "\\u" + hexadecimal(one.value, 4);
    const std::uint32_t above = one.value - 0x10000;
    return "\\u" + hexadecimal(0xD800 + (above >> 10), 4) + "\\u" +
           hexadecimal(0xDC00 + (above & 0x3FFU), 4);
  });
}

}  // namespace colonnade::base
