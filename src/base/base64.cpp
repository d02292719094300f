#include "base/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace colonnade::base {
namespace {

constexpr std::string_view plain_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using DigitValues = std::array<int, 256>;

// Of each character what it counts; -1 for what is no digit.
constexpr DigitValues values_of(std::string_view digits) {
  DigitValues out{};
  out.fill(-1);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    out[static_cast<unsigned char>(digits[i])] = static_cast<int>(i);
  }
  return out;
}

constexpr DigitValues plain_values = values_of(plain_digits);
constexpr DigitValues url_values = values_of(url_digits);

std::string encoded(std::string_view bytes, std::string_view digits) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) out += digits[bits >> (count - 6) & 63];
  }
  if (count > 0) out += digits[bits << (6 - count) & 63];
  return out;
}

enum class LastBits : std::uint8_t { zero, any };

// Of digits without padding.
std::optional<std::string> decoded(std::string_view text, const DigitValues& values,
                                   LastBits last_bits) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = values[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  if (last_bits == LastBits::any) return out;
  const bool whole = text.size() % 4 != 1 && (bits & ((1U << count) - 1)) == 0;
  return whole ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out = encoded(bytes, plain_digits);
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::string to_base64url(std::string_view bytes) { return encoded(bytes, url_digits); }

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decoded(text, plain_values, LastBits::zero);
}

std::optional<std::string> from_loose_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return decoded(text, plain_values, LastBits::any);
}

std::optional<std::string> from_base64url(std::string_view text) {
  return decoded(text, url_values, LastBits::zero);
}

}  // namespace colonnade::base
