#include "gate/python_pattern.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace colonnade::gate {
namespace {

constexpr std::uint32_t ascii_end = 0x80;
constexpr std::uint32_t code_point_max = 0x10FFFF;
constexpr std::uint32_t octal_max = 0377;
constexpr std::size_t repeat_max = 1000;  // RE2's own
constexpr std::size_t count_digits_max = 9;

bool is_letter(std::uint32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_decimal(std::uint32_t c) { return c >= '0' && c <= '9'; }
bool is_octal(std::uint32_t c) { return c >= '0' && c <= '7'; }
bool is_one_of(std::uint32_t c, std::string_view letters) {
  return c < ascii_end && letters.contains(static_cast<char>(c));
}

std::string in_quotes(std::string_view part) { return "\"" + std::string(part) + "\""; }

// The text as code points; nothing is ever half read.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {}

  bool at_end() const { return position_ == text_.size(); }
  std::size_t position() const { return position_; }
  void go_back_to(std::size_t position) { position_ = position; }
  std::string_view since(std::size_t begin) const { return text_.substr(begin, position_ - begin); }
  // 0 at the end; a NUL in the text is no special character either.
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  std::uint32_t get() {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
      const std::size_t at = position_ + i;
      return at < text_.size() ? static_cast<unsigned char>(text_[at]) : 0U;
    };
    const std::uint32_t lead = byte(0);
    std::uint32_t value = lead;
    std::size_t bytes = 1;
    if (lead >= 0xF0) {
      value =
          (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
      bytes = 4;
    } else if (lead >= 0xE0) {
      value = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
      bytes = 3;
    } else if (lead >= 0xC0) {
      value = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
      bytes = 2;
    }
    position_ = std::min(position_ + bytes, text_.size());
    return value;
  }
  // Up to `most` characters that `fits` accepts.
  template <class Predicate>
  std::string_view take_while(std::size_t most, Predicate fits) {
    const std::size_t begin = position_;
    while (!at_end() && position_ - begin < most &&
           fits(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
    return since(begin);
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

bool is_hexadecimal(std::uint32_t c) {
  return is_decimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::uint32_t number_of(std::string_view digits, int base) {
  std::uint32_t out = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return out;
}

// A character, or a class such as \d.
struct Item {
  std::uint32_t character = 0;
  char category = '\0';  // of "dDsSwW"; 0 for a character
};

class Translator {
 public:
  explicit Translator(std::string_view expression) : source_(expression) {}

  TranslatedPattern translate() {
    while (!source_.at_end()) step();
    if (open_.size() > 1) throw MalformedPattern{"missing ), unterminated group"};
    return {.expression = std::move(out_), .beyond_ascii = beyond_ascii_};
  }

 private:
  // What a repetition would repeat.
  enum class Last { nothing, position, item, repetition };

  struct Group {
    bool ignores_case = false;
  };

  bool ignores_case() const { return open_.back().ignores_case; }

  void step() {
    const std::size_t begin = source_.position();
    const std::uint32_t c = source_.get();
    if (c != '(') at_start_ = false;
    switch (c) {
      case '\\': return escape(begin);
      case '[': return character_class();
      case '(': return open_group(begin);
      case ')': return close_group();
      case '.': return item(".");
      case '^': return position("\\A");
      case '$': return position("\\z");
      case '|':
        out_.push_back('|');
        last_ = Last::nothing;
        return;
      case '*': return repeat(0, std::nullopt);
      case '+': return repeat(1, std::nullopt);
      case '?': return repeat(0, 1);
      case '{': return braces(begin);
      default: return literal(c);
    }
  }

  void item(std::string_view text) {
    out_.append(text);
    last_ = Last::item;
  }
  void position(std::string_view text) {
    out_.append(text);
    last_ = Last::position;
  }

  // --- characters ---------------------------------------------------------------------------

  void append_character(std::uint32_t c) {
    if (c >= ascii_end) c = 0xFFFD;  // as good as any that is not in the text
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), c, 16).ptr;
    out_.append("\\x{").append(digits.begin(), end).append("}");
  }

  void note_beyond_ascii(std::uint32_t c) {
    if (c < ascii_end) return;
    // Python takes some of them for letters of ASCII then.
    if (ignores_case()) {
      throw UnsupportedPattern{"characters beyond ASCII together with the flag i"};
    }
    beyond_ascii_ = true;
  }

  void literal(std::uint32_t c) {
    note_beyond_ascii(c);
    if (is_letter(c) || is_decimal(c)) {
      out_.push_back(static_cast<char>(c));
    } else {
      append_character(c);
    }
    last_ = Last::item;
  }

  [[noreturn]] void bad_escape(std::size_t begin) const {
    throw MalformedPattern{"bad escape " + in_quotes(source_.since(begin))};
  }

  std::uint32_t hexadecimal(std::size_t begin, std::size_t digits) {
    const std::string_view found = source_.take_while(digits, is_hexadecimal);
    if (found.size() != digits) {
      throw MalformedPattern{"incomplete escape " + in_quotes(source_.since(begin))};
    }
    const std::uint32_t out = number_of(found, 16);
    if (out > code_point_max) bad_escape(begin);
    return out;
  }

  // Behind a backslash, what means the same in a class and outside; `begin` is the backslash.
  std::uint32_t escaped_character(std::uint32_t c, std::size_t begin) {
    switch (c) {
      case 'a': return '\a';
      case 'f': return '\f';
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'v': return '\v';
      case 'x': return hexadecimal(begin, 2);
      case 'u': return hexadecimal(begin, 4);
      case 'U': return hexadecimal(begin, 8);
      case 'N': throw UnsupportedPattern{"characters by name, \\N{…}"};
      default: break;
    }
    if (is_letter(c)) bad_escape(begin);
    return c;
  }

  std::uint32_t octal(std::string_view digits, std::size_t begin) const {
    const std::uint32_t out = number_of(digits, 8);
    if (out > octal_max) {
      throw MalformedPattern{"octal escape " + in_quotes(source_.since(begin)) + " is above \\377"};
    }
    return out;
  }

  void digit_escape(std::uint32_t first, std::size_t begin) {
    const std::size_t digits = begin + 1;
    if (first == '0') {
      source_.take_while(2, is_octal);
      return literal(octal(source_.since(digits), begin));
    }
    const std::string_view second = source_.take_while(1, is_decimal);
    if (!second.empty() && is_octal(first) && is_octal(static_cast<unsigned char>(second[0])) &&
        !source_.take_while(1, is_octal).empty()) {
      return literal(octal(source_.since(digits), begin));
    }
    if (number_of(source_.since(digits), 10) > groups_) {
      throw MalformedPattern{"invalid group reference " + in_quotes(source_.since(begin))};
    }
    throw UnsupportedPattern{"back references"};
  }

  void escape(std::size_t begin) {
    if (source_.at_end()) throw MalformedPattern{"bad escape at the end"};
    const std::uint32_t c = source_.get();
    switch (c) {
      case 'A': return position("\\A");
      case 'Z': return position("\\z");
      case 'b': return position("\\b");
      case 'B': return position("\\B");
      default: break;
    }
    if (is_one_of(c, "dDsSwW")) return item(source_.since(begin));
    if (is_decimal(c)) return digit_escape(c, begin);
    literal(escaped_character(c, begin));
  }

  // --- classes ------------------------------------------------------------------------------

  Item class_item() {
    const std::size_t begin = source_.position();
    if (source_.at_end()) throw MalformedPattern{"unterminated character set"};
    std::uint32_t c = source_.get();
    if (c != '\\') return {.character = c};
    if (source_.at_end()) throw MalformedPattern{"bad escape at the end"};
    c = source_.get();
    if (is_one_of(c, "dDsSwW")) return {.category = static_cast<char>(c)};
    if (c == 'b') return {.character = '\b'};
    if (is_octal(c)) {
      source_.take_while(2, is_octal);
      return {.character = octal(source_.since(begin + 1), begin)};
    }
    if (is_decimal(c)) bad_escape(begin);
    return {.character = escaped_character(c, begin)};
  }

  void append_item(const Item& one) {
    if (one.category != '\0') {
      out_.append("\\").push_back(one.category);
    } else {
      note_beyond_ascii(one.character);
      append_character(one.character);
    }
  }

  void append_range(const Item& first, const Item& last, std::string_view text) {
    if (first.category != '\0' || last.category != '\0' || last.character < first.character) {
      throw MalformedPattern{"bad character range " + in_quotes(text)};
    }
    note_beyond_ascii(last.character);
    if (first.character < ascii_end) {
      append_character(first.character);
      out_.push_back('-');
      append_character(std::min(last.character, ascii_end - 1));
    }
    if (last.character >= ascii_end) append_character(last.character);
  }

  void character_class() {
    out_.push_back('[');
    if (source_.take('^')) out_.push_back('^');
    for (bool first = true;; first = false) {
      if (!first && source_.take(']')) break;
      const std::size_t begin = source_.position();
      const Item one = class_item();
      if (!source_.take('-')) {
        append_item(one);
        continue;
      }
      if (source_.take(']')) {
        append_item(one);
        append_character('-');
        break;
      }
      const Item other = class_item();
      append_range(one, other, source_.since(begin));
    }
    item("]");
  }

  // --- groups -------------------------------------------------------------------------------

  void open(bool ignores_case_inside) {
    const bool same = ignores_case_inside == ignores_case();
    out_.append(same ? "(?:" : ignores_case_inside ? "(?i:" : "(?-i:");
    open_.push_back({.ignores_case = ignores_case_inside});
    last_ = Last::nothing;
    at_start_ = false;
  }

  void close_group() {
    if (open_.size() == 1) throw MalformedPattern{"unbalanced parenthesis"};
    open_.pop_back();
    item(")");
  }

  void open_group(std::size_t begin) {
    if (!source_.take('?')) {
      ++groups_;
      return open(ignores_case());
    }
    if (source_.at_end()) throw MalformedPattern{"unexpected end of pattern"};
    const std::uint32_t c = source_.get();
    switch (c) {
      case ':': return open(ignores_case());
      case '#': return comment();
      case 'P': return named_group(begin);
      case '=':
      case '!': throw UnsupportedPattern{"look-ahead"};
      case '>': throw UnsupportedPattern{"atomic groups"};
      case '(': throw UnsupportedPattern{"conditions on groups"};
      case '<':
        if (source_.peek() == '=' || source_.peek() == '!') {
          throw UnsupportedPattern{"look-behind"};
        }
        break;
      default: break;
    }
    if (c == '-' || is_one_of(c, flags_)) return flags(c, begin);
    throw MalformedPattern{"unknown extension " + in_quotes(source_.since(begin + 1))};
  }

  void comment() {
    while (!source_.at_end()) {
      if (source_.get() == ')') return;
    }
    throw MalformedPattern{"missing ), unterminated comment"};
  }

  void named_group(std::size_t begin) {
    if (source_.take('=')) throw UnsupportedPattern{"back references"};
    if (!source_.take('<')) {
      if (!source_.at_end()) source_.get();
      throw MalformedPattern{"unknown extension " + in_quotes(source_.since(begin + 1))};
    }
    const std::size_t name_begin = source_.position();
    while (source_.peek() != '>' && !source_.at_end()) source_.get();
    const std::string name(source_.since(name_begin));
    if (!source_.take('>')) throw MalformedPattern{"missing >, unterminated name"};
    if (std::ranges::any_of(name, [](char c) { return (c & 0x80) != 0; })) {
      throw UnsupportedPattern{"names of groups beyond ASCII"};
    }
    const bool is_name = !name.empty() && !is_decimal(static_cast<unsigned char>(name.front())) &&
                         std::ranges::all_of(name, [](char c) {
                           const auto byte = static_cast<unsigned char>(c);
                           return c == '_' || is_letter(byte) || is_decimal(byte);
                         });
    if (!is_name) throw MalformedPattern{"bad group name " + in_quotes(name)};
    if (!names_.insert(name).second) throw MalformedPattern{"two groups named " + in_quotes(name)};
    ++groups_;
    open(ignores_case());
  }

  std::uint32_t next_flag() {
    if (source_.at_end()) throw MalformedPattern{"missing -, : or ) behind flags"};
    return source_.get();
  }

  [[noreturn]] static void bad_flags(const char* why) {
    throw MalformedPattern{std::string("bad inline flags: ") + why};
  }

  // `(?aimsux)` or `(?aimsux-imsx:`; `first` is behind the question mark.
  void flags(std::uint32_t first, std::size_t begin) {
    std::string on;
    std::string off;
    std::uint32_t c = first;
    for (; c != '-' && c != ')' && c != ':'; c = next_flag()) {
      if (!is_one_of(c, flags_)) bad_flags("unknown flag");
      on.push_back(static_cast<char>(c));
    }
    if (on.contains('L')) bad_flags("L is for bytes");
    if (on.contains('a') && on.contains('u')) bad_flags("a and u are incompatible");
    if (c == '-') {
      for (c = next_flag(); c != ':'; c = next_flag()) {
        if (!is_one_of(c, flags_)) bad_flags("unknown flag");
        off.push_back(static_cast<char>(c));
      }
      if (off.empty()) bad_flags("missing flag");
      if (off.find_first_of("aLu") != std::string::npos) bad_flags("a, L and u cannot be off");
      if (off.find_first_of(on) != std::string::npos) bad_flags("a flag is on and off");
    }
    if (on.contains('x') || off.contains('x')) throw UnsupportedPattern{"the flag x"};
    // m and s change nothing in a text of one line, a and u nothing in one of ASCII.
    if (c == ':') return open((ignores_case() || on.contains('i')) && !off.contains('i'));
    if (!at_start_) {
      throw UnsupportedPattern{"flags that are not at the start, " +
                               in_quotes(source_.since(begin))};
    }
    if (!on.contains('i') || ignores_case()) return;
    open_.back().ignores_case = true;
    out_.append("(?i)");
  }

  // --- repetitions --------------------------------------------------------------------------

  // `{m}`, `{m,}`, `{,n}`, `{,}` and `{m,n}`; else the brace is a character.
  void braces(std::size_t begin) {
    const std::size_t behind = source_.position();
    const auto literally = [&] {
      source_.go_back_to(behind);
      literal('{');
    };
    if (source_.peek() == '}') return literally();
    const auto any = static_cast<std::size_t>(-1);
    const std::string_view low = source_.take_while(any, is_decimal);
    std::string_view high = low;
    if (source_.take(',')) high = source_.take_while(any, is_decimal);
    if (!source_.take('}')) return literally();
    if (low.size() > count_digits_max || high.size() > count_digits_max) {
      throw UnsupportedPattern{"counts above " + std::to_string(repeat_max)};
    }
    const std::size_t least = low.empty() ? 0 : number_of(low, 10);
    const auto most = high.empty() ? std::nullopt : std::optional<std::size_t>(number_of(high, 10));
    if (most && *most < least) {
      throw MalformedPattern{"min repeat greater than max repeat: " +
                             in_quotes(source_.since(begin))};
    }
    repeat(least, most);
  }

  // Lazy or not, it is found or not.
  void repeat(std::size_t least, std::optional<std::size_t> most) {
    if (last_ == Last::nothing || last_ == Last::position) {
      throw MalformedPattern{"nothing to repeat"};
    }
    if (last_ == Last::repetition) throw MalformedPattern{"multiple repeat"};
    if (least > repeat_max || most.value_or(0) > repeat_max) {
      throw UnsupportedPattern{"counts above " + std::to_string(repeat_max)};
    }
    if (!source_.take('?') && source_.take('+')) throw UnsupportedPattern{"possessive repetition"};
    if (least == 0 && !most) {
      out_.push_back('*');
    } else if (least == 1 && !most) {
      out_.push_back('+');
    } else {
      out_.append("{").append(std::to_string(least)).append(",");
      out_.append(most ? std::to_string(*most) : "").append("}");
    }
    last_ = Last::repetition;
  }

  static constexpr std::string_view flags_ = "aiLmsux";

  Source source_;
  std::string out_;
  std::vector<Group> open_{Group{}};  // the whole expression first
  std::set<std::string> names_;
  std::uint32_t groups_ = 0;  // that can be referred to
  Last last_ = Last::nothing;
  bool at_start_ = true;  // nothing was there but flags and comments
  bool beyond_ascii_ = false;
};

}  // namespace

std::variant<TranslatedPattern, MalformedPattern, UnsupportedPattern> translate_python_pattern(
    std::string_view expression) {
  try {
    return Translator(expression).translate();
  } catch (MalformedPattern& fault) {
    return std::move(fault);
  } catch (UnsupportedPattern& fault) {
    return std::move(fault);
  }
}

}  // namespace colonnade::gate
