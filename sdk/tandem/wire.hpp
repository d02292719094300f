// Tandem's JSON, both ways (tandem §1 to §3). Knows no connection. Reading takes what Colonnade
// sends and what a real engine sends (§1.9).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sse.hpp"
#include "colonnade/tandem.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::tandem::wire {

using colonnade::detail::CallSpec;

// --- request bodies

std::string create_session(const CreateSession& request, const ModelRef* model);
std::string update_session(const UpdateSession& changes);
std::string prompt(const std::vector<PromptPart>& parts, const PromptOptions& options);
// One member, or two, of text.
std::string text_body(std::string_view name, std::string_view value);
std::string text_body(std::string_view name, std::string_view value, std::string_view second,
                      std::string_view second_value);
std::string execute_tool(std::string_view tool, const Json& args);
std::string permission_reply(PermissionReply reply);
std::string provider_defaults(std::string_view provider, std::string_view model);
std::string add_mcp(std::string_view name, std::string_view transport, const AddMcpServer& options);
std::string enabled(bool flag);
std::string put_memory(bool real_engine, std::string_view text, const PutMemory& options);
std::string search_memory(bool real_engine, std::string_view query, const SearchMemory& options);
std::string demote_memory(bool real_engine, std::string_view id, std::string_view run_id);
std::string promote_memory(bool real_engine, std::string_view id, const PromoteMemory& options);
// Without a key where it stands in the path.
std::string write_resource(std::string_view key, const Json& value, const WriteResource& options);
Result<std::string> create_routine(bool real_engine, Family family, const CreateRoutine& request);
Result<std::string> update_routine(bool real_engine, Family family, const UpdateRoutine& changes);
std::string add_artifact(const AddArtifact& artifact);
Result<std::string> create_automation_v2(bool real_engine, const CreateAutomationV2& request);
Result<std::string> update_automation_v2(bool real_engine, const UpdateAutomationV2& changes);
std::string repair_node(const RepairAutomationNode& repair);

// --- replies
// A reply that makes no sense gives ErrorKind::malformed, whose message is "<endpoint>: <issue>".

Result<SystemHealth> health(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<std::string>> tool_ids(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<ToolSchema>> tools(const CallSpec& spec, const TransportReply& reply);
Result<ToolExecuteResult> tool_result(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Event>> events(const CallSpec& spec, const TransportReply& reply);
Result<std::string> session_id(const CallSpec& spec, const TransportReply& reply);
Result<SessionList> session_list(const CallSpec& spec, const TransportReply& reply);
Result<Session> session(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Session>> sessions(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Todo>> todos(const CallSpec& spec, const TransportReply& reply);
Result<SessionRunState> run_state(const CallSpec& spec, const TransportReply& reply);
Result<PromptAsyncResult> started_run(const CallSpec& spec, const TransportReply& reply);
Result<std::string> answer(const CallSpec& spec, const TransportReply& reply);
Result<Cancelled> cancelled(const CallSpec& spec, const TransportReply& reply);
Result<SessionDiff> diff(const CallSpec& spec, const TransportReply& reply);
Result<SessionSummary> summary(const CallSpec& spec, const TransportReply& reply);
Result<Outcome> outcome(const CallSpec& spec, const TransportReply& reply);
Result<PermissionSnapshot> permissions(const CallSpec& spec, const TransportReply& reply);
Result<PermissionReplyResult> permission_reply_result(const CallSpec& spec,
                                                      const TransportReply& reply);
Result<std::vector<QuestionRecord>> questions(const CallSpec& spec, const TransportReply& reply);
Result<ProviderCatalog> provider_catalog(const CallSpec& spec, const TransportReply& reply);
Result<ProvidersConfig> providers_config(const CallSpec& spec, const TransportReply& reply);
Result<bool> accepted(const CallSpec& spec,
                      const TransportReply& reply);  // false in `ok` is a refusal
Result<std::map<std::string, ProviderAuth>> auth_status(const CallSpec& spec,
                                                        const TransportReply& reply);
Result<EngineConfig> config(const CallSpec& spec, const TransportReply& reply);
Result<std::string> new_token(const CallSpec& spec, const TransportReply& reply);
Result<std::map<std::string, McpServer>> mcp_servers(const CallSpec& spec,
                                                     const TransportReply& reply);
Result<std::vector<McpTool>> mcp_tools(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<McpResources>> mcp_resources(const CallSpec& spec, const TransportReply& reply);
Result<MemoryPutResult> stored_memory(const CallSpec& spec, const TransportReply& reply);
Result<MemorySearchResult> found_memories(const CallSpec& spec, const TransportReply& reply);
Result<MemoryList> memory_list(const CallSpec& spec, const TransportReply& reply);
Result<MemoryPromotion> promotion(const CallSpec& spec, const TransportReply& reply);
Result<MemoryAudit> memory_audit(const CallSpec& spec, const TransportReply& reply);
Result<Identity> identity(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Skill>> skills(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Skill>> skill_templates(const CallSpec& spec, const TransportReply& reply);
Result<Skill> skill(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<ResourceRecord>> resources(const CallSpec& spec, const TransportReply& reply);
Result<ResourceRecord> resource(const CallSpec& spec, const TransportReply& reply);
Result<ResourceWriteResult> written_resource(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Routine>> routines(const CallSpec& spec, const TransportReply& reply);
Result<Routine> routine(const CallSpec& spec, const TransportReply& reply);
Result<RunNow> run_now(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<RoutineRun>> routine_runs(const CallSpec& spec, const TransportReply& reply);
Result<RoutineRun> routine_run(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<AutomationV2>> automations_v2(const CallSpec& spec, const TransportReply& reply);
Result<AutomationV2> automation_v2(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<AutomationV2Run>> automation_v2_runs(const CallSpec& spec,
                                                        const TransportReply& reply);
Result<AutomationV2Run> automation_v2_run(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<RunArtifact>> artifacts(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<RoutineHistoryEntry>> history(const CallSpec& spec, const TransportReply& reply);
Result<Json> any_json(const CallSpec& spec, const TransportReply& reply);
Result<std::string> any_text(const CallSpec& spec, const TransportReply& reply);
Result<bool> done(const CallSpec& spec, const TransportReply& reply);  // any body, or none

// The text parts of the assistant's messages behind the last of the user's; nothing without one.
std::optional<std::string> answer_in(const std::vector<Message>& messages);

// --- events

struct Incoming {
  Event event{};
  // It has no ids beside its type, as a real engine's: what the SDKs' names tell was not told.
  bool of_engine = false;
};
// nullopt for a frame that is no event: cut short, no object, without a type.
std::optional<Incoming> event(const base::SseEvent& block);
std::optional<Failure> no_stream(const CallSpec& spec, const TransportOpened& opened);

// Events that the client makes; `like` gives the ids.
Event made_event(std::string_view type, Event::Value value, const Event& like,
                 const Json& properties);

}  // namespace colonnade::inline v1::tandem::wire
