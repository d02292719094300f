// The Tandem client for coroutines. Include colonnade/tandem.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/tandem/automations_v2.hpp"
#include "colonnade/tandem/client.hpp"
#include "colonnade/tandem/events.hpp"
#include "colonnade/tandem/packs.hpp"
#include "colonnade/tandem/routines.hpp"
#include "colonnade/tandem/types.hpp"
#include "colonnade/task.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

// The methods of the blocking resources. Each reads its arguments before it returns, so they need
// not outlive the call. The work starts when the Task is awaited, and so do errors come from there.
// Requests are taken by name only: a braced temporary inside co_await is freed twice by g++ 12.
class COLONNADE_API AsyncSessions {
 public:
  Task<std::string> create() const;
  Task<std::string> create(const CreateSession& request) const;
  Task<std::string> create(CreateSession&&) const = delete;
  Task<SessionList> list() const;
  Task<SessionList> list(const ListSessions& filter) const;
  Task<SessionList> list(ListSessions&&) const = delete;
  Task<Session> get(std::string_view session_id) const;
  Task<Session> update(std::string_view session_id, const UpdateSession& changes) const;
  Task<Session> update(std::string_view, UpdateSession&&) const = delete;
  Task<Session> archive(std::string_view session_id) const;
  Task<void> remove(std::string_view session_id) const;
  Task<std::vector<Message>> messages(std::string_view session_id) const;
  Task<std::vector<Todo>> todos(std::string_view session_id) const;
  Task<SessionRunState> active_run(std::string_view session_id) const;
  Task<PromptAsyncResult> prompt_async(std::string_view session_id, std::string_view prompt) const;
  Task<PromptAsyncResult> prompt_async(std::string_view session_id, std::string_view prompt,
                                       const PromptOptions& options) const;
  Task<PromptAsyncResult> prompt_async(std::string_view, std::string_view,
                                       PromptOptions&&) const = delete;
  Task<PromptAsyncResult> prompt_async_parts(std::string_view session_id,
                                             const std::vector<PromptPart>& parts) const;
  Task<PromptAsyncResult> prompt_async_parts(std::string_view,
                                             std::vector<PromptPart>&&) const = delete;
  Task<PromptAsyncResult> prompt_async_parts(std::string_view session_id,
                                             const std::vector<PromptPart>& parts,
                                             const PromptOptions& options) const;
  Task<PromptAsyncResult> prompt_async_parts(std::string_view, const std::vector<PromptPart>&,
                                             PromptOptions&&) const = delete;
  Task<std::string> prompt_sync(std::string_view session_id, std::string_view prompt) const;
  Task<std::string> prompt_sync(std::string_view session_id, std::string_view prompt,
                                const PromptOptions& options) const;
  Task<std::string> prompt_sync(std::string_view, std::string_view, PromptOptions&&) const = delete;
  Task<Cancelled> abort(std::string_view session_id) const;
  Task<Cancelled> cancel(std::string_view session_id) const;
  Task<Cancelled> cancel_run(std::string_view session_id, std::string_view run_id) const;
  Task<Session> fork(std::string_view session_id) const;
  Task<std::vector<Session>> children(std::string_view session_id) const;
  Task<SessionDiff> diff(std::string_view session_id) const;
  Task<Outcome> revert(std::string_view session_id) const;
  Task<Outcome> unrevert(std::string_view session_id) const;
  Task<SessionSummary> summarize(std::string_view session_id) const;
  Task<Session> attach(std::string_view session_id, std::string_view target_workspace,
                       std::string_view reason_tag = {}) const;

 private:
  friend class AsyncClient;
  explicit AsyncSessions(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncPermissions {
 public:
  Task<PermissionSnapshot> list() const;
  Task<PermissionReplyResult> reply(std::string_view request_id, PermissionReply reply) const;

 private:
  friend class AsyncClient;
  explicit AsyncPermissions(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncQuestions {
 public:
  Task<std::vector<QuestionRecord>> list() const;
  Task<Outcome> reply(std::string_view question_id, std::string_view answer) const;
  Task<Outcome> reject(std::string_view question_id) const;
  Task<Outcome> answer(std::string_view session_id, std::string_view question_id,
                       std::string_view answer) const;

 private:
  friend class AsyncClient;
  explicit AsyncQuestions(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncProviders {
 public:
  Task<ProviderCatalog> catalog() const;
  Task<ProvidersConfig> config() const;
  Task<void> set_defaults(std::string_view provider, std::string_view model) const;
  Task<void> set_api_key(std::string_view provider, std::string_view api_key) const;
  Task<void> remove_api_key(std::string_view provider) const;
  Task<std::map<std::string, ProviderAuth>> auth_status() const;

 private:
  friend class AsyncClient;
  explicit AsyncProviders(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncConfig {
 public:
  Task<EngineConfig> get() const;
  Task<EngineConfig> patch(const Json& changes) const;
  Task<EngineConfig> global() const;
  Task<EngineConfig> patch_global(const Json& changes) const;

 private:
  friend class AsyncClient;
  explicit AsyncConfig(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncTokens {
 public:
  Task<void> set(std::string_view token) const;
  Task<std::string> generate() const;
  Task<void> remove() const;

 private:
  friend class AsyncClient;
  explicit AsyncTokens(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncMcp {
 public:
  Task<std::map<std::string, McpServer>> list() const;
  Task<std::vector<McpTool>> list_tools() const;
  Task<std::vector<McpResources>> list_resources() const;
  Task<Outcome> add(std::string_view name, std::string_view transport) const;
  Task<Outcome> add(std::string_view name, std::string_view transport,
                    const AddMcpServer& options) const;
  Task<Outcome> add(std::string_view, std::string_view, AddMcpServer&&) const = delete;
  Task<Outcome> connect(std::string_view name) const;
  Task<Outcome> disconnect(std::string_view name) const;
  Task<Outcome> refresh(std::string_view name) const;
  Task<Outcome> set_enabled(std::string_view name, bool enabled) const;
  Task<Outcome> remove(std::string_view name) const;
  Task<Json> auth(std::string_view name) const;
  Task<Json> auth(std::string_view name, const Json& payload) const;
  Task<Json> delete_auth(std::string_view name) const;
  Task<Json> auth_callback(std::string_view name) const;
  Task<Json> auth_callback(std::string_view name, const Json& payload) const;
  Task<Json> authenticate(std::string_view name) const;
  Task<Json> authenticate(std::string_view name, const Json& payload) const;
  Task<std::string> catalog_toml(std::string_view slug) const;

 private:
  friend class AsyncClient;
  explicit AsyncMcp(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncMemory {
 public:
  Task<MemoryPutResult> put(std::string_view text) const;
  Task<MemoryPutResult> put(std::string_view text, const PutMemory& options) const;
  Task<MemoryPutResult> put(std::string_view, PutMemory&&) const = delete;
  Task<MemorySearchResult> search(std::string_view query) const;
  Task<MemorySearchResult> search(std::string_view query, const SearchMemory& options) const;
  Task<MemorySearchResult> search(std::string_view, SearchMemory&&) const = delete;
  Task<MemoryList> list() const;
  Task<MemoryList> list(const ListMemory& filter) const;
  Task<MemoryList> list(ListMemory&&) const = delete;
  Task<MemoryPromotion> promote(std::string_view memory_id) const;
  Task<MemoryPromotion> promote(std::string_view memory_id, const PromoteMemory& options) const;
  Task<MemoryPromotion> promote(std::string_view, PromoteMemory&&) const = delete;
  Task<Outcome> demote(std::string_view memory_id, std::string_view run_id = {}) const;
  Task<Outcome> remove(std::string_view memory_id) const;
  Task<MemoryAudit> audit() const;
  Task<MemoryAudit> audit(const MemoryAuditQuery& filter) const;
  Task<MemoryAudit> audit(MemoryAuditQuery&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncMemory(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncIdentities {
 public:
  Task<Identity> get() const;
  Task<Identity> patch(const Json& changes) const;

 private:
  friend class AsyncClient;
  explicit AsyncIdentities(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncSkills {
 public:
  Task<std::vector<Skill>> list(std::string_view location = {}) const;
  Task<Skill> get(std::string_view name) const;
  Task<std::vector<Skill>> templates() const;

 private:
  friend class AsyncClient;
  explicit AsyncSkills(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncResources {
 public:
  Task<std::vector<ResourceRecord>> list() const;
  Task<std::vector<ResourceRecord>> list(const ListResources& filter) const;
  Task<std::vector<ResourceRecord>> list(ListResources&&) const = delete;
  Task<ResourceRecord> get(std::string_view key) const;
  Task<ResourceWriteResult> write(std::string_view key, const Json& value) const;
  Task<ResourceWriteResult> write(std::string_view key, const Json& value,
                                  const WriteResource& options) const;
  Task<ResourceWriteResult> write(std::string_view, const Json&, WriteResource&&) const = delete;
  Task<ResourceWriteResult> put_key(std::string_view key, const Json& value) const;
  Task<ResourceWriteResult> put_key(std::string_view key, const Json& value,
                                    const WriteResource& options) const;
  Task<ResourceWriteResult> put_key(std::string_view, const Json&, WriteResource&&) const = delete;
  Task<ResourceWriteResult> patch_key(std::string_view key, const Json& patch) const;
  Task<Outcome> delete_key(std::string_view key) const;
  AsyncStream<Event> events() const;

 private:
  friend class AsyncClient;
  explicit AsyncResources(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncRoutines {
 public:
  Task<std::vector<Routine>> list(std::optional<Family> family = {}) const;
  Task<Routine> create(const CreateRoutine& request, std::optional<Family> family = {}) const;
  Task<Routine> create(CreateRoutine&&, std::optional<Family> = {}) const = delete;
  Task<Routine> update(std::string_view routine_id, const UpdateRoutine& changes,
                       std::optional<Family> family = {}) const;
  Task<Routine> update(std::string_view, UpdateRoutine&&,
                       std::optional<Family> = {}) const = delete;
  Task<void> remove(std::string_view routine_id, std::optional<Family> family = {}) const;
  Task<RunNow> run_now(std::string_view routine_id, std::optional<Family> family = {}) const;
  Task<std::vector<RoutineRun>> list_runs(std::string_view routine_id = {}, std::int64_t limit = 25,
                                          std::optional<Family> family = {}) const;
  Task<std::vector<RoutineRun>> get_runs_for_routine(std::string_view routine_id,
                                                     std::int64_t limit = 25,
                                                     std::optional<Family> family = {}) const;
  Task<RoutineRun> get_run(std::string_view run_id, std::optional<Family> family = {}) const;
  Task<RoutineRun> wait_run(std::string_view run_id) const;
  Task<RoutineRun> wait_run(std::string_view run_id, const WaitOptions& options,
                            std::optional<Family> family = {}) const;
  Task<RoutineRun> wait_run(std::string_view, WaitOptions&&,
                            std::optional<Family> = {}) const = delete;
  Task<std::vector<RunArtifact>> list_artifacts(std::string_view run_id,
                                                std::optional<Family> family = {}) const;
  Task<std::string> artifact_content(std::string_view run_id, std::string_view artifact_id,
                                     std::optional<Family> family = {}) const;
  Task<RoutineRun> add_artifact(std::string_view run_id, const AddArtifact& artifact,
                                std::optional<Family> family = {}) const;
  Task<RoutineRun> add_artifact(std::string_view, AddArtifact&&,
                                std::optional<Family> = {}) const = delete;
  Task<RoutineRun> approve_run(std::string_view run_id, std::string_view reason = {},
                               std::optional<Family> family = {}) const;
  Task<RoutineRun> deny_run(std::string_view run_id, std::string_view reason = {},
                            std::optional<Family> family = {}) const;
  Task<RoutineRun> pause_run(std::string_view run_id, std::string_view reason = {},
                             std::optional<Family> family = {}) const;
  Task<RoutineRun> resume_run(std::string_view run_id, std::string_view reason = {},
                              std::optional<Family> family = {}) const;
  Task<std::vector<RoutineHistoryEntry>> history(std::string_view routine_id,
                                                 std::int64_t limit = 0,
                                                 std::optional<Family> family = {}) const;
  AsyncStream<Event> events(std::string_view routine_id = {},
                            std::optional<Family> family = {}) const;

 private:
  friend class AsyncClient;
  explicit AsyncRoutines(std::shared_ptr<const detail::Session> session, Family family);
  std::shared_ptr<const detail::Session> session_;
  Family family_;
};

class COLONNADE_API AsyncPacks {
 public:
  Task<std::vector<PackRecord>> list() const;
  Task<PackSheet> inspect(std::string_view selector) const;
  Task<PackRecord> install(const InstallPack& request) const;
  Task<PackRecord> install(InstallPack&&) const = delete;
  Task<PackRecord> install_from_attachment(const InstallPackFromAttachment& request) const;
  Task<PackRecord> install_from_attachment(InstallPackFromAttachment&&) const = delete;
  Task<PackRecord> uninstall(const PackSelector& which) const;
  Task<PackRecord> uninstall(PackSelector&&) const = delete;
  Task<ExportedPack> export_pack(const PackSelector& which) const;
  Task<ExportedPack> export_pack(PackSelector&&) const = delete;
  Task<ExportedPack> export_pack(const PackSelector& which, std::string_view output_path) const;
  Task<ExportedPack> export_pack(PackSelector&&, std::string_view) const = delete;
  Task<DetectedPack> detect(const PackPlace& place) const;
  Task<DetectedPack> detect(PackPlace&&) const = delete;
  Task<PackUpdates> updates(std::string_view selector) const;
  Task<PackUpdate> update(std::string_view selector, const UpdatePack& request) const;
  Task<PackUpdate> update(std::string_view, UpdatePack&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncPacks(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncCapabilities {
 public:
  Task<CapabilityBindings> get_bindings() const;
  Task<Outcome> set_bindings(const CapabilityBindings& file) const;
  Task<Outcome> set_bindings(CapabilityBindings&&) const = delete;
  Task<std::vector<CapabilityTool>> discovery() const;
  Task<CapabilityResolution> resolve(const ResolveCapabilities& request) const;
  Task<CapabilityResolution> resolve(ResolveCapabilities&&) const = delete;
  Task<CapabilityReadiness> readiness(const ResolveCapabilities& request) const;
  Task<CapabilityReadiness> readiness(ResolveCapabilities&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncCapabilities(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncAutomationsV2 {
 public:
  Task<std::vector<AutomationV2>> list() const;
  Task<AutomationV2> create(const CreateAutomationV2& request) const;
  Task<AutomationV2> create(CreateAutomationV2&&) const = delete;
  Task<AutomationV2> get(std::string_view automation_id) const;
  Task<AutomationV2> update(std::string_view automation_id,
                            const UpdateAutomationV2& changes) const;
  Task<AutomationV2> update(std::string_view, UpdateAutomationV2&&) const = delete;
  Task<void> remove(std::string_view automation_id) const;
  Task<AutomationV2Run> run_now(std::string_view automation_id, bool dry_run = false) const;
  Task<AutomationV2> pause(std::string_view automation_id, std::string_view reason = {}) const;
  Task<AutomationV2> resume(std::string_view automation_id) const;
  Task<std::vector<AutomationV2Run>> list_runs(std::string_view automation_id,
                                               std::int64_t limit = 50) const;
  Task<AutomationV2Run> get_run(std::string_view run_id) const;
  Task<AutomationV2Run> wait_run(std::string_view run_id) const;
  Task<AutomationV2Run> wait_run(std::string_view run_id, const WaitOptions& options) const;
  Task<AutomationV2Run> wait_run(std::string_view, WaitOptions&&) const = delete;
  Task<AutomationV2Run> pause_run(std::string_view run_id, std::string_view reason = {}) const;
  Task<AutomationV2Run> resume_run(std::string_view run_id, std::string_view reason = {}) const;
  Task<AutomationV2Run> cancel_run(std::string_view run_id, std::string_view reason = {}) const;
  Task<AutomationV2Run> decide_gate(std::string_view run_id, std::string_view decision,
                                    std::string_view reason = {}) const;
  Task<AutomationV2Run> recover_run(std::string_view run_id, std::string_view reason = {}) const;
  Task<AutomationV2Run> repair_run(std::string_view run_id,
                                   const RepairAutomationNode& repair) const;
  Task<AutomationV2Run> repair_run(std::string_view, RepairAutomationNode&&) const = delete;
  Task<AutomationV2Run> retry_node(std::string_view run_id, std::string_view node_id,
                                   std::string_view reason = {}) const;
  Task<AutomationV2Run> continue_node(std::string_view run_id, std::string_view node_id,
                                      std::string_view reason = {}) const;
  AsyncStream<Event> events(std::string_view automation_id = {},
                            std::string_view run_id = {}) const;

 private:
  friend class AsyncClient;
  explicit AsyncAutomationsV2(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Rules of with(), with_token(), close() and the root as those of Client.
class COLONNADE_API AsyncClient {
 public:
  explicit AsyncClient(const Options& options);
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;

  static AsyncClient from_env() { return AsyncClient(Options::from_env()); }

  AsyncSessions sessions;
  AsyncPermissions permissions;
  AsyncQuestions questions;
  AsyncProviders providers;
  AsyncConfig config;
  AsyncTokens tokens;
  AsyncMcp mcp;
  AsyncMemory memory;
  AsyncIdentities identity;
  AsyncSkills skills;
  AsyncResources resources;
  AsyncRoutines routines;
  AsyncRoutines automations;
  AsyncPacks packs;
  AsyncCapabilities capabilities;
  AsyncAutomationsV2 automations_v2;

  Task<SystemHealth> health() const;
  Task<std::vector<std::string>> list_tool_ids() const;
  Task<std::vector<ToolSchema>> list_tools() const;
  Task<ToolExecuteResult> execute_tool(std::string_view tool) const;
  Task<ToolExecuteResult> execute_tool(std::string_view tool, const Json& args) const;
  Task<std::vector<Event>> run_events(std::string_view run_id) const;
  Task<std::vector<Event>> run_events(std::string_view run_id, const RunEventsQuery& query) const;
  Task<std::vector<Event>> run_events(std::string_view, RunEventsQuery&&) const = delete;
  Task<Json> request(std::string_view method, std::string_view path) const;
  Task<Json> request(std::string_view method, std::string_view path, const Json& body) const;

  // As the blocking ones; each connects with the first next(), which gives ServerConnected: await
  // that one before you prompt.
  AsyncStream<Event> stream(std::string_view session_id, std::string_view run_id = {}) const;
  AsyncStream<Event> stream(std::string_view session_id, std::string_view run_id,
                            const StreamOptions& options) const;
  AsyncStream<Event> global_stream() const;
  AsyncStream<Event> global_stream(const StreamOptions& options) const;
  AsyncStream<Event> run_stream(std::string_view run_id) const;

  AsyncClient with(const CallOptions& options) const;
  AsyncClient with_token(std::string_view token) const;
  void close() noexcept;

 private:
  explicit AsyncClient(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

using TandemClient = AsyncClient;  // the names of the Python SDK
using SyncTandemClient = Client;

}  // namespace colonnade::inline v1::tandem
