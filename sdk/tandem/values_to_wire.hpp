// For tests of the Tandem client: what it made of a reply, back under the names of the wire.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/tandem.hpp"

// In the namespace of the types, where the readers of lists find them by their argument.
namespace colonnade::inline v1::tandem {

inline Json millis(Timestamp at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}
inline Json seconds(Timestamp at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

inline Json wire_of(const std::string& text) { return text; }
inline Json wire_of(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }
inline Json wire_of(const Json& value) { return value; }

template <class T>
Json wire_of(const std::vector<T>& items) {
  Json out = Json::array();
  for (const T& item : items) out.push_back(wire_of(item));
  return out;
}
template <class T>
Json wire_of(const std::map<std::string, T>& items) {
  Json out = Json::object();
  for (const auto& [name, item] : items) out.set(name, wire_of(item));
  return out;
}

// "" for text that was not sent.
inline Json given(const std::string& text) { return text.empty() ? Json() : Json(text); }

// The members that have no name in the type.
inline Json with(Json typed, const Json& extra) {
  if (!extra.is_object()) return typed;
  for (const auto& [key, value] : extra.as_object()) {
    // One that has a name, too, was read twice: then it is equal to nothing.
    typed.set(typed.contains(key) && !typed[key].is_null() ? key + " twice" : key, value);
  }
  return typed;
}

// Without members that are null, at any depth: a type tells null from nothing nowhere.
inline Json without_nulls(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value.as_array()) out.push_back(without_nulls(item));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, member] : value.as_object()) {
    if (!member.is_null()) out.set(name, without_nulls(member));
  }
  return out;
}

inline Json wire_of(const std::optional<ModelRef>& model) {
  if (!model) return {};
  return {{"providerID", model->provider_id}, {"modelID", model->model_id}};
}

inline Json wire_of(const SystemHealth& health) {
  return with({{"ready", health.ready},
               {"phase", health.phase},
               {"version", health.version},
               {"workspace_root", wire_of(health.workspace_root)}},
              health.extra);
}
inline Json wire_of(const ToolSchema& tool) {
  return with(
      {{"name", tool.name}, {"description", tool.description}, {"input_schema", tool.input_schema}},
      tool.extra);
}
inline Json wire_of(const ToolExecuteResult& result) {
  return with({{"output", result.output}, {"metadata", result.metadata}}, result.extra);
}
inline Json wire_of(const Part& part) {
  return with({{"id", given(part.id)},
               {"type", part.type},
               {"text", given(part.text)},
               {"tool", given(part.tool)},
               {"args", part.args},
               {"result", part.result},
               {"error", wire_of(part.error)}},
              part.extra);
}
inline Json wire_of(const Message& message) {
  const MessageInfo& info = message.info;
  return with({{"info", with({{"id", info.id},
                              {"sessionID", info.session_id},
                              {"role", info.role},
                              {"time", {{"created", seconds(info.created_at)}}}},
                             info.extra)},
               {"parts", wire_of(message.parts)}},
              message.extra);
}
// `createdAtMs` is of Colonnade alone.
inline Json wire_of(const Session& session, bool with_millis = true) {
  return with(
      {{"id", session.id},
       {"title", session.title},
       {"directory", session.directory},
       {"workspaceRoot", wire_of(session.workspace_root)},
       {"projectID", session.project_id},
       {"model", wire_of(session.model)},
       {"archived", session.archived ? Json(true) : Json()},
       {"createdAtMs", with_millis ? millis(session.created_at) : Json()},
       {"time",
        {{"created", seconds(session.created_at)}, {"updated", seconds(session.updated_at)}}},
       {"messages", wire_of(session.messages)},
       {"originWorkspaceRoot", wire_of(session.origin_workspace_root)},
       {"attachedFromWorkspace", wire_of(session.attached_from_workspace)},
       {"attachedToWorkspace", wire_of(session.attached_to_workspace)},
       {"attachReason", wire_of(session.attach_reason)}},
      session.extra);
}
inline Json wire_of(const Todo& todo) {
  return with({{"id", todo.id}, {"content", todo.content}, {"status", todo.status}}, todo.extra);
}
inline Json wire_of(const SessionRunState& state) {
  if (!state.active) return {{"active", nullptr}};
  const ActiveRun& run = *state.active;
  return {{"active", with({{"runID", run.run_id},
                           {"startedAtMs", millis(run.started_at)},
                           {"lastActivityAtMs", millis(run.last_activity_at)},
                           {"clientID", wire_of(run.client_id)},
                           {"agentID", wire_of(run.agent_id)},
                           {"agentProfile", wire_of(run.agent_profile)},
                           {"attachEventStream", given(run.attach_event_stream)}},
                          run.extra)}};
}
// Of a conflict the run's id stands in `activeRun`, which `extra` has.
inline Json wire_of(const PromptAsyncResult& result) {
  return with({{"runID", result.conflict ? Json() : Json(result.run_id)},
               {"retryAfterMs", result.conflict ? Json(result.retry_after.count()) : Json()},
               {"attachEventStream", result.attach_event_stream}},
              result.extra);
}
inline Json wire_of(const Cancelled& result) {
  return with({{"ok", result.ok}, {"cancelled", result.cancelled}}, result.extra);
}
inline Json wire_of(const SessionDiff& diff) {
  return with(
      {{"diff", wire_of(diff.diff)}, {"files", diff.files.empty() ? Json() : wire_of(diff.files)}},
      diff.extra);
}
inline Json wire_of(const SessionSummary& summary) {
  return with({{"ok", summary.ok}, {"summary", summary.summary}}, summary.extra);
}
inline Json wire_of(const Outcome& outcome) {
  return with({{"ok", outcome.ok}, {"error", given(outcome.error)}}, outcome.extra);
}
inline Json wire_of(const PermissionRequestRecord& request) {
  return with({{"id", request.id},
               {"sessionID", request.session_id},
               {"permission", request.permission},
               {"pattern", request.pattern},
               {"tool", request.tool},
               {"args", request.args},
               {"query", given(request.query)},
               {"status", request.status_text}},
              request.extra);
}
inline Json wire_of(const PermissionRule& rule) {
  return with({{"id", rule.id},
               {"permission", rule.permission},
               {"pattern", rule.pattern},
               {"action", rule.action}},
              rule.extra);
}
inline Json wire_of(const PermissionSnapshot& snapshot) {
  return {{"requests", wire_of(snapshot.requests)}, {"rules", wire_of(snapshot.rules)}};
}
inline Json wire_of(const PermissionReplyResult& result) {
  return with({{"ok", true},
               {"requestID", result.request_id},
               {"reply", result.reply},
               {"persistedRule", result.persisted_rule}},
              result.extra.is_object() ? [&] {
                Json rest = Json::object();
                for (const auto& [name, value] : result.extra.as_object()) {
                  if (name != "ok") rest.set(name, value);
                }
                return rest;
              }()
                                       : Json());
}
inline Json wire_of(const QuestionOption& option) {
  return with({{"label", option.label}, {"description", option.description}}, option.extra);
}
inline Json wire_of(const QuestionItem& item) {
  return with({{"header", item.header},
               {"question", item.question},
               {"options", wire_of(item.options)},
               {"multiple", item.multiple ? Json(true) : Json()},
               {"custom", item.custom ? Json(true) : Json()}},
              item.extra);
}
inline Json wire_of(const QuestionRecord& question) {
  return with({{"id", question.id},
               {"sessionID", question.session_id},
               {"questions", wire_of(question.questions)},
               {"tool", question.tool}},
              question.extra);
}
inline Json wire_of(const ProviderModel& model) {
  return with({{"name", model.name}, {"limit", {{"context", model.context_limit}}}}, model.extra);
}
inline Json wire_of(const ProviderEntry& entry) {
  return with({{"id", entry.id},
               {"name", entry.name},
               {"models", wire_of(entry.models)},
               {"catalog_source", entry.catalog_source},
               {"catalog_status", entry.catalog_status},
               {"catalog_message", given(entry.catalog_message)}},
              entry.extra);
}
inline Json wire_of(const ProviderCatalog& catalog) {
  return with({{"all", wire_of(catalog.all)},
               {"connected", wire_of(catalog.connected)},
               {"default", wire_of(catalog.default_provider)}},
              catalog.extra);
}
inline Json wire_of(const ProviderConfig& config) {
  return with({{"default_model", config.default_model}}, config.extra);
}
inline Json wire_of(const ProvidersConfig& config) {
  return with(
      {{"providers", wire_of(config.providers)}, {"default", wire_of(config.default_provider)}},
      config.extra);
}
inline Json wire_of(const ProviderAuth& auth) {
  return with({{"has_key", auth.has_key},
               {"configured", auth.configured},
               {"connected", auth.connected},
               {"source", auth.source}},
              auth.extra);
}
inline Json wire_of(const McpTool& tool) {
  return with({{"server_name", given(tool.server_name)},
               {"tool_name", tool.tool_name},
               {"namespaced_name", given(tool.namespaced_name)},
               {"description", tool.description},
               {"input_schema", tool.input_schema},
               {"fetched_at_ms", millis(tool.fetched_at)}},
              tool.extra);
}
inline Json wire_of(const McpServer& server) {
  return with({{"name", server.name},
               {"transport", server.transport},
               {"enabled", server.enabled},
               {"connected", server.connected},
               {"last_error", wire_of(server.last_error)},
               {"headers", wire_of(server.headers)},
               {"tool_cache", wire_of(server.tool_cache)}},
              server.extra);
}
inline Json wire_of(const McpResource& resource) {
  return with({{"uri", resource.uri}, {"name", resource.name}}, resource.extra);
}
inline Json wire_of(const McpResources& resources) {
  return with({{"server", resources.server}, {"resources", wire_of(resources.resources)}},
              resources.extra);
}
inline Json wire_of(const MemoryPutResult& result) {
  return with({{"id", result.id},
               {"stored", result.stored},
               {"tier", result.tier},
               {"partition_key", result.partition_key},
               {"audit_id", result.audit_id}},
              result.extra);
}
inline Json wire_of(const MemoryItem& item) {
  return with({{"id", item.id},
               {"content", item.content},
               {"score", item.score ? Json(*item.score) : Json()},
               {"kind", item.kind},
               {"source_type", item.source_type},
               {"tier", item.tier},
               {"visibility", item.visibility},
               {"run_id", item.run_id},
               {"user_id", given(item.user_id)},
               {"tags", item.tags.empty() ? Json() : wire_of(item.tags)},
               {"created_at_ms", millis(item.created_at)}},
              item.extra);
}
inline Json wire_of(const MemorySearchResult& result) {
  return with({{"results", wire_of(result.results)}, {"count", result.count}}, result.extra);
}
inline Json wire_of(const MemoryList& list) {
  return with({{"items", wire_of(list.items)}, {"count", list.count}}, list.extra);
}
inline Json wire_of(const MemoryPromotion& promotion) {
  return with({{"id", promotion.id},
               {"promoted", promotion.promoted},
               {"new_memory_id", promotion.new_memory_id},
               {"to_tier", promotion.to_tier},
               {"scrub_report", promotion.scrub_report},
               {"audit_id", promotion.audit_id}},
              promotion.extra);
}

inline Json wire_of(const std::optional<Timestamp>& at) { return at ? millis(*at) : Json(); }
// As an engine writes it.
inline Json wire_of(const Schedule& schedule) {
  if (const std::string* cron = schedule.cron()) return {{"cron", {{"expression", *cron}}}};
  if (const Interval* interval = schedule.interval()) {
    return {{"interval_seconds", {{"seconds", interval->every.count()}}}};
  }
  if (schedule.manual()) return {{"type", "manual"}};
  const Json* form = std::get_if<Json>(&schedule.value());
  return form == nullptr ? Json() : *form;
}
inline Json wire_of(MisfirePolicy policy, const std::optional<std::int64_t>& catch_up_max) {
  Json out{{"type", policy == MisfirePolicy::skip       ? "skip"
                    : policy == MisfirePolicy::catch_up ? "catch_up"
                                                        : "run_once"}};
  if (catch_up_max) out.set("max_runs", *catch_up_max);
  return out;
}
inline Json wire_of(const Routine& routine) {
  return with({{"id", routine.id},
               {"name", routine.name},
               {"status", routine.status},
               {"schedule", wire_of(routine.schedule)},
               {"timezone", routine.timezone},
               {"misfire_policy", wire_of(routine.misfire_policy, routine.catch_up_max)},
               {"entrypoint", routine.entrypoint},
               {"args", routine.args},
               {"allowed_tools", wire_of(routine.allowed_tools)},
               {"output_targets", wire_of(routine.output_targets)},
               {"requires_approval", routine.requires_approval},
               {"external_integrations_allowed", routine.external_integrations_allowed},
               {"creator_type", routine.creator_type},
               {"creator_id", routine.creator_id},
               {"mode", routine.mode},
               {"mission", routine.mission},
               {"policy", routine.policy},
               {"next_fire_at_ms", wire_of(routine.next_fire_at)}},
              routine.extra);
}
inline Json wire_of(const RunArtifact& artifact) {
  return with({{"artifact_id", artifact.artifact_id},
               {"uri", artifact.uri},
               {"kind", artifact.kind},
               {"label", artifact.label},
               {"created_at_ms", millis(artifact.created_at)},
               {"content_path", given(artifact.content_path)},
               {"metadata", artifact.metadata}},
              artifact.extra);
}
inline Json wire_of(const RoutineRun& run) {
  return with({{"run_id", run.run_id},
               {"routine_id", run.routine_id},
               {"trigger_type", run.trigger_type},
               {"run_count", run.run_count},
               {"status", run.status},
               {"created_at_ms", millis(run.created_at)},
               {"updated_at_ms", wire_of(run.updated_at)},
               {"fired_at_ms", wire_of(run.fired_at)},
               {"started_at_ms", wire_of(run.started_at)},
               {"finished_at_ms", wire_of(run.finished_at)},
               {"requires_approval", run.requires_approval},
               {"approval_reason", given(run.approval_reason)},
               {"denial_reason", given(run.denial_reason)},
               {"paused_reason", given(run.paused_reason)},
               {"detail", run.detail},
               {"entrypoint", run.entrypoint},
               {"args", run.args},
               {"allowed_tools", wire_of(run.allowed_tools)},
               {"output_targets", wire_of(run.output_targets)},
               {"artifacts", wire_of(run.artifacts)},
               {"active_session_ids", wire_of(run.active_session_ids)},
               {"latest_session_id", run.latest_session_id},
               {"prompt_tokens", run.prompt_tokens},
               {"completion_tokens", run.completion_tokens},
               {"total_tokens", run.total_tokens},
               {"estimated_cost_usd", run.estimated_cost_usd}},
              run.extra);
}
inline Json wire_of(const RunNow& result) {
  return with({{"ok", result.ok}, {"runID", result.run_id}, {"status", result.status}},
              result.extra);
}
inline Json wire_of(const RoutineHistoryEntry& entry) {
  return with({{"trigger_type", entry.trigger_type},
               {"run_count", entry.run_count},
               {"status", entry.status},
               {"detail", entry.detail},
               {"fired_at_ms", millis(entry.fired_at)}},
              entry.extra);
}

}  // namespace colonnade::inline v1::tandem
