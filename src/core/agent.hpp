// An agent: the instructions, model and tools that a thread talks to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/scope.hpp"

namespace colonnade::core {

// How to ask the model. An unset member falls through: request, thread, agent, configuration.
struct ModelSettings {
  std::optional<std::string> provider{};  // "anthropic", "openai", "openrouter", "offline", …
  std::optional<std::string> model{};     // the provider's own model name
  std::optional<double> temperature{};
  std::optional<int> max_output_tokens{};
  std::optional<std::string> reasoning_effort{};  // "low", "medium", "high"

  // Members that are set here win over those of `fallback`.
  ModelSettings over(const ModelSettings& fallback) const;
  bool operator==(const ModelSettings&) const = default;
};

struct Agent {
  std::string id{};
  Scope scope = Scope::main();
  std::string name{};
  std::string description{};
  std::string instructions{};  // the system prompt
  ModelSettings settings{};
  // Tools it may see, by name; nullopt: all that the server offers.
  std::optional<std::vector<std::string>> tools{};
  int version = 1;  // counts up with every change; older ones are kept
  base::Time created_at{};
  base::Time updated_at{};
};

}  // namespace colonnade::core
