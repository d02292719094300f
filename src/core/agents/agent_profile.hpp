// How an agent works, beside its prompt, its model and its tools. Versioned with those.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace colonnade::core {

// What of a thread's history the model is given.
enum class HistoryMode {
  whole,    // as much as its window takes; older turns give way to a summary only when they must
  rolling,  // the newest `context_limit` messages
  compact,  // beyond `compact_threshold` messages: a summary, and the newest `context_limit`
};
std::string_view to_string(HistoryMode mode);
std::optional<HistoryMode> history_mode_from(std::string_view text);

struct HistoryLimits {
  HistoryMode mode = HistoryMode::whole;
  int context_limit = 0;  // messages; counts for rolling and compact
  int compact_threshold = 0;
  bool operator==(const HistoryLimits&) const = default;
};

// A text that a caller may give with a turn, by its key; shown to the model in front of the turn's
// message.
struct DynamicBlock {
  std::string key{};
  std::string name{};             // its heading; "" for its key
  std::string default_content{};  // when the caller gives none; "" leaves the block out
  std::string description{};
  std::optional<int> order{};  // smaller ones first, those without behind
  bool operator==(const DynamicBlock&) const = default;
};

// One of the models that a turn may choose among, by label.
struct ModelRoute {
  std::string label{};
  std::optional<std::string> provider{};
  std::string model{};
  std::string provider_key_id{};  // a client's own; "" for none
  bool is_default = false;
  bool operator==(const ModelRoute&) const = default;
};

// What the agent itself demands of a tool's calls. It can only be stricter than the policy.
struct ToolPermission {
  bool requires_approval = false;  // a human is asked, whatever the policy allows
  bool destructive = false;        // said to humans; nothing follows from it
  bool operator==(const ToolPermission&) const = default;
};

struct AgentProfile {
  HistoryLimits history{};
  std::vector<DynamicBlock> dynamic_blocks{};
  std::vector<ModelRoute> model_routes{};
  std::map<std::string, ToolPermission> tool_permissions{};  // by the tool's name
  // Placeholders of the prompt that are filled in; nullopt: all.
  std::optional<std::vector<std::string>> prompt_variables{};
  // It has the tools that make artifacts, also when it names no tools of its own.
  bool makes_artifacts = false;
  base::Json output_schema = nullptr;  // JSON Schema of every answer; null: answers are free text
  // What a client keeps with the agent and core does not act on; an object, or null for nothing.
  base::Json members = nullptr;
  bool operator==(const AgentProfile&) const = default;
};

}  // namespace colonnade::core
