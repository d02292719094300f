// The store ports. Reads are plain calls; writes go through one Journal as units that are applied
// completely or not at all.
//
// Reads run on the calling thread and see every unit whose completion was called. They must be
// short: a page at most, by an index. Anything long (search) says so and belongs on a worker
// thread. All members are thread-safe. A read across scopes finds nothing: nullopt or an empty
// page.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "core/access/credential.hpp"
#include "core/access/keyed_request.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent.hpp"
#include "core/context/thread_summary.hpp"
#include "core/events/event.hpp"
#include "core/governance/action.hpp"
#include "core/governance/audit.hpp"
#include "core/memory/memory_store.hpp"
#include "core/runs/run.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"
#include "core/tools/tool_server.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

// --- reading ------------------------------------------------------------------------------------

struct AgentFilter {  // empty members filter nothing
  std::optional<std::string> owner{};
  std::string tool_server{};  // those that have it
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
};

class AgentStore {
 public:
  virtual ~AgentStore() = default;
  virtual Result<std::optional<Agent>> agent(const Scope& scope, std::string_view id) = 0;
  // By created_at and id, newest first.
  virtual Result<std::vector<Agent>> agents(const Scope& scope, const AgentFilter& filter) = 0;
};

class ToolServerStore {
 public:
  virtual ~ToolServerStore() = default;
  virtual Result<std::optional<ToolServer>> tool_server(const Scope& scope,
                                                        std::string_view id) = 0;
  // By name.
  virtual Result<std::vector<ToolServer>> tool_servers(const Scope& scope) = 0;
  // Of every scope; at the start only.
  virtual Result<std::vector<ToolServer>> all_tool_servers() = 0;
  // What KeepToolPins kept for the server; "" for nothing.
  virtual Result<std::string> tool_pins(const Scope& scope, std::string_view server_id) = 0;
};

// A page of messages is cut by the creation time of a message the client has: exclusive bookmarks.
struct MessagePage {
  std::optional<Time> after{};        // the oldest ones after it; wins over `before`
  std::optional<Time> before{};       // the newest ones before it; neither: the newest ones
  std::optional<std::size_t> from{};  // or the place of the first, counted from the oldest
  std::size_t limit = 50;  // 1 .. limits::page_rows_max; with `from` limits::list_rows_max
};

struct ThreadPage {
  std::optional<std::string> agent_id{};  // only its threads
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
};

struct SearchHit {
  std::string thread_id{};
  std::string thread_title{};
  std::string message_id{};
  Role role = Role::user;
  std::string snippet{};  // matches between <mark> and </mark>
  Time created_at{};
};

struct ThreadUsage {
  std::int64_t message_count = 0;  // messages that carry usage
  Usage usage{};
};

class ThreadStore {
 public:
  virtual ~ThreadStore() = default;
  // Also a deleted one, but none that was erased. Whoever owns it: the use case compares.
  virtual Result<std::optional<Thread>> thread(const Scope& scope, std::string_view id) = 0;
  // One owner's, not deleted, by updated_at, created_at and id, newest first.
  virtual Result<std::vector<Thread>> threads(const Scope& scope, std::string_view owner,
                                              const ThreadPage& page) = 0;
  // Erased ones of every scope that still hold messages; at the start only.
  virtual Result<std::vector<Thread>> erased_threads(std::size_t limit) = 0;
  // Oldest first within the page.
  virtual Result<std::vector<Message>> messages(const Scope& scope, std::string_view thread_id,
                                                const MessagePage& page) = 0;
  virtual Result<std::optional<Message>> message(const Scope& scope, std::string_view id) = 0;
  virtual Result<ThreadUsage> usage(const Scope& scope, std::string_view thread_id) = 0;
  // The one that covers most; nullopt when the thread has none.
  virtual Result<std::optional<ThreadSummary>> newest_summary(const Scope& scope,
                                                              std::string_view thread_id) = 0;
  // Full text over one owner's messages in threads that are not deleted, best first. May take
  // milliseconds, in time linear in the texts; cancelled soon after `stop` is requested.
  // ErrorKind::invalid for a query that the search syntax does not allow.
  virtual Result<std::vector<SearchHit>> search(const Scope& scope, std::string_view owner,
                                                std::string_view query, std::size_t limit,
                                                std::stop_token stop) = 0;
};

class RunStore {
 public:
  virtual ~RunStore() = default;
  virtual Result<std::optional<Run>> run(const Scope& scope, std::string_view id) = 0;
  // The thread's run that is not terminal, if any; there is at most one.
  virtual Result<std::optional<Run>> active_run(const Scope& scope, std::string_view thread_id) = 0;
  // In order of `number`.
  virtual Result<std::vector<RunStep>> steps(const Scope& scope, std::string_view run_id) = 0;
  // In order of creation.
  virtual Result<std::vector<ToolCall>> tool_calls(const Scope& scope, std::string_view run_id) = 0;
  // The message that a finished run made, if it made one.
  virtual Result<std::optional<Message>> reply_of(const Scope& scope, std::string_view run_id) = 0;
  // Every run of every scope that is not terminal; for recovery at start only.
  virtual Result<std::vector<Run>> unfinished_runs() = 0;
};

class EventStore {
 public:
  virtual ~EventStore() = default;
  // Events of one thread with cursor > `after`, oldest first.
  virtual Result<std::vector<Event>> events(const Scope& scope, std::string_view thread_id,
                                            std::int64_t after, std::size_t limit) = 0;
  // The newest committed cursor of all; 0 when there is none.
  virtual Result<std::int64_t> last_cursor() = 0;
};

class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  // Not revoked. The one read without a scope: a token is how a scope is found.
  virtual Result<std::optional<Credential>> credential_by_token(std::string_view token_sha256) = 0;
  // Not revoked, of that kind and user, newest first.
  virtual Result<std::vector<Credential>> credentials(const Scope& scope, std::string_view user_id,
                                                      CredentialKind kind) = 0;
  virtual Result<std::optional<Credential>> credential(const Scope& scope, std::string_view id) = 0;
  // Whether any credential exists at all, in any scope.
  virtual Result<bool> any_credential() = 0;
};

class KeyedRequestStore {
 public:
  virtual ~KeyedRequestStore() = default;
  virtual Result<std::optional<KeyedRequest>> keyed_request(const Scope& scope,
                                                            std::string_view user_id,
                                                            std::string_view key) = 0;
};

struct ActionFilter {  // empty members filter nothing
  std::string owner{};
  std::string agent_id{};
  std::string tool{};
  std::optional<ActionState> state{};
  std::size_t limit = 20;  // 1 .. limits::actions_listed_max
  std::size_t offset = 0;
};

class ActionStore {
 public:
  virtual ~ActionStore() = default;
  virtual Result<std::optional<Action>> action(const Scope& scope, std::string_view id) = 0;
  // Newest first.
  virtual Result<std::vector<Action>> actions(const Scope& scope, const ActionFilter& filter) = 0;
  // Of a run's tool calls, oldest first.
  virtual Result<std::vector<Action>> actions_of_run(const Scope& scope,
                                                     std::string_view run_id) = 0;
  // Pending ones of every scope that expire at `now` or before, the oldest first.
  virtual Result<std::vector<Action>> expired_actions(Time now, std::size_t limit) = 0;
};

class PermissionStore {
 public:
  virtual ~PermissionStore() = default;
  // Not revoked, of that owner, oldest first.
  virtual Result<std::vector<Permission>> permissions(const Scope& scope,
                                                      std::string_view owner) = 0;
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;
  // Records of every scope with seq > `after`, in order.
  virtual Result<std::vector<AuditRecord>> audit(std::int64_t after, std::size_t limit) = 0;
  // Everything about one subject, in order.
  virtual Result<std::vector<AuditRecord>> audit_of(const Scope& scope,
                                                    std::string_view subject) = 0;
  // Of the newest record; 0 when there is none.
  virtual Result<std::int64_t> last_audit_seq() = 0;
};

// --- writing ------------------------------------------------------------------------------------

// Each change says what it does when the row is not as expected: the whole unit then fails with the
// kind named here, and nothing of it is applied.
struct PutAgent {  // inserts, or replaces when `agent.version` is one more than stored: else
                   // conflict
  Agent agent{};
};
struct DeleteAgent {  // with its older versions; not_found unless it exists
  std::string id{};
};
struct PutToolServer {  // inserts; conflict when the id or the name is taken
  ToolServer server{};
};
struct DeleteToolServer {  // not_found unless it exists; its pins go as well
  std::string id{};
};
struct KeepToolPins {  // replaces what was kept
  std::string server_id{};
  std::string pins{};
};
struct InsertThread {  // not_found when its agent has to exist and does not
  Thread thread{};
  bool agent_must_exist = false;
};
struct InsertMessage {  // also sets the thread's updated_at to the message's created_at
  Message message{};
};
struct RenameThread {  // not_found when there is no such thread
  std::string id{};
  std::string title{};
  Time at{};
  bool only_if_untitled = false;  // then a titled thread is left alone, without an error
};
struct DeleteThread {  // not_found unless it exists and is not deleted
  std::string id{};
  Time at{};
};
struct RestoreThread {  // not_found unless it is deleted; sets updated_at
  std::string id{};
  Time at{};
};
struct InsertSummary {  // not_found when there is no such thread
  ThreadSummary summary{};
};
struct EraseThread {  // hides it for good; not_found unless it exists
  std::string id{};
  Time at{};
};
struct PurgeThread {  // removes all that an erased thread held; conflict while a run is unfinished
  std::string id{};
};
struct InsertRun {  // conflict when the thread has an unfinished run or is deleted
  Run run{};
};
struct UpdateRun {  // conflict unless the stored state is `from`
  Run run{};
  RunState from = RunState::running;
};
struct InsertStep {
  RunStep step{};
};
struct InsertToolCall {
  ToolCall call{};
};
struct MoveToolCall {  // conflict unless the stored state is `from`: this makes "at most once" true
  std::string id{};
  ToolCallState from = ToolCallState::requested;
  ToolCallState to = ToolCallState::running;
  std::string result{};
  std::optional<Time> finished_at{};
  std::optional<base::Json> arguments{};  // replaces them: a human edited what is to run
};
struct InsertAction {
  Action action{};
};
struct UpdateAction {  // conflict unless the stored version is one less than the action's
  Action action{};
  bool if_unchanged = false;  // then an action that others changed is left alone, without an error
};
struct InsertPermission {
  Permission permission{};
};
struct RevokePermission {  // not_found unless it exists, belongs to `owner` and is live
  std::string id{};
  std::string owner{};
  Time at{};
};
struct AppendAudit {  // given its number and its hash at commit
  AuditEntry entry{};
};
struct InsertCredential {
  Credential credential{};
};
struct TouchCredential {  // last_seen; a missing row is no error
  std::string id{};
  Time at{};
};
struct RevokeCredential {  // not_found unless it exists, is of `kind`, belongs to `user_id`, is
                           // live
  std::string id{};
  std::string user_id{};
  CredentialKind kind = CredentialKind::device;
  Time at{};
};
struct InsertKeyedRequest {  // conflict when the user has used the key since `expired_before`
  KeyedRequest keyed_request{};
  Time expired_before{};  // an older row under the same key is replaced
};
struct LinkKeyedRequest {  // not_found when it is gone
  std::string id{};
  std::string object_id{};
};
struct AnswerKeyedRequest {
  std::string id{};
  StoredAnswer answer{};
};
struct DropKeyedRequest {  // the attempt had no effect: the key is free again
  std::string id{};
};
struct PurgeKeyedRequests {  // all scopes
  Time created_before{};
};

using Change =
    std::variant<PutAgent, DeleteAgent, PutToolServer, DeleteToolServer, KeepToolPins, InsertThread,
                 InsertMessage, RenameThread, DeleteThread, RestoreThread, EraseThread, PurgeThread,
                 InsertSummary, InsertRun, UpdateRun, InsertStep, InsertToolCall, MoveToolCall,
                 InsertAction, UpdateAction, InsertPermission, RevokePermission, AppendAudit,
                 InsertCredential, TouchCredential, RevokeCredential, InsertKeyedRequest,
                 LinkKeyedRequest, AnswerKeyedRequest, DropKeyedRequest, PurgeKeyedRequests,
                 PutMemory, RemoveMemory, RemoveMemoriesOfAgent, PlaceMemory, SweepMemories>;

// What is committed together. Changes are applied in order, then events are appended in order.
struct Unit {
  Scope scope;
  std::vector<Change> changes{};
  std::vector<Event> events{};  // cursor and seq are the store's to give
};

// Told of every commit, on the writer's thread, in commit order, before the completions of its
// units.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  // All events of one transaction, in cursor order, now durable. `completions` holds the
  // completions of the transaction's units: the observer must see to it that each is called exactly
  // once, and may put that off until the events are delivered. Never throws.
  virtual void committed(std::vector<std::shared_ptr<const Event>> events,
                         std::vector<std::move_only_function<void()>> completions) = 0;
};

class Journal {
 public:
  // Called once per unit, on an arbitrary thread, after it is durable (or failed). The cursor is
  // that of the unit's last event, 0 when it had none.
  using Completion = std::move_only_function<void(Result<std::int64_t>)>;

  virtual ~Journal() = default;
  // Queues a unit. Units appended by one thread are applied in that order; all units that wait
  // form one transaction (group commit). A unit that fails is rolled back alone and does not
  // disturb its neighbours. When the queue is full (limits::commit_queue_units_max) or the store is
  // closed, the completion gets ErrorKind::unavailable, perhaps before this returns.
  virtual void append(Unit unit, Completion completion) = 0;
  // At most one observer, set before the first append; it must outlive the journal's use.
  virtual void observe(CommitObserver& observer) = 0;
};

// What wiring hands to the use cases; one object may be all of them.
struct Stores {
  AgentStore& agents;
  ToolServerStore& tool_servers;
  ThreadStore& threads;
  RunStore& runs;
  EventStore& events;
  CredentialStore& credentials;
  KeyedRequestStore& keyed_requests;
  ActionStore& actions;
  PermissionStore& permissions;
  AuditStore& audit;
  MemoryStore& memories;
  Journal& journal;
};

}  // namespace colonnade::core
