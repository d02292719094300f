// An agent: the instructions, model and tools that a thread talks to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent_profile.hpp"

namespace colonnade::core {

// Why a model failed, as far as another one may be asked in its place.
enum class ModelFault {
  limited,       // it had too many requests
  unavailable,   // it, or the way to it, failed in a way that may pass
  unauthorized,  // its key was refused
};
std::string_view to_string(ModelFault fault);
std::optional<ModelFault> model_fault_from(std::string_view text);

// The model to ask where the one before it has failed for good with that fault.
struct ModelFallback {
  ModelFault fault = ModelFault::unavailable;
  std::string route{};  // the label of one of the agent's model routes
  bool operator==(const ModelFallback&) const = default;
};

// How to ask the model. An unset member falls through: request, thread, agent, configuration.
struct ModelSettings {
  std::optional<std::string> provider{};  // "anthropic", "openai", "openrouter", "offline", …
  std::optional<std::string> model{};     // the provider's own model name
  std::optional<double> temperature{};
  std::optional<int> max_output_tokens{};
  std::optional<std::string> reasoning_effort{};  // "low", "medium", "high"
  std::optional<int> rounds_max{};                // model calls in one run
  // A run's: its tool calls count among those that its user may have made in a minute.
  std::optional<bool> counts_tool_calls{};
  // A run's own bounds, which can only be tighter than the server's.
  std::optional<int> run_seconds_max{};       // waiting for approvals excluded
  std::optional<int> approval_seconds_max{};  // that a question of the run's waits for an answer
  // How often a model is asked again that failed, and one that refused for too many requests.
  std::optional<int> retries_max{};
  std::optional<int> limited_retries_max{};
  // Asked in this order, each once, after those retries and before anything of the answer was
  // said. What a run has fallen back to it keeps to.
  std::optional<std::vector<ModelFallback>> fallbacks{};
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
  std::string slug{};  // a name for addresses; "" for none
  AgentProfile profile{};
  bool active = true;           // a client's own switch
  bool open_to_guests = false;  // guests may talk to it
  // The version (AgentVersion) that its snapshot is; "" and 0 for the configured agent.
  std::string version_id{};
  int version_number = 0;
  // The version that `canary_percent` of the threads get; "" for none.
  std::string canary_version_id{};
  int canary_percent = 0;
};

// What of an agent is versioned.
struct AgentSnapshot {
  std::string instructions{};
  ModelSettings settings{};
  std::optional<std::vector<std::string>> tools{};
  AgentProfile profile{};
  bool operator==(const AgentSnapshot&) const = default;
};
AgentSnapshot snapshot_of(const Agent& agent);
// The agent, working as that snapshot says.
Agent with_snapshot(Agent agent, AgentSnapshot snapshot);

// A snapshot that an agent had; never changes.
struct AgentVersion {
  std::string id{};
  std::string agent_id{};
  int number = 0;            // 1, 2, 3 … within the agent
  std::string created_by{};  // user id
  std::string note{};        // "" for none
  AgentSnapshot snapshot{};
  base::Time created_at{};
};

// Which version a thread's turns use, and why.
struct VersionChoice {
  std::string id{};      // "" for an agent without versions
  std::string bucket{};  // "locked", "canary" or "current"
};
// `locked` is what the thread was pinned to, "" for nothing. The same thread always falls on the
// same side of the canary: a hash of its id decides.
VersionChoice version_for(const Agent& agent, std::string_view thread_id, std::string_view locked);
// 0 to 99; the same for the same thread everywhere and for ever.
int canary_place(std::string_view thread_id);

}  // namespace colonnade::core
