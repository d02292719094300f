#include "dialects/platos/agent_wire.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/agents/agents.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;
using base::Result;

namespace {

// platos §2.1, in brackets there
constexpr int steps_default = 20;
constexpr int context_limit_default = 20;
constexpr int compact_threshold_default = 40;
constexpr int steps_max = 100;
constexpr int context_limit_max = 1000;
constexpr int compact_threshold_max = 10'000;
constexpr std::size_t name_bytes_max = 256;

// --- writing ------------------------------------------------------------------------------------

// A member that core does not act on; `otherwise` is JSON.
void write_kept(JsonWriter& json, const core::AgentProfile& profile, const char* name,
                std::string_view otherwise = "null") {
  json.key(name);
  const auto found = profile.members.find(name);
  if (profile.members.is_object() && found != profile.members.end()) {
    json.value(*found);
  } else {
    json.raw(otherwise);
  }
}

void write_number_or_null(JsonWriter& json, std::string_view name, const std::optional<int>& n) {
  json.key(name);
  if (n) {
    json.value(*n);
  } else {
    json.null();
  }
}

void write_blocks(JsonWriter& json, const std::vector<core::DynamicBlock>& blocks) {
  json.key("dynamicBlocks");
  if (blocks.empty()) {
    json.null();
    return;
  }
  json.array();
  for (const core::DynamicBlock& block : blocks) {
    json.object().field("key", block.key).field("name", block.name);
    json.field("defaultContent", block.default_content);
    write_text_or_null(json, "description", block.description);
    write_number_or_null(json, "order", block.order);
    json.end_object();
  }
  json.end_array();
}

void write_routes(JsonWriter& json, const std::vector<core::ModelRoute>& routes,
                  std::string_view default_model) {
  json.key("modelRoutes");
  if (routes.empty()) {
    json.null();
    return;
  }
  json.array();
  for (const core::ModelRoute& route : routes) {
    json.object().field("label", route.label);
    json.field("model",
               model_text({.provider = route.provider, .model = route.model}, default_model));
    write_text_or_null(json, "providerKeyId", route.provider_key_id);
    json.field("isDefault", route.is_default).end_object();
  }
  json.end_array();
}

// As it was given; made of the list of tools for an agent of another dialect.
void write_tools(JsonWriter& json, const core::AgentSnapshot& snapshot) {
  const bool kept =
      snapshot.profile.members.is_object() && snapshot.profile.members.contains("toolsBlockConfig");
  if (kept || !snapshot.tools) {
    write_kept(json, snapshot.profile, "toolsBlockConfig");
    return;
  }
  json.key("toolsBlockConfig").object().field("mode", "allowlist").key("enabledTools").array();
  for (const std::string& tool : *snapshot.tools) json.value(tool);
  json.end_array().key("perToolPerms").object().end_object().end_object();
}

// Both dialects of history that the wire knows; a thread of the whole history is compacted when its
// model's window is full.
std::string_view history_word(core::HistoryMode mode) {
  return mode == core::HistoryMode::rolling ? "rolling" : "compact";
}

int or_default(int value, int otherwise) { return value > 0 ? value : otherwise; }

// The members that a version's snapshot has as well.
void write_snapshot(JsonWriter& json, const core::AgentSnapshot& snapshot,
                    std::string_view default_model) {
  const core::AgentProfile& profile = snapshot.profile;
  const core::HistoryLimits& history = profile.history;
  json.field("model", model_text(snapshot.settings, default_model));
  json.field("systemPrompt", snapshot.instructions);
  write_kept(json, profile, "promptBlocks");
  write_blocks(json, profile.dynamic_blocks);
  json.field("maxSteps", snapshot.settings.rounds_max.value_or(steps_default));
  json.field("contextLimit", or_default(history.context_limit, context_limit_default));
  json.field("historyMode", history_word(history.mode));
  json.field("compactThreshold", or_default(history.compact_threshold, compact_threshold_default));
  write_kept(json, profile, "enableUserProfiling", "false");
  write_kept(json, profile, "toolMode", "\"direct\"");
  write_tools(json, snapshot);
  write_kept(json, profile, "subAgentConfig");
  write_kept(json, profile, "memoryConfig");
  write_kept(json, profile, "metaTools");
  write_kept(json, profile, "featureFlags");
}

void write_snapshot_rest(JsonWriter& json, const core::AgentSnapshot& snapshot,
                         std::string_view default_model) {
  const core::AgentProfile& profile = snapshot.profile;
  json.field("outputSchema", profile.output_schema);
  write_kept(json, profile, "extractionPolicy");
  write_kept(json, profile, "governanceConfig");
  write_kept(json, profile, "contextMapping");
  write_kept(json, profile, "providerKeyId");
  write_routes(json, profile.model_routes, default_model);
  write_kept(json, profile, "agentRetryConfig");
  write_kept(json, profile, "enableThreading", "false");
  write_kept(json, profile, "threadingConfig");
}

void write_agent(JsonWriter& json, const AgentView& view, std::string_view default_model) {
  const core::Agent& agent = view.agent;
  const core::AgentSnapshot snapshot = core::snapshot_of(agent);
  const ScopeNames scope = names_of(agent.scope);
  json.object().field("id", wire_agent_id(agent.id)).field("name", agent.name);
  json.field("slug", agent.slug.empty() ? core::slug_of(agent.name) : agent.slug);
  write_snapshot(json, snapshot, default_model);
  json.field("isActive", agent.active).field("organizationId", scope.organization);
  json.field("projectId", scope.project).field("environmentId", scope.environment);
  write_text_or_null(json, "currentVersionId", agent.version_id);
  write_text_or_null(json, "canaryVersionId", agent.canary_version_id);
  json.field("canaryPercent", agent.canary_percent);
  json.field("visibility", agent.open_to_guests ? "public-guest" : "private");
  write_snapshot_rest(json, snapshot, default_model);
  write_kept(json, snapshot.profile, "clusteringId");
  json.field("createdAt", wire_time(agent.created_at));
  json.field("updatedAt", wire_time(agent.updated_at));
  json.key("_count").object().field("threads", static_cast<std::uint64_t>(view.threads));
  json.end_object().end_object();
}

// --- reading ------------------------------------------------------------------------------------

std::unexpected<base::Error> wrong(std::string_view name, std::string_view must) {
  return fail(ErrorKind::invalid, std::string(name) + " must be " + std::string(must),
              std::string(name));
}

// A body being laid over an agent; the first wrong member is remembered.
class AgentBody {
 public:
  AgentBody(const Json& body, core::Agent& agent) : body_(body), agent_(agent) {}

  Result<void> apply() {
    identity();
    prompt();
    numbers();
    models();
    tools();
    context_mapping();
    kept();
    if (error_) return fail(std::move(*error_));
    return {};
  }

 private:
  const Json* member(const char* name) const {
    const auto found = body_.find(name);
    return found == body_.end() ? nullptr : &*found;
  }
  void refuse(std::string_view name, std::string_view must) {
    if (!error_) error_ = std::move(wrong(name, must).error());
  }
  // A text; null is "".
  void text(const char* name, std::string& out) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (value->is_null()) {
      out.clear();
    } else if (value->is_string()) {
      out = value->get<std::string>();
    } else {
      refuse(name, "a string or null");
    }
  }
  void flag(const char* name, bool& out) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (value->is_boolean()) {
      out = value->get<bool>();
    } else {
      refuse(name, "true or false");
    }
  }
  std::optional<int> number(const char* name, int most) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    const bool fits = value->is_number_integer() && *value >= 1 && *value <= most;
    if (fits) return value->get<int>();
    refuse(name, "a whole number from 1 to " + std::to_string(most));
    return std::nullopt;
  }

  void identity() {
    if (const Json* name = member("name")) {
      const bool fits = name->is_string() && !name->get_ref<const std::string&>().empty() &&
                        name->get_ref<const std::string&>().size() <= name_bytes_max;
      if (fits) agent_.name = name->get<std::string>();
      if (!fits) refuse("name", "a string of 1 to 256 bytes");
    }
    if (const Json* slug = member("slug"); slug != nullptr && !slug->is_null()) {
      const bool fits = slug->is_string() && slug->get_ref<const std::string&>() ==
                                                 core::slug_of(slug->get<std::string>());
      if (fits) agent_.slug = slug->get<std::string>();
      if (!fits) refuse("slug", "lower-case letters and digits joined by dashes");
    }
    flag("isActive", agent_.active);
    if (const Json* visibility = member("visibility")) {
      const bool guests = *visibility == "public-guest";
      if (guests || *visibility == "private") {
        agent_.open_to_guests = guests;
      } else {
        refuse("visibility", "private or public-guest");
      }
    }
  }

  void prompt() {
    text("systemPrompt", agent_.instructions);
    const Json* blocks = member("dynamicBlocks");
    if (blocks != nullptr) {
      agent_.profile.dynamic_blocks.clear();
      if (blocks->is_array()) {
        for (const Json& block : *blocks) add_block(block);
      } else if (!blocks->is_null()) {
        refuse("dynamicBlocks", "a list or null");
      }
    }
    const Json* schema = member("outputSchema");
    if (schema == nullptr) return;
    if (!schema->is_object() && !schema->is_null()) refuse("outputSchema", "an object or null");
    agent_.profile.output_schema = *schema;
  }
  static std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }
  void add_block(const Json& block) {
    if (!block.is_object() || text_of(block, "key").empty()) {
      refuse("dynamicBlocks", "a list of objects, each with a key");
      return;
    }
    core::DynamicBlock made{.key = text_of(block, "key"),
                            .name = text_of(block, "name"),
                            .default_content = text_of(block, "defaultContent"),
                            .description = text_of(block, "description")};
    const auto order = block.find("order");
    const bool ordered = order != block.end() && order->is_number_integer() &&
                         *order >= -1'000'000 && *order <= 1'000'000;
    if (ordered) made.order = order->get<int>();
    agent_.profile.dynamic_blocks.push_back(std::move(made));
  }

  void numbers() {
    core::HistoryLimits& history = agent_.profile.history;
    if (const auto steps = number("maxSteps", steps_max)) agent_.settings.rounds_max = steps;
    history.context_limit =
        number("contextLimit", context_limit_max).value_or(history.context_limit);
    history.compact_threshold =
        number("compactThreshold", compact_threshold_max).value_or(history.compact_threshold);
    const Json* mode = member("historyMode");
    if (mode == nullptr) return;
    if (*mode == "rolling") {
      history.mode = core::HistoryMode::rolling;
    } else if (*mode == "compact") {
      history.mode = core::HistoryMode::compact;
    } else {
      refuse("historyMode", "rolling or compact");
    }
  }

  void models() {
    if (const Json* model = member("model")) {
      agent_.settings.provider.reset();
      agent_.settings.model.reset();
      if (model->is_string() && !model->get_ref<const std::string&>().empty()) {
        ModelName name = model_from(model->get<std::string>());
        agent_.settings.provider = std::move(name.provider);
        agent_.settings.model = std::move(name.model);
      } else if (!model->is_null()) {
        refuse("model", "provider:model or null");
      }
    }
    const Json* routes = member("modelRoutes");
    if (routes == nullptr) return;
    agent_.profile.model_routes.clear();
    if (routes->is_array()) {
      for (const Json& route : *routes) add_route(route);
    } else if (!routes->is_null()) {
      refuse("modelRoutes", "a list or null");
    }
  }
  void add_route(const Json& route) {
    if (!route.is_object() || text_of(route, "label").empty() || text_of(route, "model").empty()) {
      refuse("modelRoutes", "a list of objects, each with a label and a model");
      return;
    }
    ModelName name = model_from(text_of(route, "model"));
    const auto chosen = route.find("isDefault");
    agent_.profile.model_routes.push_back(
        {.label = text_of(route, "label"),
         .provider = std::move(name.provider),
         .model = std::move(name.model),
         .provider_key_id = text_of(route, "providerKeyId"),
         .is_default = chosen != route.end() && chosen->is_boolean() && chosen->get<bool>()});
  }

  void tools() {
    const Json* config = member("toolsBlockConfig");
    if (config == nullptr) return;
    agent_.tools.reset();
    agent_.profile.tool_permissions.clear();
    if (config->is_null()) return;
    if (!config->is_object()) {
      refuse("toolsBlockConfig", "an object or null");
      return;
    }
    const auto enabled = config->find("enabledTools");
    if (enabled != config->end() && !enabled->is_null()) {
      agent_.tools = names("toolsBlockConfig.enabledTools", *enabled);
    }
    const auto permissions = config->find("perToolPerms");
    if (permissions == config->end() || permissions->is_null()) return;
    if (!permissions->is_object()) {
      refuse("toolsBlockConfig.perToolPerms", "an object or null");
      return;
    }
    for (const auto& [tool, permission] : permissions->items()) add_permission(tool, permission);
  }
  void add_permission(const std::string& tool, const Json& permission) {
    core::ToolPermission made;
    const auto mark = [&](const char* name, bool& out) {
      const auto found = permission.find(name);
      if (found == permission.end() || found->is_null()) return;
      if (!found->is_boolean()) {
        refuse("toolsBlockConfig.perToolPerms." + tool + "." + name, "true or false");
      } else {
        out = found->get<bool>();
      }
    };
    if (!permission.is_object()) {
      refuse("toolsBlockConfig.perToolPerms." + tool, "an object");
      return;
    }
    mark("requiresApproval", made.requires_approval);
    mark("destructive", made.destructive);
    agent_.profile.tool_permissions.insert_or_assign(tool, made);
  }
  std::vector<std::string> names(std::string_view name, const Json& list) {
    std::vector<std::string> out;
    const bool texts = list.is_array() &&
                       std::ranges::all_of(list, [](const Json& each) { return each.is_string(); });
    if (!texts) {
      refuse(name, "a list of strings");
      return out;
    }
    for (const Json& each : list) out.push_back(each.get<std::string>());
    return out;
  }

  void context_mapping() {
    const Json* mapping = member("contextMapping");
    if (mapping == nullptr) return;
    agent_.profile.prompt_variables.reset();
    if (mapping->is_null()) return;
    if (!mapping->is_object()) {
      refuse("contextMapping", "an object or null");
      return;
    }
    const auto variables = mapping->find("promptVars");
    if (variables == mapping->end() || variables->is_null()) return;
    agent_.profile.prompt_variables = names("contextMapping.promptVars", *variables);
  }

  // What is given back as it came; null is nothing.
  void kept() {
    static constexpr std::array members{
        "promptBlocks",     "enableUserProfiling", "toolMode",        "toolsBlockConfig",
        "subAgentConfig",   "memoryConfig",        "metaTools",       "featureFlags",
        "extractionPolicy", "governanceConfig",    "contextMapping",  "providerKeyId",
        "agentRetryConfig", "enableThreading",     "threadingConfig", "clusteringId"};
    Json& all = agent_.profile.members;
    for (const char* name : members) {
      const Json* value = member(name);
      if (value == nullptr) continue;
      if (!all.is_object()) all = Json::object();
      if (value->is_null()) {
        all.erase(name);
      } else {
        all[name] = *value;
      }
    }
    if (all.is_object() && all.empty()) all = nullptr;
    const Json* mode = member("toolMode");
    const bool known = mode == nullptr || mode->is_null() || *mode == "direct" ||
                       *mode == "sub-agent" || *mode == "execute-tool";
    if (!known) refuse("toolMode", "direct, sub-agent or execute-tool");
  }

  const Json& body_;
  core::Agent& agent_;
  std::optional<base::Error> error_{};
};

}  // namespace

std::string encode_agent(const AgentView& view, std::string_view default_model) {
  std::string out;
  JsonWriter json(out);
  write_agent(json, view, default_model);
  return out;
}

std::string encode_agents(std::span<const AgentView> views, std::size_t total,
                          std::string_view default_model) {
  std::string out;
  JsonWriter json(out);
  json.object().key("agents").array();
  for (const AgentView& view : views) write_agent(json, view, default_model);
  json.end_array().field("total", static_cast<std::uint64_t>(total)).end_object();
  return out;
}

std::string encode_rolled_back(const AgentView& view, std::string_view default_model) {
  std::string out;
  JsonWriter json(out);
  json.object().key("agent");
  write_agent(json, view, default_model);
  json.end_object();
  return out;
}

std::string encode_versions(const VersionsPage& page, std::string_view default_model) {
  std::string out;
  JsonWriter json(out);
  json.object().key("versions").array();
  for (const core::AgentVersion& version : page.versions) {
    json.object().field("id", version.id).field("agentId", wire_agent_id(version.agent_id));
    json.field("versionNumber", version.number);
    write_text_or_null(json, "createdBy", version.created_by);
    write_text_or_null(json, "note", version.note);
    json.key("snapshot").object();
    write_snapshot(json, version.snapshot, default_model);
    write_snapshot_rest(json, version.snapshot, default_model);
    json.end_object().field("createdAt", wire_time(version.created_at));
    json.field("isCurrent", version.id == page.agent->version_id);
    json.field("isCanary", version.id == page.agent->canary_version_id).end_object();
  }
  json.end_array().key("nextCursor");
  if (page.more && !page.versions.empty()) {
    json.value(std::to_string(page.versions.back().number));
  } else {
    json.null();
  }
  json.field("pageSize", static_cast<std::uint64_t>(page.page_size)).end_object();
  return out;
}

core::Agent agent_template(core::Scope scope) {
  core::Agent agent{.scope = std::move(scope)};
  agent.settings.rounds_max = steps_default;
  agent.profile.history = {.mode = core::HistoryMode::rolling,
                           .context_limit = context_limit_default,
                           .compact_threshold = compact_threshold_default};
  agent.profile.makes_artifacts = true;
  return agent;
}

Result<void> apply_agent_body(const Json& body, core::Agent& agent) {
  return AgentBody(body, agent).apply();
}

Result<CanaryBody> decode_canary(const Json& body) {
  CanaryBody out;
  if (const auto id = body.find("canaryVersionId"); id != body.end() && !id->is_null()) {
    if (!id->is_string()) return wrong("canaryVersionId", "a string or null");
    out.version_id = id->get<std::string>();
  }
  if (const auto percent = body.find("canaryPercent"); percent != body.end()) {
    const bool fits = percent->is_number_integer() && *percent >= 0 && *percent <= 100;
    if (!fits) return wrong("canaryPercent", "a whole number from 0 to 100");
    out.percent = percent->get<int>();
  }
  return out;
}

}  // namespace colonnade::dialects::platos
