#include "gate/pattern.hpp"

#include <re2/re2.h>

#include <cctype>

#include "gate/limits.hpp"

namespace colonnade::gate {
namespace {

// Python's spelling in RE2's: `\Z` is `\z`, and `{,n}` is `{0,n}` (RE2 would take it as text).
std::string in_re2_spelling(std::string_view expression) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\' && i + 1 < expression.size()) {
      const char next = expression[++i];
      out.push_back('\\');
      out.push_back(next == 'Z' && !in_class ? 'z' : next);
      continue;
    }
    out.push_back(c);
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (c != '{' || in_class || !expression.substr(i + 1).starts_with(',')) continue;
    std::size_t end = i + 2;
    while (end < expression.size() && std::isdigit(static_cast<unsigned char>(expression[end]))) {
      ++end;
    }
    if (end > i + 2 && end < expression.size() && expression[end] == '}') out.push_back('0');
  }
  return out;
}

// Whether Python might accept what RE2 refused.
bool is_only_unsupported(const re2::RE2& machine) {
  const std::string& part = machine.error_arg();
  switch (machine.error_code()) {
    case re2::RE2::ErrorMissingBracket:
    case re2::RE2::ErrorMissingParen:
    case re2::RE2::ErrorUnexpectedParen:
    case re2::RE2::ErrorTrailingBackslash:
    case re2::RE2::ErrorRepeatArgument:
    case re2::RE2::ErrorBadCharRange: return false;
    case re2::RE2::ErrorRepeatOp: return part.ends_with('+') && !part.starts_with("**");
    default: return true;
  }
}

}  // namespace

std::variant<Pattern, Pattern::Malformed, Pattern::Unsupported> Pattern::compile(
    std::string_view expression) {
  if (expression.size() > limits::policy_pattern_bytes_max) {
    return Unsupported{"it is longer than " + std::to_string(limits::policy_pattern_bytes_max) +
                       " bytes"};
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(limits::policy_pattern_memory_bytes_max);
  auto machine = std::make_shared<const re2::RE2>(in_re2_spelling(expression), options);
  if (machine->ok()) return Pattern(std::move(machine));
  if (is_only_unsupported(*machine)) return Unsupported{machine->error()};
  return Malformed{machine->error()};
}

bool Pattern::is_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *machine_);
}

std::size_t Pattern::size() const { return static_cast<std::size_t>(machine_->ProgramSize()); }

}  // namespace colonnade::gate
