// The blocking Tandem client. Include colonnade/tandem.hpp.
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
#include "colonnade/tandem/errors.hpp"
#include "colonnade/tandem/events.hpp"
#include "colonnade/tandem/packs.hpp"
#include "colonnade/tandem/routines.hpp"
#include "colonnade/tandem/types.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

namespace detail {
class Session;
}

class COLONNADE_API Sessions {
 public:
  // The id of the new session.
  std::string create(const CreateSession& request = {}) const;
  // The latest changed first.
  SessionList list(const ListSessions& filter = {}) const;
  Session get(std::string_view session_id) const;
  Session update(std::string_view session_id, const UpdateSession& changes) const;
  // Hides it; update() with archived = false shows it again.
  Session archive(std::string_view session_id) const;
  // For good; of an unknown one, too. (`delete` is a C++ keyword.)
  void remove(std::string_view session_id) const;
  // Oldest first.
  std::vector<Message> messages(std::string_view session_id) const;
  std::vector<Todo> todos(std::string_view session_id) const;
  SessionRunState active_run(std::string_view session_id) const;
  // Starts a run and does not wait for it. A busy session gives the run that goes on in it, with
  // `conflict` set; the prompt is then not queued.
  PromptAsyncResult prompt_async(std::string_view session_id, std::string_view prompt,
                                 const PromptOptions& options = {}) const;
  // The same with texts and files.
  PromptAsyncResult prompt_async_parts(std::string_view session_id,
                                       const std::vector<PromptPart>& parts,
                                       const PromptOptions& options = {}) const;
  // Runs a prompt and waits for the whole answer (Timeouts::run). EngineError 409 while the session
  // is busy.
  std::string prompt_sync(std::string_view session_id, std::string_view prompt,
                          const PromptOptions& options = {}) const;
  // Ends what runs. No error when nothing does.
  Cancelled abort(std::string_view session_id) const;
  // The same under its other name.
  Cancelled cancel(std::string_view session_id) const;
  Cancelled cancel_run(std::string_view session_id, std::string_view run_id) const;
  // A copy with the messages so far, its child.
  Session fork(std::string_view session_id) const;
  std::vector<Session> children(std::string_view session_id) const;
  // What its runs changed in the files of its directory.
  SessionDiff diff(std::string_view session_id) const;
  // Puts the files back as they were before the last run.
  Outcome revert(std::string_view session_id) const;
  // Takes a revert() back.
  Outcome unrevert(std::string_view session_id) const;
  SessionSummary summarize(std::string_view session_id) const;
  // Moves it to another workspace.
  Session attach(std::string_view session_id, std::string_view target_workspace,
                 std::string_view reason_tag = {}) const;

 private:
  friend class Client;
  explicit Sessions(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Permissions {
 public:
  // What waits for an answer, and the stored rules.
  PermissionSnapshot list() const;
  // Lets the call run or ends it. EngineError 404 when nothing of this id waits.
  PermissionReplyResult reply(std::string_view request_id, PermissionReply reply) const;

 private:
  friend class Client;
  explicit Permissions(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Questions {
 public:
  // What runs wait to be told.
  std::vector<QuestionRecord> list() const;
  // A real engine drops the answer of this one; see answer().
  Outcome reply(std::string_view question_id, std::string_view answer) const;
  Outcome reject(std::string_view question_id) const;
  // As reply(), and a real engine hands the answer on.
  Outcome answer(std::string_view session_id, std::string_view question_id,
                 std::string_view answer) const;

 private:
  friend class Client;
  explicit Questions(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Providers {
 public:
  // All that the server knows, with their models.
  ProviderCatalog catalog() const;
  // What is configured; keys are hidden.
  ProvidersConfig config() const;
  void set_defaults(std::string_view provider, std::string_view model) const;
  // EngineError when the server does not take it.
  void set_api_key(std::string_view provider, std::string_view api_key) const;
  void remove_api_key(std::string_view provider) const;
  // By provider.
  std::map<std::string, ProviderAuth> auth_status() const;

 private:
  friend class Client;
  explicit Providers(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Configuration; patches are merged deep. No secrets: set_api_key() takes keys.
class COLONNADE_API Config {
 public:
  EngineConfig get() const;
  EngineConfig patch(const Json& changes) const;
  EngineConfig global() const;
  EngineConfig patch_global(const Json& changes) const;

 private:
  friend class Client;
  explicit Config(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// The token that these routes hold; operator's tokens only.
class COLONNADE_API Tokens {
 public:
  // Adds it, in place of the one set or generated before.
  void set(std::string_view token) const;
  // A new one, in place of the one before.
  std::string generate() const;
  void remove() const;

 private:
  friend class Client;
  explicit Tokens(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// MCP servers. What fails there is no exception: see Outcome::ok.
class COLONNADE_API Mcp {
 public:
  // By name.
  std::map<std::string, McpServer> list() const;
  // Of the servers that are enabled and connected.
  std::vector<McpTool> list_tools() const;
  std::vector<McpResources> list_resources() const;
  // Adds or replaces it; does not connect.
  Outcome add(std::string_view name, std::string_view transport,
              const AddMcpServer& options = {}) const;
  // Its tools are then offered as mcp.<name>.<tool>.
  Outcome connect(std::string_view name) const;
  Outcome disconnect(std::string_view name) const;
  // Reads its tools anew; extra has their `count`.
  Outcome refresh(std::string_view name) const;
  // Not ok when nothing changed.
  Outcome set_enabled(std::string_view name, bool enabled) const;
  Outcome remove(std::string_view name) const;
  Json auth(std::string_view name, const Json& payload = {}) const;
  Json delete_auth(std::string_view name) const;
  Json auth_callback(std::string_view name, const Json& payload = {}) const;
  Json authenticate(std::string_view name, const Json& payload = {}) const;
  // TOML text.
  std::string catalog_toml(std::string_view slug) const;

 private:
  friend class Client;
  explicit Mcp(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Memory {
 public:
  MemoryPutResult put(std::string_view text, const PutMemory& options = {}) const;
  // The best first.
  MemorySearchResult search(std::string_view query, const SearchMemory& options = {}) const;
  // Newest first.
  MemoryList list(const ListMemory& filter = {}) const;
  // Shares it with the project; secrets in it block that.
  MemoryPromotion promote(std::string_view memory_id, const PromoteMemory& options = {}) const;
  // Private again, and out of searches.
  Outcome demote(std::string_view memory_id, std::string_view run_id = {}) const;
  Outcome remove(std::string_view memory_id) const;
  MemoryAudit audit(const MemoryAuditQuery& filter = {}) const;

 private:
  friend class Client;
  explicit Memory(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// The bot's name and manner.
class COLONNADE_API Identities {
 public:
  Identity get() const;
  Identity patch(const Json& changes) const;

 private:
  friend class Client;
  explicit Identities(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Skills {
 public:
  std::vector<Skill> list(std::string_view location = {}) const;
  Skill get(std::string_view name) const;
  std::vector<Skill> templates() const;

 private:
  friend class Client;
  explicit Skills(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// The server's key-value store. A key may hold slashes.
class COLONNADE_API Resources {
 public:
  std::vector<ResourceRecord> list(const ListResources& filter = {}) const;
  ResourceRecord get(std::string_view key) const;
  ResourceWriteResult write(std::string_view key, const Json& value,
                            const WriteResource& options = {}) const;
  // The same by the key in the path.
  ResourceWriteResult put_key(std::string_view key, const Json& value,
                              const WriteResource& options = {}) const;
  ResourceWriteResult patch_key(std::string_view key, const Json& patch) const;
  Outcome delete_key(std::string_view key) const;
  // Of the store, as they happen.
  Stream<Event> events() const;

 private:
  friend class Client;
  explicit Resources(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Routines, and automations in the older sense: one store, two families of routes. client.routines
// uses the one, client.automations the other; `family` overrides it for a call.
class COLONNADE_API Routines {
 public:
  std::vector<Routine> list(std::optional<Family> family = {}) const;
  Routine create(const CreateRoutine& request, std::optional<Family> family = {}) const;
  Routine update(std::string_view routine_id, const UpdateRoutine& changes,
                 std::optional<Family> family = {}) const;
  void remove(std::string_view routine_id, std::optional<Family> family = {}) const;
  RunNow run_now(std::string_view routine_id, std::optional<Family> family = {}) const;
  // Newest first; of one routine, or of all.
  std::vector<RoutineRun> list_runs(std::string_view routine_id = {}, std::int64_t limit = 25,
                                    std::optional<Family> family = {}) const;
  std::vector<RoutineRun> get_runs_for_routine(std::string_view routine_id, std::int64_t limit = 25,
                                               std::optional<Family> family = {}) const;
  RoutineRun get_run(std::string_view run_id, std::optional<Family> family = {}) const;
  // Looks at the run until it has ended; see WaitOptions. One that waits for approval, or is
  // paused, has not.
  RoutineRun wait_run(std::string_view run_id, const WaitOptions& options = {},
                      std::optional<Family> family = {}) const;
  std::vector<RunArtifact> list_artifacts(std::string_view run_id,
                                          std::optional<Family> family = {}) const;
  // The bytes of an artifact that the server keeps as a file. EngineError 404 for one that is
  // elsewhere, and from a real engine, which keeps none.
  std::string artifact_content(std::string_view run_id, std::string_view artifact_id,
                               std::optional<Family> family = {}) const;
  // Files what is anywhere, by its URI, with the run.
  RoutineRun add_artifact(std::string_view run_id, const AddArtifact& artifact,
                          std::optional<Family> family = {}) const;
  RoutineRun approve_run(std::string_view run_id, std::string_view reason = {},
                         std::optional<Family> family = {}) const;
  RoutineRun deny_run(std::string_view run_id, std::string_view reason = {},
                      std::optional<Family> family = {}) const;
  RoutineRun pause_run(std::string_view run_id, std::string_view reason = {},
                       std::optional<Family> family = {}) const;
  RoutineRun resume_run(std::string_view run_id, std::string_view reason = {},
                        std::optional<Family> family = {}) const;
  // Newest first.
  std::vector<RoutineHistoryEntry> history(std::string_view routine_id, std::int64_t limit = 0,
                                           std::optional<Family> family = {}) const;
  // Of one routine, or of all, as they happen: RoutineChanged, RoutineFired and RoutineRunChanged,
  // the same kinds in both families. Never ends by itself.
  Stream<Event> events(std::string_view routine_id = {}, std::optional<Family> family = {}) const;

 private:
  friend class Client;
  explicit Routines(std::shared_ptr<const detail::Session> session, Family family);
  std::shared_ptr<const detail::Session> session_;
  Family family_;
};

// Agents, routines, skills and workflows that somebody packed. A selector is a pack_id or a name,
// for a Colonnade server also name@version.
class COLONNADE_API Packs {
 public:
  std::vector<PackRecord> list() const;
  PackSheet inspect(std::string_view selector) const;
  // EngineError 400, saying why, for an archive that is no pack or is not safe to unpack.
  PackRecord install(const InstallPack& request) const;
  PackRecord install_from_attachment(const InstallPackFromAttachment& request) const;
  PackRecord uninstall(const PackSelector& which) const;
  // Writes the archive to a file of the server's machine; "" for one that the server names.
  ExportedPack export_pack(const PackSelector& which, std::string_view output_path = {}) const;
  // Whether it is a pack; from a Colonnade server also what installing it would touch.
  DetectedPack detect(const PackPlace& place) const;
  PackUpdates updates(std::string_view selector) const;
  PackUpdate update(std::string_view selector, const UpdatePack& request = {}) const;

 private:
  friend class Client;
  explicit Packs(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Which tools do what work needs.
class COLONNADE_API Capabilities {
 public:
  CapabilityBindings get_bindings() const;
  Outcome set_bindings(const CapabilityBindings& file) const;
  std::vector<CapabilityTool> discovery() const;
  // EngineError 409 when a required capability has no tool; its detail() names those that could be.
  CapabilityResolution resolve(const ResolveCapabilities& request) const;
  // The same when work that needs them cannot run.
  CapabilityReadiness readiness(const ResolveCapabilities& request) const;

 private:
  friend class Client;
  explicit Capabilities(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Automations V2: graphs of nodes, each with an agent of its own.
class COLONNADE_API AutomationsV2 {
 public:
  std::vector<AutomationV2> list() const;
  AutomationV2 create(const CreateAutomationV2& request) const;
  AutomationV2 get(std::string_view automation_id) const;
  AutomationV2 update(std::string_view automation_id, const UpdateAutomationV2& changes) const;
  void remove(std::string_view automation_id) const;
  // A dry run begins nothing and is over at once.
  AutomationV2Run run_now(std::string_view automation_id, bool dry_run = false) const;
  // Its runs that are under way are paused, too.
  AutomationV2 pause(std::string_view automation_id, std::string_view reason = {}) const;
  AutomationV2 resume(std::string_view automation_id) const;
  // Newest first.
  std::vector<AutomationV2Run> list_runs(std::string_view automation_id,
                                         std::int64_t limit = 50) const;
  AutomationV2Run get_run(std::string_view run_id) const;
  // Looks at the run until it has ended; see WaitOptions. One that is paused, or waits at a gate,
  // has not.
  AutomationV2Run wait_run(std::string_view run_id, const WaitOptions& options = {}) const;
  AutomationV2Run pause_run(std::string_view run_id, std::string_view reason = {}) const;
  AutomationV2Run resume_run(std::string_view run_id, std::string_view reason = {}) const;
  AutomationV2Run cancel_run(std::string_view run_id, std::string_view reason = {}) const;
  // `decision`: approve, rework or cancel.
  AutomationV2Run decide_gate(std::string_view run_id, std::string_view decision,
                              std::string_view reason = {}) const;
  // One that failed, or is paused, goes on.
  AutomationV2Run recover_run(std::string_view run_id, std::string_view reason = {}) const;
  AutomationV2Run repair_run(std::string_view run_id, const RepairAutomationNode& repair) const;
  // The node and all that depend on it begin anew; the other one goes on in its session first.
  AutomationV2Run retry_node(std::string_view run_id, std::string_view node_id,
                             std::string_view reason = {}) const;
  AutomationV2Run continue_node(std::string_view run_id, std::string_view node_id,
                                std::string_view reason = {}) const;
  // Of one automation, of one run, or of all, as they happen: Event::type() is "automation.v2.…",
  // Event::routine_id() the automation. Never ends by itself.
  Stream<Event> events(std::string_view automation_id = {}, std::string_view run_id = {}) const;

 private:
  friend class Client;
  explicit AutomationsV2(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// A client that was constructed is the root of its connection pool; those made by with() and
// with_token() are derived from it and share the pool. Closing or destroying the root closes idle
// connections and aborts running calls and streams, of derived clients too, with CancelledError; so
// end later calls. Closing or destroying a derived client touches nothing.
class COLONNADE_API Client {
 public:
  // std::invalid_argument for options that cannot work.
  explicit Client(const Options& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  static Client from_env() { return Client(Options::from_env()); }

  Sessions sessions;
  Permissions permissions;
  Questions questions;
  Providers providers;
  Config config;
  Tokens tokens;
  Mcp mcp;
  Memory memory;
  Identities identity;
  Skills skills;
  Resources resources;
  Routines routines;
  Routines automations;
  Packs packs;
  Capabilities capabilities;
  AutomationsV2 automations_v2;

  // Sends the token, but needs none.
  SystemHealth health() const;
  std::vector<std::string> list_tool_ids() const;
  std::vector<ToolSchema> list_tools() const;
  // Runs a tool, through the same gate as in a run. EngineError 409 when it has to be asked for
  // first.
  ToolExecuteResult execute_tool(std::string_view tool, const Json& args = {}) const;
  // What happened in a run so far. A real engine has no such list but run_stream() alone, and this
  // throws ValidationError.
  std::vector<Event> run_events(std::string_view run_id, const RunEventsQuery& query = {}) const;
  // Any other route: `path` follows the base URL and is sent as it is; `body` null is no body. The
  // reply's JSON, null when it has no body.
  Json request(std::string_view method, std::string_view path, const Json& body = {}) const;

  // Opens before it returns: nothing that happens afterwards is missed, so open it before you
  // prompt. With a run, a Colonnade server first gives what that run did so far, and the stream
  // ends behind its session.run.finished; without one it goes on until it is left or stopped. A run
  // without text in its events gives the stored answer as one SessionResponse before its end.
  Stream<Event> stream(std::string_view session_id, std::string_view run_id = {},
                       const StreamOptions& options = {}) const;
  // What happens in all sessions that the token may see. Never ends by itself.
  Stream<Event> global_stream(const StreamOptions& options = {}) const;
  // As stream(), of a run alone.
  Stream<Event> run_stream(std::string_view run_id) const;

  // A derived client for calls with a time limit, a stop token or an idempotency key; or with
  // another token, "" for none.
  Client with(const CallOptions& options) const;
  Client with_token(std::string_view token) const;
  void close() noexcept;  // idempotent

 private:
  explicit Client(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::tandem
