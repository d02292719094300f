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

// Text of a model, a tool, a token or a user, for the terminal: what it would obey and what would
// not show is written out (base/visible_text.hpp); line ends and tabs stay.
std::string printable(std::string_view text);
// The same on one line, for a row of a list.
std::string printable_line(std::string_view text);

// The line and a line end, to standard output.
void print_line(const std::string& line);
// The same, seen at once also through a pipe: for commands that go on waiting.
void print_now(const std::string& line);

}  // namespace colonnade::app
