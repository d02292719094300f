#include "sdk/tandem/calls.hpp"

#include <utility>

#include "sdk/call_plan.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem::calls {
namespace {

using colonnade::detail::Decode;
using colonnade::detail::get;
using colonnade::detail::path_of;
using colonnade::detail::Query;
using colonnade::detail::segment;
using colonnade::detail::TimeoutKind;
using colonnade::detail::usage;
using colonnade::detail::with_body;
using colonnade::detail::without_body;

constexpr std::string_view no_members = "{}";  // the body of a POST without parameters

template <class T>
PlannedCall<T> get_at(Result<std::string> path, Decode<T> decode) {
  if (!path) return std::move(path).error();
  return get(*std::move(path), decode);
}

template <class T>
PlannedCall<T> send_to(std::string_view method, Result<std::string> path, std::string body,
                       Decode<T> decode) {
  if (!path) return std::move(path).error();
  return with_body(method, *std::move(path), std::move(body), decode);
}

template <class T>
PlannedCall<T> do_at(std::string_view method, Result<std::string> path, Decode<T> decode) {
  if (!path) return std::move(path).error();
  return without_body(method, *std::move(path), decode);
}

Result<std::string> session_path(std::string_view id, std::string_view rest = {}) {
  return path_of("/session/", "session", id, rest);
}

Result<std::string> permission_path(std::string_view id) {
  return path_of("/permission/", "permission request", id, "/reply");
}

Result<std::string> question_path(std::string_view id, std::string_view rest) {
  return path_of("/question/", "question", id, rest);
}

Result<std::string> mcp_path(std::string_view name, std::string_view rest = {}) {
  return path_of("/mcp/", "MCP server", name, rest);
}

Result<std::string> memory_path(std::string_view id) { return path_of("/memory/", "memory", id); }

// "/auth/token" is a route of its own, which would take the key for the server's new token.
Result<std::string> key_path(std::string_view provider) {
  if (provider == "token") return usage("\"token\" is no provider id");
  return path_of("/auth/", "provider", provider);
}

// The slashes of a key stay.
Result<std::string> resource_path(std::string_view key) {
  std::string out = "/resource";
  for (;;) {
    const auto slash = key.find('/');
    auto name = segment("resource", key.substr(0, slash));
    if (!name) return name;
    out += '/' + *name;
    if (slash == std::string_view::npos) return out;
    key.remove_prefix(slash + 1);
  }
}

PlannedCall<PromptAsyncResult> prompt(std::string_view session_id,
                                      const std::vector<PromptPart>& parts,
                                      const PromptOptions& options) {
  if (parts.empty()) return usage("the prompt has no parts");
  auto call = send_to("POST", session_path(session_id, "/prompt_async?return=run"),
                      wire::prompt(parts, options), &wire::started_run);
  if (call) call->spec.also_accepted = 409;  // a busy session
  return call;
}

PlannedCall<EngineConfig> patch(std::string path, const Json& changes) {
  if (!changes.is_object()) return usage("the changes are no object");
  return with_body("PATCH", std::move(path), changes.dump(), &wire::config);
}

std::string root_of(Family family) {
  return family == Family::routines ? "/routines" : "/automations";
}

Result<std::string> routine_path(Family family, std::string_view id, std::string_view rest = {}) {
  return path_of(root_of(family) + "/", "routine", id, rest);
}

Result<std::string> routine_run_path(Family family, std::string_view id,
                                     std::string_view rest = {}) {
  return path_of(root_of(family) + "/runs/", "run", id, rest);
}

PlannedCall<RoutineRun> decide_run(Family family, std::string_view id, std::string_view verb,
                                   std::string_view reason) {
  return send_to("POST", routine_run_path(family, id, verb), wire::text_body("reason", reason),
                 &wire::routine_run);
}

std::string or_empty(const Json& payload) {
  return payload.is_null() ? std::string(no_members) : payload.dump();
}

}  // namespace

// --- streams

Result<StreamPlan> session_events(bool real_engine, std::string_view session_id,
                                  std::string_view run_id, const StreamOptions& options) {
  if (session_id.empty()) return usage("the session id is empty");
  const Query query = Query().add("sessionID", session_id).add("runID", run_id);
  return StreamPlan{
      .spec = {.method = "GET", .path = real_engine ? "/event" : "/event" + query.text()},
      .last_event_id = options.last_event_id,
      .session_id = std::string(session_id),
      .run_id = std::string(run_id),
      .filter_here = real_engine};
}

Result<StreamPlan> global_events(const StreamOptions& options) {
  return StreamPlan{.spec = {.method = "GET", .path = "/global/event"},
                    .last_event_id = options.last_event_id};
}

Result<StreamPlan> run_events_live(std::string_view run_id) {
  auto path = path_of("/run/", "run", run_id, "/events");
  if (!path) return std::move(path).error();
  return StreamPlan{.spec = {.method = "GET", .path = *std::move(path)},
                    .run_id = std::string(run_id)};
}

Result<StreamPlan> resource_events() {
  return StreamPlan{.spec = {.method = "GET", .path = "/resource/events"}};
}

Result<StreamPlan> routine_events(bool real_engine, Family family, std::string_view routine_id) {
  // An engine's own filter leaves out that a run was made (tandem §3.6).
  const bool filter_here = real_engine && !routine_id.empty();
  const std::string_view name = family == Family::routines ? "routine_id" : "automation_id";
  const Query query = Query().add(name, filter_here ? std::string_view() : routine_id);
  return StreamPlan{.spec = {.method = "GET", .path = root_of(family) + "/events" + query.text()},
                    .filter_here = filter_here,
                    .routine_id = std::string(routine_id)};
}

PlannedCall<std::vector<Event>> run_events(std::string_view run_id, const RunEventsQuery& query) {
  const Query text = Query().add("since_seq", query.since_seq).add("tail", query.tail);
  return get_at(path_of("/run/", "run", run_id, "/events" + text.text()), &wire::events);
}

// --- sessions

PlannedCall<std::string> create_session(const CreateSession& request, const ModelRef* model) {
  return with_body("POST", "/session", wire::create_session(request, model), &wire::session_id);
}

PlannedCall<SessionList> list_sessions(const ListSessions& filter) {
  std::string_view archived;
  if (filter.archived) archived = *filter.archived ? "true" : "false";
  const Query query = Query()
                          .add("q", filter.q)
                          .add("page", filter.page)
                          .add("page_size", filter.page_size)
                          .add("archived", archived)
                          .add("scope", filter.scope)
                          .add("workspace", filter.workspace);
  return get("/session" + query.text(), &wire::session_list);
}

PlannedCall<Session> get_session(std::string_view session_id) {
  return get_at(session_path(session_id), &wire::session);
}
PlannedCall<Session> update_session(std::string_view session_id, const UpdateSession& changes) {
  return send_to("PATCH", session_path(session_id), wire::update_session(changes), &wire::session);
}
PlannedCall<Session> archive_session(std::string_view session_id) {
  return update_session(session_id, {.archived = true});
}
PlannedCall<bool> remove_session(std::string_view session_id) {
  return do_at("DELETE", session_path(session_id), &wire::done);
}
PlannedCall<std::vector<Message>> messages(std::string_view session_id) {
  return get_at(session_path(session_id, "/message"), &wire::messages);
}
PlannedCall<std::vector<Todo>> todos(std::string_view session_id) {
  return get_at(session_path(session_id, "/todo"), &wire::todos);
}
PlannedCall<SessionRunState> active_run(std::string_view session_id) {
  return get_at(session_path(session_id, "/run"), &wire::run_state);
}

PlannedCall<PromptAsyncResult> prompt_text(std::string_view session_id, std::string_view text,
                                           const PromptOptions& options) {
  return prompt(session_id, {TextPart{std::string(text)}}, options);
}
PlannedCall<PromptAsyncResult> prompt_parts(std::string_view session_id,
                                            const std::vector<PromptPart>& parts,
                                            const PromptOptions& options) {
  return prompt(session_id, parts, options);
}
PlannedCall<std::string> prompt_sync(std::string_view session_id, std::string_view text,
                                     const PromptOptions& options) {
  auto call = send_to("POST", session_path(session_id, "/prompt_sync"),
                      wire::prompt({TextPart{std::string(text)}}, options), &wire::answer);
  if (call) call->spec.timeout_kind = TimeoutKind::send;
  return call;
}

PlannedCall<Cancelled> abort_session(std::string_view session_id) {
  return send_to("POST", session_path(session_id, "/abort"), std::string(no_members),
                 &wire::cancelled);
}
PlannedCall<Cancelled> cancel_session(std::string_view session_id) {
  return send_to("POST", session_path(session_id, "/cancel"), std::string(no_members),
                 &wire::cancelled);
}
PlannedCall<Cancelled> cancel_run(std::string_view session_id, std::string_view run_id) {
  auto rest = path_of("/run/", "run", run_id, "/cancel");
  if (!rest) return std::move(rest).error();
  return send_to("POST", session_path(session_id, *rest), std::string(no_members),
                 &wire::cancelled);
}
PlannedCall<Session> fork_session(std::string_view session_id) {
  return send_to("POST", session_path(session_id, "/fork"), std::string(no_members),
                 &wire::session);
}
PlannedCall<std::vector<Session>> children(std::string_view session_id) {
  return get_at(session_path(session_id, "/children"), &wire::sessions);
}
PlannedCall<SessionDiff> session_diff(std::string_view session_id) {
  return get_at(session_path(session_id, "/diff"), &wire::diff);
}
PlannedCall<Outcome> revert_session(std::string_view session_id) {
  return send_to("POST", session_path(session_id, "/revert"), std::string(no_members),
                 &wire::outcome);
}
PlannedCall<Outcome> unrevert_session(std::string_view session_id) {
  return send_to("POST", session_path(session_id, "/unrevert"), std::string(no_members),
                 &wire::outcome);
}
PlannedCall<SessionSummary> summarize_session(std::string_view session_id) {
  auto call = send_to("POST", session_path(session_id, "/summarize"), std::string(no_members),
                      &wire::summary);
  if (call) call->spec.timeout_kind = TimeoutKind::send;
  return call;
}
PlannedCall<Session> attach_session(std::string_view session_id, std::string_view target_workspace,
                                    std::string_view reason_tag) {
  return send_to("POST", session_path(session_id, "/attach"),
                 wire::text_body("target_workspace", target_workspace, "reason_tag", reason_tag),
                 &wire::session);
}

// --- permissions and questions

PlannedCall<PermissionSnapshot> list_permissions() {
  return get("/permission", &wire::permissions);
}
PlannedCall<PermissionReplyResult> reply_permission(std::string_view request_id,
                                                    PermissionReply reply) {
  return send_to("POST", permission_path(request_id), wire::permission_reply(reply),
                 &wire::permission_reply_result);
}

PlannedCall<std::vector<QuestionRecord>> list_questions() {
  return get("/question", &wire::questions);
}
PlannedCall<Outcome> reply_question(std::string_view question_id, std::string_view answer) {
  return send_to("POST", question_path(question_id, "/reply"), wire::text_body("answer", answer),
                 &wire::outcome);
}
PlannedCall<Outcome> reject_question(std::string_view question_id) {
  return send_to("POST", question_path(question_id, "/reject"), std::string(no_members),
                 &wire::outcome);
}
PlannedCall<Outcome> answer_question(std::string_view session_id, std::string_view question_id,
                                     std::string_view answer) {
  auto rest = path_of("/questions/", "question", question_id, "/answer");
  if (!rest) return std::move(rest).error();
  return send_to("POST", path_of("/sessions/", "session", session_id, *rest),
                 wire::text_body("answer", answer), &wire::outcome);
}

// --- providers and configuration

PlannedCall<ProviderCatalog> provider_catalog() {
  return get("/provider", &wire::provider_catalog);
}
PlannedCall<ProvidersConfig> providers_config() {
  return get("/config/providers", &wire::providers_config);
}
PlannedCall<bool> set_defaults(std::string_view provider, std::string_view model) {
  if (provider.empty() || model.empty()) return usage("the provider or the model is empty");
  return with_body("PATCH", "/config", wire::provider_defaults(provider, model), &wire::accepted);
}
PlannedCall<bool> set_api_key(std::string_view provider, std::string_view api_key) {
  return send_to("PUT", key_path(provider), wire::text_body("apiKey", api_key), &wire::accepted);
}
PlannedCall<bool> remove_api_key(std::string_view provider) {
  return do_at("DELETE", key_path(provider), &wire::accepted);
}
PlannedCall<std::map<std::string, ProviderAuth>> auth_status() {
  return get("/provider/auth", &wire::auth_status);
}

PlannedCall<EngineConfig> get_config() { return get("/config", &wire::config); }
PlannedCall<EngineConfig> patch_config(const Json& changes) { return patch("/config", changes); }
PlannedCall<EngineConfig> get_global_config() { return get("/global/config", &wire::config); }
PlannedCall<EngineConfig> patch_global_config(const Json& changes) {
  return patch("/global/config", changes);
}

PlannedCall<bool> set_token(std::string_view token) {
  return with_body("PUT", "/auth/token", wire::text_body("token", token), &wire::accepted);
}
PlannedCall<std::string> generate_token() {
  return with_body("POST", "/auth/token/generate", std::string(no_members), &wire::new_token);
}
PlannedCall<bool> remove_token() { return without_body("DELETE", "/auth/token", &wire::accepted); }

// --- MCP

PlannedCall<std::map<std::string, McpServer>> list_mcp() { return get("/mcp", &wire::mcp_servers); }
PlannedCall<std::vector<McpTool>> list_mcp_tools() { return get("/mcp/tools", &wire::mcp_tools); }
PlannedCall<std::vector<McpResources>> list_mcp_resources() {
  return get("/mcp/resources", &wire::mcp_resources);
}
PlannedCall<Outcome> add_mcp(std::string_view name, std::string_view transport,
                             const AddMcpServer& options) {
  return with_body("POST", "/mcp", wire::add_mcp(name, transport, options), &wire::outcome);
}
PlannedCall<Outcome> connect_mcp(std::string_view name) {
  return do_at("POST", mcp_path(name, "/connect"), &wire::outcome);
}
PlannedCall<Outcome> disconnect_mcp(std::string_view name) {
  return do_at("POST", mcp_path(name, "/disconnect"), &wire::outcome);
}
PlannedCall<Outcome> refresh_mcp(std::string_view name) {
  return do_at("POST", mcp_path(name, "/refresh"), &wire::outcome);
}
PlannedCall<Outcome> set_mcp_enabled(std::string_view name, bool enabled) {
  return send_to("PATCH", mcp_path(name), wire::enabled(enabled), &wire::outcome);
}
PlannedCall<Outcome> remove_mcp(std::string_view name) {
  return do_at("DELETE", mcp_path(name), &wire::outcome);
}
PlannedCall<Json> mcp_auth(std::string_view name, const Json& payload) {
  return send_to("POST", mcp_path(name, "/auth"), or_empty(payload), &wire::any_json);
}
PlannedCall<Json> delete_mcp_auth(std::string_view name) {
  return do_at("DELETE", mcp_path(name, "/auth"), &wire::any_json);
}
PlannedCall<Json> mcp_auth_callback(std::string_view name, const Json& payload) {
  return send_to("POST", mcp_path(name, "/auth/callback"), or_empty(payload), &wire::any_json);
}
PlannedCall<Json> mcp_authenticate(std::string_view name, const Json& payload) {
  return send_to("POST", mcp_path(name, "/auth/authenticate"), or_empty(payload), &wire::any_json);
}
PlannedCall<std::string> mcp_catalog_toml(std::string_view slug) {
  return get_at(path_of("/mcp/catalog/", "catalog", slug, "/toml"), &wire::any_text);
}

// --- memory

PlannedCall<MemoryPutResult> put_memory(bool real_engine, std::string_view text,
                                        const PutMemory& options) {
  return with_body("POST", "/memory/put", wire::put_memory(real_engine, text, options),
                   &wire::stored_memory);
}
PlannedCall<MemorySearchResult> search_memory(bool real_engine, std::string_view query,
                                              const SearchMemory& options) {
  return with_body("POST", "/memory/search", wire::search_memory(real_engine, query, options),
                   &wire::found_memories);
}
PlannedCall<MemoryList> list_memory(const ListMemory& filter) {
  const Query query = Query()
                          .add("q", filter.q)
                          .add("limit", filter.limit)
                          .add("offset", filter.offset)
                          .add("user_id", filter.user_id);
  return get("/memory" + query.text(), &wire::memory_list);
}
PlannedCall<MemoryPromotion> promote_memory(bool real_engine, std::string_view memory_id,
                                            const PromoteMemory& options) {
  if (memory_id.empty()) return usage("the memory id is empty");
  return with_body("POST", "/memory/promote", wire::promote_memory(real_engine, memory_id, options),
                   &wire::promotion);
}
PlannedCall<Outcome> demote_memory(bool real_engine, std::string_view memory_id,
                                   std::string_view run_id) {
  if (memory_id.empty()) return usage("the memory id is empty");
  return with_body("POST", "/memory/demote", wire::demote_memory(real_engine, memory_id, run_id),
                   &wire::outcome);
}
PlannedCall<Outcome> remove_memory(std::string_view memory_id) {
  return do_at("DELETE", memory_path(memory_id), &wire::outcome);
}
PlannedCall<MemoryAudit> memory_audit(const MemoryAuditQuery& filter) {
  const Query query = Query().add("run_id", filter.run_id).add("limit", filter.limit);
  return get("/memory/audit" + query.text(), &wire::memory_audit);
}

// --- identity, skills, resources

PlannedCall<Identity> get_identity() { return get("/config/identity", &wire::identity); }
PlannedCall<Identity> patch_identity(const Json& changes) {
  if (!changes.is_object()) return usage("the changes are no object");
  return with_body("PATCH", "/config/identity", changes.dump(), &wire::identity);
}

PlannedCall<std::vector<Skill>> list_skills(std::string_view location) {
  return get("/skills" + Query().add("location", location).text(), &wire::skills);
}
PlannedCall<Skill> get_skill(std::string_view name) {
  return get_at(path_of("/skills/", "skill", name), &wire::skill);
}
PlannedCall<std::vector<Skill>> skill_templates() {
  return get("/skills/templates", &wire::skill_templates);
}

PlannedCall<std::vector<ResourceRecord>> list_resources(const ListResources& filter) {
  const Query query = Query().add("prefix", filter.prefix).add("limit", filter.limit);
  return get("/resource" + query.text(), &wire::resources);
}
PlannedCall<ResourceRecord> get_resource(std::string_view key) {
  return get_at(resource_path(key), &wire::resource);
}
PlannedCall<ResourceWriteResult> write_resource(std::string_view key, const Json& value,
                                                const WriteResource& options) {
  if (key.empty()) return usage("the resource key is empty");
  return with_body("PUT", "/resource", wire::write_resource(key, value, options),
                   &wire::written_resource);
}
PlannedCall<ResourceWriteResult> put_resource(std::string_view key, const Json& value,
                                              const WriteResource& options) {
  return send_to("PUT", resource_path(key), wire::write_resource({}, value, options),
                 &wire::written_resource);
}
PlannedCall<ResourceWriteResult> patch_resource(std::string_view key, const Json& patch) {
  return send_to("PATCH", resource_path(key), patch.dump(), &wire::written_resource);
}
PlannedCall<Outcome> remove_resource(std::string_view key) {
  return do_at("DELETE", resource_path(key), &wire::outcome);
}

// --- routines and automations

PlannedCall<std::vector<Routine>> list_routines(Family family) {
  return get(root_of(family), &wire::routines);
}
PlannedCall<Routine> create_routine(bool real_engine, Family family, const CreateRoutine& request) {
  if (request.name.empty()) return usage("a new routine needs a name");
  if (!request.more.is_null() && !request.more.is_object()) {
    return usage("CreateRoutine::more is no object");
  }
  auto body = wire::create_routine(real_engine, family, request);
  if (!body) return std::move(body).error();
  return with_body("POST", root_of(family), *std::move(body), &wire::routine);
}
PlannedCall<Routine> update_routine(bool real_engine, Family family, std::string_view routine_id,
                                    const UpdateRoutine& changes) {
  if (!changes.more.is_null() && !changes.more.is_object()) {
    return usage("UpdateRoutine::more is no object");
  }
  auto body = wire::update_routine(real_engine, family, changes);
  if (!body) return std::move(body).error();
  return send_to("PATCH", routine_path(family, routine_id), *std::move(body), &wire::routine);
}
PlannedCall<bool> remove_routine(Family family, std::string_view routine_id) {
  return do_at("DELETE", routine_path(family, routine_id), &wire::done);
}
PlannedCall<RunNow> run_routine(Family family, std::string_view routine_id) {
  return send_to("POST", routine_path(family, routine_id, "/run_now"), std::string(no_members),
                 &wire::run_now);
}
PlannedCall<std::vector<RoutineRun>> list_routine_runs(Family family, std::string_view routine_id,
                                                       std::int64_t limit) {
  // An engine reads the one name in both families (tandem §2.5).
  const Query query = Query().add("limit", limit).add("routine_id", routine_id);
  return get(root_of(family) + "/runs" + query.text(), &wire::routine_runs);
}
PlannedCall<std::vector<RoutineRun>> runs_of_routine(Family family, std::string_view routine_id,
                                                     std::int64_t limit) {
  const Query query = Query().add("limit", limit);
  return get_at(routine_path(family, routine_id, "/runs" + query.text()), &wire::routine_runs);
}
PlannedCall<RoutineRun> get_routine_run(Family family, std::string_view run_id) {
  return get_at(routine_run_path(family, run_id), &wire::routine_run);
}
PlannedCall<std::vector<RunArtifact>> list_artifacts(Family family, std::string_view run_id) {
  return get_at(routine_run_path(family, run_id, "/artifacts"), &wire::artifacts);
}
PlannedCall<std::string> artifact_content(Family family, std::string_view run_id,
                                          std::string_view artifact_id) {
  const auto list = routine_run_path(family, run_id, "/artifacts/");
  if (!list) return list.error();
  return get_at(path_of(*list, "artifact", artifact_id, "/content"), &wire::any_text);
}
PlannedCall<RoutineRun> add_artifact(Family family, std::string_view run_id,
                                     const AddArtifact& artifact) {
  return send_to("POST", routine_run_path(family, run_id, "/artifacts"),
                 wire::add_artifact(artifact), &wire::routine_run);
}
PlannedCall<RoutineRun> approve_routine_run(Family family, std::string_view run_id,
                                            std::string_view reason) {
  return decide_run(family, run_id, "/approve", reason);
}
PlannedCall<RoutineRun> deny_routine_run(Family family, std::string_view run_id,
                                         std::string_view reason) {
  return decide_run(family, run_id, "/deny", reason);
}
PlannedCall<RoutineRun> pause_routine_run(Family family, std::string_view run_id,
                                          std::string_view reason) {
  return decide_run(family, run_id, "/pause", reason);
}
PlannedCall<RoutineRun> resume_routine_run(Family family, std::string_view run_id,
                                           std::string_view reason) {
  return decide_run(family, run_id, "/resume", reason);
}
PlannedCall<std::vector<RoutineHistoryEntry>> routine_history(Family family,
                                                              std::string_view routine_id,
                                                              std::int64_t limit) {
  const Query query = Query().add("limit", limit);
  return get_at(routine_path(family, routine_id, "/history" + query.text()), &wire::history);
}

// --- the engine

PlannedCall<SystemHealth> health() { return get("/global/health", &wire::health); }
PlannedCall<std::vector<std::string>> list_tool_ids() { return get("/tool/ids", &wire::tool_ids); }
PlannedCall<std::vector<ToolSchema>> list_tools() { return get("/tool", &wire::tools); }
PlannedCall<ToolExecuteResult> execute_tool(std::string_view tool, const Json& args) {
  if (tool.empty()) return usage("the name of the tool is empty");
  auto call = with_body<ToolExecuteResult>("POST", "/tool/execute", wire::execute_tool(tool, args),
                                           &wire::tool_result);
  call->spec.timeout_kind = TimeoutKind::send;
  return call;
}
PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body) {
  return colonnade::detail::any_request(method, path, body, &wire::any_json);
}

}  // namespace colonnade::inline v1::tandem::calls
