// Reading automations V2: what clients and engines of all versions send.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dialects/tandem/flows_wire.hpp"
#include "dialects/tandem/schedules_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

std::unexpected<base::Error> wrong_member(std::string why, std::string field) {
  return fail(ErrorKind::invalid, std::move(why), std::move(field));
}

// Reads members one after the other; the first error counts.
class BodyReader {
 public:
  // `where`: in front of the fields of errors, "agents[0]".
  BodyReader(const Json& tree, std::string where) : tree_(tree), where_(std::move(where)) {}

  std::string text(std::initializer_list<std::string_view> names) {
    return optional_text(names).value_or("");
  }
  std::optional<std::string> optional_text(std::initializer_list<std::string_view> names) {
    auto found = text_member(tree_, names);
    return take(std::move(found), names);
  }
  std::vector<std::string> list(std::initializer_list<std::string_view> names) {
    return optional_list(names).value_or(std::vector<std::string>());
  }
  std::optional<std::vector<std::string>> optional_list(
      std::initializer_list<std::string_view> names) {
    auto found = list_member(tree_, names);
    return take(std::move(found), names);
  }
  std::optional<std::int64_t> whole(std::initializer_list<std::string_view> names) {
    auto found = whole_member(tree_, names);
    return take(std::move(found), names);
  }
  std::optional<bool> flag(std::initializer_list<std::string_view> names) {
    auto found = flag_member(tree_, names);
    return take(std::move(found), names);
  }
  // nullptr when it is not there.
  const Json* object(std::initializer_list<std::string_view> names) {
    auto found = object_member(tree_, names);
    if (found) return *found;
    note(std::move(found.error()), names);
    return nullptr;
  }
  Json any(std::initializer_list<std::string_view> names) const {
    const Json* found = member(tree_, names);
    return found == nullptr ? Json(nullptr) : *found;
  }
  bool has(std::initializer_list<std::string_view> names) const {
    return member(tree_, names) != nullptr;
  }
  // A list of objects, each read by `read(const Json&, std::string where) -> Result<T>`.
  template <class T, class Read>
  std::vector<T> objects(std::initializer_list<std::string_view> names, Read read) {
    std::vector<T> out;
    const Json* found = member(tree_, names);
    if (found == nullptr) return out;
    const std::string field = field_of(names);
    if (!found->is_array()) {
      fail_with(field + " must be a list", field);
      return out;
    }
    for (std::size_t i = 0; i < found->size(); ++i) {
      const std::string place = field + "[" + std::to_string(i) + "]";
      if (!(*found)[i].is_object()) {
        fail_with(place + " must be an object", place);
        return out;
      }
      auto one = read((*found)[i], place);
      if (!one) {
        if (!error_) error_ = std::move(one.error());
        return out;
      }
      out.push_back(std::move(*one));
    }
    return out;
  }

  std::string field_of(std::initializer_list<std::string_view> names) const {
    const std::string name(*names.begin());
    return where_.empty() ? name : where_ + "." + name;
  }
  void fail_with(std::string why, std::string field) {
    if (!error_) {
      error_ = base::Error{
          .kind = ErrorKind::invalid, .message = std::move(why), .field = std::move(field)};
    }
  }
  Result<void> result() const {
    if (error_) return fail(*error_);
    return {};
  }

 private:
  template <class T>
  std::optional<T> take(Result<std::optional<T>> found,
                        std::initializer_list<std::string_view> names) {
    if (found) return std::move(*found);
    note(std::move(found.error()), names);
    return std::nullopt;
  }
  void note(base::Error error, std::initializer_list<std::string_view> names) {
    if (error_) return;
    error.field = field_of(names);
    if (!where_.empty()) error.message = where_ + ": " + error.message;
    error_ = std::move(error);
  }

  const Json& tree_;
  std::string where_;
  std::optional<base::Error> error_{};
};

Result<core::FlowAgent> decode_flow_agent(const Json& tree, std::string where) {
  BodyReader in(tree, where);
  core::FlowAgent out{.id = in.text({"agent_id", "agentId", "id"}),
                      .template_id = in.text({"template_id", "templateId"}),
                      .display_name = in.text({"display_name", "displayName"}),
                      .avatar_url = in.text({"avatar_url", "avatarUrl"}),
                      .skills = in.list({"skills"}),
                      .approval_policy = in.any({"approval_policy", "approvalPolicy"})};
  if (const Json* policy = in.object({"model_policy", "modelPolicy"})) {
    BodyReader models(*policy, where + ".model_policy");
    out.role_models = models.any({"role_models", "roleModels"});
    if (const Json* model = models.object({"default_model", "defaultModel"})) {
      BodyReader names(*model, where + ".model_policy.default_model");
      out.provider = names.text({"provider_id", "providerId", "providerID"});
      out.model = names.text({"model_id", "modelId", "modelID"});
      if (auto read = names.result(); !read) return fail(read.error());
    }
    if (auto read = models.result(); !read) return fail(read.error());
  }
  if (const Json* policy = in.object({"tool_policy", "toolPolicy"})) {
    BodyReader tools(*policy, where + ".tool_policy");
    out.tools = tools.list({"allowlist", "allow_list", "allowList"});
    out.tools_left_out = tools.list({"denylist", "deny_list", "denyList"});
    if (auto read = tools.result(); !read) return fail(read.error());
  }
  if (const Json* policy = in.object({"mcp_policy", "mcpPolicy"})) {
    BodyReader servers(*policy, where + ".mcp_policy");
    out.servers = servers.list({"allowed_servers", "allowedServers"});
    out.server_tools = servers.optional_list({"allowed_tools", "allowedTools"});
    if (auto read = servers.result(); !read) return fail(read.error());
  }
  if (auto read = in.result(); !read) return fail(read.error());
  return out;
}

Result<core::FlowInput> decode_flow_input(const Json& tree, std::string where) {
  BodyReader in(tree, std::move(where));
  core::FlowInput out{.from = in.text({"from_step_id", "fromStepId", "from"}),
                      .alias = in.text({"alias"})};
  if (auto read = in.result(); !read) return fail(read.error());
  return out;
}

Result<void> decode_gate(const Json& tree, const std::string& where, core::FlowNode& into) {
  BodyReader in(tree, where);
  into.gate = core::FlowGate{.required = in.flag({"required"}).value_or(true),
                             .decisions = in.list({"decisions"}),
                             .rework_targets = in.list({"rework_targets", "reworkTargets"}),
                             .instructions = in.text({"instructions"})};
  return in.result();
}

Result<void> decode_contract(const Json& tree, const std::string& where, core::FlowNode& into) {
  BodyReader in(tree, where);
  into.contract = core::FlowContract{.kind = in.text({"kind"}),
                                     .schema = in.any({"schema"}),
                                     .guidance = in.text({"summary_guidance", "summaryGuidance"})};
  return in.result();
}

Result<void> decode_retries(const Json& tree, const std::string& where, core::FlowNode& into) {
  BodyReader in(tree, where);
  if (const auto most = in.whole({"max_attempts", "maxAttempts"})) {
    // Cut here so that it fits; core says what is out of range.
    into.attempts_max = static_cast<int>(std::clamp<std::int64_t>(*most, 0, 1000));
  }
  into.is_idempotent = in.flag({"idempotent"}).value_or(false);
  return in.result();
}

Result<core::FlowNode> decode_flow_node(const Json& tree, std::string where) {
  BodyReader in(tree, where);
  core::FlowNode out{
      .id = in.text({"node_id", "nodeId", "id"}),
      .agent_id = in.text({"agent_id", "agentId"}),
      .objective = in.text({"objective"}),
      .depends_on = in.list({"depends_on", "dependsOn"}),
      .inputs = in.objects<core::FlowInput>({"input_refs", "inputRefs"}, decode_flow_input),
      .time_ms_max = in.whole({"timeout_ms", "timeoutMs"}),
      .stage = in.text({"stage_kind", "stageKind"}),
      .metadata = in.any({"metadata"})};
  if (const Json* contract = in.object({"output_contract", "outputContract"})) {
    if (auto read = decode_contract(*contract, where + ".output_contract", out); !read) {
      return fail(read.error());
    }
  }
  if (const Json* retries = in.object({"retry_policy", "retryPolicy"})) {
    if (auto read = decode_retries(*retries, where + ".retry_policy", out); !read) {
      return fail(read.error());
    }
  }
  if (const Json* gate = in.object({"gate"})) {
    if (auto read = decode_gate(*gate, where + ".gate", out); !read) return fail(read.error());
  }
  if (auto read = in.result(); !read) return fail(read.error());
  return out;
}

Result<core::FlowBounds> decode_bounds(const Json& tree) {
  BodyReader in(tree, "execution");
  core::FlowBounds out{.time_ms_max = in.whole({"max_total_runtime_ms", "maxTotalRuntimeMs"}),
                       .tool_calls_max = in.whole({"max_total_tool_calls", "maxTotalToolCalls"}),
                       .tokens_max = in.whole({"max_total_tokens", "maxTotalTokens"})};
  if (const auto most = in.whole({"max_parallel_agents", "maxParallelAgents"})) {
    out.parallel_max = static_cast<int>(std::clamp<std::int64_t>(*most, 0, 1000));
  }
  const Json cost = in.any({"max_total_cost_usd", "maxTotalCostUsd"});
  if (cost.is_number()) {
    constexpr double most_usd = 1e9;
    const double usd = std::clamp(cost.get<double>(), -1.0, most_usd);
    out.cost_micros_max = static_cast<std::int64_t>(std::llround(usd * 1e6));
  } else if (!cost.is_null()) {
    in.fail_with("execution.max_total_cost_usd must be a number", "execution.max_total_cost_usd");
  }
  if (auto read = in.result(); !read) return fail(read.error());
  return out;
}

Result<core::FlowTiming> decode_flow_timing(const Json& tree, const core::FlowTiming& before) {
  auto wanted = decode_schedule(tree);
  if (!wanted) return fail(std::move(wanted.error()));
  core::FlowTiming out{.timing = std::move(wanted->timing), .misfire = before.misfire};
  if (!tree.is_object()) return out;
  BodyReader in(tree, "schedule");
  const auto zone = in.optional_text({"timezone", "timeZone"});
  if (auto read = in.result(); !read) return fail(read.error());
  if (out.timing && zone) out.timing->zone = *zone;
  if (const Json* misfire = member(tree, {"misfire_policy", "misfirePolicy"})) {
    auto rule = decode_misfire(*misfire);
    if (!rule) return fail(std::move(rule.error()));
    out.misfire = *rule;
  }
  return out;
}

Result<std::optional<core::FlowStatus>> decode_flow_status(const Json& body) {
  const auto word = text_member(body, {"status"});
  if (!word) return fail(word.error());
  if (!*word) return std::nullopt;
  if (**word == "enabled") return core::FlowStatus::active;
  if (**word == "disabled") return core::FlowStatus::paused;
  const auto status = core::flow_status_from(**word);
  if (!status) return wrong_member("status must be active, paused or draft", "status");
  return status;
}

Result<void> decode_execution(const Json& body, core::FlowUpdate& into) {
  const auto execution = object_member(body, {"execution"});
  if (!execution) return fail(execution.error());
  if (*execution == nullptr) return {};
  auto bounds = decode_bounds(**execution);
  if (!bounds) return fail(std::move(bounds.error()));
  into.bounds = *bounds;
  BodyReader in(**execution, "execution");
  const auto word = in.optional_text({"tools_at_stop", "toolsAtStop"});
  if (auto read = in.result(); !read) return read;
  if (!word) return {};
  into.tools_at_stop = core::flow_tools_at_stop_from(*word);
  if (into.tools_at_stop) return {};
  return wrong_member("execution.tools_at_stop must be cancel or finish",
                      "execution.tools_at_stop");
}

// What both a new one and a patch may say.
Result<core::FlowUpdate> decode_flow(const Json& body, const core::FlowTiming& before) {
  BodyReader in(body, "");
  core::FlowUpdate out{.name = in.optional_text({"name"}),
                       .description = in.optional_text({"description"}),
                       .output_targets = in.optional_list({"output_targets", "outputTargets"}),
                       .workspace = in.optional_text({"workspace_root", "workspaceRoot"})};
  if (in.has({"agents"})) {
    out.agents = in.objects<core::FlowAgent>({"agents"}, decode_flow_agent);
  }
  if (const Json* metadata = in.object({"metadata"})) out.metadata = *metadata;
  if (const Json* flow = in.object({"flow"})) {
    BodyReader nodes(*flow, "flow");
    out.nodes = nodes.objects<core::FlowNode>({"nodes"}, decode_flow_node);
    if (auto read = nodes.result(); !read) return fail(read.error());
  }
  if (auto read = in.result(); !read) return fail(read.error());
  auto status = decode_flow_status(body);
  if (!status) return fail(std::move(status.error()));
  out.status = *status;
  if (const Json* schedule = member(body, {"schedule"})) {
    auto timing = decode_flow_timing(*schedule, before);
    if (!timing) return fail(std::move(timing.error()));
    out.timing = std::move(*timing);
  }
  if (auto read = decode_execution(body, out); !read) return fail(read.error());
  return out;
}

}  // namespace

Result<core::NewFlow> decode_new_flow(const Json& body) {
  auto read = decode_flow(body, {});
  if (!read) return fail(std::move(read.error()));
  if (!read->name) return wrong_member("name is missing", "name");
  if (!read->timing) {
    return wrong_member("schedule is missing: {\"type\":\"manual\"}, say",
                        std::string(schedule_field));
  }
  if (!read->nodes) return wrong_member("flow is missing: {\"nodes\":[…]}", "flow");
  BodyReader in(body, "");
  core::NewFlow out{
      .id = in.text({"automation_id", "automationId", "automationID"}),
      .status = read->status.value_or(core::FlowStatus::draft),
      .timing = std::move(*read->timing),
      .creator_id = in.optional_text({"creator_id", "creatorId"}).value_or("unknown")};
  if (auto taken = in.result(); !taken) return fail(taken.error());
  core::FlowDefinition& definition = out.definition;
  definition.name = std::move(*read->name);
  definition.description = std::move(read->description).value_or("");
  definition.agents = std::move(read->agents).value_or(std::vector<core::FlowAgent>());
  definition.nodes = std::move(*read->nodes);
  definition.bounds = read->bounds.value_or(core::FlowBounds{});
  definition.tools_at_stop = read->tools_at_stop.value_or(core::FlowToolsAtStop::cancelled);
  definition.output_targets = std::move(read->output_targets).value_or(std::vector<std::string>());
  definition.workspace = std::move(read->workspace).value_or("");
  if (read->metadata) definition.metadata = std::move(*read->metadata);
  return out;
}

Result<core::FlowUpdate> decode_flow_update(const Json& body, const core::Flow& before) {
  return decode_flow(body, before.timing);
}

Result<core::NewFlowRun> decode_new_flow_run(const Json& body) {
  const auto is_dry = flag_member(body, {"dry_run", "dryRun"});
  if (!is_dry) return fail(is_dry.error());
  return core::NewFlowRun{.is_dry = is_dry->value_or(false)};
}

Result<core::FlowRepair> decode_flow_repair(const Json& body) {
  BodyReader in(body, "");
  const auto given = [](std::optional<std::string> text) {
    if (text && text->find_first_not_of(" \t\r\n") == std::string::npos) text.reset();
    return text;
  };
  core::FlowRepair out{.node_id = in.text({"node_id", "nodeId"}),
                       .objective = given(in.optional_text({"prompt", "objective"})),
                       .template_id = given(in.optional_text({"template_id", "templateId"})),
                       .reason = in.text({"reason"})};
  if (const Json* policy = in.object({"model_policy", "modelPolicy"})) {
    BodyReader models(*policy, "model_policy");
    if (const Json* model = models.object({"default_model", "defaultModel"})) {
      BodyReader names(*model, "model_policy.default_model");
      out.provider = given(names.optional_text({"provider_id", "providerId", "providerID"}));
      out.model = given(names.optional_text({"model_id", "modelId", "modelID"}));
      if (auto read = names.result(); !read) return fail(read.error());
    }
    if (auto read = models.result(); !read) return fail(read.error());
  }
  if (auto read = in.result(); !read) return fail(read.error());
  if (out.node_id.empty()) return wrong_member("node_id is missing", "node_id");
  return out;
}

}  // namespace colonnade::dialects::tandem
