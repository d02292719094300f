// A flow: work of several agents, as a graph of nodes. Each node is what one agent is asked; it
// begins when the nodes that it depends on are done. Tandem's automations V2 are flows.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/scope.hpp"
#include "core/flows/limits.hpp"
#include "core/jobs/job_schedule.hpp"

namespace colonnade::core {

// Who does nodes of a flow.
struct FlowAgent {
  std::string id{};
  std::string template_id{};  // a client's own; "" for none
  std::string display_name{};
  std::string avatar_url{};
  std::string provider{};            // "" for the default one
  std::string model{};               // "" for the provider's
  base::Json role_models = nullptr;  // kept as given; an object or null
  std::vector<std::string> skills{};
  // The tools that it may call, and call unasked where a human would be asked: the grant of whoever
  // made the flow. What is denied stays denied. Names in which `*` is any run of characters.
  std::vector<std::string> tools{};
  std::vector<std::string> tools_left_out{};
  // MCP servers whose tools it has, too: all of them, or those of the list.
  std::vector<std::string> servers{};
  std::optional<std::vector<std::string>> server_tools{};
  base::Json approval_policy = nullptr;  // kept as given

  bool operator==(const FlowAgent&) const = default;
};

// An output of an earlier node, under the name that the node is told it by.
struct FlowInput {
  std::string from{};
  std::string alias{};
  bool operator==(const FlowInput&) const = default;
};

// What a node's output has to be.
struct FlowContract {
  std::string kind{};           // "structured_json" is JSON; other kinds are text
  base::Json schema = nullptr;  // a JSON Schema; null for none
  std::string guidance{};       // on its summary
  bool operator==(const FlowContract&) const = default;
};
constexpr std::string_view structured_contract = "structured_json";
constexpr std::string_view gate_contract = "approval_gate";

// A question to a human, in the place of work.
struct FlowGate {
  bool required = true;
  std::vector<std::string> decisions{};       // of approve, rework, cancel; empty: all
  std::vector<std::string> rework_targets{};  // empty: the nodes that the gate depends on
  std::string instructions{};
  bool operator==(const FlowGate&) const = default;
};
constexpr std::string_view approval_stage = "approval";

struct FlowNode {
  std::string id{};
  std::string agent_id{};
  std::string objective{};
  std::vector<std::string> depends_on{};
  std::vector<FlowInput> inputs{};
  std::optional<FlowContract> contract{};
  std::optional<int> attempts_max{};
  // Done twice it does no harm: an attempt that broke off is repeated, whatever it did.
  bool is_idempotent = false;
  std::optional<std::int64_t> time_ms_max{};  // of one attempt, without waits for humans
  std::string stage{};                        // a client's own word; approval_stage is a gate
  std::optional<FlowGate> gate{};
  base::Json metadata = nullptr;  // kept as given; an object or null

  bool is_gate() const { return stage == approval_stage || (gate && gate->required); }
  bool operator==(const FlowNode&) const = default;
};

// What becomes of a tool that runs when its flow is paused or stopped.
enum class FlowToolsAtStop { cancelled, end };
std::string_view to_string(FlowToolsAtStop what);
std::optional<FlowToolsAtStop> flow_tools_at_stop_from(std::string_view text);

// Guard rails of each run; nullopt for none.
struct FlowBounds {
  int parallel_max = 1;                       // nodes at work at once
  std::optional<std::int64_t> time_ms_max{};  // without pauses and open gates
  std::optional<std::int64_t> tool_calls_max{};
  std::optional<std::int64_t> tokens_max{};
  std::optional<std::int64_t> cost_micros_max{};
  bool operator==(const FlowBounds&) const = default;
};

// What a run works by. A run has a copy of its own, so that a later change does not reach it.
struct FlowDefinition {
  std::string name{};
  std::string description{};
  std::vector<FlowAgent> agents{};
  std::vector<FlowNode> nodes{};
  FlowBounds bounds{};
  FlowToolsAtStop tools_at_stop = FlowToolsAtStop::cancelled;
  std::vector<std::string> output_targets{};
  std::string workspace{};             // absolute; "" for the server's own
  bool workspace_by_operator = false;  // an operator chose it (Directory::by_operator)
  base::Json metadata = nullptr;       // kept as given; an object or null

  const FlowNode* node(std::string_view id) const;
  const FlowAgent* agent(std::string_view id) const;
  bool operator==(const FlowDefinition&) const = default;
};

enum class FlowStatus {
  active,  // runs when it is due
  paused,
  draft,
};
std::string_view to_string(FlowStatus status);
std::optional<FlowStatus> flow_status_from(std::string_view text);

// When it runs by itself.
struct FlowTiming {
  std::optional<JobTiming> timing{};  // none: only when somebody says so
  Misfire misfire{};
  bool operator==(const FlowTiming&) const = default;
};

struct Flow {
  std::string id{};  // of its owner's own choice, or made
  Scope scope;
  std::string owner{};        // a user id
  std::string schedule_id{};  // a JobSchedule; "" for one that only runs when somebody says so
  FlowStatus status = FlowStatus::draft;
  std::int64_t revision = 0;  // 1 for a new one, one more with each change
  base::Time created_at{};
  base::Time updated_at{};
  FlowDefinition definition{};
  FlowTiming timing{};
  std::string creator_id{"unknown"};  // as whoever made it says; names nobody that we know
};

// A flow with what its schedule says of the moment.
struct ScheduledFlow {
  Flow flow;
  std::optional<base::Time> next_due_at{};
  std::optional<base::Time> last_fired_at{};
};

// The node, and all that depend on it, directly or not; in the order of the definition.
std::vector<std::string> flow_nodes_from(const FlowDefinition& definition, std::string_view id);

}  // namespace colonnade::core
