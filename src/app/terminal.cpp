#include "app/terminal.hpp"

#include <unistd.h>

#include <cstdio>

#include "base/visible_text.hpp"

namespace colonnade::app {
namespace {

std::string painted(bool on, Colour colour, std::string_view text) {
  if (!on) return std::string(text);
  std::string_view code;
  switch (colour) {
    case Colour::red: code = "31"; break;
    case Colour::green: code = "32"; break;
    case Colour::yellow: code = "33"; break;
    case Colour::dim: code = "2"; break;
    case Colour::bold: code = "1"; break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace

Terminal::Terminal(const Environment& environment)
    : input_(::isatty(STDIN_FILENO) == 1), output_(::isatty(STDOUT_FILENO) == 1) {
  const bool wanted =
      !environment.get("NO_COLOR") && environment.get("TERM").value_or("") != "dumb";
  colour_out_ = wanted && output_;
  colour_err_ = wanted && ::isatty(STDERR_FILENO) == 1;
}

std::string Terminal::out(Colour colour, std::string_view text) const {
  return painted(colour_out_, colour, text);
}

std::string Terminal::err(Colour colour, std::string_view text) const {
  return painted(colour_err_, colour, text);
}

std::string printable(std::string_view text) { return base::escape_hidden(text); }

std::string printable_line(std::string_view text) { return base::escape_hidden_on_one_line(text); }

void print_line(const std::string& line) { std::fputs((line + "\n").c_str(), stdout); }

void print_now(const std::string& line) {
  print_line(line);
  std::fflush(stdout);
}

}  // namespace colonnade::app
