#include "tools/pattern.hpp"

#include <re2/re2.h>

#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::fail;

// Appends the class at `at` ("[!a-z]") and moves behind it; false when it has no end.
bool add_class(std::string_view glob, std::size_t& at, std::string& out) {
  std::size_t end = at + 1;
  if (end < glob.size() && (glob[end] == '!' || glob[end] == '^')) ++end;
  if (end < glob.size() && glob[end] == ']') ++end;
  end = glob.find(']', end);
  if (end == std::string_view::npos) return false;
  std::string_view inside = glob.substr(at + 1, end - at - 1);
  out += '[';
  if (inside.starts_with('!') || inside.starts_with('^')) {
    out += '^';
    inside.remove_prefix(1);
  }
  for (const char c : inside) {
    if (c == '\\' || c == '[' || c == ']' || c == '^') out += '\\';
    out += c;
  }
  out += ']';
  at = end + 1;
  return true;
}

base::Result<std::string> expression_of(std::string_view glob) {
  std::string out = glob.contains('/') ? "^" : "^(?:.*/)?";
  int braces = 0;
  std::size_t at = 0;
  while (at < glob.size()) {
    const char c = glob[at];
    if (glob.substr(at).starts_with("**/")) {
      out += "(?:.*/)?";
      at += 3;
      continue;
    }
    if (glob.substr(at).starts_with("**")) {
      out += ".*";
      at += 2;
      continue;
    }
    if (c == '[' && add_class(glob, at, out)) continue;
    ++at;
    if (c == '*') {
      out += "[^/]*";
    } else if (c == '?') {
      out += "[^/]";
    } else if (c == '{') {
      ++braces;
      out += "(?:";
    } else if (c == '}' && braces > 0) {
      --braces;
      out += ')';
    } else if (c == ',' && braces > 0) {
      out += '|';
    } else {
      out += RE2::QuoteMeta(re2::StringPiece(&c, 1));
    }
  }
  if (braces > 0) {
    return fail(ErrorKind::invalid, "the pattern has a '{' without its '}'", "pattern");
  }
  return out + "$";
}

RE2::Options options(bool ignore_case) {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_case_sensitive(!ignore_case);
  out.set_max_mem(limits::pattern_memory_bytes_max);
  return out;
}

}  // namespace

struct Pattern::State {
  State(const std::string& expression, bool ignore_case)
      : compiled(expression, options(ignore_case)) {}
  RE2 compiled;
};

Pattern::Pattern(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

base::Result<Pattern> Pattern::regular(const std::string& expression, bool ignore_case) {
  auto state = std::make_unique<const State>(expression, ignore_case);
  if (!state->compiled.ok()) {
    return fail(ErrorKind::invalid,
                "the pattern is not a regular expression (RE2): " + state->compiled.error(),
                "pattern");
  }
  return Pattern(std::move(state));
}

base::Result<Pattern> Pattern::file_name(const std::string& glob) {
  auto expression = expression_of(glob);
  if (!expression) return fail(expression.error());
  return regular(*expression, false);
}

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), state_->compiled);
}

}  // namespace colonnade::tools
