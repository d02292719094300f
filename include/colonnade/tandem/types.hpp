// Options, data and requests of the Tandem client. Include colonnade/tandem.hpp.
//
// Data keeps what it has no member for in `extra`: null, or an object with the names of the wire.
// A member that the server did not send has its default; of times that is the epoch.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

using colonnade::Timestamp;

// --- options
// --------------------------------------------------------------------------------------

// Zero means no limit.
struct Timeouts {
  std::chrono::milliseconds connect{20'000};  // to an open connection, TLS included
  std::chrono::milliseconds call{20'000};     // silence on an ordinary call; opening a stream
  // Silence on a call that waits for a run or a tool: prompt_sync(), summarize(), execute_tool().
  // Longer than a run may take.
  std::chrono::milliseconds run{660'000};
  std::chrono::milliseconds stream{
      300'000};  // silence on a stream; a server keeps alive every 10 s
};

struct Options {
  std::string base_url{"http://localhost:39731"};  // with or without a path
  // Sent as `Authorization: Bearer` with every request; "" sends none. A server takes the headers
  // X-Agent-Token and X-Tandem-Token before it: to send one of them instead, leave `token` empty
  // and put it into http.headers.
  std::string token{};
  // The server is a Tandem engine of its own, up to 0.6, and no Colonnade. It leaves text out of
  // filtered streams, so they are filtered here; it picks no model, so sessions.create() asks for
  // the configured one; and memory calls are sent in full, with the default partition.
  bool real_engine = false;
  Timeouts timeouts{};
  HttpOptions http{};  // all but its timeouts, which stand above

  // `base_url` from TANDEM_BASE_URL and `token` from TANDEM_API_TOKEN, where they are set. Nothing
  // else of this client reads the environment.
  COLONNADE_API static Options from_env();
};

// --- engine and tools
// -----------------------------------------------------------------------------

struct ModelRef {
  std::string provider_id{};
  std::string model_id{};
  friend bool operator==(const ModelRef&, const ModelRef&) = default;
};

struct SystemHealth {
  bool ready = false;
  std::string phase{};
  std::string version{};
  std::optional<std::string> workspace_root{};
  Json extra{};
};

struct ToolSchema {
  std::string name{};
  std::string description{};
  Json input_schema{};
  Json extra{};
};

struct ToolExecuteResult {
  std::string output{};
  Json metadata{};
  Json extra{};
};

struct RunEventsQuery {
  std::optional<std::int64_t> since_seq{};  // only what comes behind it
  std::optional<std::int64_t> tail{};       // only the last so many
};

struct StreamOptions {
  // Event::id() of the last event that was seen: the server goes on behind it, if it can.
  std::string last_event_id{};
};

// The outcome of a method that may fail with HTTP 200.
struct Outcome {
  bool ok = false;
  std::string error{};  // why not, if the server says
  Json extra{};
};

// --- sessions
// -------------------------------------------------------------------------------------

// A piece of a message, stored or still growing.
struct Part {
  std::string id{};
  std::string session_id{};
  std::string message_id{};
  std::string type{};  // text, reasoning, file, or tool under any name an engine has for it
  std::string text{};
  std::string tool{};
  Json args{};
  Json result{};
  std::optional<std::string> error{};
  std::string state{};  // of a tool in an event: pending, running, completed, failed, denied
  Json extra{};         // of a file: mime, filename, url
};

struct MessageInfo {
  std::string id{};
  std::string session_id{};
  std::string role{};  // user, assistant, system, tool
  Timestamp created_at{};
  std::optional<Timestamp> completed_at{};
  Json extra{};
};

// PY calls it EngineMessage.
struct Message {
  MessageInfo info{};
  std::vector<Part> parts{};
  Json extra{};

  COLONNADE_API std::string text() const;  // of its text parts, joined
};

struct Session {
  std::string id{};
  std::string title{};
  std::string directory{};  // where its tools work
  std::optional<std::string> workspace_root{};
  std::string project_id{};
  std::optional<ModelRef> model{};
  bool archived = false;  // false where an engine does not say
  Timestamp created_at{};
  Timestamp updated_at{};
  std::vector<Message> messages{};
  std::optional<std::string> origin_workspace_root{};  // these and the next: after attach()
  std::optional<std::string> attached_from_workspace{};
  std::optional<std::string> attached_to_workspace{};
  std::optional<std::string> attach_reason{};
  Json extra{};
};

struct SessionList {
  std::vector<Session> sessions{};
  std::int64_t count = 0;  // of all that fit, not of this page; the page's where it is not said
};

// Which calls of tools are allowed without asking, asked for or refused.
struct PermissionRule {
  std::string id{};
  std::string permission{};  // the name of a tool
  std::string pattern{};     // with `*`
  std::string action{};      // allow, ask, deny
  Json extra{};
};

struct CreateSession {
  std::string title{"Tandem SDK Session"};
  std::string directory{"."};  // ".": the server's own workspace
  std::string provider{};      // counts with `model` only
  std::string model{};         // counts with `provider` only
  std::vector<PermissionRule> permission{};
};

// Empty members are not sent.
struct ListSessions {
  std::string q{};        // in title or directory
  std::int64_t page = 0;  // from 1
  std::int64_t page_size = 0;
  std::optional<bool> archived{};
  std::string scope{};  // workspace, global
  std::string workspace{};
};

// What is not set stays as it is.
struct UpdateSession {
  std::optional<std::string> title{};
  std::optional<bool> archived{};
};

struct Todo {
  std::string id{};
  std::string content{};
  std::string status{};  // free text
  Json extra{};
};

struct ActiveRun {
  std::string run_id{};
  Timestamp started_at{};
  Timestamp last_activity_at{};
  std::optional<std::string> client_id{};
  std::optional<std::string> agent_id{};
  std::optional<std::string> agent_profile{};
  std::string attach_event_stream{};  // path and query of its events; "" from an engine
  Json extra{};
};

struct SessionRunState {
  std::optional<ActiveRun> active{};
};

struct TextPart {
  std::string text{};
};

struct FilePart {
  std::string mime{};
  std::string filename{};
  std::string url{};  // a data: URL, or a path that the server may read
};

// A Json is sent as it is.
using PromptPart = std::variant<TextPart, FilePart, Json>;

enum class ToolMode { automatic, none, required };
enum class ContextMode { automatic, compact, full };

// What is not set is not sent.
struct PromptOptions {
  std::optional<ToolMode> tool_mode{};
  std::vector<std::string> tool_allowlist{};  // names, and patterns as mcp.github.*
  std::optional<ContextMode> context_mode{};
  std::optional<ModelRef> model{};
  std::string agent{};
  std::optional<bool> write_required{};
};

struct PromptAsyncResult {
  std::string run_id{};
  // The session was busy: `run_id` is the run that goes on in it, and this prompt was not taken.
  bool conflict = false;
  std::chrono::milliseconds retry_after{0};  // of a conflict
  std::string attach_event_stream{};
  Json extra{};
};

struct Cancelled {
  bool ok = false;
  bool cancelled = false;  // false: nothing was running
  Json extra{};
};

struct SessionDiff {
  std::optional<std::string> diff{};  // nothing from an engine
  std::vector<std::string> files{};
  Json extra{};
};

struct SessionSummary {
  bool ok = false;
  std::string summary{};
  Json extra{};
};

// --- permissions and questions
// --------------------------------------------------------------------

enum class DecisionStatus { pending, approved, rejected, unknown };

// A call of a tool that waits for an answer, or was answered.
struct PermissionRequestRecord {
  std::string id{};
  std::string session_id{};
  std::string permission{};
  std::string pattern{};
  std::string tool{};
  Json args{};
  std::string query{};
  DecisionStatus status = DecisionStatus::unknown;
  std::string status_text{};  // as the server wrote it; an engine writes the word of the reply
  Json extra{};
};

struct PermissionSnapshot {
  std::vector<PermissionRequestRecord> requests{};
  std::vector<PermissionRule> rules{};
};

// `always` also stores a rule. A real engine stores one for each but `once`.
enum class PermissionReply { once, always, allow, reject, deny };

struct PermissionReplyResult {
  std::string request_id{};
  std::string reply{};
  bool persisted_rule = false;
  Json extra{};
};

struct QuestionOption {
  std::string label{};
  std::string description{};
  Json extra{};
};

struct QuestionItem {
  std::string header{};
  std::string question{};
  std::vector<QuestionOption> options{};
  bool multiple = false;
  bool custom = false;  // may be answered in other words, too
  Json extra{};
};

struct QuestionRecord {
  std::string id{};
  std::string session_id{};
  std::vector<QuestionItem> questions{};
  Json tool{};  // null, or the call behind it: callID, messageID
  Json extra{};
};

// --- providers and configuration
// ------------------------------------------------------------------

struct ProviderModel {
  std::string name{};
  std::int64_t context_limit = 0;  // tokens; 0 where it is not known
  Json extra{};
};

struct ProviderEntry {
  std::string id{};
  std::string name{};
  std::map<std::string, ProviderModel> models{};  // by id
  std::string catalog_source{};                   // remote, config, empty
  std::string catalog_status{};                   // ok, unavailable, error
  std::string catalog_message{};
  Json extra{};
};

struct ProviderCatalog {
  std::vector<ProviderEntry> all{};
  std::vector<std::string> connected{};  // ids
  std::optional<std::string> default_provider{};
  Json extra{};
};

struct ProviderConfig {
  std::string default_model{};
  Json extra{};  // keys appear as "[REDACTED]"
};

struct ProvidersConfig {
  std::map<std::string, ProviderConfig> providers{};
  std::optional<std::string> default_provider{};
  Json extra{};

  // The default provider's default model; without a default provider, the first that has one.
  COLONNADE_API std::optional<ModelRef> default_model() const;
};

struct ProviderAuth {
  bool has_key = false;
  bool configured = false;
  bool connected = false;
  std::string source{};  // env, persisted, runtime, none
  Json extra{};
};

struct EngineConfig {
  Json effective{};
  Json layers{};  // null where they are not told
};

// --- MCP
// ------------------------------------------------------------------------------------------

struct McpTool {
  std::string server_name{};
  std::string tool_name{};
  std::string namespaced_name{};  // mcp.<server>.<tool>
  std::string description{};
  Json input_schema{};
  Timestamp fetched_at{};
  Json extra{};
};

struct McpServer {
  std::string name{};
  std::string transport{};  // an http or https URL, or "stdio:<command>"
  bool enabled = false;
  bool connected = false;
  std::optional<std::string> last_error{};
  std::map<std::string, std::string> headers{};  // "[REDACTED]"
  std::vector<McpTool> tool_cache{};
  Json extra{};
};

struct McpResource {
  std::string uri{};
  std::string name{};
  Json extra{};
};

struct McpResources {
  std::string server{};
  std::vector<McpResource> resources{};
  Json extra{};
};

struct AddMcpServer {
  std::map<std::string, std::string> headers{};  // may hold secrets
  bool enabled = true;
};

// --- memory
// ---------------------------------------------------------------------------------------

// Where a memory lies. A real engine wants it with every call.
struct MemoryPartition {
  std::string org_id{"local"};
  std::string workspace_id{"default"};
  std::string project_id{"default"};
  std::string tier{"session"};  // session, project, team, curated
};

// What is empty or not set is not sent, but where `partition` is set, and at a real engine, which
// takes nothing less: then the full body goes, with `kind` and `classification`.
struct PutMemory {
  std::vector<std::string> tags{};
  std::string source{};
  std::string session_id{};
  std::string run_id{};
  Json capability{};  // a string or an object
  std::optional<MemoryPartition> partition{};
  std::string kind{"note"};                // solution_capsule, note, fact
  std::string classification{"internal"};  // internal, restricted
  Json metadata{};
};

struct SearchMemory {
  std::int64_t limit = 0;  // 0: the server's own
  std::vector<std::string> tags{};
  std::string session_id{};
  Json capability{};
  // The next three as with PutMemory.
  std::string run_id{};
  std::optional<MemoryPartition> partition{};
  std::vector<std::string> read_scopes{"session", "project"};
};

struct ListMemory {
  std::string q{};
  std::int64_t limit = 0;
  std::int64_t offset = 0;
  std::string user_id{};
};

struct PromoteMemory {
  Json capability{};
  // The rest as with PutMemory.
  std::string run_id{};
  std::optional<MemoryPartition> partition{};  // its tier is where the memory is now
  std::string to_tier{"project"};
  std::string reason{};
  std::string reviewer_id{};
  std::string approval_id{};
};

struct MemoryAuditQuery {
  std::string run_id{};
  std::int64_t limit = 0;
};

struct MemoryPutResult {
  std::string id{};
  bool stored = false;
  std::string tier{};
  std::string partition_key{};
  std::string audit_id{};
  Json extra{};
};

struct MemoryItem {
  std::string id{};
  std::string content{};
  std::optional<double> score{};  // of a search
  std::string kind{};
  std::string source_type{};
  std::string tier{};
  std::string visibility{};  // private, shared
  std::string run_id{};
  std::string user_id{};
  std::vector<std::string> tags{};
  Timestamp created_at{};
  Json extra{};
};

struct MemorySearchResult {
  std::vector<MemoryItem> results{};
  std::int64_t count = 0;
  Json extra{};
};

struct MemoryList {
  std::vector<MemoryItem> items{};
  std::int64_t count = 0;
  Json extra{};
};

struct MemoryPromotion {
  std::string id{};
  bool promoted = false;  // false: blocked, see scrub_report
  std::string new_memory_id{};
  std::string to_tier{};
  Json scrub_report{};
  std::string audit_id{};
  Json extra{};
};

struct MemoryAuditEntry {
  std::string id{};
  std::string action{};
  std::string run_id{};
  std::string memory_id{};
  Timestamp at{};
  Json extra{};
};

struct MemoryAudit {
  std::vector<MemoryAuditEntry> entries{};
  std::int64_t count = 0;
};

// --- identity, skills, resources
// ------------------------------------------------------------------

struct Identity {
  Json identity{};  // bot and personality
  Json presets{};   // a list of id, label, description
};

struct Skill {
  std::string name{};
  std::string description{};
  Json extra{};
};

// An entry of the server's key-value store.
struct ResourceRecord {
  std::string key{};
  Json value{};
  std::int64_t rev = 0;
  std::string updated_by{};
  Timestamp updated_at{};
  Json extra{};
};

struct ListResources {
  std::string prefix{};
  std::int64_t limit = 0;
};

struct WriteResource {
  std::optional<std::int64_t> if_match_rev{};  // refused when the stored one differs
  std::string updated_by{};
  std::optional<std::chrono::milliseconds> ttl{};
};

struct ResourceWriteResult {
  bool ok = false;
  std::int64_t rev = 0;
  Json extra{};
};

}  // namespace colonnade::inline v1::tandem
