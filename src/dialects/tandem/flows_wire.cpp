#include "dialects/tandem/flows_wire.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "dialects/tandem/run_words.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::JsonWriter;

constexpr std::string_view flow_run_prefix = "automation-v2-run-";

void write_names(JsonWriter& json, std::string_view name, const std::vector<std::string>& names) {
  json.key(name).array();
  for (const std::string& one : names) json.value(one);
  json.end_array();
}

void write_unless_empty(JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.field(name, text);
}

void write_moment(JsonWriter& json, std::string_view name, const std::optional<base::Time>& time) {
  if (time) json.field(name, milliseconds_of(*time));
}

double usd_of(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

// --- definitions --------------------------------------------------------------------------------

void write_flow_schedule(JsonWriter& json, const core::FlowTiming& timing) {
  json.key("schedule").object();
  const std::optional<core::JobTiming>& when = timing.timing;
  if (!when) {
    json.field("type", "manual");
  } else if (when->kind == core::JobTimingKind::interval) {
    std::int64_t seconds = 0;
    for (const char c : when->text) seconds = seconds * 10 + (c - '0');
    json.field("type", "interval").field("interval_seconds", seconds);
  } else {
    json.field("type", "cron").field("cron_expression", when->text);
  }
  json.field("timezone", when ? when->zone : std::string("UTC"));
  json.key("misfire_policy").object().field("type", core::to_string(timing.misfire.rule));
  if (timing.misfire.rule == core::MisfireRule::catch_up) {
    json.field("max_runs", timing.misfire.times_max);
  }
  json.end_object().end_object();
}

void write_flow_agent(JsonWriter& json, const core::FlowAgent& agent) {
  json.object().field("agent_id", agent.id);
  write_unless_empty(json, "template_id", agent.template_id);
  json.field("display_name", agent.display_name);
  write_unless_empty(json, "avatar_url", agent.avatar_url);
  const bool has_model = !agent.provider.empty() || !agent.model.empty();
  if (has_model || !agent.role_models.is_null()) {
    json.key("model_policy").object();
    if (has_model) {
      json.key("default_model").object();
      json.field("provider_id", agent.provider).field("model_id", agent.model).end_object();
    }
    if (!agent.role_models.is_null()) json.field("role_models", agent.role_models);
    json.end_object();
  }
  write_names(json, "skills", agent.skills);
  json.key("tool_policy").object();
  write_names(json, "allowlist", agent.tools);
  write_names(json, "denylist", agent.tools_left_out);
  json.end_object().key("mcp_policy").object();
  write_names(json, "allowed_servers", agent.servers);
  if (agent.server_tools) write_names(json, "allowed_tools", *agent.server_tools);
  json.end_object();
  if (!agent.approval_policy.is_null()) json.field("approval_policy", agent.approval_policy);
  json.end_object();
}

void write_gate_of(JsonWriter& json, const core::FlowGate& gate) {
  json.key("gate").object().field("required", gate.required);
  write_names(json, "decisions", gate.decisions);
  write_names(json, "rework_targets", gate.rework_targets);
  write_unless_empty(json, "instructions", gate.instructions);
  json.end_object();
}

void write_flow_node(JsonWriter& json, const core::FlowNode& node) {
  json.object().field("node_id", node.id).field("agent_id", node.agent_id);
  json.field("objective", node.objective);
  write_names(json, "depends_on", node.depends_on);
  json.key("input_refs").array();
  for (const core::FlowInput& one : node.inputs) {
    json.object().field("from_step_id", one.from).field("alias", one.alias).end_object();
  }
  json.end_array();
  if (node.contract) {
    json.key("output_contract").object().field("kind", node.contract->kind);
    if (!node.contract->schema.is_null()) json.field("schema", node.contract->schema);
    write_unless_empty(json, "summary_guidance", node.contract->guidance);
    json.end_object();
  }
  if (node.attempts_max || node.is_idempotent) {
    json.key("retry_policy").object();
    if (node.attempts_max) json.field("max_attempts", *node.attempts_max);
    if (node.is_idempotent) json.field("idempotent", true);
    json.end_object();
  }
  if (node.time_ms_max) json.field("timeout_ms", *node.time_ms_max);
  write_unless_empty(json, "stage_kind", node.stage);
  if (node.gate) write_gate_of(json, *node.gate);
  if (node.metadata.is_object()) json.field("metadata", node.metadata);
  json.end_object();
}

void write_execution(JsonWriter& json, const core::FlowDefinition& definition) {
  const core::FlowBounds& bounds = definition.bounds;
  json.key("execution").object().field("max_parallel_agents", bounds.parallel_max);
  if (bounds.time_ms_max) json.field("max_total_runtime_ms", *bounds.time_ms_max);
  if (bounds.tool_calls_max) json.field("max_total_tool_calls", *bounds.tool_calls_max);
  if (bounds.tokens_max) json.field("max_total_tokens", *bounds.tokens_max);
  if (bounds.cost_micros_max) json.field("max_total_cost_usd", usd_of(*bounds.cost_micros_max));
  json.field("tools_at_stop", core::to_string(definition.tools_at_stop)).end_object();
}

// --- runs ---------------------------------------------------------------------------------------

void write_output(JsonWriter& json, const std::string& node_id, const core::FlowOutput& output) {
  json.key(node_id).object().field("contract_kind", output.kind);
  json.field("summary", output.summary).key("content").object().field("text", output.text);
  write_unless_empty(json, "session_id", output.thread_id);
  json.end_object().field("created_at_ms", milliseconds_of(output.at));
  json.field("node_id", node_id).end_object();
}

void write_open_gate(JsonWriter& json, const core::FlowOpenGate& gate) {
  json.key("awaiting_gate").object().field("node_id", gate.node_id).field("title", gate.title);
  write_unless_empty(json, "instructions", gate.instructions);
  write_names(json, "decisions", gate.decisions);
  write_names(json, "rework_targets", gate.rework_targets);
  json.field("requested_at_ms", milliseconds_of(gate.asked_at));
  write_names(json, "upstream_node_ids", gate.upstream);
  json.end_object();
}

void write_history(JsonWriter& json, const core::FlowProgress& progress) {
  json.key("gate_history").array();
  for (const core::FlowDecision& one : progress.decisions) {
    json.object().field("node_id", one.node_id).field("decision", one.decision);
    write_unless_empty(json, "reason", one.reason);
    json.field("decided_at_ms", milliseconds_of(one.at)).end_object();
  }
  json.end_array().key("lifecycle_history").array();
  for (const core::FlowMoment& one : progress.history) {
    json.object().field("event", one.event).field("recorded_at_ms", milliseconds_of(one.at));
    write_unless_empty(json, "reason", one.reason);
    if (one.stop != core::FlowStop::none) json.field("stop_kind", core::to_string(one.stop));
    if (!one.node_id.empty()) {
      json.key("metadata").object().field("node_id", one.node_id);
      write_unless_empty(json, "session_id", one.thread_id);
      json.end_object();
    }
    json.end_object();
  }
  json.end_array();
}

// Of the flow's nodes, those that the run has, in the order of the definition.
std::vector<std::string> nodes_that(const core::FlowRun& run,
                                    bool (*fits)(const core::FlowProgress&,
                                                 const core::FlowNode&)) {
  std::vector<std::string> out;
  for (const core::FlowNode& node : run.flow.definition.nodes) {
    const bool is_known = run.progress.nodes.contains(node.id);
    if (is_known && fits(run.progress, node)) out.push_back(node.id);
  }
  return out;
}

bool is_done(const core::FlowProgress& progress, const core::FlowNode& node) {
  return progress.nodes.at(node.id).state == core::FlowNodeState::completed;
}
bool is_to_be_done(const core::FlowProgress& progress, const core::FlowNode& node) {
  return !is_done(progress, node);
}
bool is_blocked(const core::FlowProgress& progress, const core::FlowNode& node) {
  if (is_done(progress, node)) return false;
  return std::ranges::any_of(node.depends_on, [&](const std::string& id) {
    const auto found = progress.nodes.find(id);
    return found == progress.nodes.end() || found->second.state != core::FlowNodeState::completed;
  });
}

void write_checkpoint(JsonWriter& json, const core::FlowRun& run) {
  const core::FlowProgress& progress = run.progress;
  json.key("checkpoint").object();
  write_names(json, "completed_nodes", nodes_that(run, is_done));
  write_names(json, "pending_nodes", nodes_that(run, is_to_be_done));
  json.key("node_outputs").object();
  for (const auto& [id, work] : progress.nodes) {
    if (work.output) write_output(json, id, *work.output);
  }
  json.end_object().key("node_attempts").object();
  for (const auto& [id, work] : progress.nodes) {
    if (work.attempts > 0) json.field(id, work.attempts);
  }
  json.end_object().key("node_sessions").object();
  for (const auto& [id, work] : progress.nodes) write_unless_empty(json, id, work.thread_id);
  json.end_object();
  write_names(json, "blocked_nodes", nodes_that(run, is_blocked));
  if (progress.gate) write_open_gate(json, *progress.gate);
  write_history(json, progress);
  if (progress.failure) {
    json.key("last_failure").object().field("node_id", progress.failure->node_id);
    json.field("reason", progress.failure->reason);
    json.field("failed_at_ms", milliseconds_of(progress.failure->at)).end_object();
  }
  json.end_object();
}

std::string_view flow_state_word(core::FlowRunState state, FlowWords words) {
  if (state == core::FlowRunState::awaiting_approval && words == FlowWords::few) {
    return core::to_string(core::FlowRunState::paused);
  }
  return core::to_string(state);
}

}  // namespace

std::string encode_flow(const core::ScheduledFlow& scheduled) {
  const core::Flow& flow = scheduled.flow;
  const core::FlowDefinition& definition = flow.definition;
  std::string out;
  JsonWriter json(out);
  json.object().field("automation_id", flow.id).field("name", definition.name);
  write_unless_empty(json, "description", definition.description);
  json.field("status", core::to_string(flow.status));
  write_flow_schedule(json, flow.timing);
  json.key("agents").array();
  for (const core::FlowAgent& one : definition.agents) write_flow_agent(json, one);
  json.end_array().key("flow").object().key("nodes").array();
  for (const core::FlowNode& one : definition.nodes) write_flow_node(json, one);
  json.end_array().end_object();
  write_execution(json, definition);
  write_names(json, "output_targets", definition.output_targets);
  json.field("created_at_ms", milliseconds_of(flow.created_at));
  json.field("updated_at_ms", milliseconds_of(flow.updated_at));
  json.field("creator_id", flow.creator_id);
  write_unless_empty(json, "workspace_root", definition.workspace);
  if (definition.metadata.is_object()) json.field("metadata", definition.metadata);
  write_moment(json, "next_fire_at_ms", scheduled.next_due_at);
  write_moment(json, "last_fired_at_ms", scheduled.last_fired_at);
  json.end_object();
  return out;
}

std::string encode_flow_run(const core::FlowRun& run, FlowWords words) {
  const core::FlowProgress& progress = run.progress;
  std::string out;
  JsonWriter json(out);
  json.object().field("run_id", shown_flow_run_id(run.id)).field("automation_id", run.flow_id);
  json.field("trigger_type", core::to_string(run.trigger));
  json.field("status", flow_state_word(run.state(), words));
  json.field("created_at_ms", milliseconds_of(run.created_at));
  json.field("updated_at_ms", milliseconds_of(run.updated_at));
  write_moment(json, "started_at_ms", progress.started_at);
  write_moment(json, "finished_at_ms", progress.finished_at);
  json.key("active_session_ids").array();
  for (const auto& [id, work] : progress.nodes) {
    if (core::is_at_work(work.state) && !work.thread_id.empty()) json.value(work.thread_id);
  }
  json.end_array().key("active_instance_ids").array().end_array();
  write_checkpoint(json, run);
  json.key("automation_snapshot").raw(encode_flow({.flow = run.flow}));
  write_unless_empty(json, "pause_reason", progress.pause_reason);
  write_unless_empty(json, "resume_reason", progress.resume_reason);
  const bool is_lost = core::has_ended(run.state()) && !core::has_ended(progress.state);
  write_unless_empty(json, "detail", is_lost ? run.job_error : progress.detail);
  if (progress.stop != core::FlowStop::none) {
    json.field("stop_kind", core::to_string(progress.stop));
  }
  write_unless_empty(json, "stop_reason", progress.stop_reason);
  json.field("prompt_tokens", progress.used.prompt_tokens);
  json.field("completion_tokens", progress.used.completion_tokens);
  json.field("total_tokens", progress.used.tokens());
  json.field("estimated_cost_usd", usd_of(progress.used.cost_micros)).end_object();
  return out;
}

std::string shown_flow_run_id(std::string_view id) {
  return std::string(flow_run_prefix) + base::uuid_form(id);
}

std::string flow_run_id_from(std::string_view shown) {
  if (shown.starts_with(flow_run_prefix)) shown.remove_prefix(flow_run_prefix.size());
  return base::plain_form(shown);
}

}  // namespace colonnade::dialects::tandem
