// A regular expression of a policy, searched in linear time: Python's, translated for RE2.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "gate/python_pattern.hpp"

namespace re2 {
class RE2;
}

namespace colonnade::gate {

class Pattern {
 public:
  // No expression; a rule with one never matches (faramesh §4.2).
  using Malformed = MalformedPattern;
  // An expression elsewhere, but not here. A rule with one must not be loaded: if it denied, its
  // silence would allow.
  using Unsupported = UnsupportedPattern;
  static std::variant<Pattern, Malformed, Unsupported> compile(std::string_view expression);

  // `text` is Python's JSON text: printable ASCII in one line. Thread-safe.
  bool is_in(std::string_view text) const;
  // Steps of the compiled form.
  std::size_t size() const;
  // It names characters beyond ASCII, which such a text has as \uXXXX.
  bool names_beyond_ascii() const { return names_beyond_ascii_; }

 private:
  Pattern(std::shared_ptr<const re2::RE2> machine, bool names_beyond_ascii)
      : machine_(std::move(machine)), names_beyond_ascii_(names_beyond_ascii) {}
  std::shared_ptr<const re2::RE2> machine_;
  bool names_beyond_ascii_;
};

}  // namespace colonnade::gate
