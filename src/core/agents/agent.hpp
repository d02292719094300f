// An agent: the instructions, model and tools that a thread talks to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// How to ask the model. An unset member falls through: request, thread, agent, configuration.
struct ModelSettings {
  std::optional<std::string> provider{};  // "anthropic", "openai", "openrouter", "offline", …
  std::optional<std::string> model{};     // the provider's own model name
  std::optional<double> temperature{};
  std::optional<int> max_output_tokens{};
  std::optional<std::string> reasoning_effort{};  // "low", "medium", "high"
  std::optional<int> rounds_max{};                // model calls in one run
  // A run's own bounds, which can only be tighter than the server's.
  std::optional<int> run_seconds_max{};       // waiting for approvals excluded
  std::optional<int> approval_seconds_max{};  // that a question of the run's waits for an answer
  // What was said of an answer when its run was stopped or failed is kept as the answer.
  std::optional<bool> keeps_partial_reply{};

  // Members that are set here win over those of `fallback`. A model belongs to its provider: that
  // of `fallback` does not count when another provider was chosen here.
  ModelSettings over(const ModelSettings& fallback) const;
  bool operator==(const ModelSettings&) const = default;
};

// What an agent keeps between its threads, and how it finds it again.
enum class AgentMemory {
  none,
  persistent,  // by exact key
  semantic,    // by what it means
};
std::string_view to_string(AgentMemory memory);
std::optional<AgentMemory> agent_memory_from(std::string_view text);

// What a thread without an agent talks to. It is configuration, not a row, and its own id is "";
// this is how others name it.
constexpr std::string_view default_agent_id = "default";

struct Agent {
  std::string id{};
  Scope scope;
  std::string owner{};  // user id; "" for an agent that everybody in the scope may use
  std::string name{};
  std::string description{};
  std::string instructions{};  // the system prompt
  ModelSettings settings{};
  // Tools it may see, by name; nullopt: all that the server offers.
  std::optional<std::vector<std::string>> tools{};
  AgentMemory memory = AgentMemory::none;
  std::vector<std::string> tool_servers{};  // ids, in the order they were attached
  int version = 1;                          // counts up with every change; older ones are kept
  base::Time created_at{};
  base::Time updated_at{};
};

}  // namespace colonnade::core
