// Python's regular expressions in RE2's spelling.
//
// The two languages share most of their letters and read some of them differently: `[[:alpha:]]`,
// `x{,}`, `\z`, `\pL`, `\Q`, `a{2}{3}`, `[\d-a]`. So an expression is read by Python's rules (those
// of its 3.11) and written anew, for texts that have nothing but printable ASCII in one line, as
// Python's JSON text has (faramesh §4.2).
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace colonnade::gate {

// No expression for Python.
struct MalformedPattern {
  std::string reason{};
};

// An expression for Python that RE2 has no equivalent for: look-around, back references, possessive
// and atomic groups, counts above 1000, and some that versions of Python read differently.
struct UnsupportedPattern {
  std::string reason{};
};

struct TranslatedPattern {
  std::string expression{};   // for RE2, without captures
  bool beyond_ascii = false;  // it names characters that are not in any such text
};

// `expression` is UTF-8 of limits::policy_pattern_bytes_max at most.
std::variant<TranslatedPattern, MalformedPattern, UnsupportedPattern> translate_python_pattern(
    std::string_view expression);

}  // namespace colonnade::gate
