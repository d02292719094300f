#include "dialects/tandem/run_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/budgets/budget.hpp"

namespace colonnade::dialects::tandem {
namespace {

struct FailureWords {
  std::string_view code;
  std::array<std::string_view, 6> words;  // in lower case; "" for none
};

// The first row counts that has one of its words in the text.
constexpr FailureWords failures[] = {
    {"RATE_LIMIT_EXCEEDED", {"rate limit", "rate-limit", "too many requests", "429", "quota"}},
    {"CONTEXT_LENGTH_EXCEEDED",
     {"context length", "context window", "maximum context", "too many tokens",
      "prompt is too long"}},
    {"AUTHENTICATION_ERROR",
     {"authentication", "unauthorized", "api key", "401", "403",
      "permission denied by the provider"}},
    {"TOOL_SCHEMA_INVALID", {"tool schema", "invalid schema", "input_schema"}},
    {"PROVIDER_SERVER_ERROR", {"overloaded", "server error", "bad gateway", "500", "502", "529"}},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

std::string failure_text(std::string_view error) {
  std::string out;
  if (error.starts_with(core::no_model_text)) out.append(no_model_selected).append(1, ' ');
  out.append(error);
  return out;
}

std::string_view status_of(core::RunState state, std::string_view error) {
  if (state == core::RunState::succeeded) return "completed";
  if (state == core::RunState::cancelled) return "cancelled";
  return error.starts_with(core::out_of_time) ? "timeout" : "error";
}

std::string_view failure_code(std::string_view error) {
  if (error.starts_with(core::out_of_time)) return "ENGINE_TIMEOUT";
  // Names of providers and of files, and amounts, are in these; they say nothing of the kind.
  if (error.starts_with(no_model_selected) || error.starts_with(core::no_model_text) ||
      error.starts_with("parts[") || error.starts_with(core::budget_refusal)) {
    return "ENGINE_DISPATCH_FAILED";
  }
  const std::string text = lower(error);
  for (const FailureWords& row : failures) {
    const bool says = std::ranges::any_of(
        row.words, [&](std::string_view word) { return !word.empty() && text.contains(word); });
    if (says) return row.code;
  }
  return "ENGINE_DISPATCH_FAILED";
}

std::string event_path(std::string_view session_id, std::string_view run_id) {
  return "/event?sessionID=" + std::string(session_id) + "&runID=" + std::string(run_id);
}

void write_environment(base::JsonWriter& json) {
  json.object().field("os", "linux");
#if defined(__aarch64__)
  json.field("arch", "aarch64");
#else
  json.field("arch", "x86_64");
#endif
  json.field("shell_family", "posix").field("path_style", "posix").end_object();
}

}  // namespace colonnade::dialects::tandem
