// A regular expression of a policy, searched in linear time.
//
// The dialect is Python's as far as RE2 has it. Without equivalent: look-ahead, look-behind, back
// references, possessive and atomic groups, \u escapes, counts above 1000.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace re2 {
class RE2;
}

namespace colonnade::gate {

class Pattern {
 public:
  // No expression in any dialect; a rule with one never matches (faramesh §4.2).
  struct Malformed {
    std::string reason{};
  };
  // An expression elsewhere, but not here. A rule with one must not be loaded: if it denied, its
  // silence would allow.
  struct Unsupported {
    std::string reason{};
  };
  static std::variant<Pattern, Malformed, Unsupported> compile(std::string_view expression);

  // Thread-safe.
  bool is_in(std::string_view text) const;
  // Steps of the compiled form.
  std::size_t size() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> machine) : machine_(std::move(machine)) {}
  std::shared_ptr<const re2::RE2> machine_;
};

}  // namespace colonnade::gate
