#include "sdk/platos/wire.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "sdk/platos/members.hpp"
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

static void read(Element value, Attachment& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"kind", out.kind},
              Field{"mimeType", out.mime_type}, Field{"bytes", out.bytes},
              Field{"originalName", out.original_name}, Field{"expiresAt", out.expires_at});
}

static void read(Element value, Answer& out) {
  read_object(value, out.extra, Field{"messageId", out.message_id},
              Field{"threadId", out.thread_id}, Field{"agentId", out.agent_id},
              Field{"content", out.content}, Field{"stopped", out.stopped},
              Field{"usage", out.usage});
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
  out.usd = out.cost_cents / wire::cents_per_usd;
}

static void read(Element value, DayCost& out) {
  read_object(value, out.extra, Field{"day", out.day}, Field{"costCents", out.cost_cents},
              Field{"runs", out.runs}, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens});
  out.usd = out.cost_cents / wire::cents_per_usd;
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

}  // namespace

Result<std::vector<Agent>> agents(const CallSpec& spec, const TransportReply& reply) {
  return list<Agent>(spec, reply, {"agents"});
}
Result<Agent> agent(const CallSpec& spec, const TransportReply& reply) {
  return one<Agent>(spec, reply, "id");
}
Result<Agent> wrapped_agent(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  Element inner;
  if (root->at_key("agent").get(inner) != simdjson::SUCCESS || !inner.is_object()) {
    return not_promised(spec, reply, "it lacks the object \"agent\"");
  }
  Agent out;
  read(inner, out);
  return out;
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
Result<Attachment> attachment(const CallSpec& spec, const TransportReply& reply) {
  return one<Attachment>(spec, reply, "id");
}
Result<Answer> answer(const CallSpec& spec, const TransportReply& reply) {
  return one<Answer>(spec, reply, "content");
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
    out.spent_usd = status.spent_cents / wire::cents_per_usd;
    out.cap_usd = status.cap.limit_cents / wire::cents_per_usd;
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

template <class T>
void write_if_set(Writer& writer, std::string_view name, const std::optional<T>& value) {
  if (value) writer.field(name, *value);
}

}  // namespace

Result<std::string> agent_settings(const AgentSettings& settings) {
  std::string out;
  Writer writer(out);
  writer.object();
  write_if_set(writer, "name", settings.name);
  write_if_set(writer, "slug", settings.slug);
  write_if_set(writer, "model", settings.model);
  write_if_set(writer, "systemPrompt", settings.system_prompt);
  write_if_set(writer, "maxSteps", settings.max_steps);
  write_if_set(writer, "contextLimit", settings.context_limit);
  write_if_set(writer, "isActive", settings.is_active);
  write_if_set(writer, "visibility", settings.visibility);
  if (!settings.more.is_null() && !settings.more.is_object()) {
    return colonnade::detail::usage("AgentSettings::more is no object");
  }
  if (settings.more.is_object()) {
    for (const auto& [name, value] : settings.more.as_object()) {
      writer.key(name).raw(value.dump());
    }
  }
  writer.end_object();
  return out;
}

std::string canary(std::string_view version_id, std::int64_t percent) {
  std::string out;
  Writer writer(out);
  writer.object().key("canaryVersionId");
  version_id.empty() ? writer.null() : writer.value(version_id);
  writer.field("canaryPercent", percent).end_object();
  return out;
}

std::string rename(std::string_view title) {
  std::string out;
  Writer writer(out);
  writer.object().key("title");
  title.empty() ? writer.null() : writer.value(title);
  writer.end_object();
  return out;
}

std::string tags(const std::vector<std::string>& tags) {
  std::string out;
  Writer writer(out);
  writer.object().key("tags").array();
  for (const std::string& tag : tags) writer.value(tag);
  writer.end_array().end_object();
  return out;
}

std::string fork(const ForkThread& request) {
  std::string out;
  Writer writer(out);
  writer.object();
  write_unless_empty(writer, "messageId", request.message_id);
  write_if_set(writer, "title", request.title);
  writer.end_object();
  return out;
}

std::string ask(std::string_view message, const SendOptions& options) {
  std::string out;
  Writer writer(out);
  writer.object().field("message", message);
  write_unless_empty(writer, "agentId", options.agent_id);
  write_unless_empty(writer, "modelLabel", options.model_label);
  if (!options.attachment_ids.empty()) {
    writer.key("attachmentIds").array();
    for (const std::string& id : options.attachment_ids) writer.value(id);
    writer.end_array();
  }
  writer.end_object();
  return out;
}

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

}  // namespace wire
}  // namespace colonnade::inline v1::platos
