#include "core/flows/flow_text.hpp"

#include <utility>

#include "core/jobs/job_schedule.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using base::Time;

namespace {

std::unexpected<base::Error> unreadable_flow(std::string_view what) {
  return fail(ErrorKind::invalid, "the " + std::string(what) + " of a flow cannot be read",
              "payload");
}

// --- reading ------------------------------------------------------------------------------------

// Members of one object; what is not there, or is of another type, is as if it were empty.
class FlowMembers {
 public:
  explicit FlowMembers(const Json& tree) : tree_(tree) {}

  bool has(const char* name) const { return find(name) != nullptr; }
  std::string text(const char* name) const {
    const Json* found = find(name);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
  }
  bool flag(const char* name) const {
    const Json* found = find(name);
    return found != nullptr && found->is_boolean() && found->get<bool>();
  }
  std::optional<std::int64_t> number(const char* name) const {
    const Json* found = find(name);
    if (found == nullptr || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  }
  std::int64_t count(const char* name) const { return number(name).value_or(0); }
  std::optional<Time> time(const char* name) const {
    const auto micros = number(name);
    if (!micros) return std::nullopt;
    return Time{*micros};
  }
  Json tree(const char* name) const {
    const Json* found = find(name);
    return found == nullptr ? Json(nullptr) : *found;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    const Json* found = find(name);
    if (found == nullptr || !found->is_array()) return out;
    for (const Json& one : *found) {
      if (one.is_string()) out.push_back(one.get<std::string>());
    }
    return out;
  }
  template <class Read>
  auto objects(const char* name, Read read) const {
    std::vector<decltype(read(*this))> out;
    const Json* found = find(name);
    if (found == nullptr || !found->is_array()) return out;
    for (const Json& one : *found) {
      if (one.is_object()) out.push_back(read(FlowMembers(one)));
    }
    return out;
  }
  // The object below the name.
  std::optional<FlowMembers> object(const char* name) const {
    const Json* found = find(name);
    if (found == nullptr || !found->is_object()) return std::nullopt;
    return FlowMembers(*found);
  }
  const Json& all() const { return tree_; }

 private:
  const Json* find(const char* name) const {
    const auto found = tree_.find(name);
    return found == tree_.end() || found->is_null() ? nullptr : &*found;
  }

  const Json& tree_;
};

template <class Enum>
Enum word_or(std::optional<Enum> found, Enum otherwise) {
  return found.value_or(otherwise);
}

// --- definitions --------------------------------------------------------------------------------

void put_text(Json& tree, const char* name, const std::string& text) {
  if (!text.empty()) tree[name] = text;
}
template <class Number>
void put_number(Json& tree, const char* name, const std::optional<Number>& number) {
  if (number) tree[name] = *number;
}
void put_tree(Json& tree, const char* name, const Json& value) {
  if (!value.is_null()) tree[name] = value;
}
void put_time(Json& tree, const char* name, const std::optional<Time>& time) {
  if (time) tree[name] = time->micros;
}

Json agent_tree(const FlowAgent& agent) {
  Json out = {{"id", agent.id}, {"tools", agent.tools}, {"skills", agent.skills}};
  put_text(out, "template", agent.template_id);
  put_text(out, "display_name", agent.display_name);
  put_text(out, "avatar_url", agent.avatar_url);
  put_text(out, "provider", agent.provider);
  put_text(out, "model", agent.model);
  put_tree(out, "role_models", agent.role_models);
  out["tools_left_out"] = agent.tools_left_out;
  out["servers"] = agent.servers;
  if (agent.server_tools) out["server_tools"] = *agent.server_tools;
  put_tree(out, "approval_policy", agent.approval_policy);
  return out;
}

FlowAgent agent_in(const FlowMembers& in) {
  FlowAgent out{.id = in.text("id"),
                .template_id = in.text("template"),
                .display_name = in.text("display_name"),
                .avatar_url = in.text("avatar_url"),
                .provider = in.text("provider"),
                .model = in.text("model"),
                .role_models = in.tree("role_models"),
                .skills = in.texts("skills"),
                .tools = in.texts("tools"),
                .tools_left_out = in.texts("tools_left_out"),
                .servers = in.texts("servers"),
                .approval_policy = in.tree("approval_policy")};
  if (in.has("server_tools")) out.server_tools = in.texts("server_tools");
  return out;
}

Json gate_tree(const FlowGate& gate) {
  Json out = {{"required", gate.required},
              {"decisions", gate.decisions},
              {"rework_targets", gate.rework_targets}};
  put_text(out, "instructions", gate.instructions);
  return out;
}

FlowGate gate_in(const FlowMembers& in) {
  return {.required = in.flag("required"),
          .decisions = in.texts("decisions"),
          .rework_targets = in.texts("rework_targets"),
          .instructions = in.text("instructions")};
}

Json node_tree(const FlowNode& node) {
  Json inputs = Json::array();
  for (const FlowInput& one : node.inputs) {
    inputs.push_back({{"from", one.from}, {"alias", one.alias}});
  }
  Json out = {{"id", node.id},
              {"agent", node.agent_id},
              {"objective", node.objective},
              {"depends_on", node.depends_on},
              {"inputs", std::move(inputs)}};
  if (node.contract) {
    Json contract = {{"kind", node.contract->kind}};
    put_tree(contract, "schema", node.contract->schema);
    put_text(contract, "guidance", node.contract->guidance);
    out["contract"] = std::move(contract);
  }
  put_number(out, "attempts_max", node.attempts_max);
  if (node.is_idempotent) out["is_idempotent"] = true;
  put_number(out, "time_ms_max", node.time_ms_max);
  put_text(out, "stage", node.stage);
  if (node.gate) out["gate"] = gate_tree(*node.gate);
  put_tree(out, "metadata", node.metadata);
  return out;
}

FlowNode node_in(const FlowMembers& in) {
  FlowNode out{.id = in.text("id"),
               .agent_id = in.text("agent"),
               .objective = in.text("objective"),
               .depends_on = in.texts("depends_on"),
               .is_idempotent = in.flag("is_idempotent"),
               .time_ms_max = in.number("time_ms_max"),
               .stage = in.text("stage"),
               .metadata = in.tree("metadata")};
  out.inputs = in.objects("inputs", [](const FlowMembers& one) {
    return FlowInput{.from = one.text("from"), .alias = one.text("alias")};
  });
  if (const auto contract = in.object("contract")) {
    out.contract = FlowContract{.kind = contract->text("kind"),
                                .schema = contract->tree("schema"),
                                .guidance = contract->text("guidance")};
  }
  if (const auto most = in.number("attempts_max")) out.attempts_max = static_cast<int>(*most);
  if (const auto gate = in.object("gate")) out.gate = gate_in(*gate);
  return out;
}

Json bounds_tree(const FlowBounds& bounds) {
  Json out = {{"parallel_max", bounds.parallel_max}};
  put_number(out, "time_ms_max", bounds.time_ms_max);
  put_number(out, "tool_calls_max", bounds.tool_calls_max);
  put_number(out, "tokens_max", bounds.tokens_max);
  put_number(out, "cost_micros_max", bounds.cost_micros_max);
  return out;
}

FlowBounds bounds_in(const FlowMembers& in) {
  return {.parallel_max = static_cast<int>(in.number("parallel_max").value_or(1)),
          .time_ms_max = in.number("time_ms_max"),
          .tool_calls_max = in.number("tool_calls_max"),
          .tokens_max = in.number("tokens_max"),
          .cost_micros_max = in.number("cost_micros_max")};
}

Json definition_tree(const FlowDefinition& definition) {
  Json agents = Json::array();
  for (const FlowAgent& one : definition.agents) agents.push_back(agent_tree(one));
  Json nodes = Json::array();
  for (const FlowNode& one : definition.nodes) nodes.push_back(node_tree(one));
  Json out = {{"name", definition.name},
              {"agents", std::move(agents)},
              {"nodes", std::move(nodes)},
              {"bounds", bounds_tree(definition.bounds)},
              {"tools_at_stop", to_string(definition.tools_at_stop)},
              {"output_targets", definition.output_targets}};
  put_text(out, "description", definition.description);
  put_text(out, "workspace", definition.workspace);
  if (definition.workspace_by_operator) out["workspace_by_operator"] = true;
  put_tree(out, "metadata", definition.metadata);
  return out;
}

FlowDefinition definition_in(const FlowMembers& in) {
  FlowDefinition out{.name = in.text("name"),
                     .description = in.text("description"),
                     .agents = in.objects("agents", agent_in),
                     .nodes = in.objects("nodes", node_in),
                     .tools_at_stop = word_or(flow_tools_at_stop_from(in.text("tools_at_stop")),
                                              FlowToolsAtStop::cancelled),
                     .output_targets = in.texts("output_targets"),
                     .workspace = in.text("workspace"),
                     .workspace_by_operator = in.flag("workspace_by_operator"),
                     .metadata = in.tree("metadata")};
  if (const auto bounds = in.object("bounds")) out.bounds = bounds_in(*bounds);
  return out;
}

Json timing_tree(const FlowTiming& timing) {
  Json out = {{"misfire", to_string(timing.misfire.rule)},
              {"misfire_times", timing.misfire.times_max},
              {"misfire_in_one", timing.misfire.in_one_job}};
  if (timing.timing) {
    out["kind"] = to_string(timing.timing->kind);
    out["text"] = timing.timing->text;
    out["zone"] = timing.timing->zone;
  }
  return out;
}

FlowTiming timing_in(const FlowMembers& in) {
  FlowTiming out;
  out.misfire = {.rule = word_or(misfire_rule_from(in.text("misfire")), MisfireRule::run_once),
                 .times_max = static_cast<int>(in.number("misfire_times").value_or(1)),
                 .in_one_job = in.flag("misfire_in_one")};
  if (const auto kind = job_timing_kind_from(in.text("kind"))) {
    out.timing = JobTiming{.kind = *kind, .text = in.text("text"), .zone = in.text("zone")};
  }
  return out;
}

Json flow_tree(const Flow& flow) {
  return {{"status", to_string(flow.status)},     {"created_at", flow.created_at.micros},
          {"updated_at", flow.updated_at.micros}, {"definition", definition_tree(flow.definition)},
          {"timing", timing_tree(flow.timing)},   {"creator_id", flow.creator_id}};
}

Result<void> read_flow_tree(const Json& tree, Flow& into) {
  const FlowMembers in(tree);
  const auto definition = in.object("definition");
  if (!definition) return unreadable_flow("definition");
  into.status = word_or(flow_status_from(in.text("status")), FlowStatus::draft);
  into.created_at = Time{in.count("created_at")};
  into.updated_at = Time{in.count("updated_at")};
  into.definition = definition_in(*definition);
  if (const auto timing = in.object("timing")) into.timing = timing_in(*timing);
  into.creator_id = in.text("creator_id");
  return {};
}

// --- progress -----------------------------------------------------------------------------------

Json share_tree(const FlowShare& share) {
  Json out = {{"is_all", share.is_all}};
  put_number(out, "tool_calls", share.tool_calls);
  put_number(out, "tokens", share.tokens);
  put_number(out, "cost_micros", share.cost_micros);
  return out;
}

Json work_tree(const FlowNodeWork& work) {
  Json out = {{"state", to_string(work.state)},
              {"attempts", work.attempts},
              {"share", share_tree(work.share)}};
  put_text(out, "thread", work.thread_id);
  put_text(out, "run", work.run_id);
  put_text(out, "note", work.note);
  if (work.goes_on) out["goes_on"] = true;
  if (work.had_effects) out["had_effects"] = true;
  if (work.needs_all) out["needs_all"] = true;
  if (work.output) {
    out["output"] = {{"kind", work.output->kind},
                     {"summary", work.output->summary},
                     {"text", work.output->text},
                     {"thread", work.output->thread_id},
                     {"at", work.output->at.micros}};
  }
  return out;
}

FlowNodeWork work_in(const FlowMembers& in) {
  FlowNodeWork out{.state = word_or(flow_node_state_from(in.text("state")), FlowNodeState::pending),
                   .attempts = static_cast<int>(in.count("attempts")),
                   .thread_id = in.text("thread"),
                   .run_id = in.text("run"),
                   .goes_on = in.flag("goes_on"),
                   .note = in.text("note"),
                   .had_effects = in.flag("had_effects"),
                   .needs_all = in.flag("needs_all")};
  if (const auto share = in.object("share")) {
    out.share = {.tool_calls = share->number("tool_calls"),
                 .tokens = share->number("tokens"),
                 .cost_micros = share->number("cost_micros"),
                 .is_all = share->flag("is_all")};
  }
  if (const auto output = in.object("output")) {
    out.output = FlowOutput{.kind = output->text("kind"),
                            .summary = output->text("summary"),
                            .text = output->text("text"),
                            .thread_id = output->text("thread"),
                            .at = Time{output->count("at")}};
  }
  return out;
}

Json open_gate_tree(const FlowOpenGate& gate) {
  return {{"node", gate.node_id},
          {"title", gate.title},
          {"instructions", gate.instructions},
          {"decisions", gate.decisions},
          {"rework_targets", gate.rework_targets},
          {"upstream", gate.upstream},
          {"asked_at", gate.asked_at.micros}};
}

FlowOpenGate open_gate_in(const FlowMembers& in) {
  return {.node_id = in.text("node"),
          .title = in.text("title"),
          .instructions = in.text("instructions"),
          .decisions = in.texts("decisions"),
          .rework_targets = in.texts("rework_targets"),
          .upstream = in.texts("upstream"),
          .asked_at = Time{in.count("asked_at")}};
}

Json moment_tree(const FlowMoment& moment) {
  Json out = {{"event", moment.event}, {"at", moment.at.micros}};
  put_text(out, "node", moment.node_id);
  put_text(out, "reason", moment.reason);
  put_text(out, "thread", moment.thread_id);
  put_text(out, "stop", std::string(to_string(moment.stop)));
  return out;
}

FlowMoment moment_in(const FlowMembers& in) {
  return {.event = in.text("event"),
          .at = Time{in.count("at")},
          .node_id = in.text("node"),
          .reason = in.text("reason"),
          .thread_id = in.text("thread"),
          .stop = word_or(flow_stop_from(in.text("stop")), FlowStop::none)};
}

Json flow_usage_tree(const FlowUsage& used) {
  return {{"prompt_tokens", used.prompt_tokens},
          {"completion_tokens", used.completion_tokens},
          {"cost_micros", used.cost_micros},
          {"tool_calls", used.tool_calls}};
}

FlowUsage flow_usage_in(const FlowMembers& in) {
  return {.prompt_tokens = in.count("prompt_tokens"),
          .completion_tokens = in.count("completion_tokens"),
          .cost_micros = in.count("cost_micros"),
          .tool_calls = in.count("tool_calls")};
}

Json happened_tree(const FlowProgress& progress) {
  Json decisions = Json::array();
  for (const FlowDecision& one : progress.decisions) {
    decisions.push_back({{"node", one.node_id},
                         {"decision", one.decision},
                         {"reason", one.reason},
                         {"at", one.at.micros}});
  }
  Json history = Json::array();
  for (const FlowMoment& one : progress.history) history.push_back(moment_tree(one));
  return {{"decisions", std::move(decisions)},
          {"history", std::move(history)},
          {"moments", progress.moments}};
}

void read_happened(const FlowMembers& in, FlowProgress& into) {
  into.decisions = in.objects("decisions", [](const FlowMembers& one) {
    return FlowDecision{.node_id = one.text("node"),
                        .decision = one.text("decision"),
                        .reason = one.text("reason"),
                        .at = Time{one.count("at")}};
  });
  into.history = in.objects("history", moment_in);
  into.moments = in.count("moments");
}

Result<Json> flow_object(std::string_view text, std::string_view what) {
  auto tree = base::parse_json(text, what);
  if (!tree || !tree->is_object()) return unreadable_flow(what);
  return tree;
}

}  // namespace

std::string flow_text(const Flow& flow) { return base::to_text(flow_tree(flow)); }

Result<void> read_flow(std::string_view text, Flow& into) {
  const auto tree = flow_object(text, "definition");
  if (!tree) return fail(tree.error());
  return read_flow_tree(*tree, into);
}

std::string progress_text(const FlowProgress& progress) {
  Json nodes = Json::object();
  for (const auto& [id, work] : progress.nodes) nodes[id] = work_tree(work);
  Json out = {{"state", to_string(progress.state)},  {"nodes", std::move(nodes)},
              {"happened", happened_tree(progress)}, {"used", flow_usage_tree(progress.used)},
              {"stop", to_string(progress.stop)},    {"ran_micros", progress.ran_micros},
              {"is_seen", progress.is_seen}};
  if (progress.gate) out["gate"] = open_gate_tree(*progress.gate);
  if (progress.failure) {
    out["failure"] = {{"node", progress.failure->node_id},
                      {"reason", progress.failure->reason},
                      {"at", progress.failure->at.micros}};
  }
  put_text(out, "stop_reason", progress.stop_reason);
  put_text(out, "pause_reason", progress.pause_reason);
  put_text(out, "resume_reason", progress.resume_reason);
  put_text(out, "detail", progress.detail);
  put_time(out, "started_at", progress.started_at);
  put_time(out, "finished_at", progress.finished_at);
  put_time(out, "runs_since", progress.runs_since);
  return base::to_text(out);
}

Result<void> read_progress(std::string_view text, FlowProgress& into) {
  const auto tree = flow_object(text, "progress");
  if (!tree) return fail(tree.error());
  const FlowMembers in(*tree);
  const auto state = flow_run_state_from(in.text("state"));
  const auto nodes = in.object("nodes");
  if (!state || !nodes) return unreadable_flow("progress");
  into.state = *state;
  into.nodes.clear();
  for (const auto& [id, work] : nodes->all().items()) {
    if (work.is_object()) into.nodes.insert_or_assign(id, work_in(FlowMembers(work)));
  }
  if (const auto happened = in.object("happened")) read_happened(*happened, into);
  if (const auto used = in.object("used")) into.used = flow_usage_in(*used);
  into.stop = word_or(flow_stop_from(in.text("stop")), FlowStop::none);
  into.ran_micros = in.count("ran_micros");
  into.is_seen = in.flag("is_seen");
  if (const auto gate = in.object("gate")) into.gate = open_gate_in(*gate);
  if (const auto failure = in.object("failure")) {
    into.failure = FlowFailure{.node_id = failure->text("node"),
                               .reason = failure->text("reason"),
                               .at = Time{failure->count("at")}};
  }
  into.stop_reason = in.text("stop_reason");
  into.pause_reason = in.text("pause_reason");
  into.resume_reason = in.text("resume_reason");
  into.detail = in.text("detail");
  into.started_at = in.time("started_at");
  into.finished_at = in.time("finished_at");
  into.runs_since = in.time("runs_since");
  return {};
}

std::string to_payload(const FlowPayload& payload) {
  Json tree = {{"flow", payload.flow.id}, {"definition", flow_tree(payload.flow)}};
  put_text(tree, "run", payload.run_id);
  put_text(tree, "schedule", payload.flow.schedule_id);
  return base::to_text(tree);
}

Result<FlowPayload> flow_payload_from(const Job& job) {
  const auto tree = flow_object(job.payload, "payload");
  if (!tree) return fail(tree.error());
  const FlowMembers in(*tree);
  FlowPayload out{.run_id = in.text("run"),
                  .flow = {.id = in.text("flow"),
                           .scope = job.owner.scope,
                           .owner = job.owner.user_id,
                           .schedule_id = in.text("schedule")}};
  const auto definition = in.object("definition");
  if (out.flow.id.empty() || !definition) return unreadable_flow("payload");
  if (auto read = read_flow_tree(definition->all(), out.flow); !read) return fail(read.error());
  return out;
}

std::string flow_task_name(std::string_view flow_id) {
  return std::string(flow_handler) + ":" + std::string(flow_id);
}

bool is_flow_job(const Job& job) {
  return job.work.kind == JobHandlerKind::internal && job.work.name == flow_handler;
}

}  // namespace colonnade::core
