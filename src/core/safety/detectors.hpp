// The scanners of the safety filter, one a kind of data. For safety_filter.cpp.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/safety/safety_finding.hpp"

namespace colonnade::core {

// Where something was found.
struct SafetyMatch {
  std::size_t begin = 0;
  std::size_t end = 0;
  SafetyType type = SafetyType::pii;
  SafetySeverity severity = SafetySeverity::low;
  std::string_view name{};  // a literal
};
using SafetyMatches = std::vector<SafetyMatch>;

// Each adds what it finds, in order of place. Every one is linear in the text.
void find_emails(std::string_view text, SafetyMatches& out);
void find_ip_addresses(std::string_view text, SafetyMatches& out);
// Card numbers (Luhn), telephone numbers, and those national ids that are written in digits.
void find_numbers(std::string_view text, SafetyMatches& out);
// National ids that have letters in them.
void find_lettered_ids(std::string_view text, SafetyMatches& out);
void find_ibans(std::string_view text, SafetyMatches& out);
void find_passports(std::string_view text, SafetyMatches& out);
void find_cloud_keys(std::string_view text, SafetyMatches& out);
void find_injections(std::string_view text, SafetyMatches& out);

// --- what they share ---

constexpr bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_ascii_letter(char c) { return is_ascii_upper(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_ascii_word(char c) { return is_ascii_digit(c) || is_ascii_letter(c) || c == '_'; }
constexpr char ascii_lower(char c) {
  return is_ascii_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
// Whether a word may begin at `at`: no letter, digit or underscore stands before it.
constexpr bool begins_word(std::string_view text, std::size_t at) {
  return at == 0 || !is_ascii_word(text[at - 1]);
}
constexpr bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || !is_ascii_word(text[at]);
}

}  // namespace colonnade::core
