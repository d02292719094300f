// Replies about the engine, sessions, permissions and questions.
#include "sdk/tandem/wire.hpp"

#include <utility>

#include "sdk/tandem/replies.hpp"

namespace colonnade::inline v1::tandem {

std::string Message::text() const {
  std::string out;
  for (const Part& part : parts) {
    if (part.type == "text") out += part.text;
  }
  return out;
}

// --- reading
// --------------------------------------------------------------------------------------
// Not in an unnamed namespace: the readers of lists find them by their argument.

static void read(Element value, SystemHealth& out) {
  read_object(value, out.extra, Field{"ready", out.ready}, Field{"phase", out.phase},
              Field{"version", out.version}, Field{"workspace_root", out.workspace_root},
              Field{"workspaceRoot", out.workspace_root});
  const auto healthy = member(value, "healthy");
  if (healthy && !member(value, "ready")) read(*healthy, out.ready);
}

static void read(Element value, ToolSchema& out) {
  read_object(value, out.extra, Field{"name", out.name}, Field{"description", out.description},
              Field{"input_schema", out.input_schema}, Field{"inputSchema", out.input_schema});
}

static void read(Element value, ToolExecuteResult& out) {
  ResultText output{out.output};
  read_object(value, out.extra, Field{"output", output}, Field{"metadata", out.metadata});
}

static void read(Element value, std::optional<ModelRef>& out) {
  if (!value.is_object()) return;
  ModelRef& model = out.emplace();
  model.provider_id = text_member(value, {"providerID", "providerId", "provider_id"});
  model.model_id = text_member(value, {"modelID", "modelId", "model_id"});
}

// A tool's state: a word, or an object with all that became of it (tandem §3.5).
struct PartState {
  Part& part;
};
static void read(Element value, PartState& out) {
  if (!value.is_object()) {
    read(value, out.part.state);
    return;
  }
  out.part.state = text_member(value, {"status"});
  if (const auto input = member(value, "input")) read(*input, out.part.args);
  if (const auto output = member(value, "output")) read(*output, out.part.result);
}

void read(Element value, Part& out) {
  PartState state{out};
  ErrorText error{out.error};
  read_object(value, out.extra, Field{"id", out.id}, Field{"sessionID", out.session_id},
              Field{"session_id", out.session_id}, Field{"messageID", out.message_id},
              Field{"message_id", out.message_id}, Field{"type", out.type}, Field{"text", out.text},
              Field{"tool", out.tool}, Field{"args", out.args}, Field{"result", out.result},
              Field{"error", error}, Field{"state", state});
  // An engine's own form, and older ones.
  if (out.type == "tool_invocation" || out.type == "tool-invocation" || out.type == "tool-result") {
    out.type = "tool";
  }
}

static void read(Element value, MessageInfo& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_second};
  Timestamp completed_at;
  Moment completed{.at = completed_at, .nanos_per_unit = nanos_per_second};
  Json times;  // read below
  read_object(value, out.extra, Field{"id", out.id}, Field{"sessionID", out.session_id},
              Field{"session_id", out.session_id}, Field{"role", out.role}, Field{"time", times});
  const auto time = member(value, "time");
  if (!time || !time->is_object()) return;
  if (const auto at = member(*time, "created")) read(*at, created);
  if (const auto at = member(*time, "completed"); at && !at->is_null()) {
    read(*at, completed);
    out.completed_at = completed_at;
  }
}

// {info, parts}, or what an engine keeps: id, role and created_at beside the parts.
void read(Element value, Message& out) {
  Moment created{.at = out.info.created_at, .nanos_per_unit = nanos_per_second};
  read_object(value, out.extra, Field{"info", out.info}, Field{"parts", out.parts},
              Field{"id", out.info.id}, Field{"role", out.info.role},
              Field{"session_id", out.info.session_id}, Field{"created_at", created});
}

static void read_times(Element value, Session& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_second};
  Moment updated{.at = out.updated_at, .nanos_per_unit = nanos_per_second};
  if (const auto time = member(value, "time")) {
    if (const auto at = member(*time, "created")) read(*at, created);
    if (const auto at = member(*time, "updated")) read(*at, updated);
  }
  // The finer one.
  created.nanos_per_unit = nanos_per_millisecond;
  for (const char* name : {"created_at_ms", "createdAtMs"}) {
    if (const auto at = member(value, name)) read(*at, created);
  }
}

static void read(Element value, Session& out) {
  Json time;  // read below, as the next
  Json created;
  read_object(value, out.extra, Field{"id", out.id}, Field{"title", out.title},
              Field{"directory", out.directory}, Field{"workspaceRoot", out.workspace_root},
              Field{"workspace_root", out.workspace_root}, Field{"projectID", out.project_id},
              Field{"project_id", out.project_id}, Field{"model", out.model},
              Field{"archived", out.archived}, Field{"time", time}, Field{"createdAtMs", created},
              Field{"created_at_ms", created}, Field{"messages", out.messages},
              Field{"originWorkspaceRoot", out.origin_workspace_root},
              Field{"origin_workspace_root", out.origin_workspace_root},
              Field{"attachedFromWorkspace", out.attached_from_workspace},
              Field{"attached_from_workspace", out.attached_from_workspace},
              Field{"attachedToWorkspace", out.attached_to_workspace},
              Field{"attached_to_workspace", out.attached_to_workspace},
              Field{"attachReason", out.attach_reason}, Field{"attach_reason", out.attach_reason});
  read_times(value, out);
}

void read(Element value, Todo& out) {
  std::string text;
  read_object(value, out.extra, Field{"id", out.id}, Field{"content", out.content},
              Field{"text", text}, Field{"status", out.status});
  if (out.content.empty()) out.content = std::move(text);
}

static void read(Element value, std::optional<ActiveRun>& out) {
  if (!value.is_object()) return;
  ActiveRun& run = out.emplace();
  Moment started{.at = run.started_at, .nanos_per_unit = nanos_per_millisecond};
  Moment active{.at = run.last_activity_at, .nanos_per_unit = nanos_per_millisecond};
  read_object(value, run.extra, Field{"runID", run.run_id}, Field{"runId", run.run_id},
              Field{"run_id", run.run_id}, Field{"startedAtMs", started},
              Field{"started_at_ms", started}, Field{"lastActivityAtMs", active},
              Field{"last_activity_at_ms", active}, Field{"clientID", run.client_id},
              Field{"client_id", run.client_id}, Field{"agentID", run.agent_id},
              Field{"agent_id", run.agent_id}, Field{"agentProfile", run.agent_profile},
              Field{"agent_profile", run.agent_profile},
              Field{"attachEventStream", run.attach_event_stream},
              Field{"attach_event_stream", run.attach_event_stream});
}

static void read(Element value, Cancelled& out) {
  read_object(value, out.extra, Field{"ok", out.ok}, Field{"cancelled", out.cancelled});
}

static void read(Element value, SessionDiff& out) {
  read_object(value, out.extra, Field{"diff", out.diff}, Field{"files", out.files});
}

static void read(Element value, SessionSummary& out) {
  read_object(value, out.extra, Field{"ok", out.ok}, Field{"summary", out.summary});
}

static void read(Element value, Outcome& out) {
  std::optional<std::string> words;
  ErrorText error{words};
  read_object(value, out.extra, Field{"ok", out.ok}, Field{"error", error});
  out.error = std::move(words).value_or("");
}

static DecisionStatus decision(std::string_view text) {
  if (text == "pending") return DecisionStatus::pending;
  for (const std::string_view word : {"approved", "allow", "always", "once"}) {
    if (text == word) return DecisionStatus::approved;
  }
  for (const std::string_view word : {"rejected", "reject", "deny", "denied"}) {
    if (text == word) return DecisionStatus::rejected;
  }
  return DecisionStatus::unknown;
}

static void read(Element value, PermissionRequestRecord& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"sessionID", out.session_id},
              Field{"sessionId", out.session_id}, Field{"session_id", out.session_id},
              Field{"permission", out.permission}, Field{"pattern", out.pattern},
              Field{"tool", out.tool}, Field{"args", out.args}, Field{"query", out.query},
              Field{"status", out.status_text});
  out.status = decision(out.status_text);
}

static void read(Element value, PermissionRule& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"permission", out.permission},
              Field{"pattern", out.pattern}, Field{"action", out.action});
}

static void read(Element value, PermissionReplyResult& out) {
  read_object(value, out.extra, Field{"requestID", out.request_id},
              Field{"requestId", out.request_id}, Field{"request_id", out.request_id},
              Field{"reply", out.reply}, Field{"persistedRule", out.persisted_rule},
              Field{"persisted_rule", out.persisted_rule});
}

static void read(Element value, QuestionOption& out) {
  if (value.is_string()) {
    read(value, out.label);
    return;
  }
  read_object(value, out.extra, Field{"label", out.label}, Field{"description", out.description});
}

static void read(Element value, QuestionItem& out) {
  read_object(value, out.extra, Field{"header", out.header}, Field{"question", out.question},
              Field{"options", out.options}, Field{"multiple", out.multiple},
              Field{"custom", out.custom});
}

// A server may have `text` and `choices` in place of a list.
void read(Element value, QuestionRecord& out) {
  QuestionItem single;
  read_object(value, out.extra, Field{"id", out.id}, Field{"sessionID", out.session_id},
              Field{"sessionId", out.session_id}, Field{"session_id", out.session_id},
              Field{"questions", out.questions}, Field{"tool", out.tool},
              Field{"text", single.question}, Field{"choices", single.options});
  if (out.questions.empty() && !single.question.empty()) out.questions.push_back(std::move(single));
}

namespace wire {

Result<SystemHealth> health(const CallSpec& spec, const TransportReply& reply) {
  return one<SystemHealth>(spec, reply, "");
}

Result<std::vector<std::string>> tool_ids(const CallSpec& spec, const TransportReply& reply) {
  return list<std::string>(spec, reply, {"ids", "tools"}, "");
}

Result<std::vector<ToolSchema>> tools(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  const auto items = list_in(*root, {"tools"});
  if (!items) return std::vector<ToolSchema>();
  return items_of<ToolSchema>(spec, reply, *items, "name");
}

Result<ToolExecuteResult> tool_result(const CallSpec& spec, const TransportReply& reply) {
  return one<ToolExecuteResult>(spec, reply, "");
}

Result<std::vector<Event>> events(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  std::vector<std::string> texts;
  const auto items = list_in(*root, {"events"});
  if (!items) return std::vector<Event>();
  for (const Element item : *items) texts.push_back(colonnade::detail::to_json(item).dump());
  std::vector<Event> out;
  for (const std::string& text : texts) {  // each is read into the same tree
    auto incoming = event(base::SseEvent{.type = {}, .data = text, .last_event_id = {}});
    if (incoming) out.push_back(std::move(incoming->event));
  }
  return out;
}

Result<std::string> session_id(const CallSpec& spec, const TransportReply& reply) {
  auto made = session(spec, reply);
  if (!made) return std::move(made).error();
  return std::move(made->id);
}

Result<SessionList> session_list(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  const auto items = list_in(*root, {"sessions"});
  if (!items) return malformed(spec, reply, "it holds no list");
  auto sessions = items_of<Session>(spec, reply, *items, "id");
  if (!sessions) return std::move(sessions).error();
  SessionList out{.sessions = *std::move(sessions), .count = 0};
  out.count = count_in(*root, out.sessions.size());
  return out;
}

Result<Session> session(const CallSpec& spec, const TransportReply& reply) {
  return one<Session>(spec, reply, "id", "session");
}
Result<std::vector<Session>> sessions(const CallSpec& spec, const TransportReply& reply) {
  return list<Session>(spec, reply, {"sessions", "children"}, "id");
}
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply) {
  return list<Message>(spec, reply, {"messages"}, "");
}
Result<std::vector<Todo>> todos(const CallSpec& spec, const TransportReply& reply) {
  return list<Todo>(spec, reply, {"todos"}, "");
}

Result<SessionRunState> run_state(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  SessionRunState out;
  if (const auto active = member(*root, "active")) read(*active, out.active);
  return out;
}

// tandem §2.2: the id stands under any of five names, or in a header; of a conflict in `activeRun`.
static std::string run_id_in(Element root) {
  static constexpr std::initializer_list<std::string_view> names{"id", "runID", "runId", "run_id"};
  std::string id = text_member(root, names);
  for (const std::string_view holder : {"run", "activeRun"}) {
    const auto nested = member(root, holder);
    if (id.empty() && nested) id = text_member(*nested, names);
  }
  return id;
}

Result<PromptAsyncResult> started_run(const CallSpec& spec, const TransportReply& reply) {
  PromptAsyncResult out{.conflict = reply.status == 409};
  const std::string* named = colonnade::detail::find_header(reply.headers, "x-tandem-run-id");
  if (named != nullptr) out.run_id = *named;
  const auto document = colonnade::detail::parse_document(reply.body);
  if (document && document->is_object()) {
    std::int64_t retry_after = 0;
    Json ids;  // read below
    read_object(*document, out.extra, Field{"attachEventStream", out.attach_event_stream},
                Field{"retryAfterMs", retry_after}, Field{"id", ids}, Field{"runID", ids},
                Field{"runId", ids}, Field{"run_id", ids});
    out.retry_after = std::chrono::milliseconds(retry_after);
    std::string id = run_id_in(*document);
    if (!id.empty()) out.run_id = std::move(id);
  }
  if (!out.run_id.empty()) return out;
  if (reply.status != 409) return malformed(spec, reply, "Run ID missing in engine response");
  CallSpec strict = spec;
  strict.also_accepted = 0;
  auto refused = colonnade::detail::refusal(strict, reply.status, reply.body);
  return *std::move(refused);
}

Result<std::string> answer(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  if (root->is_array()) {
    const auto all = messages(spec, reply);
    if (!all) return all.error();
    return answer_in(*all).value_or("");
  }
  for (const std::string_view name : {"reply", "text", "output"}) {
    std::string_view text;
    const auto value = member(*root, name);
    if (value && value->get(text) == simdjson::SUCCESS) return std::string(text);
  }
  return malformed(spec, reply, "it lacks \"reply\"");
}

std::optional<std::string> answer_in(const std::vector<Message>& messages) {
  std::optional<std::string> out;
  for (const Message& message : messages) {
    if (message.info.role == "user") out.reset();
    if (message.info.role == "assistant" && !message.text().empty()) out = message.text();
  }
  return out;
}

Result<Cancelled> cancelled(const CallSpec& spec, const TransportReply& reply) {
  return one<Cancelled>(spec, reply, "");
}
Result<SessionDiff> diff(const CallSpec& spec, const TransportReply& reply) {
  return one<SessionDiff>(spec, reply, "");
}
Result<SessionSummary> summary(const CallSpec& spec, const TransportReply& reply) {
  return one<SessionSummary>(spec, reply, "");
}
Result<Outcome> outcome(const CallSpec& spec, const TransportReply& reply) {
  return one<Outcome>(spec, reply, "");
}

Result<PermissionSnapshot> permissions(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  const auto items = list_in(*root, {"requests"});
  if (!items) return malformed(spec, reply, "it lacks \"requests\"");
  auto requests = items_of<PermissionRequestRecord>(spec, reply, *items, "id");
  if (!requests) return std::move(requests).error();
  PermissionSnapshot out{.requests = *std::move(requests), .rules = {}};
  if (const auto rules = member(*root, "rules")) read(*rules, out.rules);
  return out;
}

Result<std::vector<QuestionRecord>> questions(const CallSpec& spec, const TransportReply& reply) {
  return list<QuestionRecord>(spec, reply, {"questions"}, "id");
}

// A refusal that came with HTTP 200 (tandem §1.5, family F).
static std::optional<Failure> soft_refusal(const CallSpec& spec, const TransportReply& reply,
                                           Element root) {
  Outcome out;
  read(root, out);
  if (out.ok) return std::nullopt;
  return Failure{.kind = ErrorKind::http,
                 .message = std::string(spec.method) + " " + spec.path + " was refused" +
                            (out.error.empty() ? "" : ": " + out.error),
                 .status = reply.status,
                 .body = reply.body};
}

Result<PermissionReplyResult> permission_reply_result(const CallSpec& spec,
                                                      const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  if (auto refused = soft_refusal(spec, reply, *root)) return *std::move(refused);
  PermissionReplyResult out;
  read(*root, out);
  return out;
}

Result<bool> accepted(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::parse_document(reply.body);
  if (!root || !member(*root, "ok")) return true;  // PY ignores the body
  if (auto refused = soft_refusal(spec, reply, *root)) return *std::move(refused);
  return true;
}

Result<Json> any_json(const CallSpec& spec, const TransportReply& reply) {
  if (reply.body.empty()) return Json();
  const auto root = open(spec, reply);
  if (!root) return root.error();
  return colonnade::detail::to_json(*root);
}

Result<std::string> any_text(const CallSpec&, const TransportReply& reply) { return reply.body; }

Result<bool> done(const CallSpec&, const TransportReply&) { return true; }

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
