// Frames of event streams to typed events (tandem §3).
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "sdk/tandem/members.hpp"
#include "sdk/tandem/wire.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::tandem {
namespace {

constexpr std::initializer_list<std::string_view> session_names{"sessionID", "sessionId",
                                                                "session_id"};
constexpr std::initializer_list<std::string_view> run_names{"runID", "runId", "run_id"};
constexpr std::initializer_list<std::string_view> routine_names{
    "automationID", "automationId", "automation_id", "routineID", "routineId", "routine_id"};

std::int64_t number_member(Element object, std::initializer_list<std::string_view> names) {
  std::int64_t out = 0;
  for (const std::string_view name : names) {
    if (const auto value = member(object, name)) read(*value, out);
  }
  return out;
}

bool flag_member(Element object, std::string_view name) {
  bool out = false;
  if (const auto value = member(object, name)) read(*value, out);
  return out;
}

Json json_member(Element object, std::string_view name) {
  Json out;
  if (const auto value = member(object, name)) read(*value, out);
  return out;
}

std::optional<std::string> optional_text(Element object, std::string_view name) {
  std::optional<std::string> out;
  if (const auto value = member(object, name)) read(*value, out);
  return out;
}

std::optional<std::string> error_member(Element properties) {
  std::optional<std::string> out;
  ErrorText error{out};
  if (const auto value = member(properties, "error")) read(*value, error);
  return out;
}

Timestamp millis_member(Element object, std::string_view name) {
  Timestamp out;
  Moment moment{.at = out, .nanos_per_unit = nanos_per_millisecond};
  if (const auto value = member(object, name)) read(*value, moment);
  return out;
}

std::string result_text(Element object, std::string_view name) {
  std::string out;
  ResultText text{out};
  if (const auto value = member(object, name)) read(*value, text);
  return out;
}

// --- one function for each kind

Event::Value run_started(Element p) {
  return RunStarted{.started_at = millis_member(p, "startedAtMs"),
                    .client_id = optional_text(p, "clientID"),
                    .agent_id = optional_text(p, "agentID")};
}

std::string_view status_of(std::string_view type) {
  if (type.ends_with("completed") || type.ends_with("complete")) return "completed";
  if (type.ends_with("failed")) return "error";
  if (type.ends_with("cancelled") || type.ends_with("canceled")) return "cancelled";
  return "";
}

Event::Value run_finished(std::string_view type, Element p) {
  std::string status = text_member(p, {"status"});
  if (status.empty()) status = status_of(type);
  return RunFinished{.status = std::move(status),
                     .error = error_member(p),
                     .finished_at = millis_member(p, "finishedAtMs")};
}

std::string call_id(Element p) {
  return text_member(p, {"toolCallID", "toolCallId", "tool_call_id", "callID", "callId", "id"});
}

Event::Value tool_call(Element p) {
  return ToolCall{
      .tool = text_member(p, {"tool"}), .args = json_member(p, "args"), .call_id = call_id(p)};
}

Event::Value tool_result(Element p) {
  return ToolResult{.tool = text_member(p, {"tool"}),
                    .output = result_text(p, member(p, "output") ? "output" : "result"),
                    .error = error_member(p),
                    .call_id = call_id(p)};
}

Event::Value part_updated(Element p) {
  PartUpdated out{.delta = optional_text(p, "delta"),
                  .tool_call_delta = json_member(p, "toolCallDelta"),
                  .agent = text_member(p, {"agent"})};
  if (const auto part = member(p, "part")) read(*part, out.part);
  return out;
}

std::string request_id(Element p) {
  return text_member(p, {"requestID", "requestId", "request_id", "id", "approvalID"});
}

Event::Value permission_request(Element p) {
  return PermissionRequest{.id = request_id(p),
                           .permission = text_member(p, {"permission"}),
                           .pattern = text_member(p, {"pattern"}),
                           .tool = text_member(p, {"tool"}),
                           .args = json_member(p, "args"),
                           .query = text_member(p, {"query"})};
}

Event::Value permission_asked(Element p) {
  return PermissionAsked{.id = request_id(p),
                         .tool = text_member(p, {"tool"}),
                         .args = json_member(p, "args"),
                         .query = text_member(p, {"query"})};
}

Event::Value permission_replied(Element p) {
  return PermissionReplied{.id = request_id(p), .reply = text_member(p, {"reply"})};
}

Event::Value question_asked(Element p) {
  QuestionAsked out;
  read(p, out.question);
  out.question.extra = Json();  // properties() has it all
  return out;
}

Event::Value question_replied(Element p) {
  return QuestionReplied{.id = text_member(p, {"id"}), .ok = flag_member(p, "ok")};
}

Event::Value todo_updated(Element p) {
  TodoUpdated out;
  if (const auto todos = member(p, "todos")) read(*todos, out.todos);
  return out;
}

Event::Value provider_usage(Element p) {
  return ProviderUsage{.prompt_tokens = number_member(p, {"promptTokens"}),
                       .completion_tokens = number_member(p, {"completionTokens"}),
                       .total_tokens = number_member(p, {"totalTokens"})};
}

Event::Value session_error(Element p) {
  SessionError out{.code = {}, .message = error_member(p).value_or("")};
  if (const auto error = member(p, "error")) out.code = text_member(*error, {"code"});
  return out;
}

Event::Value memory_written(Element p) {
  return MemoryWritten{.memory_id = text_member(p, {"memoryID", "memoryId", "memory_id"}),
                       .source_type = text_member(p, {"sourceType"}),
                       .deduped = flag_member(p, "deduped")};
}

Event::Value mcp_auth_required(Element p) {
  return McpAuthRequired{.server = text_member(p, {"server"}),
                         .tool = text_member(p, {"tool"}),
                         .authorization_url = text_member(p, {"authorizationUrl"}),
                         .message = text_member(p, {"message"})};
}

Event::Value routine_fired(Element p) {
  RoutineFired out{
      .trigger_type = text_member(p, {"triggerType"}),
      .run_count = number_member(p, {"runCount"}),
      .fired_at = millis_member(p, member(p, "firedAtMs") ? "firedAtMs" : "scheduledAtMs")};
  const Timestamp next = millis_member(p, "nextFireAtMs");
  if (next != Timestamp()) out.next_fire_at = next;
  return out;
}

// What a run is then, by what happened to it (tandem §3.6).
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> routine_run_status{{
    {"routine.run.created", "queued"},
    {"run.started", "queued"},
    {"routine.run.started", "running"},
    {"routine.run.model_selected", "running"},
    {"routine.run.approved", "queued"},
    {"routine.run.resumed", "queued"},
    {"routine.run.denied", "denied"},
    {"routine.run.paused", "paused"},
    {"routine.run.completed", "completed"},
    {"routine.completed", "completed"},
    {"run.completed", "completed"},
    {"routine.run.failed", "failed"},
    {"run.failed", "failed"},
    {"routine.blocked", "blocked_policy"},
    {"routine.approval_required", "pending_approval"},
    {"approval.required", "pending_approval"},
}};

// The run that an event of a routine is about, where it has one.
std::optional<Element> run_in(Element properties) {
  auto run = member(properties, "run");
  if (run && !run->is_object()) run.reset();
  return run;
}

Event::Value routine_run_changed(std::string_view type, Element p) {
  RoutineRunChanged out{.status = text_member(p, {"status"}),
                        .reason = text_member(p, {"reason", "detail"})};
  const auto run = run_in(p);
  if (out.status.empty() && run) out.status = text_member(*run, {"status"});
  if (out.status.empty()) {
    for (const auto& [name, status] : routine_run_status) {
      if (name == type) out.status = status;
    }
  }
  if (out.reason.empty()) out.reason = error_member(p).value_or("");
  if (const auto artifact = member(p, "artifact"); artifact && artifact->is_object()) {
    read(*artifact, out.artifact.emplace());
  }
  return out;
}

// Of a routine or an automation; nothing for what is none of theirs.
std::optional<Event::Value> routine_value(std::string_view type, Element p) {
  constexpr std::array<std::string_view, 6> changes{"routine.created",    "routine.updated",
                                                    "routine.deleted",    "automation.created",
                                                    "automation.updated", "automation.deleted"};
  if (std::ranges::find(changes, type) != changes.end()) return RoutineChanged{};
  if (type == "routine.fired" || type == "routine.triggered") return routine_fired(p);
  constexpr std::array<std::string_view, 4> others{
      "routine.completed", "routine.blocked", "routine.approval_required", "approval.required"};
  const bool other = std::ranges::find(others, type) != others.end();
  if (other || type.starts_with("routine.run.")) return routine_run_changed(type, p);
  const bool of_routine = !text_member(p, routine_names).empty();
  if (of_routine && type.starts_with("run.")) return routine_run_changed(type, p);
  return std::nullopt;
}

struct Kind {
  std::string_view type;
  Event::Value (*make)(Element properties);
};

constexpr std::array kinds{
    Kind{"server.connected", [](Element) { return Event::Value(ServerConnected{}); }},
    Kind{"engine.lifecycle.ready",
         [](Element p) { return Event::Value(EngineReady{text_member(p, {"status"})}); }},
    Kind{"session.run.started", &run_started},
    Kind{"run.started", &run_started},
    Kind{"session.response",
         [](Element p) { return Event::Value(SessionResponse{text_member(p, {"delta"})}); }},
    Kind{"session.tool_call", &tool_call},
    Kind{"tool.called", &tool_call},
    Kind{"session.tool_result", &tool_result},
    Kind{"tool.result", &tool_result},
    Kind{"message.part.updated", &part_updated},
    Kind{"permission.request", &permission_request},
    Kind{"approval.requested", &permission_request},
    Kind{"permission.asked", &permission_asked},
    Kind{"permission.replied", &permission_replied},
    Kind{"approval.resolved", &permission_replied},
    Kind{"question.asked", &question_asked},
    Kind{"question.pending", &question_asked},
    Kind{"question.replied", &question_replied},
    Kind{"todo.updated", &todo_updated},
    Kind{"provider.usage", &provider_usage},
    Kind{"session.status",
         [](Element p) { return Event::Value(SessionStatus{text_member(p, {"status"})}); }},
    Kind{"session.error", &session_error},
    Kind{"session.run.conflict",
         [](Element p) { return Event::Value(RunConflict{number_member(p, {"retryAfterMs"})}); }},
    Kind{"memory.search.performed",
         [](Element p) { return Event::Value(MemorySearched{number_member(p, {"resultCount"})}); }},
    Kind{"mcp.auth.required", &mcp_auth_required},
    Kind{"mcp.auth.pending", &mcp_auth_required},
    Kind{"mcp.tools.updated",
         [](Element p) { return Event::Value(McpChanged{text_member(p, {"name"})}); }},
};

// Kinds of which several names begin alike.
constexpr std::array prefixes{
    Kind{"memory.write.", &memory_written},
    Kind{"mcp.server.",
         [](Element p) { return Event::Value(McpChanged{text_member(p, {"name"})}); }},
    Kind{"resource.",
         [](Element p) { return Event::Value(ResourceChanged{text_member(p, {"key"})}); }},
};

constexpr std::array<std::string_view, 4> session_changes{"session.created", "session.attached",
                                                          "session.updated", "session.deleted"};

Event::Value value_of(std::string_view type, Element properties) {
  if (auto value = routine_value(type, properties)) return *std::move(value);
  if (is_run_terminal_event(type)) return run_finished(type, properties);
  for (const Kind& kind : kinds) {
    if (kind.type == type) return kind.make(properties);
  }
  if (std::ranges::find(session_changes, type) != session_changes.end()) {
    return SessionChanged{text_member(properties, {"status"})};
  }
  for (const Kind& kind : prefixes) {
    if (type.starts_with(kind.type)) return kind.make(properties);
  }
  return OtherEvent{};
}

// --- what every event has

std::string id_text(Element value) {
  if (value.is_string()) return std::string(value.get_string().value());
  std::int64_t number = 0;
  return value.get(number) == simdjson::SUCCESS ? std::to_string(number) : std::string();
}

// The ids of a whole envelope go before all others (tandem §3.3).
std::optional<Element> envelope_of(Element root) {
  const auto envelope = member(root, "envelope");
  if (!envelope) return std::nullopt;
  for (const char* name : {"event_id", "seq", "schema_version", "occurred_at_ms"}) {
    if (!member(*envelope, name)) return std::nullopt;
  }
  return envelope;
}

std::string session_in(std::string_view type, Element properties) {
  std::string id = text_member(properties, session_names);
  const auto part = member(properties, "part");
  if (id.empty() && part) id = text_member(*part, session_names);
  if (id.empty() && type.starts_with("session.")) id = text_member(properties, {"id"});
  return id;
}

std::string type_of(Element root, std::string_view block_type) {
  for (const char* name : {"type", "event_type"}) {
    const auto type = member(root, name);
    if (!type) continue;
    return type->is_string() ? std::string(type->get_string().value()) : "unknown";
  }
  return std::string(block_type);
}

}  // namespace

bool is_run_terminal_event(std::string_view type) noexcept {
  constexpr std::array<std::string_view, 10> names{
      "run.complete",          "run.completed",      "run.failed",
      "run.cancelled",         "run.canceled",       "session.run.finished",
      "session.run.completed", "session.run.failed", "session.run.cancelled",
      "session.run.canceled"};
  return std::ranges::find(names, type) != names.end();
}

Json Event::data() const { return raw_.empty() ? Json::object() : Json::parse(raw_); }

Json Event::properties() const {
  Json whole = data();
  const Json* properties = whole.find("properties");
  return properties == nullptr ? Json::object() : *properties;
}

namespace wire {

std::optional<Incoming> event(const base::SseEvent& block) {
  for (const std::string_view skipped : {"ready", "heartbeat", "keepalive"}) {
    if (block.type == skipped) return std::nullopt;
  }
  const auto document = colonnade::detail::parse_document(block.data);
  if (!document || !document->is_object()) return std::nullopt;
  Element root = *document;
  EventHead head{.id = std::string(block.last_event_id)};
  std::string raw(block.data);
  const auto wrapped = member(root, "event");
  if (wrapped && wrapped->is_object() && !member(root, "type")) {
    if (const auto cursor = member(root, "cursor")) head.id = id_text(*cursor);
    root = *wrapped;
    raw = colonnade::detail::to_json(root).dump();
  }
  head.type = type_of(root, block.type);
  if (head.type.empty()) return std::nullopt;
  // An event without properties has no members but those beside its type.
  const Element properties = member(root, "properties").value_or(root);
  if (!properties.is_object()) return std::nullopt;
  head.timestamp = text_member(root, {"timestamp"});
  head.session_id = text_member(root, session_names);
  head.run_id = text_member(root, run_names);
  const bool of_engine = head.session_id.empty() && head.run_id.empty();
  if (const auto envelope = envelope_of(root)) {
    if (auto id = text_member(*envelope, {"session_id"}); !id.empty()) head.session_id = id;
    if (auto id = text_member(*envelope, {"run_id"}); !id.empty()) head.run_id = id;
  }
  if (head.session_id.empty()) head.session_id = session_in(head.type, properties);
  if (head.run_id.empty()) head.run_id = text_member(properties, run_names);
  if (const auto run = run_in(properties)) {
    if (head.run_id.empty()) head.run_id = text_member(*run, run_names);
    head.routine_id = text_member(*run, routine_names);
  }
  if (auto id = text_member(properties, routine_names); !id.empty()) head.routine_id = id;
  Event::Value value = value_of(head.type, properties);
  return Incoming{.event = Event(std::move(value), std::move(head), std::move(raw)),
                  .of_engine = of_engine};
}

Event made_event(std::string_view type, Event::Value value, const Event& like,
                 const Json& properties) {
  Json named = properties;
  if (!like.session_id().empty()) named.set("sessionID", like.session_id());
  if (!like.run_id().empty()) named.set("runID", like.run_id());
  const Json whole{{"type", type}, {"properties", std::move(named)}};
  EventHead head{.type = std::string(type),
                 .id = like.id(),
                 .session_id = like.session_id(),
                 .run_id = like.run_id(),
                 .timestamp = like.timestamp()};
  return Event(std::move(value), std::move(head), whole.dump());
}

std::optional<Failure> no_stream(const CallSpec& spec, const TransportOpened& opened) {
  const auto type = colonnade::detail::other_than_event_stream(opened.headers);
  if (!type) return std::nullopt;
  return Failure{.kind = ErrorKind::malformed,
                 .message = std::string(spec.method) + " " +
                            spec.path.substr(0, spec.path.find('?')) + ": its content type is \"" +
                            *type + "\"",
                 .status = opened.status};
}

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
