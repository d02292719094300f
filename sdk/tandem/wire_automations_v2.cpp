// Automations V2: bodies of requests and replies.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "sdk/tandem/body_members.hpp"
#include "sdk/tandem/replies.hpp"
#include "sdk/tandem/schedule_members.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem {

// --- reading: definitions -----------------------------------------------------------------------

struct SomeCount {
  std::optional<std::int64_t>& count;
};
static void read(Element value, SomeCount& out) {
  std::int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) out.count = number;
}

struct SomeMilliseconds {
  std::optional<std::chrono::milliseconds>& time;
};
static void read(Element value, SomeMilliseconds& out) {
  std::int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) out.time = std::chrono::milliseconds(number);
}

struct AgentModel {
  std::optional<ModelRef>& model;
};
static void read(Element value, AgentModel& out) {
  const auto model = member(value, "default_model");
  if (!model) return;
  ModelRef found{.provider_id = text_member(*model, {"provider_id", "providerID", "providerId"}),
                 .model_id = text_member(*model, {"model_id", "modelID", "modelId"})};
  if (!found.provider_id.empty() || !found.model_id.empty()) out.model = std::move(found);
}

struct AgentTools {
  AutomationAgent& agent;
};
static void read(Element value, AgentTools& out) {
  if (const auto list = member(value, "allowlist")) read(*list, out.agent.allowed_tools);
  if (const auto list = member(value, "denylist")) read(*list, out.agent.denied_tools);
}

struct AgentServers {
  AutomationAgent& agent;
};
static void read(Element value, AgentServers& out) {
  if (const auto list = member(value, "allowed_servers")) read(*list, out.agent.mcp_servers);
  const auto tools = member(value, "allowed_tools");
  if (tools && !tools->is_null()) read(*tools, out.agent.mcp_tools.emplace());
}

static void read(Element value, AutomationAgent& out) {
  AgentModel model{out.model};
  AgentTools tools{out};
  AgentServers servers{out};
  read_object(value, out.extra, Field{"agent_id", out.agent_id},
              Field{"display_name", out.display_name}, Field{"template_id", out.template_id},
              Field{"avatar_url", out.avatar_url}, Field{"model_policy", model},
              Field{"skills", out.skills}, Field{"tool_policy", tools},
              Field{"mcp_policy", servers});
}

static void read(Element value, AutomationInput& out) {
  out.from_step_id = text_member(value, {"from_step_id", "fromStepId"});
  out.alias = text_member(value, {"alias"});
}

struct NodeContract {
  std::optional<AutomationContract>& contract;
};
static void read(Element value, NodeContract& out) {
  if (value.is_null()) return;
  AutomationContract& contract = out.contract.emplace();
  contract.kind = text_member(value, {"kind"});
  contract.summary_guidance = text_member(value, {"summary_guidance"});
  if (const auto schema = member(value, "schema")) read(*schema, contract.schema);
}

struct NodeRetries {
  AutomationNode& node;
};
static void read(Element value, NodeRetries& out) {
  SomeCount most{out.node.max_attempts};
  if (const auto count = member(value, "max_attempts")) read(*count, most);
  if (const auto flag = member(value, "idempotent")) read(*flag, out.node.idempotent);
}

struct NodeGate {
  std::optional<AutomationGate>& gate;
};
static void read(Element value, NodeGate& out) {
  if (value.is_null()) return;
  AutomationGate& gate = out.gate.emplace();
  if (const auto flag = member(value, "required")) read(*flag, gate.required);
  if (const auto list = member(value, "decisions")) read(*list, gate.decisions);
  if (const auto list = member(value, "rework_targets")) read(*list, gate.rework_targets);
  gate.instructions = text_member(value, {"instructions"});
}

static void read(Element value, AutomationNode& out) {
  NodeContract contract{out.contract};
  NodeRetries retries{out};
  NodeGate gate{out.gate};
  SomeMilliseconds timeout{out.timeout};
  read_object(value, out.extra, Field{"node_id", out.node_id}, Field{"agent_id", out.agent_id},
              Field{"objective", out.objective}, Field{"depends_on", out.depends_on},
              Field{"input_refs", out.inputs}, Field{"output_contract", contract},
              Field{"retry_policy", retries}, Field{"timeout_ms", timeout},
              Field{"stage_kind", out.stage_kind}, Field{"gate", gate},
              Field{"metadata", out.metadata});
}

static void read(Element value, AutomationExecution& out) {
  SomeCount parallel{out.max_parallel_agents};
  SomeMilliseconds runtime{out.max_total_runtime};
  SomeCount calls{out.max_total_tool_calls};
  SomeCount tokens{out.max_total_tokens};
  Json rest;
  read_object(value, rest, Field{"max_parallel_agents", parallel},
              Field{"max_total_runtime_ms", runtime}, Field{"max_total_tool_calls", calls},
              Field{"max_total_tokens", tokens},
              Field{"max_total_cost_usd", out.max_total_cost_usd},
              Field{"tools_at_stop", out.tools_at_stop});
}

struct AutomationFlow {
  std::vector<AutomationNode>& nodes;
};
static void read(Element value, AutomationFlow& out) {
  if (const auto nodes = member(value, "nodes")) read(*nodes, out.nodes);
}

// A schedule with its zone and policy.
struct AutomationTiming {
  AutomationV2& automation;
};
static void read(Element value, AutomationTiming& out) {
  read(value, out.automation.schedule);
  out.automation.timezone = text_member(value, {"timezone"});
  std::optional<std::int64_t> most;
  Misfires misfires{.policy = out.automation.misfire_policy, .catch_up_max = most};
  if (const auto policy = member(value, "misfire_policy")) read(*policy, misfires);
}

static void read(Element value, AutomationV2& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  OptionalMoment updated{out.updated_at};
  OptionalMoment next{out.next_fire_at};
  OptionalMoment last{out.last_fired_at};
  AutomationTiming timing{out};
  AutomationFlow flow{out.nodes};
  read_object(value, out.extra, Field{"automation_id", out.automation_id}, Field{"name", out.name},
              Field{"description", out.description}, Field{"status", out.status},
              Field{"schedule", timing}, Field{"agents", out.agents}, Field{"flow", flow},
              Field{"execution", out.execution}, Field{"output_targets", out.output_targets},
              Field{"created_at_ms", created}, Field{"updated_at_ms", updated},
              Field{"creator_id", out.creator_id}, Field{"workspace_root", out.workspace_root},
              Field{"metadata", out.metadata}, Field{"next_fire_at_ms", next},
              Field{"last_fired_at_ms", last});
}

// --- reading: runs ------------------------------------------------------------------------------

struct OutputContent {
  AutomationOutput& output;
};
static void read(Element value, OutputContent& out) {
  out.output.session_id = text_member(value, {"session_id", "sessionID"});
  const auto text = member(value, "text");
  ResultText whole{out.output.text};
  read(text.value_or(value), whole);
}

static void read(Element value, AutomationOutput& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  OutputContent content{out};
  Json rest;
  read_object(value, rest, Field{"contract_kind", out.contract_kind}, Field{"summary", out.summary},
              Field{"content", content}, Field{"created_at_ms", created});
}

struct RunGate {
  std::optional<AwaitedGate>& gate;
};
static void read(Element value, RunGate& out) {
  if (value.is_null()) return;
  AwaitedGate& gate = out.gate.emplace();
  Moment requested{.at = gate.requested_at, .nanos_per_unit = nanos_per_millisecond};
  Json rest;
  read_object(value, rest, Field{"node_id", gate.node_id}, Field{"title", gate.title},
              Field{"instructions", gate.instructions}, Field{"decisions", gate.decisions},
              Field{"rework_targets", gate.rework_targets},
              Field{"upstream_node_ids", gate.upstream_node_ids},
              Field{"requested_at_ms", requested});
}

static void read(Element value, GateDecision& out) {
  Moment decided{.at = out.decided_at, .nanos_per_unit = nanos_per_millisecond};
  Json rest;
  read_object(value, rest, Field{"node_id", out.node_id}, Field{"decision", out.decision},
              Field{"reason", out.reason}, Field{"decided_at_ms", decided});
}

static void read(Element value, LifecycleEntry& out) {
  Moment recorded{.at = out.recorded_at, .nanos_per_unit = nanos_per_millisecond};
  Json rest;
  read_object(value, rest, Field{"event", out.event}, Field{"reason", out.reason},
              Field{"stop_kind", out.stop_kind}, Field{"metadata", out.metadata},
              Field{"recorded_at_ms", recorded});
}

struct RunFailure {
  std::optional<AutomationFailure>& failure;
};
static void read(Element value, RunFailure& out) {
  if (value.is_null()) return;
  AutomationFailure& failure = out.failure.emplace();
  Moment failed{.at = failure.failed_at, .nanos_per_unit = nanos_per_millisecond};
  Json rest;
  read_object(value, rest, Field{"node_id", failure.node_id}, Field{"reason", failure.reason},
              Field{"failed_at_ms", failed});
}

struct RunCheckpoint {
  AutomationV2Run& run;
};
static void read(Element value, RunCheckpoint& out) {
  AutomationV2Run& run = out.run;
  RunGate gate{run.awaiting_gate};
  RunFailure failure{run.last_failure};
  Json rest;
  read_object(value, rest, Field{"completed_nodes", run.completed_nodes},
              Field{"pending_nodes", run.pending_nodes}, Field{"blocked_nodes", run.blocked_nodes},
              Field{"node_outputs", run.node_outputs}, Field{"node_attempts", run.node_attempts},
              Field{"node_sessions", run.node_sessions}, Field{"awaiting_gate", gate},
              Field{"gate_history", run.gate_history},
              Field{"lifecycle_history", run.lifecycle_history}, Field{"last_failure", failure});
}

static void read(Element value, AutomationV2Run& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  OptionalMoment updated{out.updated_at};
  OptionalMoment started{out.started_at};
  OptionalMoment finished{out.finished_at};
  RunCheckpoint checkpoint{out};
  read_object(
      value, out.extra, Field{"run_id", out.run_id}, Field{"automation_id", out.automation_id},
      Field{"trigger_type", out.trigger_type}, Field{"status", out.status},
      Field{"created_at_ms", created}, Field{"updated_at_ms", updated},
      Field{"started_at_ms", started}, Field{"finished_at_ms", finished},
      Field{"active_session_ids", out.active_session_ids}, Field{"checkpoint", checkpoint},
      Field{"automation_snapshot", out.snapshot}, Field{"pause_reason", out.pause_reason},
      Field{"resume_reason", out.resume_reason}, Field{"detail", out.detail},
      Field{"stop_kind", out.stop_kind}, Field{"stop_reason", out.stop_reason},
      Field{"prompt_tokens", out.prompt_tokens}, Field{"completion_tokens", out.completion_tokens},
      Field{"total_tokens", out.total_tokens}, Field{"estimated_cost_usd", out.estimated_cost_usd});
}

bool is_terminal_automation_status(std::string_view status) noexcept {
  constexpr std::array<std::string_view, 3> names{"completed", "failed", "cancelled"};
  return std::ranges::find(names, status) != names.end();
}

// --- writing ------------------------------------------------------------------------------------

namespace wire {
namespace {

void write_members_of(Writer& writer, const Json& more) {
  if (!more.is_object()) return;
  for (const auto& [name, value] : more.as_object()) writer.key(name).raw(value.dump());
}

void write_some_number(Writer& writer, std::string_view name,
                       const std::optional<std::int64_t>& number) {
  if (number) writer.field(name, *number);
}

void write_default_model(Writer& writer, const ModelRef& model) {
  writer.key("model_policy").object().key("default_model").object();
  writer.field("provider_id", model.provider_id).field("model_id", model.model_id);
  writer.end_object().end_object();
}

// In the form that a real engine takes, too, which wants zone and policy.
struct TimingWriter {
  Writer& writer;
  void operator()(std::monostate) const { writer.field("type", "manual"); }
  void operator()(const std::string& cron) const {
    writer.field("type", "cron").field("cron_expression", cron);
  }
  void operator()(const Interval& interval) const {
    writer.field("type", "interval");
    writer.field("interval_seconds", static_cast<std::int64_t>(interval.every.count()));
  }
  void operator()(const Manual&) const { writer.field("type", "manual"); }
  void operator()(const Json& form) const { write_members_of(writer, form); }
};

void write_timing(Writer& writer, const Schedule& schedule, std::string_view timezone,
                  MisfirePolicy policy) {
  writer.key("schedule").object();
  std::visit(TimingWriter{writer}, schedule.value());
  const bool is_own_form = std::holds_alternative<Json>(schedule.value());
  if (!is_own_form) {
    writer.field("timezone", timezone.empty() ? std::string_view("UTC") : timezone);
    writer.key("misfire_policy").object().field("type", misfire_name(policy)).end_object();
  }
  writer.end_object();
}

// Policies in full: a real engine wants them.
void write_agents(Writer& writer, const std::vector<AutomationAgent>& agents) {
  writer.key("agents").array();
  for (const AutomationAgent& agent : agents) {
    writer.object().field("agent_id", agent.agent_id);
    writer.field("display_name", agent.display_name.empty() ? agent.agent_id : agent.display_name);
    write_unless_empty(writer, "template_id", agent.template_id);
    write_unless_empty(writer, "avatar_url", agent.avatar_url);
    if (agent.model) write_default_model(writer, *agent.model);
    write_texts(writer, "skills", agent.skills);
    writer.key("tool_policy").object();
    write_texts(writer, "allowlist", agent.allowed_tools);
    write_texts(writer, "denylist", agent.denied_tools);
    writer.end_object().key("mcp_policy").object();
    write_texts(writer, "allowed_servers", agent.mcp_servers);
    if (agent.mcp_tools) write_texts(writer, "allowed_tools", *agent.mcp_tools);
    writer.end_object();
    write_members_of(writer, agent.extra);
    writer.end_object();
  }
  writer.end_array();
}

void write_contract_of(Writer& writer, const AutomationContract& contract) {
  writer.key("output_contract").object().field("kind", contract.kind);
  write_some_json(writer, "schema", contract.schema);
  write_unless_empty(writer, "summary_guidance", contract.summary_guidance);
  writer.end_object();
}

void write_gate_of(Writer& writer, const AutomationGate& gate) {
  writer.key("gate").object().field("required", gate.required);
  write_texts(writer, "decisions", gate.decisions);
  write_texts(writer, "rework_targets", gate.rework_targets);
  write_unless_empty(writer, "instructions", gate.instructions);
  writer.end_object();
}

void write_node(Writer& writer, const AutomationNode& node) {
  writer.object().field("node_id", node.node_id).field("agent_id", node.agent_id);
  writer.field("objective", node.objective);
  write_texts(writer, "depends_on", node.depends_on);
  writer.key("input_refs").array();
  for (const AutomationInput& input : node.inputs) {
    writer.object().field("from_step_id", input.from_step_id).field("alias", input.alias);
    writer.end_object();
  }
  writer.end_array();
  if (node.contract) write_contract_of(writer, *node.contract);
  if (node.max_attempts || node.idempotent) {
    writer.key("retry_policy").object();
    write_some_number(writer, "max_attempts", node.max_attempts);
    if (node.idempotent) writer.field("idempotent", true);
    writer.end_object();
  }
  if (node.timeout) {
    writer.field("timeout_ms", static_cast<std::int64_t>(node.timeout->count()));
  }
  write_unless_empty(writer, "stage_kind", node.stage_kind);
  if (node.gate) write_gate_of(writer, *node.gate);
  write_some_json(writer, "metadata", node.metadata);
  write_members_of(writer, node.extra);
  writer.end_object();
}

void write_nodes(Writer& writer, const std::vector<AutomationNode>& nodes) {
  writer.key("flow").object().key("nodes").array();
  for (const AutomationNode& node : nodes) write_node(writer, node);
  writer.end_array().end_object();
}

void write_bounds(Writer& writer, const AutomationExecution& execution) {
  writer.key("execution").object();
  write_some_number(writer, "max_parallel_agents", execution.max_parallel_agents);
  if (execution.max_total_runtime) {
    writer.field("max_total_runtime_ms",
                 static_cast<std::int64_t>(execution.max_total_runtime->count()));
  }
  write_some_number(writer, "max_total_tool_calls", execution.max_total_tool_calls);
  write_some_number(writer, "max_total_tokens", execution.max_total_tokens);
  if (execution.max_total_cost_usd) {
    writer.field("max_total_cost_usd", *execution.max_total_cost_usd);
  }
  write_unless_empty(writer, "tools_at_stop", execution.tools_at_stop);
  writer.end_object();
}

}  // namespace

Result<std::string> create_automation_v2(bool real_engine, const CreateAutomationV2& request) {
  const auto schedule = schedule_for(real_engine, request.schedule);
  if (!schedule) return schedule.error();
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, "automation_id", request.automation_id);
  writer.field("name", request.name);
  write_unless_empty(writer, "description", request.description);
  write_unless_empty(writer, "status", request.status);
  write_timing(writer, *schedule, request.timezone, request.misfire_policy);
  write_agents(writer, request.agents);
  write_nodes(writer, request.nodes);
  write_bounds(writer, request.execution);
  write_some_texts(writer, "output_targets", request.output_targets);
  write_unless_empty(writer, "workspace_root", request.workspace_root);
  write_some_json(writer, "metadata", request.metadata);
  write_unless_empty(writer, "creator_id", request.creator_id);
  write_members_of(writer, request.more);
  writer.end_object();
  return text;
}

Result<std::string> update_automation_v2(bool real_engine, const UpdateAutomationV2& changes) {
  const auto schedule = schedule_for(real_engine, changes.schedule);
  if (!schedule) return schedule.error();
  std::string text;
  Writer writer(text);
  writer.object();
  if (changes.name) writer.field("name", *changes.name);
  if (changes.description) writer.field("description", *changes.description);
  if (changes.status) writer.field("status", *changes.status);
  if (!schedule->empty()) {
    write_timing(writer, *schedule, changes.timezone, changes.misfire_policy);
  }
  if (changes.agents) write_agents(writer, *changes.agents);
  if (changes.nodes) write_nodes(writer, *changes.nodes);
  if (changes.execution) write_bounds(writer, *changes.execution);
  if (changes.output_targets) write_texts(writer, "output_targets", *changes.output_targets);
  if (changes.workspace_root) writer.field("workspace_root", *changes.workspace_root);
  write_members_of(writer, changes.more);
  writer.end_object();
  return text;
}

std::string repair_node(const RepairAutomationNode& repair) {
  std::string text;
  Writer writer(text);
  writer.object().field("node_id", repair.node_id);
  write_unless_empty(writer, "prompt", repair.prompt);
  write_unless_empty(writer, "template_id", repair.template_id);
  if (repair.model) write_default_model(writer, *repair.model);
  write_unless_empty(writer, "reason", repair.reason);
  writer.end_object();
  return text;
}

Result<std::vector<AutomationV2>> automations_v2(const CallSpec& spec,
                                                 const TransportReply& reply) {
  return list<AutomationV2>(spec, reply, {"automations"}, "automation_id");
}

Result<AutomationV2> automation_v2(const CallSpec& spec, const TransportReply& reply) {
  return one<AutomationV2>(spec, reply, "automation_id", "automation");
}

Result<std::vector<AutomationV2Run>> automation_v2_runs(const CallSpec& spec,
                                                        const TransportReply& reply) {
  return list<AutomationV2Run>(spec, reply, {"runs"}, "run_id");
}

Result<AutomationV2Run> automation_v2_run(const CallSpec& spec, const TransportReply& reply) {
  return one<AutomationV2Run>(spec, reply, "run_id", "run");
}

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
