// The Tandem client for coroutines. Every method plans its call before it returns; only the sending
// waits for the co_await.
#include "colonnade/tandem.hpp"
#include "sdk/tandem/calls.hpp"
#include "sdk/tandem/event_streams.hpp"
#include "sdk/tandem/flows.hpp"
#include "sdk/tandem/session.hpp"

namespace colonnade::inline v1::tandem {
namespace {

using colonnade::detail::perform_async;

Task<void> without_result(Task<bool> done) {
  [[maybe_unused]] const bool answered = co_await std::move(done);
}

}  // namespace

AsyncSessions::AsyncSessions(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::string> AsyncSessions::create() const {
  return flows::create_session(session_, CreateSession());
}
Task<std::string> AsyncSessions::create(const CreateSession& request) const {
  return flows::create_session(session_, request);
}
Task<SessionList> AsyncSessions::list() const {
  return perform_async(session_, calls::list_sessions(ListSessions()));
}
Task<SessionList> AsyncSessions::list(const ListSessions& filter) const {
  return perform_async(session_, calls::list_sessions(filter));
}
Task<Session> AsyncSessions::get(std::string_view session_id) const {
  return perform_async(session_, calls::get_session(session_id));
}
Task<Session> AsyncSessions::update(std::string_view session_id,
                                    const UpdateSession& changes) const {
  return perform_async(session_, calls::update_session(session_id, changes));
}
Task<Session> AsyncSessions::archive(std::string_view session_id) const {
  return perform_async(session_, calls::archive_session(session_id));
}
Task<void> AsyncSessions::remove(std::string_view session_id) const {
  return without_result(perform_async(session_, calls::remove_session(session_id)));
}
Task<std::vector<Message>> AsyncSessions::messages(std::string_view session_id) const {
  return perform_async(session_, calls::messages(session_id));
}
Task<std::vector<Todo>> AsyncSessions::todos(std::string_view session_id) const {
  return perform_async(session_, calls::todos(session_id));
}
Task<SessionRunState> AsyncSessions::active_run(std::string_view session_id) const {
  return perform_async(session_, calls::active_run(session_id));
}
Task<PromptAsyncResult> AsyncSessions::prompt_async(std::string_view session_id,
                                                    std::string_view prompt) const {
  return perform_async(session_, calls::prompt_text(session_id, prompt, PromptOptions()));
}
Task<PromptAsyncResult> AsyncSessions::prompt_async(std::string_view session_id,
                                                    std::string_view prompt,
                                                    const PromptOptions& options) const {
  return perform_async(session_, calls::prompt_text(session_id, prompt, options));
}
Task<PromptAsyncResult> AsyncSessions::prompt_async_parts(
    std::string_view session_id, const std::vector<PromptPart>& parts) const {
  return perform_async(session_, calls::prompt_parts(session_id, parts, PromptOptions()));
}
Task<PromptAsyncResult> AsyncSessions::prompt_async_parts(std::string_view session_id,
                                                          const std::vector<PromptPart>& parts,
                                                          const PromptOptions& options) const {
  return perform_async(session_, calls::prompt_parts(session_id, parts, options));
}
Task<std::string> AsyncSessions::prompt_sync(std::string_view session_id,
                                             std::string_view prompt) const {
  return perform_async(session_, calls::prompt_sync(session_id, prompt, PromptOptions()));
}
Task<std::string> AsyncSessions::prompt_sync(std::string_view session_id, std::string_view prompt,
                                             const PromptOptions& options) const {
  return perform_async(session_, calls::prompt_sync(session_id, prompt, options));
}
Task<Cancelled> AsyncSessions::abort(std::string_view session_id) const {
  return perform_async(session_, calls::abort_session(session_id));
}
Task<Cancelled> AsyncSessions::cancel(std::string_view session_id) const {
  return perform_async(session_, calls::cancel_session(session_id));
}
Task<Cancelled> AsyncSessions::cancel_run(std::string_view session_id,
                                          std::string_view run_id) const {
  return perform_async(session_, calls::cancel_run(session_id, run_id));
}
Task<Session> AsyncSessions::fork(std::string_view session_id) const {
  return perform_async(session_, calls::fork_session(session_id));
}
Task<std::vector<Session>> AsyncSessions::children(std::string_view session_id) const {
  return perform_async(session_, calls::children(session_id));
}
Task<SessionDiff> AsyncSessions::diff(std::string_view session_id) const {
  return perform_async(session_, calls::session_diff(session_id));
}
Task<Outcome> AsyncSessions::revert(std::string_view session_id) const {
  return perform_async(session_, calls::revert_session(session_id));
}
Task<Outcome> AsyncSessions::unrevert(std::string_view session_id) const {
  return perform_async(session_, calls::unrevert_session(session_id));
}
Task<SessionSummary> AsyncSessions::summarize(std::string_view session_id) const {
  return perform_async(session_, calls::summarize_session(session_id));
}
Task<Session> AsyncSessions::attach(std::string_view session_id, std::string_view target_workspace,
                                    std::string_view reason_tag) const {
  return perform_async(session_, calls::attach_session(session_id, target_workspace, reason_tag));
}

AsyncPermissions::AsyncPermissions(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<PermissionSnapshot> AsyncPermissions::list() const {
  return perform_async(session_, calls::list_permissions());
}
Task<PermissionReplyResult> AsyncPermissions::reply(std::string_view request_id,
                                                    PermissionReply reply) const {
  return perform_async(session_, calls::reply_permission(request_id, reply));
}

AsyncQuestions::AsyncQuestions(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<QuestionRecord>> AsyncQuestions::list() const {
  return perform_async(session_, calls::list_questions());
}
Task<Outcome> AsyncQuestions::reply(std::string_view question_id, std::string_view answer) const {
  return perform_async(session_, calls::reply_question(question_id, answer));
}
Task<Outcome> AsyncQuestions::reject(std::string_view question_id) const {
  return perform_async(session_, calls::reject_question(question_id));
}
Task<Outcome> AsyncQuestions::answer(std::string_view session_id, std::string_view question_id,
                                     std::string_view answer) const {
  return perform_async(session_, calls::answer_question(session_id, question_id, answer));
}

AsyncProviders::AsyncProviders(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<ProviderCatalog> AsyncProviders::catalog() const {
  return perform_async(session_, calls::provider_catalog());
}
Task<ProvidersConfig> AsyncProviders::config() const {
  return perform_async(session_, calls::providers_config());
}
Task<void> AsyncProviders::set_defaults(std::string_view provider, std::string_view model) const {
  return without_result(perform_async(session_, calls::set_defaults(provider, model)));
}
Task<void> AsyncProviders::set_api_key(std::string_view provider, std::string_view api_key) const {
  return without_result(perform_async(session_, calls::set_api_key(provider, api_key)));
}
Task<void> AsyncProviders::remove_api_key(std::string_view provider) const {
  return without_result(perform_async(session_, calls::remove_api_key(provider)));
}
Task<std::map<std::string, ProviderAuth>> AsyncProviders::auth_status() const {
  return perform_async(session_, calls::auth_status());
}

AsyncConfig::AsyncConfig(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<EngineConfig> AsyncConfig::get() const { return perform_async(session_, calls::get_config()); }
Task<EngineConfig> AsyncConfig::patch(const Json& changes) const {
  return perform_async(session_, calls::patch_config(changes));
}
Task<EngineConfig> AsyncConfig::global() const {
  return perform_async(session_, calls::get_global_config());
}
Task<EngineConfig> AsyncConfig::patch_global(const Json& changes) const {
  return perform_async(session_, calls::patch_global_config(changes));
}

AsyncTokens::AsyncTokens(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<void> AsyncTokens::set(std::string_view token) const {
  return without_result(perform_async(session_, calls::set_token(token)));
}
Task<std::string> AsyncTokens::generate() const {
  return perform_async(session_, calls::generate_token());
}
Task<void> AsyncTokens::remove() const {
  return without_result(perform_async(session_, calls::remove_token()));
}

AsyncMcp::AsyncMcp(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

Task<std::map<std::string, McpServer>> AsyncMcp::list() const {
  return perform_async(session_, calls::list_mcp());
}
Task<std::vector<McpTool>> AsyncMcp::list_tools() const {
  return perform_async(session_, calls::list_mcp_tools());
}
Task<std::vector<McpResources>> AsyncMcp::list_resources() const {
  return perform_async(session_, calls::list_mcp_resources());
}
Task<Outcome> AsyncMcp::add(std::string_view name, std::string_view transport) const {
  return perform_async(session_, calls::add_mcp(name, transport, AddMcpServer()));
}
Task<Outcome> AsyncMcp::add(std::string_view name, std::string_view transport,
                            const AddMcpServer& options) const {
  return perform_async(session_, calls::add_mcp(name, transport, options));
}
Task<Outcome> AsyncMcp::connect(std::string_view name) const {
  return perform_async(session_, calls::connect_mcp(name));
}
Task<Outcome> AsyncMcp::disconnect(std::string_view name) const {
  return perform_async(session_, calls::disconnect_mcp(name));
}
Task<Outcome> AsyncMcp::refresh(std::string_view name) const {
  return perform_async(session_, calls::refresh_mcp(name));
}
Task<Outcome> AsyncMcp::set_enabled(std::string_view name, bool enabled) const {
  return perform_async(session_, calls::set_mcp_enabled(name, enabled));
}
Task<Outcome> AsyncMcp::remove(std::string_view name) const {
  return perform_async(session_, calls::remove_mcp(name));
}
Task<Json> AsyncMcp::auth(std::string_view name) const {
  return perform_async(session_, calls::mcp_auth(name, Json()));
}
Task<Json> AsyncMcp::auth(std::string_view name, const Json& payload) const {
  return perform_async(session_, calls::mcp_auth(name, payload));
}
Task<Json> AsyncMcp::delete_auth(std::string_view name) const {
  return perform_async(session_, calls::delete_mcp_auth(name));
}
Task<Json> AsyncMcp::auth_callback(std::string_view name) const {
  return perform_async(session_, calls::mcp_auth_callback(name, Json()));
}
Task<Json> AsyncMcp::auth_callback(std::string_view name, const Json& payload) const {
  return perform_async(session_, calls::mcp_auth_callback(name, payload));
}
Task<Json> AsyncMcp::authenticate(std::string_view name) const {
  return perform_async(session_, calls::mcp_authenticate(name, Json()));
}
Task<Json> AsyncMcp::authenticate(std::string_view name, const Json& payload) const {
  return perform_async(session_, calls::mcp_authenticate(name, payload));
}
Task<std::string> AsyncMcp::catalog_toml(std::string_view slug) const {
  return perform_async(session_, calls::mcp_catalog_toml(slug));
}

AsyncMemory::AsyncMemory(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<MemoryPutResult> AsyncMemory::put(std::string_view text) const {
  return perform_async(session_, calls::put_memory(session_->real_engine, text, PutMemory()));
}
Task<MemoryPutResult> AsyncMemory::put(std::string_view text, const PutMemory& options) const {
  return perform_async(session_, calls::put_memory(session_->real_engine, text, options));
}
Task<MemorySearchResult> AsyncMemory::search(std::string_view query) const {
  return perform_async(session_,
                       calls::search_memory(session_->real_engine, query, SearchMemory()));
}
Task<MemorySearchResult> AsyncMemory::search(std::string_view query,
                                             const SearchMemory& options) const {
  return perform_async(session_, calls::search_memory(session_->real_engine, query, options));
}
Task<MemoryList> AsyncMemory::list() const {
  return perform_async(session_, calls::list_memory(ListMemory()));
}
Task<MemoryList> AsyncMemory::list(const ListMemory& filter) const {
  return perform_async(session_, calls::list_memory(filter));
}
Task<MemoryPromotion> AsyncMemory::promote(std::string_view memory_id) const {
  return perform_async(session_,
                       calls::promote_memory(session_->real_engine, memory_id, PromoteMemory()));
}
Task<MemoryPromotion> AsyncMemory::promote(std::string_view memory_id,
                                           const PromoteMemory& options) const {
  return perform_async(session_, calls::promote_memory(session_->real_engine, memory_id, options));
}
Task<Outcome> AsyncMemory::demote(std::string_view memory_id, std::string_view run_id) const {
  return perform_async(session_, calls::demote_memory(session_->real_engine, memory_id, run_id));
}
Task<Outcome> AsyncMemory::remove(std::string_view memory_id) const {
  return perform_async(session_, calls::remove_memory(memory_id));
}
Task<MemoryAudit> AsyncMemory::audit() const {
  return perform_async(session_, calls::memory_audit(MemoryAuditQuery()));
}
Task<MemoryAudit> AsyncMemory::audit(const MemoryAuditQuery& filter) const {
  return perform_async(session_, calls::memory_audit(filter));
}

AsyncIdentities::AsyncIdentities(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<Identity> AsyncIdentities::get() const {
  return perform_async(session_, calls::get_identity());
}
Task<Identity> AsyncIdentities::patch(const Json& changes) const {
  return perform_async(session_, calls::patch_identity(changes));
}

AsyncSkills::AsyncSkills(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Skill>> AsyncSkills::list(std::string_view location) const {
  return perform_async(session_, calls::list_skills(location));
}
Task<Skill> AsyncSkills::get(std::string_view name) const {
  return perform_async(session_, calls::get_skill(name));
}
Task<std::vector<Skill>> AsyncSkills::templates() const {
  return perform_async(session_, calls::skill_templates());
}

AsyncResources::AsyncResources(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<ResourceRecord>> AsyncResources::list() const {
  return perform_async(session_, calls::list_resources(ListResources()));
}
Task<std::vector<ResourceRecord>> AsyncResources::list(const ListResources& filter) const {
  return perform_async(session_, calls::list_resources(filter));
}
Task<ResourceRecord> AsyncResources::get(std::string_view key) const {
  return perform_async(session_, calls::get_resource(key));
}
Task<ResourceWriteResult> AsyncResources::write(std::string_view key, const Json& value) const {
  return perform_async(session_, calls::write_resource(key, value, WriteResource()));
}
Task<ResourceWriteResult> AsyncResources::write(std::string_view key, const Json& value,
                                                const WriteResource& options) const {
  return perform_async(session_, calls::write_resource(key, value, options));
}
Task<ResourceWriteResult> AsyncResources::put_key(std::string_view key, const Json& value) const {
  return perform_async(session_, calls::put_resource(key, value, WriteResource()));
}
Task<ResourceWriteResult> AsyncResources::put_key(std::string_view key, const Json& value,
                                                  const WriteResource& options) const {
  return perform_async(session_, calls::put_resource(key, value, options));
}
Task<ResourceWriteResult> AsyncResources::patch_key(std::string_view key, const Json& patch) const {
  return perform_async(session_, calls::patch_resource(key, patch));
}
Task<Outcome> AsyncResources::delete_key(std::string_view key) const {
  return perform_async(session_, calls::remove_resource(key));
}
AsyncStream<Event> AsyncResources::events() const {
  return detail::async_stream(session_, calls::resource_events());
}

AsyncRoutines::AsyncRoutines(std::shared_ptr<const detail::Session> session, Family family)
    : session_(std::move(session)), family_(family) {}

Task<std::vector<Routine>> AsyncRoutines::list(std::optional<Family> family) const {
  return perform_async(session_, calls::list_routines(family.value_or(family_)));
}
Task<Routine> AsyncRoutines::create(const CreateRoutine& request,
                                    std::optional<Family> family) const {
  return perform_async(
      session_, calls::create_routine(session_->real_engine, family.value_or(family_), request));
}
Task<Routine> AsyncRoutines::update(std::string_view routine_id, const UpdateRoutine& changes,
                                    std::optional<Family> family) const {
  return perform_async(
      session_,
      calls::update_routine(session_->real_engine, family.value_or(family_), routine_id, changes));
}
Task<void> AsyncRoutines::remove(std::string_view routine_id, std::optional<Family> family) const {
  return without_result(
      perform_async(session_, calls::remove_routine(family.value_or(family_), routine_id)));
}
Task<RunNow> AsyncRoutines::run_now(std::string_view routine_id,
                                    std::optional<Family> family) const {
  return perform_async(session_, calls::run_routine(family.value_or(family_), routine_id));
}
Task<std::vector<RoutineRun>> AsyncRoutines::list_runs(std::string_view routine_id,
                                                       std::int64_t limit,
                                                       std::optional<Family> family) const {
  return perform_async(session_,
                       calls::list_routine_runs(family.value_or(family_), routine_id, limit));
}
Task<std::vector<RoutineRun>> AsyncRoutines::get_runs_for_routine(
    std::string_view routine_id, std::int64_t limit, std::optional<Family> family) const {
  return perform_async(session_,
                       calls::runs_of_routine(family.value_or(family_), routine_id, limit));
}
Task<RoutineRun> AsyncRoutines::get_run(std::string_view run_id,
                                        std::optional<Family> family) const {
  return perform_async(session_, calls::get_routine_run(family.value_or(family_), run_id));
}
Task<RoutineRun> AsyncRoutines::wait_run(std::string_view run_id) const {
  return flows::wait_for_routine_run(session_, family_, run_id, {});
}
Task<RoutineRun> AsyncRoutines::wait_run(std::string_view run_id, const WaitOptions& options,
                                         std::optional<Family> family) const {
  return flows::wait_for_routine_run(session_, family.value_or(family_), run_id, options);
}
Task<std::vector<RunArtifact>> AsyncRoutines::list_artifacts(std::string_view run_id,
                                                             std::optional<Family> family) const {
  return perform_async(session_, calls::list_artifacts(family.value_or(family_), run_id));
}
Task<std::string> AsyncRoutines::artifact_content(std::string_view run_id,
                                                  std::string_view artifact_id,
                                                  std::optional<Family> family) const {
  return perform_async(session_,
                       calls::artifact_content(family.value_or(family_), run_id, artifact_id));
}
Task<RoutineRun> AsyncRoutines::add_artifact(std::string_view run_id, const AddArtifact& artifact,
                                             std::optional<Family> family) const {
  return perform_async(session_, calls::add_artifact(family.value_or(family_), run_id, artifact));
}
Task<RoutineRun> AsyncRoutines::approve_run(std::string_view run_id, std::string_view reason,
                                            std::optional<Family> family) const {
  return perform_async(session_,
                       calls::approve_routine_run(family.value_or(family_), run_id, reason));
}
Task<RoutineRun> AsyncRoutines::deny_run(std::string_view run_id, std::string_view reason,
                                         std::optional<Family> family) const {
  return perform_async(session_, calls::deny_routine_run(family.value_or(family_), run_id, reason));
}
Task<RoutineRun> AsyncRoutines::pause_run(std::string_view run_id, std::string_view reason,
                                          std::optional<Family> family) const {
  return perform_async(session_,
                       calls::pause_routine_run(family.value_or(family_), run_id, reason));
}
Task<RoutineRun> AsyncRoutines::resume_run(std::string_view run_id, std::string_view reason,
                                           std::optional<Family> family) const {
  return perform_async(session_,
                       calls::resume_routine_run(family.value_or(family_), run_id, reason));
}
Task<std::vector<RoutineHistoryEntry>> AsyncRoutines::history(std::string_view routine_id,
                                                              std::int64_t limit,
                                                              std::optional<Family> family) const {
  return perform_async(session_,
                       calls::routine_history(family.value_or(family_), routine_id, limit));
}
AsyncStream<Event> AsyncRoutines::events(std::string_view routine_id,
                                         std::optional<Family> family) const {
  return detail::async_stream(
      session_, calls::routine_events(session_->real_engine, family.value_or(family_), routine_id));
}

AsyncClient::AsyncClient(const Options& options) : AsyncClient(detail::open_session(options)) {}
AsyncClient::AsyncClient(std::shared_ptr<const detail::Session> session)
    : sessions(session),
      permissions(session),
      questions(session),
      providers(session),
      config(session),
      tokens(session),
      mcp(session),
      memory(session),
      identity(session),
      skills(session),
      resources(session),
      routines(session, Family::routines),
      automations(session, Family::automations),
      packs(session),
      capabilities(session),
      automations_v2(session),
      session_(std::move(session)) {}
AsyncClient::~AsyncClient() { close(); }
AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;
AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
  if (this != &other) {
    close();
    sessions = std::move(other.sessions);
    permissions = std::move(other.permissions);
    questions = std::move(other.questions);
    providers = std::move(other.providers);
    config = std::move(other.config);
    tokens = std::move(other.tokens);
    mcp = std::move(other.mcp);
    memory = std::move(other.memory);
    identity = std::move(other.identity);
    skills = std::move(other.skills);
    resources = std::move(other.resources);
    routines = std::move(other.routines);
    automations = std::move(other.automations);
    packs = std::move(other.packs);
    capabilities = std::move(other.capabilities);
    automations_v2 = std::move(other.automations_v2);
    session_ = std::move(other.session_);
  }
  return *this;
}

Task<SystemHealth> AsyncClient::health() const { return perform_async(session_, calls::health()); }
Task<std::vector<std::string>> AsyncClient::list_tool_ids() const {
  return perform_async(session_, calls::list_tool_ids());
}
Task<std::vector<ToolSchema>> AsyncClient::list_tools() const {
  return perform_async(session_, calls::list_tools());
}
Task<ToolExecuteResult> AsyncClient::execute_tool(std::string_view tool) const {
  return perform_async(session_, calls::execute_tool(tool, Json()));
}
Task<ToolExecuteResult> AsyncClient::execute_tool(std::string_view tool, const Json& args) const {
  return perform_async(session_, calls::execute_tool(tool, args));
}
Task<std::vector<Event>> AsyncClient::run_events(std::string_view run_id) const {
  return flows::run_events(session_, run_id, RunEventsQuery());
}
Task<std::vector<Event>> AsyncClient::run_events(std::string_view run_id,
                                                 const RunEventsQuery& query) const {
  return flows::run_events(session_, run_id, query);
}
Task<Json> AsyncClient::request(std::string_view method, std::string_view path) const {
  return perform_async(session_, calls::request(method, path, Json()));
}
Task<Json> AsyncClient::request(std::string_view method, std::string_view path,
                                const Json& body) const {
  return perform_async(session_, calls::request(method, path, body));
}
AsyncStream<Event> AsyncClient::stream(std::string_view session_id, std::string_view run_id) const {
  return stream(session_id, run_id, StreamOptions{});
}
AsyncStream<Event> AsyncClient::global_stream() const { return global_stream(StreamOptions{}); }
AsyncStream<Event> AsyncClient::stream(std::string_view session_id, std::string_view run_id,
                                       const StreamOptions& options) const {
  return detail::async_stream(
      session_, calls::session_events(session_->real_engine, session_id, run_id, options));
}
AsyncStream<Event> AsyncClient::global_stream(const StreamOptions& options) const {
  return detail::async_stream(session_, calls::global_events(options));
}
AsyncStream<Event> AsyncClient::run_stream(std::string_view run_id) const {
  return detail::async_stream(session_, calls::run_events_live(run_id));
}
AsyncClient AsyncClient::with(const CallOptions& options) const {
  return AsyncClient(detail::derive(*session_, options));
}
AsyncClient AsyncClient::with_token(std::string_view token) const {
  return AsyncClient(detail::derive(*session_, token));
}
void AsyncClient::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::tandem
