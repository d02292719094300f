#include "core/models/tool_prompt.hpp"

namespace colonnade::core {

namespace {

constexpr std::string_view command = "/tool";
constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::optional<PromptedCall> prompted_call(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with(command)) return std::nullopt;
  text.remove_prefix(command.size());
  if (text.empty() || !blanks.contains(text.front())) return std::nullopt;
  text = trimmed(text);
  const std::size_t end = text.find_first_of(blanks);
  PromptedCall out{.tool = std::string(text.substr(0, end))};
  if (out.tool.empty()) return std::nullopt;
  if (end == std::string_view::npos) return out;
  auto arguments = base::parse_json(trimmed(text.substr(end)), "arguments");
  if (arguments && arguments->is_object()) out.arguments = std::move(*arguments);
  return out;
}

}  // namespace colonnade::core
