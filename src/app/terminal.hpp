// What people see: colour on a terminal, and none elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "app/environment.hpp"

namespace colonnade::app {

enum class Colour { red, green, yellow, dim, bold };

// Decides once for standard output and standard error: a terminal, NO_COLOR unset or empty, TERM
// not "dumb".
class Terminal {
 public:
  explicit Terminal(const Environment& environment);

  bool input_is_terminal() const { return input_; }
  bool output_is_terminal() const { return output_; }
  std::string out(Colour colour, std::string_view text) const;
  std::string err(Colour colour, std::string_view text) const;

 private:
  bool input_;
  bool output_;
  bool colour_out_;
  bool colour_err_;
};

// Control characters, which a terminal would obey, become U+FFFD; line ends and tabs stay.
std::string printable(std::string_view text);

}  // namespace colonnade::app
