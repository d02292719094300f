#include "gate/python.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>

#include "base/decimal.hpp"
#include "gate/canonical.hpp"

namespace colonnade::gate::python {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

// One code point of valid UTF-8 at the front of `text`, which must not be empty.
struct CodePoint {
  std::uint32_t value;
  std::size_t bytes;
};

CodePoint code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
          4};
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out.push_back(hex_digits[value >> shift & 15]);
  }
}

void append_json_text(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const auto [value, bytes] = code_point(text);
    switch (value) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        if (value >= 0x20 && value < 0x7F) {
          out.push_back(static_cast<char>(value));
        } else if (value < 0x10000) {
          append_hex(out.append("\\u"), value, 4);
        } else {
          append_hex(out.append("\\u"), 0xD800 + ((value - 0x10000) >> 10), 4);
          append_hex(out.append("\\u"), 0xDC00 + ((value - 0x10000) & 0x3FF), 4);
        }
    }
    text.remove_prefix(std::min(bytes, text.size()));
  }
  out.push_back('"');
}

// repr(float)
void append_real(std::string& out, double number) {
  const base::Decimal decimal = base::shortest_decimal(number);
  constexpr int exponent_min = -4;
  constexpr int exponent_end = 16;
  if (decimal.digits != "0" &&
      (decimal.exponent < exponent_min || decimal.exponent >= exponent_end)) {
    if (decimal.negative) out.push_back('-');
    out.push_back(decimal.digits.front());
    if (decimal.digits.size() > 1) out.append(".").append(decimal.digits, 1);
    out.append(decimal.exponent < 0 ? "e-" : "e+");
    const int size = std::abs(decimal.exponent);
    if (size < 10) out.push_back('0');
    out.append(std::to_string(size));
    return;
  }
  base::append_fixed(out, decimal);
  const auto whole = static_cast<std::size_t>(std::max(decimal.exponent, 0)) + 1;
  if (decimal.exponent >= 0 && decimal.digits.size() <= whole) out.append(".0");
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

bool is_in(std::uint32_t value, std::span<const Range> ranges) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return value >= range.first && value <= range.last; });
}

// Separators, controls, format characters and private use: repr() escapes them.
constexpr std::array<Range, 24> without_glyph = {
    {{0x00, 0x1F},       {0x7F, 0xA0},       {0xAD, 0xAD},       {0x600, 0x605},
     {0x61C, 0x61C},     {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x8E2, 0x8E2},
     {0x1680, 0x1680},   {0x180E, 0x180E},   {0x2000, 0x200F},   {0x2028, 0x202F},
     {0x205F, 0x2064},   {0x2066, 0x206F},   {0x3000, 0x3000},   {0xE000, 0xF8FF},
     {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
     {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0001, 0x10FFFF}}};

void append_repr_text(std::string& out, std::string_view text) {
  const bool double_quotes = text.contains('\'') && !text.contains('"');
  const char quote = double_quotes ? '"' : '\'';
  out.push_back(quote);
  while (!text.empty()) {
    const auto [value, bytes] = code_point(text);
    if (value == static_cast<std::uint32_t>(quote) || value == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(value));
    } else if (value == '\n') {
      out.append("\\n");
    } else if (value == '\r') {
      out.append("\\r");
    } else if (value == '\t') {
      out.append("\\t");
    } else if (!is_in(value, without_glyph)) {
      out.append(text.substr(0, bytes));
    } else if (value < 0x100) {
      append_hex(out.append("\\x"), value, 2);
    } else if (value < 0x10000) {
      append_hex(out.append("\\u"), value, 4);
    } else {
      append_hex(out.append("\\U"), value, 8);
    }
    text.remove_prefix(std::min(bytes, text.size()));
  }
  out.push_back(quote);
}

void append_repr(std::string& out, const Value& value) {
  if (const auto* text = value.text()) {
    append_repr_text(out, *text);
  } else if (const auto* integer = value.integer()) {
    out.append(integer->digits);
  } else if (const auto* real = value.real()) {
    append_real(out, *real);
  } else if (const auto* flag = value.boolean()) {
    out.append(*flag ? "True" : "False");
  } else if (const auto* items = value.array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out.append(", ");
      append_repr(out, (*items)[i]);
    }
    out.push_back(']');
  } else if (const auto* members = value.object()) {
    out.push_back('{');
    for (std::size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out.append(", ");
      append_repr_text(out, (*members)[i].key);
      out.append(": ");
      append_repr(out, (*members)[i].value);
    }
    out.push_back('}');
  } else {
    out.append("None");
  }
}

// The zero of every set of decimal digits in Unicode 14; nine more follow each.
constexpr std::array<std::uint32_t, 65> digit_zeros = {
    0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,
    0xCE6,   0xD66,   0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,
    0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
    0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

std::string with_ascii_digits(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [value, bytes] = code_point(text);
    const auto zero = std::ranges::find_if(
        digit_zeros, [&](std::uint32_t first) { return value >= first && value < first + 10; });
    if (zero != digit_zeros.end()) {
      out.push_back(static_cast<char>('0' + (value - *zero)));
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(std::min(bytes, text.size()));
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x | 0x20) == y; });
}

// Takes digits with single underscores between them from the front. False when none is there.
bool take_digits(std::string_view& text, std::string& out) {
  if (text.empty() || !is_digit(text.front())) return false;
  while (!text.empty()) {
    if (is_digit(text.front())) {
      out.push_back(text.front());
      text.remove_prefix(1);
    } else if (text.size() > 1 && text.front() == '_' && is_digit(text[1])) {
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  return true;
}

// A number in the grammar of float(), sign taken off already, as text for from_chars.
std::optional<std::string> plain_number(std::string_view text) {
  std::string out;
  bool digits = take_digits(text, out);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits) out.push_back('0');
    out.push_back('.');
    if (take_digits(text, out)) {
      digits = true;
    } else {
      out.push_back('0');
    }
  }
  if (!digits) return std::nullopt;
  if (!text.empty() && (text.front() | 0x20) == 'e') {
    text.remove_prefix(1);
    out.push_back('e');
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
      out.push_back(text.front());
      text.remove_prefix(1);
    }
    if (!take_digits(text, out)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return out;
}

std::optional<double> number_of_text(std::string_view given) {
  const std::string ascii = with_ascii_digits(strip(given));
  std::string_view text = ascii;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto with_sign = [&](double size) { return negative ? -size : size; };
  if (equal_ignoring_case(text, "inf") || equal_ignoring_case(text, "infinity")) {
    return with_sign(std::numeric_limits<double>::infinity());
  }
  if (equal_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  const auto plain = plain_number(text);
  if (!plain) return std::nullopt;
  double out = 0;
  const auto parsed = std::from_chars(plain->data(), plain->data() + plain->size(), out);
  // from_chars leaves the number alone when it is too large or too small; strtod tells which.
  if (parsed.ec == std::errc::result_out_of_range) out = std::strtod(plain->c_str(), nullptr);
  return with_sign(out);
}

// Whole numbers as digits, so that integers of any size compare exactly.
std::optional<std::string> whole_digits(const Value& value) {
  if (const auto* flag = value.boolean()) return *flag ? "1" : "0";
  if (const auto* integer = value.integer()) return integer->digits;
  return std::nullopt;
}

bool equal_to_real(const std::string& digits, double real) {
  if (std::trunc(real) != real) return false;
  if (real == 0) return digits == "0";
  std::array<char, 512> exact{};  // longest: a sign and 309 digits
  const auto end = std::to_chars(exact.begin(), exact.end(), real, std::chars_format::fixed, 0).ptr;
  return digits == std::string_view(exact.data(), static_cast<std::size_t>(end - exact.data()));
}

bool equal_objects(const Value& a, const Value& b) {
  const auto* left = a.object();
  const auto* right = b.object();
  if (left == nullptr || right == nullptr || left->size() != right->size()) return false;
  return std::ranges::all_of(*left, [&](const auto& member) {
    const Value* other = b.find(member.key);
    return other != nullptr && equal(member.value, *other);
  });
}

}  // namespace

void append_compact(std::string& out, const Value& value) {
  if (const auto* text = value.text()) {
    append_canonical(out, std::string_view(*text));
  } else if (const auto* items = value.array()) {
    out.push_back('[');
    for (const Value& item : *items) {
      append_compact(out, item);
      out.push_back(',');
    }
    if (!items->empty()) out.pop_back();
    out.push_back(']');
  } else if (const auto* members = value.object()) {
    out.push_back('{');
    for (const Value::Member& member : *members) {
      append_canonical(out, std::string_view(member.key));
      append_compact(out.append(":"), member.value);
      out.push_back(',');
    }
    if (!members->empty()) out.pop_back();
    out.push_back('}');
  } else {
    append_json(out, value);
  }
}

std::string compact(const Value& value) {
  std::string out;
  append_compact(out, value);
  return out;
}

void append_json(std::string& out, const Value& value) {
  if (const auto* text = value.text()) {
    append_json_text(out, *text);
  } else if (const auto* integer = value.integer()) {
    out.append(integer->digits);
  } else if (const auto* real = value.real()) {
    append_real(out, *real);
  } else if (const auto* flag = value.boolean()) {
    out.append(*flag ? "true" : "false");
  } else if (const auto* items = value.array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out.append(", ");
      append_json(out, (*items)[i]);
    }
    out.push_back(']');
  } else if (const auto* members = value.object()) {
    out.push_back('{');
    for (std::size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out.append(", ");
      append_json_text(out, (*members)[i].key);
      out.append(": ");
      append_json(out, (*members)[i].value);
    }
    out.push_back('}');
  } else {
    out.append("null");
  }
}

std::string json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string str(const Value& value) {
  if (const auto* text = value.text()) return *text;
  std::string out;
  append_repr(out, value);
  return out;
}

std::optional<double> number(const Value& value) {
  if (const auto* real = value.real()) return *real;
  if (const auto* flag = value.boolean()) return *flag ? 1.0 : 0.0;
  if (const auto* integer = value.integer()) {
    double out = 0;
    const auto& digits = integer->digits;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (parsed.ec != std::errc::result_out_of_range) return out;
    const double infinity = std::numeric_limits<double>::infinity();
    return digits.starts_with('-') ? -infinity : infinity;
  }
  if (const auto* text = value.text()) return number_of_text(*text);
  return std::nullopt;
}

bool equal(const Value& a, const Value& b) {
  if (a.text() != nullptr || b.text() != nullptr) {
    return a.text() != nullptr && b.text() != nullptr && *a.text() == *b.text();
  }
  const auto left = whole_digits(a);
  const auto right = whole_digits(b);
  if (left && right) return *left == *right;
  if (left && b.real() != nullptr) return equal_to_real(*left, *b.real());
  if (right && a.real() != nullptr) return equal_to_real(*right, *a.real());
  if (a.real() != nullptr && b.real() != nullptr) return *a.real() == *b.real();
  if (a.array() != nullptr && b.array() != nullptr) {
    return std::ranges::equal(*a.array(), *b.array(), equal);
  }
  if (a.object() != nullptr) return equal_objects(a, b);
  return a.is_null() && b.is_null();
}

bool truthy(const Value& value) {
  if (const auto* flag = value.boolean()) return *flag;
  if (const auto* integer = value.integer()) return integer->digits != "0";
  if (const auto* real = value.real()) return *real != 0;
  if (const auto* text = value.text()) return !text->empty();
  if (const auto* items = value.array()) return !items->empty();
  if (const auto* members = value.object()) return !members->empty();
  return false;
}

std::string_view strip(std::string_view text) {
  constexpr std::array<Range, 8> spaces = {{{0x09, 0x0D},
                                            {0x1C, 0x20},
                                            {0x85, 0x85},
                                            {0xA0, 0xA0},
                                            {0x1680, 0x1680},
                                            {0x2000, 0x200A},
                                            {0x2028, 0x2029},
                                            {0x202F, 0x202F}}};
  const auto is_space = [&](std::uint32_t value) {
    return is_in(value, spaces) || value == 0x205F || value == 0x3000;
  };
  while (!text.empty()) {
    const auto [value, bytes] = code_point(text);
    if (!is_space(value)) break;
    text.remove_prefix(std::min(bytes, text.size()));
  }
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!is_space(code_point(text.substr(last)).value)) break;
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace colonnade::gate::python
