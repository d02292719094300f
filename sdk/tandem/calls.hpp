// Every method of the Tandem client, written once as a value: verb, target, body, decoder. Failures
// are arguments that cannot be sent.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/tandem.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::tandem::calls {

using colonnade::detail::CallSpec;
template <class T>
using PlannedCall = Result<colonnade::detail::Call<T>>;

// A stream: what to ask for, and what of it to give.
struct StreamPlan {
  CallSpec spec{};
  std::string last_event_id{};
  std::string session_id{};  // "" when it is not one session's
  std::string run_id{};      // "" when it is not one run's; else it ends with that run
  bool filter_here = false;  // the server sends everything: a real engine
  std::string routine_id{};  // "" when it is not one routine's
};
Result<StreamPlan> session_events(bool real_engine, std::string_view session_id,
                                  std::string_view run_id, const StreamOptions& options);
Result<StreamPlan> global_events(const StreamOptions& options);
Result<StreamPlan> run_events_live(std::string_view run_id);
Result<StreamPlan> resource_events();
// "" for those of all.
Result<StreamPlan> routine_events(bool real_engine, Family family, std::string_view routine_id);

// `model` may be null.
PlannedCall<std::string> create_session(const CreateSession& request, const ModelRef* model);
PlannedCall<std::vector<Event>> run_events(std::string_view run_id, const RunEventsQuery& query);

PlannedCall<SessionList> list_sessions(const ListSessions& filter);
PlannedCall<Session> get_session(std::string_view session_id);
PlannedCall<Session> update_session(std::string_view session_id, const UpdateSession& changes);
PlannedCall<Session> archive_session(std::string_view session_id);
PlannedCall<bool> remove_session(std::string_view session_id);
PlannedCall<std::vector<Message>> messages(std::string_view session_id);
PlannedCall<std::vector<Todo>> todos(std::string_view session_id);
PlannedCall<SessionRunState> active_run(std::string_view session_id);
PlannedCall<PromptAsyncResult> prompt_text(std::string_view session_id, std::string_view prompt,
                                           const PromptOptions& options);
PlannedCall<PromptAsyncResult> prompt_parts(std::string_view session_id,
                                            const std::vector<PromptPart>& parts,
                                            const PromptOptions& options);
PlannedCall<std::string> prompt_sync(std::string_view session_id, std::string_view prompt,
                                     const PromptOptions& options);
PlannedCall<Cancelled> abort_session(std::string_view session_id);
PlannedCall<Cancelled> cancel_session(std::string_view session_id);
PlannedCall<Cancelled> cancel_run(std::string_view session_id, std::string_view run_id);
PlannedCall<Session> fork_session(std::string_view session_id);
PlannedCall<std::vector<Session>> children(std::string_view session_id);
PlannedCall<SessionDiff> session_diff(std::string_view session_id);
PlannedCall<Outcome> revert_session(std::string_view session_id);
PlannedCall<Outcome> unrevert_session(std::string_view session_id);
PlannedCall<SessionSummary> summarize_session(std::string_view session_id);
PlannedCall<Session> attach_session(std::string_view session_id, std::string_view target_workspace,
                                    std::string_view reason_tag);

PlannedCall<PermissionSnapshot> list_permissions();
PlannedCall<PermissionReplyResult> reply_permission(std::string_view request_id,
                                                    PermissionReply reply);

PlannedCall<std::vector<QuestionRecord>> list_questions();
PlannedCall<Outcome> reply_question(std::string_view question_id, std::string_view answer);
PlannedCall<Outcome> reject_question(std::string_view question_id);
PlannedCall<Outcome> answer_question(std::string_view session_id, std::string_view question_id,
                                     std::string_view answer);

PlannedCall<ProviderCatalog> provider_catalog();
PlannedCall<ProvidersConfig> providers_config();
PlannedCall<bool> set_defaults(std::string_view provider, std::string_view model);
PlannedCall<bool> set_api_key(std::string_view provider, std::string_view api_key);
PlannedCall<bool> remove_api_key(std::string_view provider);
PlannedCall<std::map<std::string, ProviderAuth>> auth_status();

PlannedCall<EngineConfig> get_config();
PlannedCall<EngineConfig> patch_config(const Json& changes);
PlannedCall<EngineConfig> get_global_config();
PlannedCall<EngineConfig> patch_global_config(const Json& changes);

PlannedCall<bool> set_token(std::string_view token);
PlannedCall<std::string> generate_token();
PlannedCall<bool> remove_token();

PlannedCall<std::map<std::string, McpServer>> list_mcp();
PlannedCall<std::vector<McpTool>> list_mcp_tools();
PlannedCall<std::vector<McpResources>> list_mcp_resources();
PlannedCall<Outcome> add_mcp(std::string_view name, std::string_view transport,
                             const AddMcpServer& options);
PlannedCall<Outcome> connect_mcp(std::string_view name);
PlannedCall<Outcome> disconnect_mcp(std::string_view name);
PlannedCall<Outcome> refresh_mcp(std::string_view name);
PlannedCall<Outcome> set_mcp_enabled(std::string_view name, bool enabled);
PlannedCall<Outcome> remove_mcp(std::string_view name);
PlannedCall<Json> mcp_auth(std::string_view name, const Json& payload);
PlannedCall<Json> delete_mcp_auth(std::string_view name);
PlannedCall<Json> mcp_auth_callback(std::string_view name, const Json& payload);
PlannedCall<Json> mcp_authenticate(std::string_view name, const Json& payload);
PlannedCall<std::string> mcp_catalog_toml(std::string_view slug);

PlannedCall<MemoryPutResult> put_memory(bool real_engine, std::string_view text,
                                        const PutMemory& options);
PlannedCall<MemorySearchResult> search_memory(bool real_engine, std::string_view query,
                                              const SearchMemory& options);
PlannedCall<MemoryList> list_memory(const ListMemory& filter);
PlannedCall<MemoryPromotion> promote_memory(bool real_engine, std::string_view memory_id,
                                            const PromoteMemory& options);
PlannedCall<Outcome> demote_memory(bool real_engine, std::string_view memory_id,
                                   std::string_view run_id);
PlannedCall<Outcome> remove_memory(std::string_view memory_id);
PlannedCall<MemoryAudit> memory_audit(const MemoryAuditQuery& filter);

PlannedCall<Identity> get_identity();
PlannedCall<Identity> patch_identity(const Json& changes);

PlannedCall<std::vector<Skill>> list_skills(std::string_view location);
PlannedCall<Skill> get_skill(std::string_view name);
PlannedCall<std::vector<Skill>> skill_templates();

PlannedCall<std::vector<ResourceRecord>> list_resources(const ListResources& filter);
PlannedCall<ResourceRecord> get_resource(std::string_view key);
PlannedCall<ResourceWriteResult> write_resource(std::string_view key, const Json& value,
                                                const WriteResource& options);
PlannedCall<ResourceWriteResult> put_resource(std::string_view key, const Json& value,
                                              const WriteResource& options);
PlannedCall<ResourceWriteResult> patch_resource(std::string_view key, const Json& patch);
PlannedCall<Outcome> remove_resource(std::string_view key);

PlannedCall<std::vector<Routine>> list_routines(Family family);
PlannedCall<Routine> create_routine(bool real_engine, Family family, const CreateRoutine& request);
PlannedCall<Routine> update_routine(bool real_engine, Family family, std::string_view routine_id,
                                    const UpdateRoutine& changes);
PlannedCall<bool> remove_routine(Family family, std::string_view routine_id);
PlannedCall<RunNow> run_routine(Family family, std::string_view routine_id);
PlannedCall<std::vector<RoutineRun>> list_routine_runs(Family family, std::string_view routine_id,
                                                       std::int64_t limit);
PlannedCall<std::vector<RoutineRun>> runs_of_routine(Family family, std::string_view routine_id,
                                                     std::int64_t limit);
PlannedCall<RoutineRun> get_routine_run(Family family, std::string_view run_id);
PlannedCall<std::vector<RunArtifact>> list_artifacts(Family family, std::string_view run_id);
PlannedCall<std::string> artifact_content(Family family, std::string_view run_id,
                                          std::string_view artifact_id);
PlannedCall<RoutineRun> add_artifact(Family family, std::string_view run_id,
                                     const AddArtifact& artifact);
PlannedCall<RoutineRun> approve_routine_run(Family family, std::string_view run_id,
                                            std::string_view reason);
PlannedCall<RoutineRun> deny_routine_run(Family family, std::string_view run_id,
                                         std::string_view reason);
PlannedCall<RoutineRun> pause_routine_run(Family family, std::string_view run_id,
                                          std::string_view reason);
PlannedCall<RoutineRun> resume_routine_run(Family family, std::string_view run_id,
                                           std::string_view reason);
PlannedCall<std::vector<RoutineHistoryEntry>> routine_history(Family family,
                                                              std::string_view routine_id,
                                                              std::int64_t limit);

PlannedCall<std::vector<AutomationV2>> list_automations_v2();
PlannedCall<AutomationV2> create_automation_v2(bool real_engine, const CreateAutomationV2& request);
PlannedCall<AutomationV2> get_automation_v2(std::string_view automation_id);
PlannedCall<AutomationV2> update_automation_v2(bool real_engine, std::string_view automation_id,
                                               const UpdateAutomationV2& changes);
PlannedCall<bool> remove_automation_v2(std::string_view automation_id);
PlannedCall<AutomationV2Run> run_automation_v2(std::string_view automation_id, bool dry_run);
PlannedCall<AutomationV2> pause_automation_v2(std::string_view automation_id,
                                              std::string_view reason);
PlannedCall<AutomationV2> resume_automation_v2(std::string_view automation_id);
PlannedCall<std::vector<AutomationV2Run>> runs_of_automation_v2(std::string_view automation_id,
                                                                std::int64_t limit);
PlannedCall<AutomationV2Run> get_automation_v2_run(std::string_view run_id);
// `verb`: "/pause", "/resume", "/cancel", "/recover".
PlannedCall<AutomationV2Run> change_automation_v2_run(std::string_view run_id,
                                                      std::string_view verb,
                                                      std::string_view reason);
PlannedCall<AutomationV2Run> decide_gate(std::string_view run_id, std::string_view decision,
                                         std::string_view reason);
PlannedCall<AutomationV2Run> repair_automation_v2_run(std::string_view run_id,
                                                      const RepairAutomationNode& repair);
// `verb`: "/retry", "/continue".
PlannedCall<AutomationV2Run> repeat_node(std::string_view run_id, std::string_view node_id,
                                         std::string_view verb, std::string_view reason);
Result<StreamPlan> automation_v2_events(std::string_view automation_id, std::string_view run_id);

PlannedCall<SystemHealth> health();
PlannedCall<std::vector<std::string>> list_tool_ids();
PlannedCall<std::vector<ToolSchema>> list_tools();
PlannedCall<ToolExecuteResult> execute_tool(std::string_view tool, const Json& args);
PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body);

}  // namespace colonnade::inline v1::tandem::calls
