// What is written in digits: card numbers, telephone numbers, national ids.
//
// The text is cut into rows of digits with single separators between their groups; each row is
// looked at group by group. A group or a row that is longer than anything of interest is none.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/safety/detectors.hpp"

namespace colonnade::core {
namespace {

constexpr std::size_t digits_max = 19;  // of the longest card number

struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
  char before = 0;  // what separates it from the group before; 0 for the first
  std::size_t size() const { return end - begin; }
};

constexpr bool is_separator(char c) { return c == ' ' || c == '-' || c == '.'; }

SafetyMatch number_found(std::size_t begin, std::size_t end, SafetySeverity severity,
                         std::string_view name) {
  return {.begin = begin, .end = end, .severity = severity, .name = name};
}

std::string digits_of(std::string_view text, std::span<const Group> groups) {
  std::string out;
  for (const Group& group : groups) out += text.substr(group.begin, group.size());
  return out;
}

int digit(char c) { return c - '0'; }

// Whether the groups are of these sizes.
bool has_sizes(std::span<const Group> groups, std::initializer_list<std::size_t> sizes) {
  return std::ranges::equal(groups, sizes, {}, &Group::size);
}

bool separated_by(std::span<const Group> groups, std::initializer_list<char> separators) {
  return std::ranges::equal(groups.subspan(1), separators, {}, &Group::before);
}

// --- cards --------------------------------------------------------------------------------------

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, doubled = !doubled) {
    int value = digit(*at);
    if (doubled) value = value < 5 ? value * 2 : value * 2 - 9;
    sum += value;
  }
  return sum % 10 == 0;
}

int prefix_of(std::string_view digits, std::size_t count) {
  int out = 0;
  for (const char c : digits.substr(0, count)) out = out * 10 + digit(c);
  return out;
}

constexpr bool in_range(int value, int from, int to) { return value >= from && value <= to; }

// The prefixes that the card schemes hand out, and the lengths that go with them.
bool has_card_prefix(std::string_view digits) {
  const std::size_t size = digits.size();
  const int two = prefix_of(digits, 2);
  const int three = prefix_of(digits, 3);
  const int four = prefix_of(digits, 4);
  if (digits[0] == '4') return size == 13 || size == 16 || size == 19;         // Visa
  if (in_range(two, 51, 55) || in_range(four, 2221, 2720)) return size == 16;  // Mastercard
  if (two == 34 || two == 37) return size == 15;                               // American Express
  if (two == 36 || two == 38 || in_range(three, 300, 305)) return size == 14;  // Diners Club
  if (four == 6011 || two == 65 || in_range(three, 644, 649)) return size >= 16;  // Discover
  if (in_range(four, 3528, 3589)) return size >= 16;                              // JCB
  return two == 62 && size >= 16;                                                 // UnionPay
}

// Cards are written in one piece, in fours, or as American Express does.
bool has_card_form(std::span<const Group> groups) {
  if (groups.size() == 1) return true;
  if (has_sizes(groups, {4, 6, 5}) || has_sizes(groups, {4, 6, 4})) return true;
  const auto fours = groups.first(groups.size() - 1);
  return std::ranges::all_of(fours, [](const Group& one) { return one.size() == 4; }) &&
         groups.back().size() <= 4;
}

// --- national ids -------------------------------------------------------------------------------

// United States: never 000, 666 or 9xx, nor zeros in the other groups (SSA).
bool is_ssn(std::string_view digits) {
  const int area = prefix_of(digits, 3);
  return area != 0 && area != 666 && area < 900 && digits.substr(3, 2) != "00" &&
         digits.substr(5) != "0000";
}

// Brazil: two check digits by MOD 11.
bool is_cpf(std::string_view digits) {
  if (std::ranges::all_of(digits, [&](char c) { return c == digits[0]; })) return false;
  for (std::size_t checked = 9; checked < 11; ++checked) {
    int sum = 0;
    for (std::size_t i = 0; i < checked; ++i) {
      sum += digit(digits[i]) * static_cast<int>(checked + 1 - i);
    }
    if (sum * 10 % 11 % 10 != digit(digits[checked])) return false;
  }
  return true;
}

// India: the last digit checks the others by Verhoeff's scheme.
bool is_aadhaar(std::string_view digits) {
  constexpr std::array<std::array<int, 10>, 10> multiply{{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                                          {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
                                                          {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
                                                          {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
                                                          {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
                                                          {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
                                                          {6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
                                                          {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
                                                          {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
                                                          {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}};
  constexpr std::array<int, 10> step{1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  int check = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digit(digits[digits.size() - 1 - i]);
    for (std::size_t times = 0; times < i % 8; ++times)
      value = step[static_cast<std::size_t>(value)];
    check = multiply[static_cast<std::size_t>(check)][static_cast<std::size_t>(value)];
  }
  return check == 0 && digits[0] > '1';
}

// France: sex, year, month, department, commune, order, and a key that checks them by MOD 97.
bool is_nir(std::string_view digits) {
  if (digits[0] != '1' && digits[0] != '2') return false;
  const int month = digit(digits[3]) * 10 + digit(digits[4]);
  if (month == 0 || (month > 12 && month < 20)) return false;
  std::int64_t number = 0;
  for (const char c : digits.substr(0, 13)) number = number * 10 + digit(c);
  return 97 - number % 97 == prefix_of(digits.substr(13), 2);
}

// The name of the national id that the groups are, as that country writes it; "" for none.
std::string_view national_id(std::string_view digits, std::span<const Group> groups) {
  switch (digits.size()) {
    case 9:
      if (has_sizes(groups, {3, 2, 4}) &&
          (separated_by(groups, {'-', '-'}) || separated_by(groups, {' ', ' '})) &&
          is_ssn(digits)) {
        return "ssn";
      }
      return "";
    case 11:
      return has_sizes(groups, {3, 3, 3, 2}) && separated_by(groups, {'.', '.', '-'}) &&
                     is_cpf(digits)
                 ? "cpf"
                 : "";
    case 12: return has_sizes(groups, {4, 4, 4}) && is_aadhaar(digits) ? "aadhaar" : "";
    case 15: {
      const bool written = groups.size() == 1 || has_sizes(groups, {1, 2, 2, 2, 3, 3, 2}) ||
                           has_sizes(groups, {13, 2});
      return written && is_nir(digits) ? "nir" : "";
    }
    default: return "";
  }
}

// --- rows of groups -----------------------------------------------------------------------------

struct Row {
  std::vector<Group> groups{};
  std::size_t begin = 0;  // with a plus sign or a bracket before it
  bool plus = false;
  bool bracketed = false;  // the first group stands in brackets
};

// Adds what a window of groups is; true when it was something.
bool judge_window(std::string_view text, std::span<const Group> groups, SafetyMatches& out) {
  const std::string digits = digits_of(text, groups);
  const std::size_t begin = groups.front().begin;
  const std::size_t end = groups.back().end;
  if (const std::string_view name = national_id(digits, groups); !name.empty()) {
    out.push_back(number_found(begin, end, SafetySeverity::high, name));
    return true;
  }
  const bool card = digits.size() >= 13 && has_card_prefix(digits) && has_card_form(groups) &&
                    passes_luhn(digits);
  if (card) out.push_back(number_found(begin, end, SafetySeverity::high, "credit_card"));
  return card;
}

// Numbers as they are dialled: with the country, or as North America or Europe writes them. What
// else has that many digits is an amount, a date, an order number.
bool is_phone(std::string_view text, const Row& row) {
  const std::span<const Group> groups(row.groups);
  const std::string digits = digits_of(text, groups);
  if (row.plus) return digits.size() >= 8 && digits.size() <= 15 && digits[0] != '0';
  const bool american = has_sizes(groups, {3, 3, 4}) && digits[0] >= '2' && digits[3] >= '2';
  const bool with_one = has_sizes(groups, {1, 3, 3, 4}) && digits[0] == '1' && digits[1] >= '2';
  if (american || with_one) return true;
  const bool national = digits[0] == '0' && digits.size() >= 10 && digits.size() <= 11;
  return national && groups.size() >= 2 && groups.front().size() >= 2 &&
         row.groups[1].before != '.';
}

void judge_row(std::string_view text, const Row& row, SafetyMatches& out) {
  bool any = false;
  const std::span<const Group> groups(row.groups);
  for (std::size_t first = 0; first < groups.size();) {
    std::size_t taken = 0;
    std::size_t digits = 0;
    for (std::size_t count = 1; first + count <= groups.size(); ++count) {
      digits += groups[first + count - 1].size();
      if (digits > digits_max) break;
      if (judge_window(text, groups.subspan(first, count), out)) taken = count;
      if (taken > 0) break;
    }
    any = any || taken > 0;
    first += std::max<std::size_t>(taken, 1);
  }
  if (any || groups.empty() || !is_phone(text, row)) return;
  out.push_back(number_found(row.begin, groups.back().end, SafetySeverity::medium, "phone"));
}

// Reads the group of digits at `at`; moves `at` behind it.
Group read_group(std::string_view text, std::size_t& at, char before) {
  Group out{.begin = at, .end = at, .before = before};
  while (at < text.size() && is_ascii_digit(text[at])) ++at;
  out.end = at;
  return out;
}

// Where the next group of the row begins, 0 when the row ends at `at`. A closing bracket and a
// blank may stand between the first two groups of a telephone number.
std::size_t next_group(std::string_view text, std::size_t at, Row& row) {
  std::size_t next = at;
  if (row.bracketed && row.groups.size() == 1 && next < text.size() && text[next] == ')') {
    ++next;
    if (next < text.size() && is_ascii_digit(text[next])) return next;
  }
  if (next >= text.size() || !is_separator(text[next])) return 0;
  ++next;
  return next < text.size() && is_ascii_digit(text[next]) ? next : 0;
}

Row read_row(std::string_view text, std::size_t& at) {
  Row row{.begin = at};
  if (at > 0 && text[at - 1] == '(') {
    row.bracketed = true;
    row.begin = at - 1;
  }
  if (row.begin > 0 && text[row.begin - 1] == '+') {
    row.plus = true;
    --row.begin;
  }
  row.groups.push_back(read_group(text, at, 0));
  for (std::size_t next = next_group(text, at, row); next != 0; next = next_group(text, at, row)) {
    const char before = text[next - 1] == ')' ? ' ' : text[next - 1];
    at = next;
    row.groups.push_back(read_group(text, at, before));
  }
  return row;
}

}  // namespace

void find_numbers(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_ascii_digit(text[at])) {
      ++at;
      continue;
    }
    const bool whole = begins_word(text, at);
    Row row = read_row(text, at);
    if (!ends_word(text, at)) row.groups.pop_back();  // 12 of "12 34a"
    if (!whole && !row.groups.empty()) row.groups.erase(row.groups.begin());
    judge_row(text, row, out);
  }
}

}  // namespace colonnade::core
