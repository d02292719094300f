// Identifiers in letters and digits: e-mail and IP addresses, IBANs, national ids with letters,
// passports, keys of cloud services.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/safety/detectors.hpp"

namespace colonnade::core {
namespace {

constexpr bool is_alphanumeric(char c) { return is_ascii_digit(c) || is_ascii_letter(c); }

SafetyMatch found(std::size_t begin, std::size_t end, SafetySeverity severity,
                  std::string_view name) {
  return {.begin = begin, .end = end, .severity = severity, .name = name};
}

}  // namespace

// --- e-mail addresses ---------------------------------------------------------------------------

namespace {

constexpr std::size_t local_part_bytes_max = 64;  // RFC 5321 §4.5.3.1
constexpr std::size_t domain_bytes_max = 255;

constexpr bool is_local_character(char c) {
  return is_ascii_word(c) || c == '.' || c == '%' || c == '+' || c == '-';
}

// Labels between dots, the last one of two letters or more. How many bytes; 0 for no domain.
std::size_t domain_length(std::string_view text) {
  std::size_t end = 0;
  const std::size_t most = std::min(text.size(), domain_bytes_max);
  while (end < most && (is_alphanumeric(text[end]) || text[end] == '-' || text[end] == '.')) ++end;
  while (end > 0 && !is_alphanumeric(text[end - 1])) --end;
  const std::string_view domain = text.substr(0, end);
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.find("..") != std::string_view::npos) {
    return 0;
  }
  const std::string_view top = domain.substr(dot + 1);
  const bool named = top.size() >= 2 && std::ranges::all_of(top, is_ascii_letter);
  return named && is_alphanumeric(domain.front()) ? end : 0;
}

}  // namespace

void find_emails(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && at - begin < local_part_bytes_max && is_local_character(text[begin - 1])) {
      --begin;
    }
    while (begin < at && text[begin] == '.') ++begin;
    if (begin == at || text[at - 1] == '.') continue;
    const std::size_t length = domain_length(text.substr(at + 1));
    if (length == 0) continue;
    out.push_back(found(begin, at + 1 + length, SafetySeverity::low, "email"));
  }
}

// --- IP addresses -------------------------------------------------------------------------------

namespace {

constexpr std::size_t address_bytes_max = 45;  // the longest text of an IPv6 address

constexpr bool is_address_character(char c) {
  return is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f') || c == '.' ||
         c == ':';
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return std::ranges::count(text, '.') == 3 && inet_pton(AF_INET, text.c_str(), &address) == 1;
}

// At least three groups, one of them with a digit: "a::b" is more often a name of a program's.
bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return std::ranges::count(text, ':') >= 3 && std::ranges::any_of(text, is_ascii_digit) &&
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace

void find_ip_addresses(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_address_character(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_address_character(text[at])) ++at;
    // The end of a sentence, or what a colon introduces, is no part of it.
    std::size_t end = at;
    while (end > begin && (text[end - 1] == '.' || text[end - 1] == ':')) --end;
    const std::size_t first = begin;
    if (end - first > address_bytes_max || end - first < 3) continue;
    if (!begins_word(text, first) || !ends_word(text, at)) continue;
    if (first > 0 && text[first - 1] == '-') continue;
    std::string token(text.substr(first, end - first));
    if (!is_ipv4(token) && !is_ipv6(token)) {
      const std::size_t port = token.find(':');  // 192.0.2.1:80
      if (port == std::string::npos) continue;
      token.resize(port);
      if (!is_ipv4(token)) continue;
    }
    out.push_back(found(first, first + token.size(), SafetySeverity::low, "ip_address"));
  }
}

// --- IBANs --------------------------------------------------------------------------------------

namespace {

struct IbanLength {
  std::string_view country{};
  std::size_t length = 0;
};
// The registry of ISO 13616.
constexpr std::array iban_lengths{
    IbanLength{"AD", 24}, IbanLength{"AE", 23}, IbanLength{"AL", 28}, IbanLength{"AT", 20},
    IbanLength{"AZ", 28}, IbanLength{"BA", 20}, IbanLength{"BE", 16}, IbanLength{"BG", 22},
    IbanLength{"BH", 22}, IbanLength{"BR", 29}, IbanLength{"BY", 28}, IbanLength{"CH", 21},
    IbanLength{"CR", 22}, IbanLength{"CY", 28}, IbanLength{"CZ", 24}, IbanLength{"DE", 22},
    IbanLength{"DK", 18}, IbanLength{"DO", 28}, IbanLength{"EE", 20}, IbanLength{"EG", 29},
    IbanLength{"ES", 24}, IbanLength{"FI", 18}, IbanLength{"FO", 18}, IbanLength{"FR", 27},
    IbanLength{"GB", 22}, IbanLength{"GE", 22}, IbanLength{"GI", 23}, IbanLength{"GL", 18},
    IbanLength{"GR", 27}, IbanLength{"GT", 28}, IbanLength{"HR", 21}, IbanLength{"HU", 28},
    IbanLength{"IE", 22}, IbanLength{"IL", 23}, IbanLength{"IQ", 23}, IbanLength{"IS", 26},
    IbanLength{"IT", 27}, IbanLength{"JO", 30}, IbanLength{"KW", 30}, IbanLength{"KZ", 20},
    IbanLength{"LB", 28}, IbanLength{"LC", 32}, IbanLength{"LI", 21}, IbanLength{"LT", 20},
    IbanLength{"LU", 20}, IbanLength{"LV", 21}, IbanLength{"MC", 27}, IbanLength{"MD", 24},
    IbanLength{"ME", 22}, IbanLength{"MK", 19}, IbanLength{"MR", 27}, IbanLength{"MT", 31},
    IbanLength{"MU", 30}, IbanLength{"NL", 18}, IbanLength{"NO", 15}, IbanLength{"PK", 24},
    IbanLength{"PL", 28}, IbanLength{"PS", 29}, IbanLength{"PT", 25}, IbanLength{"QA", 29},
    IbanLength{"RO", 24}, IbanLength{"RS", 22}, IbanLength{"SA", 24}, IbanLength{"SC", 31},
    IbanLength{"SE", 24}, IbanLength{"SI", 19}, IbanLength{"SK", 24}, IbanLength{"SM", 27},
    IbanLength{"ST", 25}, IbanLength{"SV", 28}, IbanLength{"TL", 23}, IbanLength{"TN", 24},
    IbanLength{"TR", 26}, IbanLength{"UA", 29}, IbanLength{"VA", 22}, IbanLength{"VG", 24},
    IbanLength{"XK", 20}};

constexpr int digit_value(char c) { return c - '0'; }
constexpr int letter_value(char c) { return ascii_lower(c) - 'a' + 10; }

// ISO 7064 MOD 97-10: the country and check digits moved behind, letters as two digits.
bool has_check_digits(std::string_view iban) {
  int rest = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    rest =
        is_ascii_digit(c) ? (rest * 10 + digit_value(c)) % 97 : (rest * 100 + letter_value(c)) % 97;
  }
  return rest == 1;
}

std::size_t iban_length(char first, char second) {
  const auto* const row = std::ranges::find_if(iban_lengths, [&](const IbanLength& one) {
    return ascii_lower(one.country[0]) == ascii_lower(first) &&
           ascii_lower(one.country[1]) == ascii_lower(second);
  });
  return row == iban_lengths.end() ? 0 : row->length;
}

}  // namespace

void find_ibans(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = 0; at + 4 < text.size(); ++at) {
    if (!is_ascii_letter(text[at]) || !is_ascii_letter(text[at + 1]) ||
        !is_ascii_digit(text[at + 2]) || !is_ascii_digit(text[at + 3]) || !begins_word(text, at)) {
      continue;
    }
    const std::size_t length = iban_length(text[at], text[at + 1]);
    std::string iban;
    std::size_t end = at;
    while (end < text.size() && iban.size() < length) {
      const bool separates = text[end] == ' ' || text[end] == '-';
      const bool between = separates && end > at && is_alphanumeric(text[end - 1]);
      if (is_alphanumeric(text[end])) {
        iban += text[end];
      } else if (!between) {
        break;
      }
      ++end;
    }
    if (length == 0 || iban.size() != length || !ends_word(text, end)) continue;
    if (has_check_digits(iban)) out.push_back(found(at, end, SafetySeverity::high, "iban"));
  }
}

// --- national ids with letters ------------------------------------------------------------------

namespace {

// A word from `at` on, of letters, digits and single blanks or dashes between them, without these.
struct Compact {
  std::array<char, 16> text{};
  std::size_t size = 0;
  std::size_t end = 0;  // in the text
  std::string_view view() const { return {text.data(), size}; }
};

std::optional<Compact> compact(std::string_view text, std::size_t at, std::size_t wanted) {
  Compact out;
  std::size_t i = at;
  while (i < text.size() && out.size < wanted) {
    if (is_alphanumeric(text[i])) {
      out.text[out.size++] = ascii_lower(text[i]);
    } else if ((text[i] != ' ' && text[i] != '-') || !is_alphanumeric(text[i - 1])) {
      return std::nullopt;
    }
    ++i;
  }
  out.end = i;
  if (out.size != wanted || !ends_word(text, i)) return std::nullopt;
  return out;
}

bool digits_between(std::string_view text, std::size_t from, std::size_t count) {
  return std::ranges::all_of(text.substr(from, count), is_ascii_digit);
}

// UK national insurance number: two letters, six digits, A to D.
bool is_nino(std::string_view id) {
  constexpr std::string_view never_first = "dfiquv";
  constexpr std::string_view never_second = "dfioquv";
  constexpr std::array<std::string_view, 7> unused{"bg", "gb", "kn", "nk", "nt", "tn", "zz"};
  return is_ascii_letter(id[0]) && is_ascii_letter(id[1]) && digits_between(id, 2, 6) &&
         id[8] >= 'a' && id[8] <= 'd' && !never_first.contains(id[0]) &&
         !never_second.contains(id[1]) &&
         std::ranges::find(unused, id.substr(0, 2)) == unused.end();
}

// Spanish DNI (eight digits and a check letter) and NIE (X, Y or Z for the first digit).
bool is_dni(std::string_view id) {
  constexpr std::string_view check_letters = "trwagmyfpdxbnjzsqvhlcke";
  const bool foreign = id[0] >= 'x' && id[0] <= 'z';
  if ((!foreign && !is_ascii_digit(id[0])) || !digits_between(id, 1, 7)) return false;
  int number = foreign ? id[0] - 'x' : digit_value(id[0]);
  for (std::size_t i = 1; i < 8; ++i) number = number * 10 + digit_value(id[i]);
  return id[8] == check_letters[static_cast<std::size_t>(number) % check_letters.size()];
}

// Italian codice fiscale: its 16th character checks the others.
bool is_codice_fiscale(std::string_view id) {
  constexpr std::string_view form = "aaaaaa00a00a000a";
  constexpr std::array<int, 26> odd{1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool letter = is_ascii_letter(id[i]);
    if (letter != (form[i] == 'a')) return false;
    const int value = letter ? id[i] - 'a' : digit_value(id[i]);
    if (i + 1 == form.size()) break;
    sum += i % 2 == 0 ? odd[static_cast<std::size_t>(value)] : value;
  }
  return id[15] - 'a' == sum % 26;
}

}  // namespace

void find_lettered_ids(std::string_view text, SafetyMatches& out) {
  constexpr std::size_t short_id = 9;
  constexpr std::size_t long_id = 16;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_alphanumeric(text[at]) || !begins_word(text, at)) continue;
    const auto nine = compact(text, at, short_id);
    if (nine && is_nino(nine->view())) {
      out.push_back(found(at, nine->end, SafetySeverity::high, "national_insurance_number"));
    } else if (nine && is_dni(nine->view())) {
      out.push_back(found(at, nine->end, SafetySeverity::high, "dni"));
    } else if (const auto whole = compact(text, at, long_id);
               whole && is_codice_fiscale(whole->view())) {
      out.push_back(found(at, whole->end, SafetySeverity::high, "codice_fiscale"));
    }
  }
}

// --- passports ----------------------------------------------------------------------------------

namespace {

constexpr std::string_view passport_word = "passport";
constexpr std::size_t passport_reach = 40;  // bytes between the word and the number
constexpr std::size_t mrz_line = 44;        // ICAO 9303, format TD3

bool same_at(std::string_view text, std::size_t at, std::string_view lower) {
  return text.size() - at >= lower.size() &&
         std::ranges::equal(text.substr(at, lower.size()), lower, {}, ascii_lower);
}

// One or two letters and six to eight digits, or nine digits, or a letter and eight.
bool is_passport_number(std::string_view word) {
  std::size_t letters = 0;
  while (letters < word.size() && is_ascii_upper(word[letters])) ++letters;
  const std::string_view digits = word.substr(letters);
  if (!std::ranges::all_of(digits, is_ascii_digit)) return false;
  if (letters == 0) return digits.size() == 9;
  return letters <= 2 && digits.size() >= 6 && digits.size() <= 8;
}

int mrz_value(char c) {
  if (is_ascii_digit(c)) return digit_value(c);
  return is_ascii_upper(c) ? letter_value(c) : 0;
}

bool mrz_checks(std::string_view field, char check) {
  constexpr std::array<int, 3> weights{7, 3, 1};
  int sum = 0;
  for (std::size_t i = 0; i < field.size(); ++i) sum += mrz_value(field[i]) * weights[i % 3];
  return is_ascii_digit(check) && sum % 10 == digit_value(check);
}

// The second line of a passport's machine-readable zone.
bool is_mrz_line(std::string_view line) {
  return mrz_checks(line.substr(0, 9), line[9]) && mrz_checks(line.substr(13, 6), line[19]) &&
         mrz_checks(line.substr(21, 6), line[27]);
}

constexpr bool is_mrz_character(char c) {
  return is_ascii_digit(c) || is_ascii_upper(c) || c == '<';
}

void find_machine_readable_zones(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_mrz_character(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_mrz_character(text[at])) ++at;
    if (at - begin == mrz_line && is_mrz_line(text.substr(begin, mrz_line))) {
      out.push_back(found(begin, at, SafetySeverity::high, "passport"));
    }
  }
}

}  // namespace

void find_passports(std::string_view text, SafetyMatches& out) {
  std::size_t reach_end = 0;  // where the last "passport" reaches to
  for (std::size_t at = 0; at < text.size();) {
    if (!is_alphanumeric(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_ascii_word(text[at])) ++at;
    if (same_at(text, begin, passport_word)) {
      reach_end = at + passport_reach;
    } else if (begin < reach_end && is_passport_number(text.substr(begin, at - begin))) {
      out.push_back(found(begin, at, SafetySeverity::high, "passport"));
    }
  }
  find_machine_readable_zones(text, out);
}

// --- keys of cloud services ---------------------------------------------------------------------

namespace {

struct KeyForm {
  std::string_view prefix{};
  std::size_t least = 0;  // characters behind it
  std::size_t most = 0;
  bool upper_only = false;
};
constexpr std::size_t key_bytes_max = 256;
constexpr std::array key_forms{
    KeyForm{"AKIA", 16, 16, true},
    KeyForm{"ASIA", 16, 16, true},
    KeyForm{"AIza", 35, 35},
    KeyForm{"ghp_", 36, key_bytes_max},
    KeyForm{"gho_", 36, key_bytes_max},
    KeyForm{"ghs_", 36, key_bytes_max},
    KeyForm{"ghu_", 36, key_bytes_max},
    KeyForm{"github_pat_", 22, key_bytes_max},
    KeyForm{"glpat-", 20, key_bytes_max},
    KeyForm{"sk-", 20, key_bytes_max},
    KeyForm{"sk_live_", 16, key_bytes_max},
    KeyForm{"rk_live_", 16, key_bytes_max},
    KeyForm{"xoxb-", 10, key_bytes_max},
    KeyForm{"xoxp-", 10, key_bytes_max},
    KeyForm{"hf_", 30, key_bytes_max},
    KeyForm{"ya29.", 20, key_bytes_max},
    KeyForm{"AccountKey=", 40, key_bytes_max},
};
constexpr std::array<std::string_view, 5> private_key_heads{
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----"};

constexpr bool is_key_character(char c) {
  return is_ascii_word(c) || c == '-' || c == '+' || c == '/' || c == '=' || c == '.';
}

// Random text has digits and letters mixed; words with dashes between them are somebody's name.
bool looks_random(std::string_view key) {
  return std::ranges::any_of(key, is_ascii_digit) && std::ranges::any_of(key, is_ascii_letter);
}

std::size_t key_length(std::string_view text, const KeyForm& form) {
  std::size_t size = 0;
  const std::size_t most = std::min(text.size(), form.most);
  while (size < most && (form.upper_only ? is_ascii_upper(text[size]) || is_ascii_digit(text[size])
                                         : is_key_character(text[size]))) {
    ++size;
  }
  while (size > 0 && text[size - 1] == '.') --size;
  const bool whole = size >= form.least && (form.most > form.least || ends_word(text, size));
  return whole ? size : 0;
}

}  // namespace

void find_cloud_keys(std::string_view text, SafetyMatches& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!begins_word(text, at)) continue;
    const std::string_view rest = text.substr(at);
    for (const KeyForm& form : key_forms) {
      if (!rest.starts_with(form.prefix)) continue;
      const std::string_view key = rest.substr(form.prefix.size());
      const std::size_t size = key_length(key, form);
      if (size == 0 || (!form.upper_only && !looks_random(key.substr(0, size)))) continue;
      out.push_back(found(at, at + form.prefix.size() + size, SafetySeverity::high, "cloud_key"));
      at += form.prefix.size() + size - 1;
      break;
    }
    if (!rest.starts_with("-----BEGIN")) continue;
    for (const std::string_view head : private_key_heads) {
      if (rest.starts_with(head)) {
        out.push_back(found(at, at + head.size(), SafetySeverity::high, "private_key"));
      }
    }
  }
}

}  // namespace colonnade::core
