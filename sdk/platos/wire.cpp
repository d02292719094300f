#include "sdk/platos/wire.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

using colonnade::detail::CallSpec;
using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::Kind;
using colonnade::detail::read;
using colonnade::detail::read_object;
using colonnade::detail::Required;
using ElementArray = simdjson::dom::array;
using ElementObject = simdjson::dom::object;

namespace {

constexpr double cents_per_usd = 100;

}  // namespace

// --- reading
// --------------------------------------------------------------------------------------
// Not in an unnamed namespace: the readers of lists find them by their argument.

static void read(Element value, Agent& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"slug", out.slug}, Field{"model", out.model},
              Field{"systemPrompt", out.system_prompt}, Field{"isActive", out.is_active},
              Field{"currentVersionId", out.current_version_id}, Field{"createdAt", out.created_at},
              Field{"updatedAt", out.updated_at});
}

static void read(Element value, AgentVersion& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"versionNumber", out.version_number}, Field{"createdBy", out.created_by},
              Field{"note", out.note}, Field{"snapshot", out.snapshot},
              Field{"createdAt", out.created_at}, Field{"isCurrent", out.is_current},
              Field{"isCanary", out.is_canary});
}

static void read(Element value, Thread& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"userId", out.user_id}, Field{"title", out.title}, Field{"status", out.status},
              Field{"turnCount", out.turn_count}, Field{"tags", out.tags},
              Field{"archivedAt", out.archived_at}, Field{"createdAt", out.created_at},
              Field{"updatedAt", out.updated_at});
}

static void read(Element value, Message& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"threadId", out.thread_id},
              Field{"role", out.role}, Field{"content", out.content},
              Field{"toolCalls", out.tool_calls}, Field{"thinkingContent", out.thinking_content},
              Field{"responseJson", out.response_json}, Field{"createdAt", out.created_at});
}

static void read(Element value, Artifact& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"threadId", out.thread_id},
              Field{"artifactKey", out.artifact_key}, Field{"revision", out.revision},
              Field{"kind", out.kind}, Field{"title", out.title}, Field{"language", out.language},
              Field{"content", out.content}, Field{"metadata", out.metadata},
              Field{"createdAt", out.created_at}, Field{"revisionCount", out.revision_count});
}

static void read(Element value, Approval& out) {
  std::string question;
  std::optional<std::string> context;
  read_object(value, out.extra, Field{"approvalId", out.approval_id}, Field{"status", out.status},
              Field{"agentId", out.agent_id}, Field{"threadId", out.thread_id},
              Field{"runId", out.run_id}, Field{"action", out.action}, Field{"question", question},
              Field{"details", out.details}, Field{"context", context},
              Field{"toolName", out.tool_name}, Field{"args", out.args},
              Field{"comment", out.comment}, Field{"createdAt", out.created_at},
              Field{"resolvedAt", out.resolved_at});
  if (out.action.empty()) out.action = std::move(question);
  if (!out.details) out.details = std::move(context);
  const Json* id = out.extra.find("id");
  if (out.approval_id.empty() && id != nullptr && id->is_string()) {
    out.approval_id = id->as_string();
  }
}

static void read(Element value, Cap& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"scopeType", out.scope_type},
              Field{"targetId", out.target_id}, Field{"period", out.period},
              Field{"limitCents", out.limit_cents}, Field{"runsLimit", out.runs_limit},
              Field{"enabled", out.enabled});
}

static void read(Element value, CapStatus& out) {
  read_object(value, out.extra, Field{"cap", out.cap}, Field{"windowKey", out.window_key},
              Field{"spentCents", out.spent_cents}, Field{"reservedCents", out.reserved_cents},
              Field{"runs", out.runs}, Field{"percent", out.percent},
              Field{"blocked", out.blocked});
}

static void read(Element value, TurnRun& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"threadId", out.thread_id}, Field{"status", out.status},
              Field{"costCents", out.cost_cents}, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens}, Field{"createdAt", out.created_at});
}

static void read(Element value, TraceRow& out) {
  read_object(value, out.extra, Field{"traceId", out.trace_id}, Field{"threadId", out.thread_id},
              Field{"agentId", out.agent_id}, Field{"status", out.status},
              Field{"turnCount", out.turn_count}, Field{"totalCostCents", out.total_cost_cents},
              Field{"createdAt", out.created_at}, Field{"updatedAt", out.updated_at});
}

static void read(Element value, Span& out) {
  read_object(value, out.extra, Field{"traceId", out.trace_id}, Field{"spanId", out.span_id},
              Field{"parentSpanId", out.parent_span_id}, Field{"name", out.name},
              Field{"kind", out.kind}, Field{"status", out.status},
              Field{"durationMs", out.duration_ms}, Field{"attributes", out.attributes});
}

static void read(Element value, AgentCost& out) {
  read_object(value, out.extra, Field{"agentId", out.agent_id}, Field{"agentName", out.agent_name},
              Field{"costCents", out.cost_cents}, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens});
  out.usd = out.cost_cents / cents_per_usd;
}

static void read(Element value, DayCost& out) {
  read_object(value, out.extra, Field{"day", out.day}, Field{"costCents", out.cost_cents},
              Field{"runs", out.runs}, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens});
  out.usd = out.cost_cents / cents_per_usd;
}

static void read(Element value, BackgroundTask& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name});
}

static void read(Element value, RunHandle& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"isCached", out.is_cached},
              Field{"publicAccessToken", out.public_access_token});
}

static void read(Element value, Run& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"taskId", out.task_id},
              Field{"status", out.status}, Field{"error", out.error}, Field{"output", out.output},
              Field{"metadata", out.metadata}, Field{"createdAt", out.created_at},
              Field{"startedAt", out.started_at}, Field{"finishedAt", out.finished_at});
}

static void read(Element value, Schedule& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"taskId", out.task_id},
              Field{"cron", out.cron}, Field{"timezone", out.timezone}, Field{"active", out.active},
              Field{"lastRunAt", out.last_run_at}, Field{"nextRunAt", out.next_run_at});
}

static void read(Element value, BatchHandle& out) {
  read_object(value, out.extra, Field{"batchId", out.batch_id}, Field{"runIds", out.run_ids});
}

static void read(Element value, Batch& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"status", out.status},
              Field{"runIds", out.run_ids});
}

static void read(Element value, Usage& out) {
  read_object(value, out.extra, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens}, Field{"totalTokens", out.total_tokens},
              Field{"cachedTokens", out.cached_tokens},
              Field{"reasoningTokens", out.reasoning_tokens}, Field{"costCents", out.cost_cents});
  out.cost_usd = out.cost_cents / cents_per_usd;
}

static void read(Element value, std::optional<Usage>& out) {
  if (value.is_object()) read(value, out.emplace());
}

namespace wire {
namespace {

using Writer = base::JsonWriter;

Failure not_promised(const CallSpec& spec, const TransportReply& reply, std::string_view why) {
  return colonnade::detail::malformed(spec, reply, "Platos", why);
}

// One object whose text member `required` tells it from anything else; under `wrapper` in some
// replies.
template <class T>
Result<T> one(const CallSpec& spec, const TransportReply& reply, std::string_view required) {
  const auto root =
      colonnade::detail::open_object(spec, reply, "Platos", {Required{required, Kind::string}});
  if (!root) return root.error();
  T out;
  read(*root, out);
  return out;
}

// The list under the first of `names` that is one; a bare list, too.
std::optional<ElementArray> list_under(Element root, std::initializer_list<const char*> names) {
  ElementArray items;
  if (root.get(items) == simdjson::SUCCESS) return items;
  ElementObject members;
  if (root.get(members) != simdjson::SUCCESS) return std::nullopt;
  for (const char* name : names) {
    if (members.at_key(name).get(items) == simdjson::SUCCESS) return items;
  }
  return std::nullopt;
}

template <class T>
Result<std::vector<T>> list(const CallSpec& spec, const TransportReply& reply,
                            std::initializer_list<const char*> names) {
  const auto root = colonnade::detail::parse_document(reply.body);
  if (!root) return not_promised(spec, reply, root.error().message);
  const auto items = list_under(*root, names);
  if (!items) {
    return not_promised(spec, reply, "it lacks the list \"" + std::string(*names.begin()) + "\"");
  }
  std::vector<T> out;
  for (const Element item : *items) {
    if (!item.is_object()) return not_promised(spec, reply, "an entry of the list is no object");
    read(item, out.emplace_back());
  }
  return out;
}

// The member as text, "" when it is none.
std::string member_text(Element object, const char* name) {
  std::string out;
  Element value;
  if (object.at_key(name).get(value) == simdjson::SUCCESS) read(value, out);
  return out;
}

std::int64_t member_int(Element object, const char* name) {
  std::int64_t out = 0;
  Element value;
  if (object.at_key(name).get(value) == simdjson::SUCCESS) read(value, out);
  return out;
}

}  // namespace

Result<std::vector<Agent>> agents(const CallSpec& spec, const TransportReply& reply) {
  return list<Agent>(spec, reply, {"agents"});
}
Result<Agent> agent(const CallSpec& spec, const TransportReply& reply) {
  return one<Agent>(spec, reply, "id");
}
Result<std::vector<AgentVersion>> versions(const CallSpec& spec, const TransportReply& reply) {
  return list<AgentVersion>(spec, reply, {"versions"});
}
Result<std::vector<Thread>> threads(const CallSpec& spec, const TransportReply& reply) {
  return list<Thread>(spec, reply, {"threads"});
}
Result<Thread> thread(const CallSpec& spec, const TransportReply& reply) {
  return one<Thread>(spec, reply, "id");
}
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply) {
  return list<Message>(spec, reply, {"messages"});
}
Result<MessagePage> message_page(const CallSpec& spec, const TransportReply& reply) {
  auto rows = messages(spec, reply);
  if (!rows) return std::move(rows).error();
  MessagePage page{.messages = *std::move(rows)};
  const auto root = colonnade::detail::parse_document(reply.body);
  if (root && root->is_object()) page.total = member_int(*root, "total");
  page.total = std::max(page.total, static_cast<std::int64_t>(page.messages.size()));
  return page;
}
Result<std::vector<Artifact>> artifacts(const CallSpec& spec, const TransportReply& reply) {
  return list<Artifact>(spec, reply, {"artifacts"});
}
Result<std::vector<Approval>> approvals(const CallSpec& spec, const TransportReply& reply) {
  return list<Approval>(spec, reply, {"approvals", "rows"});
}
Result<Approval> approval(const CallSpec& spec, const TransportReply& reply) {
  const auto root =
      colonnade::detail::open_object(spec, reply, "Platos", {Required{"status", Kind::string}});
  if (!root) return root.error();
  Approval out;
  read(*root, out);
  return out;
}

Result<ResolvedApproval> resolved(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  ResolvedApproval out;
  std::optional<bool> approved;
  Element value;
  bool flag = false;
  if (root->at_key("approved").get(flag) == simdjson::SUCCESS) approved = flag;
  if (!approved && root->at_key("status").get(value) == simdjson::SUCCESS) {
    approved = member_text(*root, "status") == "approved";
  }
  if (!approved) {
    return not_promised(spec, reply, "it says neither \"approved\" nor a \"status\"");
  }
  read_object(*root, out.extra, Field{"approvalId", out.approval_id}, Field{"approved", flag},
              Field{"editedArgsApplied", out.edited_args_applied});
  if (out.approval_id.empty()) out.approval_id = member_text(*root, "id");
  out.approved = *approved;
  return out;
}

Result<std::vector<Cap>> caps(const CallSpec& spec, const TransportReply& reply) {
  return list<Cap>(spec, reply, {"caps"});
}

Result<BudgetStatus> budget_status(const CallSpec& spec, const TransportReply& reply) {
  auto caps = list<CapStatus>(spec, reply, {"caps"});
  if (!caps) return std::move(caps).error();
  BudgetStatus out{.caps = *std::move(caps)};
  const auto root = colonnade::detail::parse_document(reply.body);
  ElementObject members;
  if (root && root->get(members) == simdjson::SUCCESS) {
    bool blocked = false;
    if (members.at_key("blocked").get(blocked) == simdjson::SUCCESS) out.blocked = blocked;
    out.reason = member_text(*root, "reason");
  }
  double nearest = -1;
  for (const CapStatus& status : out.caps) {
    out.blocked = out.blocked || status.blocked;
    if (status.cap.limit_cents <= 0) continue;
    const double used = status.spent_cents / status.cap.limit_cents;
    if (used <= nearest) continue;
    nearest = used;
    out.spent_usd = status.spent_cents / cents_per_usd;
    out.cap_usd = status.cap.limit_cents / cents_per_usd;
  }
  return out;
}

Result<std::vector<TurnRun>> turn_runs(const CallSpec& spec, const TransportReply& reply) {
  return list<TurnRun>(spec, reply, {"runs"});
}
Result<std::vector<TurnRun>> turn_runs_of_threads(const CallSpec& spec,
                                                  const TransportReply& reply) {
  auto rows = trace_rows(spec, reply);
  if (!rows) return std::move(rows).error();
  std::vector<TurnRun> out;
  for (TraceRow& row : *rows) {
    const auto tokens = [&](std::string_view name) {
      const Json* value = row.extra.find(name);
      return value != nullptr && value->is_integer() ? value->as_int64() : 0;
    };
    out.push_back({.id = std::move(row.trace_id),
                   .agent_id = std::move(row.agent_id),
                   .thread_id = std::move(row.thread_id),
                   .status = std::move(row.status),
                   .cost_cents = row.total_cost_cents,
                   .input_tokens = tokens("totalInputTokens"),
                   .output_tokens = tokens("totalOutputTokens"),
                   .created_at = row.created_at,
                   .extra = std::move(row.extra)});
  }
  return out;
}
Result<std::vector<TraceRow>> trace_rows(const CallSpec& spec, const TransportReply& reply) {
  return list<TraceRow>(spec, reply, {"traces"});
}
Result<std::vector<Span>> spans(const CallSpec& spec, const TransportReply& reply) {
  return list<Span>(spec, reply, {"spans"});
}
Result<std::vector<AgentCost>> agent_costs(const CallSpec& spec, const TransportReply& reply) {
  return list<AgentCost>(spec, reply, {"rollup", "rows"});
}
Result<std::vector<DayCost>> day_costs(const CallSpec& spec, const TransportReply& reply) {
  return list<DayCost>(spec, reply, {"rollup", "rows"});
}
Result<DayCost> cost_of_a_day(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  DayCost out;
  read(*root, out);
  return out;
}
Result<std::vector<BackgroundTask>> tasks(const CallSpec& spec, const TransportReply& reply) {
  return list<BackgroundTask>(spec, reply, {"tasks"});
}
Result<RunHandle> run_handle(const CallSpec& spec, const TransportReply& reply) {
  return one<RunHandle>(spec, reply, "id");
}
Result<std::vector<Run>> runs(const CallSpec& spec, const TransportReply& reply) {
  return list<Run>(spec, reply, {"runs"});
}
Result<Run> run(const CallSpec& spec, const TransportReply& reply) {
  return one<Run>(spec, reply, "id");
}
Result<std::vector<Schedule>> schedules(const CallSpec& spec, const TransportReply& reply) {
  return list<Schedule>(spec, reply, {"schedules"});
}
Result<Schedule> schedule(const CallSpec& spec, const TransportReply& reply) {
  return one<Schedule>(spec, reply, "id");
}
Result<BatchHandle> batch_handle(const CallSpec& spec, const TransportReply& reply) {
  return one<BatchHandle>(spec, reply, "batchId");
}
Result<Batch> batch(const CallSpec& spec, const TransportReply& reply) {
  return one<Batch>(spec, reply, "id");
}
Result<bool> done(const CallSpec&, const TransportReply&) { return true; }

Result<Json> any_json(const CallSpec&, const TransportReply& reply) {
  if (reply.body.empty()) return Json();
  auto parsed = Json::try_parse(reply.body);
  if (!parsed) return Json(reply.body);
  return *std::move(parsed);
}

int hidden_status(const std::string& body) {
  if (body.find("\"error\"") == std::string::npos) return 0;
  const auto root = colonnade::detail::parse_document(body);
  if (!root || !root->is_object()) return 0;
  Element error;
  if (root->at_key("error").get(error) != simdjson::SUCCESS || !error.is_string()) return 0;
  const std::int64_t status = member_int(*root, "status");
  return status >= 400 && status < 600 ? static_cast<int>(status) : 0;
}

// --- writing
// --------------------------------------------------------------------------------------

namespace {

// The caller's own Json as part of a body; null becomes `otherwise`.
std::string_view text_or(std::string& held, const Json& value, std::string_view otherwise) {
  if (value.is_null()) return otherwise;
  held = value.dump();
  return held;
}

void write_unless_empty(Writer& writer, std::string_view name, std::string_view value) {
  if (!value.empty()) writer.field(name, value);
}

}  // namespace

std::string create_thread(const CreateThread& request) {
  std::string out;
  Writer writer(out);
  writer.object().field("agentId", request.agent_id).key("title");
  if (request.title) {
    writer.value(*request.title);
  } else {
    writer.null();
  }
  writer.end_object();
  return out;
}

// Both dialects at once: a real server reads `approved` alone, others `response` (platos §2.3).
std::string resolve(const Resolution& resolution) {
  const bool approved = resolution.verdict == Verdict::approve;
  std::string out;
  Writer writer(out);
  writer.object()
      .field("approved", approved)
      .field("response", std::string_view(approved ? "approve" : "reject"));
  write_unless_empty(writer, "comment", resolution.reason);
  write_unless_empty(writer, "reason", resolution.reason);
  if (!resolution.edited_args.is_null()) {
    writer.key("editedArgs").raw(resolution.edited_args.dump());
  }
  writer.end_object();
  return out;
}

std::string trigger(const Json& payload, const Json& options) {
  std::string out;
  std::string held;
  Writer writer(out);
  writer.object().key("payload").raw(payload.dump()).key("options");
  writer.raw(text_or(held, options, "{}")).end_object();
  return out;
}

std::string trigger_batch(const std::vector<Json>& payloads, const Json& options) {
  std::string out;
  std::string held;
  Writer writer(out);
  writer.object().key("payloads").array();
  for (const Json& payload : payloads) writer.raw(payload.dump());
  writer.end_array().key("options").raw(text_or(held, options, "{}")).end_object();
  return out;
}

std::string create_schedule(const CreateSchedule& request) {
  std::string out;
  Writer writer(out);
  writer.object().field("taskId", request.task_id).field("cron", request.cron);
  write_unless_empty(writer, "timezone", request.timezone);
  if (!request.payload.is_null()) writer.key("payload").raw(request.payload.dump());
  writer.end_object();
  return out;
}

// --- the socket
// -----------------------------------------------------------------------------------

namespace {

constexpr std::string_view agent_namespace = "/agent,";

std::string event_packet(std::string_view name, std::string_view payload) {
  std::string out = "42";
  out += agent_namespace;
  out += "[\"";
  out += name;
  out += "\",";
  out += payload;
  out += ']';
  return out;
}

PacketKind kind_of(char type) {
  switch (type) {
    case '0': return PacketKind::joined;
    case '1': return PacketKind::left;
    case '2': return PacketKind::event;
    case '4': return PacketKind::refused;
    default: return PacketKind::unimportant;
  }
}

}  // namespace

Packet read_packet(std::string_view text) {
  if (text.empty()) return {};
  const char engine = text.front();
  text.remove_prefix(1);
  switch (engine) {
    case '0': return {.kind = PacketKind::open, .data = text};
    case '1': return {.kind = PacketKind::close};
    case '2': return {.kind = PacketKind::ping, .data = text};
    case '4': break;
    default: return {};
  }
  if (text.empty()) return {};
  const PacketKind kind = kind_of(text.front());
  text.remove_prefix(1);
  // Packets of other namespaces, the main one among them, are nothing to us.
  if (!text.starts_with("/agent")) return {};
  text.remove_prefix(agent_namespace.size() - 1);
  if (!text.empty() && text.front() != ',') return {};
  if (!text.empty()) text.remove_prefix(1);
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    text.remove_prefix(1);  // an acknowledgement's id, which nobody waits for
  }
  return {.kind = kind, .data = text};
}

std::optional<std::int64_t> silence_ms(std::string_view open_data) {
  const auto root = colonnade::detail::parse_document(open_data);
  if (!root || !root->is_object()) return std::nullopt;
  const std::int64_t interval = member_int(*root, "pingInterval");
  const std::int64_t timeout = member_int(*root, "pingTimeout");
  constexpr std::int64_t longest = 24LL * 3600 * 1000;
  if (interval <= 0 || timeout <= 0 || interval > longest || timeout > longest) return std::nullopt;
  return interval + timeout;
}

Refused read_refused(std::string_view data) {
  Refused out;
  const auto root = colonnade::detail::parse_document(data);
  if (!root || !root->is_object()) return out;
  out.message = member_text(*root, "message");
  Element inner;
  if (root->at_key("data").get(inner) == simdjson::SUCCESS && inner.is_object()) {
    out.status = static_cast<int>(member_int(inner, "status"));
    out.code = member_text(inner, "code");
  }
  return out;
}

namespace {

Event::Value read_artifact_event(Element value, const std::string& type) {
  Json rest;
  if (type == "artifact_start") {
    ArtifactStart out;
    read_object(value, rest, Field{"artifactId", out.artifact_id},
                Field{"artifactKey", out.artifact_key}, Field{"kind", out.kind},
                Field{"revision", out.revision}, Field{"title", out.title}, Field{"op", out.op});
    return out;
  }
  if (type == "artifact_delta") {
    ArtifactDelta out;
    read_object(value, rest, Field{"artifactId", out.artifact_id},
                Field{"artifactKey", out.artifact_key}, Field{"chunk", out.chunk});
    return out;
  }
  if (type == "artifact_committed") {
    ArtifactCommitted out;
    read_object(value, rest, Field{"artifactId", out.artifact_id},
                Field{"artifactKey", out.artifact_key}, Field{"kind", out.kind},
                Field{"revision", out.revision}, Field{"title", out.title},
                Field{"finalContent", out.final_content}, Field{"truncated", out.truncated});
    return out;
  }
  ArtifactError out;
  read_object(value, rest, Field{"artifactKey", out.artifact_key}, Field{"code", out.code},
              Field{"message", out.message});
  return out;
}

Event::Value read_tool_or_run_event(Element value, const std::string& type) {
  Json rest;
  if (type == "tool_call") {
    ToolCall out;
    read_object(value, rest, Field{"name", out.name}, Field{"params", out.params},
                Field{"callId", out.call_id});
    return out;
  }
  if (type == "tool_result") {
    ToolResult out;
    read_object(value, rest, Field{"name", out.name}, Field{"result", out.result},
                Field{"callId", out.call_id}, Field{"isError", out.is_error},
                Field{"display", out.display});
    return out;
  }
  RunUpdate out;
  std::string job;  // its name in later versions
  read_object(value, rest, Field{"runId", out.run_id}, Field{"jobId", job},
              Field{"status", out.status}, Field{"metadata", out.metadata},
              Field{"output", out.output}, Field{"error", out.error});
  if (out.run_id.empty()) out.run_id = std::move(job);
  return out;
}

Failed read_failed(Element value) {
  Failed out;
  Json rest;
  double seconds = -1;
  read_object(value, rest, Field{"message", out.message}, Field{"code", out.code},
              Field{"retryAfterSeconds", seconds});
  if (seconds >= 0) out.retry_after_seconds = seconds;
  return out;
}

Done read_done(Element value) {
  Done out;
  Json rest;
  read_object(value, rest, Field{"stopped", out.stopped}, Field{"usage", out.usage});
  return out;
}

Event::Value read_event_value(Element value, const std::string& type) {
  Json rest;
  if (type == "token") return Token{.text = member_text(value, "text")};
  if (type == "thinking") return Thinking{.text = member_text(value, "text")};
  if (type == "status") return Status{.status = member_text(value, "status")};
  if (type == "message_boundary") return MessageBoundary{};
  if (type == "done") return read_done(value);
  if (type == "error") return read_failed(value);
  if (type == "meta") {
    Meta out;
    read_object(value, rest, Field{"thread_id", out.thread_id}, Field{"agent_id", out.agent_id},
                Field{"usage", out.usage});
    return out;
  }
  if (type == "tool_call" || type == "tool_result" || type == "run_update" ||
      type == "job_update") {
    return read_tool_or_run_event(value, type);
  }
  if (type == "artifact_start" || type == "artifact_delta" || type == "artifact_committed" ||
      type == "artifact_error") {
    return read_artifact_event(value, type);
  }
  if (type == "approval_needed") {
    ApprovalNeeded out;
    read_object(value, rest, Field{"approvalId", out.approval_id}, Field{"action", out.action},
                Field{"details", out.details}, Field{"agentId", out.agent_id},
                Field{"requestedBy", out.requested_by});
    return out;
  }
  if (type == "approval_resolved") {
    ApprovalResolved out;
    read_object(value, rest, Field{"approvalId", out.approval_id}, Field{"status", out.status},
                Field{"respondedBy", out.responded_by});
    return out;
  }
  if (type == "safety_flags") {
    SafetyFlags out;
    read_object(value, rest, Field{"flags", out.flags});
    return out;
  }
  if (type == "structured_output") {
    StructuredOutput out;
    read_object(value, rest, Field{"object", out.object}, Field{"attempts", out.attempts},
                Field{"retryCount", out.attempts});
    return out;
  }
  if (type == "message_persisted") {
    MessagePersisted out;
    read_object(value, rest, Field{"messageId", out.message_id},
                Field{"costCents", out.cost_cents});
    return out;
  }
  return OtherEvent{.type = type, .data = colonnade::detail::to_json(value)};
}

}  // namespace

std::optional<Incoming> read_event(std::string_view data) {
  const auto root = colonnade::detail::parse_document(data);
  if (!root) return std::nullopt;
  ElementArray items;
  std::string_view name;
  if (root->get(items) != simdjson::SUCCESS) return std::nullopt;
  if (items.at(0).get(name) != simdjson::SUCCESS) return std::nullopt;
  Incoming out{.name = std::string(name)};
  Element value;
  if (items.at(1).get(value) != simdjson::SUCCESS || !value.is_object()) return out;
  out.type = name == "agent_event" ? member_text(value, "type") : std::string(name);
  out.thread_id = member_text(value, "threadId");
  out.code = member_text(value, "code");
  out.message = member_text(value, "message");
  out.approval_id = member_text(value, "approvalId");
  out.status = static_cast<int>(member_int(value, "status"));
  out.seq = member_int(value, "_seq");
  out.event = Event(read_event_value(value, out.type), std::string(simdjson::minify(value)));
  return out;
}

std::string join(const Json& credentials) {
  std::string out = "40";
  out += agent_namespace;
  return out + credentials.dump();
}

std::string send_message(std::string_view thread_id, std::string_view message,
                         const SendOptions& options) {
  std::string payload;
  Writer writer(payload);
  writer.object().field("message", message).field("threadId", thread_id);
  write_unless_empty(writer, "agentId", options.agent_id);
  write_unless_empty(writer, "contextType", options.context_type);
  write_unless_empty(writer, "contextId", options.context_id);
  if (!options.dynamic_blocks.empty()) {
    writer.key("dynamicBlocks").object();
    for (const auto& [key, text] : options.dynamic_blocks) writer.field(key, text);
    writer.end_object();
  }
  if (!options.attachment_ids.empty()) {
    writer.key("attachmentIds").array();
    for (const std::string& id : options.attachment_ids) writer.value(id);
    writer.end_array();
  }
  write_unless_empty(writer, "modelLabel", options.model_label);
  write_unless_empty(writer, "replyToMessageId", options.reply_to_message_id);
  write_unless_empty(writer, "idempotencyKey", options.idempotency_key);
  writer.end_object();
  return event_packet("message", payload);
}

std::string resume(std::string_view thread_id, std::int64_t last_seq) {
  std::string payload;
  Writer writer(payload);
  writer.object().field("threadId", thread_id);
  if (last_seq > 0) writer.field("lastSeq", last_seq);
  writer.end_object();
  return event_packet("resume_stream", payload);
}

}  // namespace wire

// --- events
// ---------------------------------------------------------------------------------------

std::string_view Event::type() const noexcept {
  // In the order of Value.
  constexpr std::string_view names[] = {"connected",
                                        "disconnected",
                                        "reconnecting",
                                        "meta",
                                        "status",
                                        "token",
                                        "message_boundary",
                                        "thinking",
                                        "tool_call",
                                        "tool_result",
                                        "approval_needed",
                                        "approval_resolved",
                                        "artifact_start",
                                        "artifact_delta",
                                        "artifact_committed",
                                        "artifact_error",
                                        "safety_flags",
                                        "structured_output",
                                        "run_update",
                                        "message_persisted",
                                        "error",
                                        "done"};
  static_assert(std::size(names) + 1 == std::variant_size_v<Value>);
  if (const auto* other = as<OtherEvent>()) return other->type;
  return names[value_.index()];
}

Json Event::data() const {
  if (!raw_.empty()) {
    Json out = Json::parse(raw_);
    if (!out.contains("type")) out.set("type", type());  // the bare events of a real server
    return out;
  }
  Json out{{"type", type()}};
  if (const auto* lost = as<Disconnected>()) out.set("reason", lost->reason);
  if (const auto* again = as<Reconnecting>()) out.set("attempt", again->attempt);
  if (const auto* token = as<Token>()) out.set("text", token->text);
  if (const auto* failed = as<Failed>()) out.set("message", failed->message);
  if (const auto* end = as<Done>(); end != nullptr && end->stopped) out.set("stopped", true);
  if (const auto* other = as<OtherEvent>()) return other->data;
  return out;
}

}  // namespace colonnade::inline v1::platos
