// Events of the Tandem streams. Include colonnade/tandem.hpp.
//
// Servers tell some things twice, under the engine's name and under the SDKs': both come, and
// type() tells which. What an engine tells under its own name only (text, tools, questions for
// permission) the client adds under the other, so one loop reads both kinds of server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/tandem/routines.hpp"
#include "colonnade/tandem/types.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

// server.connected: the stream is open.
struct ServerConnected {};
// engine.lifecycle.ready.
struct EngineReady {
  std::string status{};
};
// session.run.started, run.started. One of a routine is RoutineRunChanged.
struct RunStarted {
  Timestamp started_at{};
  std::optional<std::string> client_id{};
  std::optional<std::string> agent_id{};
};
// Any of the names that end a run: run.complete, run.completed, run.failed, run.cancelled,
// run.canceled and the same with `session.`, session.run.finished above all, which is the last
// event of a run. A run.… of a routine is RoutineRunChanged.
struct RunFinished {
  std::string status{};  // completed, error, timeout, cancelled; "" where it is not known
  std::optional<std::string> error{};
  Timestamp finished_at{};
};
// session.response: the next piece of the answer.
struct SessionResponse {
  std::string delta{};
};
// session.tool_call, tool.called: a tool begins.
struct ToolCall {
  std::string tool{};
  Json args{};
  std::string call_id{};
};
// session.tool_result, tool.result: it ended; `error` when it failed or was denied.
struct ToolResult {
  std::string tool{};
  std::string output{};
  std::optional<std::string> error{};
  std::string call_id{};
};
// message.part.updated: a part of a message grew or changed.
struct PartUpdated {
  Part part{};
  std::optional<std::string> delta{};  // of its text
  Json tool_call_delta{};              // null, or of a tool's arguments
  std::string agent{};                 // set: the user's own text, and no answer
};
// permission.request, approval.requested: a tool waits for permissions.reply(id).
struct PermissionRequest {
  std::string id{};
  std::string permission{};
  std::string pattern{};
  std::string tool{};
  Json args{};
  std::string query{};
};
// permission.asked: the same under the engine's name.
struct PermissionAsked {
  std::string id{};
  std::string tool{};
  Json args{};
  std::string query{};
};
// permission.replied, approval.resolved.
struct PermissionReplied {
  std::string id{};
  std::string reply{};
};
// question.asked: the run waits for questions.answer(). question.pending has a `text` alone.
struct QuestionAsked {
  QuestionRecord question{};
};
// question.replied.
struct QuestionReplied {
  std::string id{};
  bool ok = false;
};
// todo.updated: the whole list.
struct TodoUpdated {
  std::vector<Todo> todos{};
};
// provider.usage.
struct ProviderUsage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;
};
// session.created, session.attached, session.updated, session.deleted.
struct SessionChanged {
  std::string status{};  // where the event has one
};
// session.status: running, idle, cancelled, error.
struct SessionStatus {
  std::string status{};
};
// session.error.
struct SessionError {
  std::string code{};
  std::string message{};
};
// session.run.conflict: a prompt came while the run of run_id() went on.
struct RunConflict {
  std::int64_t retry_after_ms = 0;
};
// memory.write.attempted, .succeeded, .skipped.
struct MemoryWritten {
  std::string memory_id{};
  std::string source_type{};
  bool deduped = false;
};
// memory.search.performed.
struct MemorySearched {
  std::int64_t result_count = 0;
};
// mcp.auth.required, mcp.auth.pending: somebody must visit the URL first.
struct McpAuthRequired {
  std::string server{};
  std::string tool{};
  std::string authorization_url{};
  std::string message{};
};
// mcp.server.connected, .disconnected, .updated, .deleted, and mcp.tools.updated.
struct McpChanged {
  std::string name{};
};
// resource.updated, resource.deleted.
struct ResourceChanged {
  std::string key{};
};
// routine.created, .updated, .deleted, automation.created, .updated, .deleted; of
// Event::routine_id().
struct RoutineChanged {};
// routine.fired, routine.triggered: it is due, or somebody asked; Event::run_id() is the new run.
struct RoutineFired {
  std::string trigger_type{};  // manual, scheduled
  std::int64_t run_count = 0;
  Timestamp fired_at{};
  std::optional<Timestamp> next_fire_at{};
};
// What became of a run: routine.run.…, routine.completed, routine.approval_required and
// routine.blocked; of automations run.started, run.step, run.completed, run.failed and
// approval.required.
struct RoutineRunChanged {
  // As RoutineRun::status; "" where the event does not say.
  std::string status{};
  std::string reason{};                   // why it failed, is blocked, was denied or paused
  std::optional<RunArtifact> artifact{};  // that it left behind just now
};
// Anything else; Event::properties() has what it says.
struct OtherEvent {};

// What every event has beside its kind. "" where it has none.
struct EventHead {
  std::string type{};
  std::string id{};  // for StreamOptions::last_event_id
  std::string session_id{};
  std::string run_id{};
  std::string timestamp{};
  std::string routine_id{};  // or an automation's
};

class COLONNADE_API Event {
 public:
  using Value =
      std::variant<OtherEvent, ServerConnected, EngineReady, RunStarted, RunFinished,
                   SessionResponse, ToolCall, ToolResult, PartUpdated, PermissionRequest,
                   PermissionAsked, PermissionReplied, QuestionAsked, QuestionReplied, TodoUpdated,
                   ProviderUsage, SessionChanged, SessionStatus, SessionError, RunConflict,
                   MemoryWritten, MemorySearched, McpAuthRequired, McpChanged, ResourceChanged,
                   RoutineChanged, RoutineFired, RoutineRunChanged>;

  Event() = default;
  // `raw` is the JSON text it came from.
  Event(Value value, EventHead head, std::string raw = {})
      : value_(std::move(value)), head_(std::move(head)), raw_(std::move(raw)) {}

  std::string_view type() const noexcept { return head_.type; }  // the name on the wire
  const std::string& id() const noexcept { return head_.id; }
  // Wherever the server put them: beside the type, into the properties or into the part.
  const std::string& session_id() const noexcept { return head_.session_id; }
  const std::string& run_id() const noexcept { return head_.run_id; }
  const std::string& routine_id() const noexcept { return head_.routine_id; }
  const std::string& timestamp() const noexcept { return head_.timestamp; }

  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value_);
  }
  const Value& value() const noexcept { return value_; }  // for match() and std::visit
  // The whole event as it came, and its `properties`, an object. Parsed anew by each call.
  Json data() const;
  Json properties() const;

 private:
  Value value_{};
  EventHead head_{};
  std::string raw_{};
};

using EngineEvent = Event;  // the name of the Python SDK

// Whether the run is over: the names of RunFinished.
COLONNADE_API bool is_run_terminal_event(std::string_view type) noexcept;
inline bool is_run_terminal_event(const Event& event) noexcept {
  return is_run_terminal_event(event.type());
}

}  // namespace colonnade::inline v1::tandem
