// The blocking Tandem client.
#include "colonnade/tandem.hpp"

#include "sdk/tandem/calls.hpp"
#include "sdk/tandem/event_streams.hpp"
#include "sdk/tandem/flows.hpp"
#include "sdk/tandem/session.hpp"

namespace colonnade::inline v1::tandem {

using colonnade::detail::perform;

Sessions::Sessions(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::string Sessions::create(const CreateSession& request) const {
  return run(flows::create_session(session_, request, Calling::blocking));
}
SessionList Sessions::list(const ListSessions& filter) const {
  return perform(*session_, calls::list_sessions(filter));
}
Session Sessions::get(std::string_view session_id) const {
  return perform(*session_, calls::get_session(session_id));
}
Session Sessions::update(std::string_view session_id, const UpdateSession& changes) const {
  return perform(*session_, calls::update_session(session_id, changes));
}
Session Sessions::archive(std::string_view session_id) const {
  return perform(*session_, calls::archive_session(session_id));
}
void Sessions::remove(std::string_view session_id) const {
  perform(*session_, calls::remove_session(session_id));
}
std::vector<Message> Sessions::messages(std::string_view session_id) const {
  return perform(*session_, calls::messages(session_id));
}
std::vector<Todo> Sessions::todos(std::string_view session_id) const {
  return perform(*session_, calls::todos(session_id));
}
SessionRunState Sessions::active_run(std::string_view session_id) const {
  return perform(*session_, calls::active_run(session_id));
}
PromptAsyncResult Sessions::prompt_async(std::string_view session_id, std::string_view prompt,
                                         const PromptOptions& options) const {
  return perform(*session_, calls::prompt_text(session_id, prompt, options));
}
PromptAsyncResult Sessions::prompt_async_parts(std::string_view session_id,
                                               const std::vector<PromptPart>& parts,
                                               const PromptOptions& options) const {
  return perform(*session_, calls::prompt_parts(session_id, parts, options));
}
std::string Sessions::prompt_sync(std::string_view session_id, std::string_view prompt,
                                  const PromptOptions& options) const {
  return perform(*session_, calls::prompt_sync(session_id, prompt, options));
}
Cancelled Sessions::abort(std::string_view session_id) const {
  return perform(*session_, calls::abort_session(session_id));
}
Cancelled Sessions::cancel(std::string_view session_id) const {
  return perform(*session_, calls::cancel_session(session_id));
}
Cancelled Sessions::cancel_run(std::string_view session_id, std::string_view run_id) const {
  return perform(*session_, calls::cancel_run(session_id, run_id));
}
Session Sessions::fork(std::string_view session_id) const {
  return perform(*session_, calls::fork_session(session_id));
}
std::vector<Session> Sessions::children(std::string_view session_id) const {
  return perform(*session_, calls::children(session_id));
}
SessionDiff Sessions::diff(std::string_view session_id) const {
  return perform(*session_, calls::session_diff(session_id));
}
Outcome Sessions::revert(std::string_view session_id) const {
  return perform(*session_, calls::revert_session(session_id));
}
Outcome Sessions::unrevert(std::string_view session_id) const {
  return perform(*session_, calls::unrevert_session(session_id));
}
SessionSummary Sessions::summarize(std::string_view session_id) const {
  return perform(*session_, calls::summarize_session(session_id));
}
Session Sessions::attach(std::string_view session_id, std::string_view target_workspace,
                         std::string_view reason_tag) const {
  return perform(*session_, calls::attach_session(session_id, target_workspace, reason_tag));
}

Permissions::Permissions(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

PermissionSnapshot Permissions::list() const {
  return perform(*session_, calls::list_permissions());
}
PermissionReplyResult Permissions::reply(std::string_view request_id, PermissionReply reply) const {
  return perform(*session_, calls::reply_permission(request_id, reply));
}

Questions::Questions(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<QuestionRecord> Questions::list() const {
  return perform(*session_, calls::list_questions());
}
Outcome Questions::reply(std::string_view question_id, std::string_view answer) const {
  return perform(*session_, calls::reply_question(question_id, answer));
}
Outcome Questions::reject(std::string_view question_id) const {
  return perform(*session_, calls::reject_question(question_id));
}
Outcome Questions::answer(std::string_view session_id, std::string_view question_id,
                          std::string_view answer) const {
  return perform(*session_, calls::answer_question(session_id, question_id, answer));
}

Providers::Providers(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

ProviderCatalog Providers::catalog() const { return perform(*session_, calls::provider_catalog()); }
ProvidersConfig Providers::config() const { return perform(*session_, calls::providers_config()); }
void Providers::set_defaults(std::string_view provider, std::string_view model) const {
  perform(*session_, calls::set_defaults(provider, model));
}
void Providers::set_api_key(std::string_view provider, std::string_view api_key) const {
  perform(*session_, calls::set_api_key(provider, api_key));
}
void Providers::remove_api_key(std::string_view provider) const {
  perform(*session_, calls::remove_api_key(provider));
}
std::map<std::string, ProviderAuth> Providers::auth_status() const {
  return perform(*session_, calls::auth_status());
}

Config::Config(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

EngineConfig Config::get() const { return perform(*session_, calls::get_config()); }
EngineConfig Config::patch(const Json& changes) const {
  return perform(*session_, calls::patch_config(changes));
}
EngineConfig Config::global() const { return perform(*session_, calls::get_global_config()); }
EngineConfig Config::patch_global(const Json& changes) const {
  return perform(*session_, calls::patch_global_config(changes));
}

Tokens::Tokens(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

void Tokens::set(std::string_view token) const { perform(*session_, calls::set_token(token)); }
std::string Tokens::generate() const { return perform(*session_, calls::generate_token()); }
void Tokens::remove() const { perform(*session_, calls::remove_token()); }

Mcp::Mcp(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::map<std::string, McpServer> Mcp::list() const { return perform(*session_, calls::list_mcp()); }
std::vector<McpTool> Mcp::list_tools() const { return perform(*session_, calls::list_mcp_tools()); }
std::vector<McpResources> Mcp::list_resources() const {
  return perform(*session_, calls::list_mcp_resources());
}
Outcome Mcp::add(std::string_view name, std::string_view transport,
                 const AddMcpServer& options) const {
  return perform(*session_, calls::add_mcp(name, transport, options));
}
Outcome Mcp::connect(std::string_view name) const {
  return perform(*session_, calls::connect_mcp(name));
}
Outcome Mcp::disconnect(std::string_view name) const {
  return perform(*session_, calls::disconnect_mcp(name));
}
Outcome Mcp::refresh(std::string_view name) const {
  return perform(*session_, calls::refresh_mcp(name));
}
Outcome Mcp::set_enabled(std::string_view name, bool enabled) const {
  return perform(*session_, calls::set_mcp_enabled(name, enabled));
}
Outcome Mcp::remove(std::string_view name) const {
  return perform(*session_, calls::remove_mcp(name));
}
Json Mcp::auth(std::string_view name, const Json& payload) const {
  return perform(*session_, calls::mcp_auth(name, payload));
}
Json Mcp::delete_auth(std::string_view name) const {
  return perform(*session_, calls::delete_mcp_auth(name));
}
Json Mcp::auth_callback(std::string_view name, const Json& payload) const {
  return perform(*session_, calls::mcp_auth_callback(name, payload));
}
Json Mcp::authenticate(std::string_view name, const Json& payload) const {
  return perform(*session_, calls::mcp_authenticate(name, payload));
}
std::string Mcp::catalog_toml(std::string_view slug) const {
  return perform(*session_, calls::mcp_catalog_toml(slug));
}

Memory::Memory(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

MemoryPutResult Memory::put(std::string_view text, const PutMemory& options) const {
  return perform(*session_, calls::put_memory(session_->real_engine, text, options));
}
MemorySearchResult Memory::search(std::string_view query, const SearchMemory& options) const {
  return perform(*session_, calls::search_memory(session_->real_engine, query, options));
}
MemoryList Memory::list(const ListMemory& filter) const {
  return perform(*session_, calls::list_memory(filter));
}
MemoryPromotion Memory::promote(std::string_view memory_id, const PromoteMemory& options) const {
  return perform(*session_, calls::promote_memory(session_->real_engine, memory_id, options));
}
Outcome Memory::demote(std::string_view memory_id, std::string_view run_id) const {
  return perform(*session_, calls::demote_memory(session_->real_engine, memory_id, run_id));
}
Outcome Memory::remove(std::string_view memory_id) const {
  return perform(*session_, calls::remove_memory(memory_id));
}
MemoryAudit Memory::audit(const MemoryAuditQuery& filter) const {
  return perform(*session_, calls::memory_audit(filter));
}

Identities::Identities(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Identity Identities::get() const { return perform(*session_, calls::get_identity()); }
Identity Identities::patch(const Json& changes) const {
  return perform(*session_, calls::patch_identity(changes));
}

Skills::Skills(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::vector<Skill> Skills::list(std::string_view location) const {
  return perform(*session_, calls::list_skills(location));
}
Skill Skills::get(std::string_view name) const {
  return perform(*session_, calls::get_skill(name));
}
std::vector<Skill> Skills::templates() const {
  return perform(*session_, calls::skill_templates());
}

Resources::Resources(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<ResourceRecord> Resources::list(const ListResources& filter) const {
  return perform(*session_, calls::list_resources(filter));
}
ResourceRecord Resources::get(std::string_view key) const {
  return perform(*session_, calls::get_resource(key));
}
ResourceWriteResult Resources::write(std::string_view key, const Json& value,
                                     const WriteResource& options) const {
  return perform(*session_, calls::write_resource(key, value, options));
}
ResourceWriteResult Resources::put_key(std::string_view key, const Json& value,
                                       const WriteResource& options) const {
  return perform(*session_, calls::put_resource(key, value, options));
}
ResourceWriteResult Resources::patch_key(std::string_view key, const Json& patch) const {
  return perform(*session_, calls::patch_resource(key, patch));
}
Outcome Resources::delete_key(std::string_view key) const {
  return perform(*session_, calls::remove_resource(key));
}
Stream<Event> Resources::events() const {
  return detail::blocking_stream(session_, calls::resource_events());
}

Routines::Routines(std::shared_ptr<const detail::Session> session, Family family)
    : session_(std::move(session)), family_(family) {}

std::vector<Routine> Routines::list(std::optional<Family> family) const {
  return perform(*session_, calls::list_routines(family.value_or(family_)));
}
Routine Routines::create(const CreateRoutine& request, std::optional<Family> family) const {
  return perform(*session_,
                 calls::create_routine(session_->real_engine, family.value_or(family_), request));
}
Routine Routines::update(std::string_view routine_id, const UpdateRoutine& changes,
                         std::optional<Family> family) const {
  return perform(*session_, calls::update_routine(session_->real_engine, family.value_or(family_),
                                                  routine_id, changes));
}
void Routines::remove(std::string_view routine_id, std::optional<Family> family) const {
  perform(*session_, calls::remove_routine(family.value_or(family_), routine_id));
}
RunNow Routines::run_now(std::string_view routine_id, std::optional<Family> family) const {
  return perform(*session_, calls::run_routine(family.value_or(family_), routine_id));
}
std::vector<RoutineRun> Routines::list_runs(std::string_view routine_id, std::int64_t limit,
                                            std::optional<Family> family) const {
  return perform(*session_, calls::list_routine_runs(family.value_or(family_), routine_id, limit));
}
std::vector<RoutineRun> Routines::get_runs_for_routine(std::string_view routine_id,
                                                       std::int64_t limit,
                                                       std::optional<Family> family) const {
  return perform(*session_, calls::runs_of_routine(family.value_or(family_), routine_id, limit));
}
RoutineRun Routines::get_run(std::string_view run_id, std::optional<Family> family) const {
  return perform(*session_, calls::get_routine_run(family.value_or(family_), run_id));
}
RoutineRun Routines::wait_run(std::string_view run_id, const WaitOptions& options,
                              std::optional<Family> family) const {
  return run(flows::wait_for_routine_run(session_, family.value_or(family_), run_id, options,
                                         Calling::blocking));
}
std::vector<RunArtifact> Routines::list_artifacts(std::string_view run_id,
                                                  std::optional<Family> family) const {
  return perform(*session_, calls::list_artifacts(family.value_or(family_), run_id));
}
std::string Routines::artifact_content(std::string_view run_id, std::string_view artifact_id,
                                       std::optional<Family> family) const {
  return perform(*session_, calls::artifact_content(family.value_or(family_), run_id, artifact_id));
}
RoutineRun Routines::add_artifact(std::string_view run_id, const AddArtifact& artifact,
                                  std::optional<Family> family) const {
  return perform(*session_, calls::add_artifact(family.value_or(family_), run_id, artifact));
}
RoutineRun Routines::approve_run(std::string_view run_id, std::string_view reason,
                                 std::optional<Family> family) const {
  return perform(*session_, calls::approve_routine_run(family.value_or(family_), run_id, reason));
}
RoutineRun Routines::deny_run(std::string_view run_id, std::string_view reason,
                              std::optional<Family> family) const {
  return perform(*session_, calls::deny_routine_run(family.value_or(family_), run_id, reason));
}
RoutineRun Routines::pause_run(std::string_view run_id, std::string_view reason,
                               std::optional<Family> family) const {
  return perform(*session_, calls::pause_routine_run(family.value_or(family_), run_id, reason));
}
RoutineRun Routines::resume_run(std::string_view run_id, std::string_view reason,
                                std::optional<Family> family) const {
  return perform(*session_, calls::resume_routine_run(family.value_or(family_), run_id, reason));
}
std::vector<RoutineHistoryEntry> Routines::history(std::string_view routine_id, std::int64_t limit,
                                                   std::optional<Family> family) const {
  return perform(*session_, calls::routine_history(family.value_or(family_), routine_id, limit));
}
Stream<Event> Routines::events(std::string_view routine_id, std::optional<Family> family) const {
  return detail::blocking_stream(
      session_, calls::routine_events(session_->real_engine, family.value_or(family_), routine_id));
}

Client::Client(const Options& options) : Client(detail::open_session(options)) {}
Client::Client(std::shared_ptr<const detail::Session> session)
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
Client::~Client() { close(); }
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&& other) noexcept {
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

SystemHealth Client::health() const { return perform(*session_, calls::health()); }
std::vector<std::string> Client::list_tool_ids() const {
  return perform(*session_, calls::list_tool_ids());
}
std::vector<ToolSchema> Client::list_tools() const {
  return perform(*session_, calls::list_tools());
}
ToolExecuteResult Client::execute_tool(std::string_view tool, const Json& args) const {
  return perform(*session_, calls::execute_tool(tool, args));
}
std::vector<Event> Client::run_events(std::string_view run_id, const RunEventsQuery& query) const {
  return run(flows::run_events(session_, run_id, query, Calling::blocking));
}
Json Client::request(std::string_view method, std::string_view path, const Json& body) const {
  return perform(*session_, calls::request(method, path, body));
}
Stream<Event> Client::stream(std::string_view session_id, std::string_view run_id,
                             const StreamOptions& options) const {
  return detail::blocking_stream(
      session_, calls::session_events(session_->real_engine, session_id, run_id, options));
}
Stream<Event> Client::global_stream(const StreamOptions& options) const {
  return detail::blocking_stream(session_, calls::global_events(options));
}
Stream<Event> Client::run_stream(std::string_view run_id) const {
  return detail::blocking_stream(session_, calls::run_events_live(run_id));
}
Client Client::with(const CallOptions& options) const {
  return Client(detail::derive(*session_, options));
}
Client Client::with_token(std::string_view token) const {
  return Client(detail::derive(*session_, token));
}
void Client::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::tandem
