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

// One section of a prompt that is put together of several.
struct PromptBlock {
  std::string id{};  // a client's own
  std::string type{};
  std::string name{};  // its heading; "" for none
  std::string content{};
  bool enabled = true;
  bool editable = true;        // said to humans; nothing follows from it
  std::optional<int> order{};  // smaller ones first, those without behind
  bool operator==(const PromptBlock&) const = default;
};
// Types that are not shown as they are written: the first has no heading, the second is the time of
// the turn, the third asks something that core does not have and is left out.
constexpr std::string_view identity_block = "identity";
constexpr std::string_view datetime_block = "datetime";
constexpr std::string_view retrieval_block = "retrieval";

// How the model reaches the agent's tools.
enum class ToolMode {
  direct,   // it is shown all of them
  by_name,  // it is shown one tool that finds them and one that calls what was found
  // It is shown one that hands a task on to a sub-agent, which has them.
  sub_agent,
};
std::string_view to_string(ToolMode mode);
std::optional<ToolMode> tool_mode_from(std::string_view text);

// Who does what the agent hands on (ToolMode::sub_agent); what is not said is as the agent has it.
struct SubAgent {
  std::optional<std::string> provider{};
  std::optional<std::string> model{};
  std::optional<int> rounds_max{};
  std::string instructions{};  // "": that it does what it is told
  bool operator==(const SubAgent&) const = default;
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
  // The prompt, in front of which the agent's instructions stand back; they count when no block is
  // left to show.
  std::vector<PromptBlock> prompt_blocks{};
  std::vector<DynamicBlock> dynamic_blocks{};
  std::vector<ModelRoute> model_routes{};
  ToolMode tool_mode = ToolMode::direct;
  SubAgent sub_agent{};
  std::map<std::string, ToolPermission> tool_permissions{};  // by the tool's name
  // Placeholders of the prompt that are filled in; nullopt: all.
  std::optional<std::vector<std::string>> prompt_variables{};
  // It has the tools that make artifacts, also when it names no tools of its own.
  bool makes_artifacts = false;
  // Tools that are nobody's unless they are asked for (core/tasks/spawned_runs), and that it has
  // whatever Agent::tools says.
  std::vector<std::string> extra_tools{};
  base::Json output_schema = nullptr;  // JSON Schema of every answer; null: answers are free text
  // What a client keeps with the agent and core does not act on; an object, or null for nothing.
  base::Json members = nullptr;
  bool operator==(const AgentProfile&) const = default;
};

}  // namespace colonnade::core
