#include "gate/pattern.hpp"

#include <re2/re2.h>

#include <string>

#include "gate/limits.hpp"

namespace colonnade::gate {

std::variant<Pattern, Pattern::Malformed, Pattern::Unsupported> Pattern::compile(
    std::string_view expression) {
  if (expression.size() > limits::policy_pattern_bytes_max) {
    return Unsupported{"it is longer than " + std::to_string(limits::policy_pattern_bytes_max) +
                       " bytes"};
  }
  auto translated = translate_python_pattern(expression);
  if (auto* malformed = std::get_if<Malformed>(&translated)) return std::move(*malformed);
  if (auto* unsupported = std::get_if<Unsupported>(&translated)) return std::move(*unsupported);
  const auto& known = std::get<TranslatedPattern>(translated);
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(limits::policy_pattern_memory_bytes_max);
  auto machine = std::make_shared<const re2::RE2>(known.expression, options);
  // What Python takes and RE2 does not is too large, or nested too deeply.
  if (!machine->ok()) return Unsupported{machine->error()};
  return Pattern(std::move(machine), known.beyond_ascii);
}

bool Pattern::is_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *machine_);
}

std::size_t Pattern::size() const { return static_cast<std::size_t>(machine_->ProgramSize()); }

}  // namespace colonnade::gate
