#include "dialects/platos/agent_wire.hpp"

#include <nlohmann/json.hpp>

#include "core/agents/agents.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::JsonWriter;

namespace {

// platos §2.1, in brackets there
constexpr int steps_default = 20;
constexpr int context_limit_default = 20;
constexpr int compact_threshold_default = 40;

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

void write_prompt(JsonWriter& json, const std::vector<core::PromptBlock>& blocks) {
  json.key("promptBlocks");
  if (blocks.empty()) {
    json.null();
    return;
  }
  json.array();
  for (const core::PromptBlock& block : blocks) {
    json.object();
    write_text_or_null(json, "id", block.id);
    json.field("type", block.type).field("name", block.name).field("content", block.content);
    json.field("enabled", block.enabled).field("editable", block.editable);
    write_number_or_null(json, "order", block.order);
    json.end_object();
  }
  json.end_array();
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
  write_prompt(json, profile.prompt_blocks);
  write_blocks(json, profile.dynamic_blocks);
  json.field("maxSteps", snapshot.settings.rounds_max.value_or(steps_default));
  json.field("contextLimit", or_default(history.context_limit, context_limit_default));
  json.field("historyMode", history_word(history.mode));
  json.field("compactThreshold", or_default(history.compact_threshold, compact_threshold_default));
  write_kept(json, profile, "enableUserProfiling", "false");
  json.field("toolMode", tool_mode_of(profile.members));
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

}  // namespace colonnade::dialects::platos
