// Background operations: bodies of requests and replies.
#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "sdk/platos/members.hpp"
#include "sdk/platos/replies.hpp"
#include "sdk/platos/wire.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::read;
using colonnade::detail::read_object;

bool is_terminal_run_status(std::string_view status) noexcept {
  constexpr std::array<std::string_view, 7> names{
      "COMPLETED", "FAILED", "CANCELED", "CRASHED", "SYSTEM_FAILURE", "TIMED_OUT", "EXPIRED"};
  return std::ranges::find(names, status) != names.end();
}

std::string Run::error_message() const {
  if (error.is_string()) return error.as_string();
  const Json* message = error.find("message");
  return message != nullptr && message->is_string() ? message->as_string() : std::string();
}

// --- reading
// --------------------------------------------------------------------------------------
// Not in an unnamed namespace: the readers of lists find them by their argument.

static void read(Element value, BackgroundTask& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"name", out.name},
              Field{"description", out.description}, Field{"triggerType", out.trigger_type},
              Field{"isActive", out.is_active});
}

static void read(Element value, TaskDefinition& out) {
  std::int64_t seconds = 0;
  read_object(value, out.extra, Field{"id", out.id}, Field{"taskId", out.task_id},
              Field{"displayName", out.display_name}, Field{"description", out.description},
              Field{"triggerType", out.trigger_type}, Field{"scheduleCron", out.schedule_cron},
              Field{"scheduleTimezone", out.schedule_timezone}, Field{"isActive", out.is_active},
              Field{"timeout", seconds}, Field{"maxRetries", out.max_retries},
              Field{"allowedAgentIds", out.allowed_agent_ids},
              Field{"payloadSchema", out.payload_schema}, Field{"handler", out.handler},
              Field{"createdAt", out.created_at}, Field{"updatedAt", out.updated_at});
  out.timeout = std::chrono::seconds(seconds);
}

// A run of the catalog is named `runId`.
static void read(Element value, RunHandle& out) {
  std::string run_id;
  read_object(value, out.extra, Field{"id", out.id}, Field{"runId", run_id},
              Field{"isCached", out.is_cached}, Field{"publicAccessToken", out.public_access_token},
              Field{"status", out.status});
  if (out.id.empty()) out.id = std::move(run_id);
}

static void read(Element value, Run& out) {
  read_object(
      value, out.extra, Field{"id", out.id}, Field{"taskId", out.task_id},
      Field{"status", out.status}, Field{"payload", out.payload}, Field{"output", out.output},
      Field{"error", out.error}, Field{"metadata", out.metadata}, Field{"tags", out.tags},
      Field{"idempotencyKey", out.idempotency_key}, Field{"attemptCount", out.attempt_count},
      Field{"durationMs", out.duration_ms}, Field{"costInCents", out.cost_cents},
      Field{"batchId", out.batch_id}, Field{"scheduleId", out.schedule_id},
      Field{"createdAt", out.created_at}, Field{"updatedAt", out.updated_at},
      Field{"startedAt", out.started_at}, Field{"finishedAt", out.finished_at},
      Field{"delayedUntil", out.delayed_until}, Field{"expiredAt", out.expired_at});
}

static void read(Element value, Schedule& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"taskId", out.task_id},
              Field{"cron", out.cron}, Field{"timezone", out.timezone}, Field{"active", out.active},
              Field{"payload", out.payload}, Field{"lastRunAt", out.last_run_at},
              Field{"nextRunAt", out.next_run_at});
}

static void read(Element value, BatchHandle& out) {
  read_object(value, out.extra, Field{"batchId", out.batch_id}, Field{"runIds", out.run_ids});
}

static void read(Element value, Batch& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"status", out.status},
              Field{"runIds", out.run_ids});
}

namespace wire {

Result<std::vector<BackgroundTask>> tasks(const CallSpec& spec, const TransportReply& reply) {
  return list<BackgroundTask>(spec, reply, {"tasks"});
}
Result<std::vector<TaskDefinition>> task_definitions(const CallSpec& spec,
                                                     const TransportReply& reply) {
  return list<TaskDefinition>(spec, reply, {"tasks"});
}
Result<TaskDefinition> task_definition(const CallSpec& spec, const TransportReply& reply) {
  return one_under<TaskDefinition>(spec, reply, "task");
}
Result<RunHandle> run_handle(const CallSpec& spec, const TransportReply& reply) {
  return one<RunHandle>(spec, reply, "id");
}
Result<RunHandle> queued_run(const CallSpec& spec, const TransportReply& reply) {
  return one<RunHandle>(spec, reply, "runId");
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

// --- writing
// --------------------------------------------------------------------------------------

namespace {

// "300s"; zero is left out.
void write_some_seconds(Writer& writer, std::string_view name, std::chrono::seconds time) {
  if (time.count() != 0) writer.field(name, std::to_string(time.count()) + "s");
}

void write_options(Writer& writer, const TriggerOptions& options) {
  writer.key("options").object();
  write_unless_empty(writer, "idempotencyKey", options.idempotency_key);
  write_some_seconds(writer, "idempotencyKeyTTL", options.idempotency_key_ttl);
  if (options.start_at) {
    writer.field("delay", to_string(*options.start_at));
  } else {
    write_some_seconds(writer, "delay", options.delay);
  }
  write_some_seconds(writer, "ttl", options.ttl);
  write_some_texts(writer, "tags", options.tags);
  write_some_json(writer, "metadata", options.metadata);
  if (!options.queue.empty() || options.concurrency_limit) {
    writer.key("queue").object();
    write_unless_empty(writer, "name", options.queue);
    write_if_set(writer, "concurrencyLimit", options.concurrency_limit);
    writer.end_object();
  }
  write_unless_empty(writer, "concurrencyKey", options.concurrency_key);
  write_if_set(writer, "maxAttempts", options.max_attempts);
  if (options.max_duration.count() != 0) {
    writer.field("maxDuration", static_cast<std::int64_t>(options.max_duration.count()));
  }
  write_if_set(writer, "priority", options.priority);
  if (options.test) writer.field("test", true);
  write_more(writer, options.more);
  writer.end_object();
}

struct HandlerWriter {
  Writer& writer;
  void operator()(std::monostate) const {}
  void operator()(const AgentHandler& handler) const {
    writer.key("handler").object().field("kind", "agent").field("agentId", handler.agent_id);
    writer.field("prompt", handler.prompt);
    write_unless_empty(writer, "threadId", handler.thread_id);
    write_some_json(writer, "outputSchema", handler.output_schema);
    writer.end_object();
  }
  void operator()(const ToolHandler& handler) const {
    writer.key("handler").object().field("kind", "tool").field("tool", handler.tool);
    write_some_json(writer, "args", handler.args);
    writer.end_object();
  }
  void operator()(const Json& form) const { write_some_json(writer, "handler", form); }
};

}  // namespace

std::string trigger(const Json& payload, const TriggerOptions& options) {
  std::string out;
  Writer writer(out);
  writer.object().key("payload").raw(payload.dump());
  write_options(writer, options);
  writer.end_object();
  return out;
}

std::string trigger_batch(const std::vector<Json>& payloads, const TriggerOptions& options) {
  std::string out;
  Writer writer(out);
  writer.object().key("payloads").array();
  for (const Json& payload : payloads) writer.raw(payload.dump());
  writer.end_array();
  write_options(writer, options);
  writer.end_object();
  return out;
}

std::string payload(const Json& payload) {
  std::string out;
  Writer writer(out);
  writer.object().key("payload").raw(payload.dump()).end_object();
  return out;
}

std::string create_schedule(const CreateSchedule& request) {
  std::string out;
  Writer writer(out);
  writer.object().field("taskId", request.task_id).field("cron", request.cron);
  write_unless_empty(writer, "timezone", request.timezone);
  write_some_json(writer, "payload", request.payload);
  writer.end_object();
  return out;
}

std::string task_settings(const TaskSettings& settings) {
  std::string out;
  Writer writer(out);
  writer.object();
  write_unless_empty(writer, "taskId", settings.task_id);
  write_unless_empty(writer, "displayName", settings.display_name);
  std::visit(HandlerWriter{writer}, settings.handler);
  write_if_set(writer, "description", settings.description);
  write_unless_empty(writer, "triggerType", settings.trigger_type);
  write_unless_empty(writer, "scheduleCron", settings.schedule_cron);
  write_unless_empty(writer, "scheduleTimezone", settings.schedule_timezone);
  if (settings.allowed_agent_ids) {
    writer.key("allowedAgentIds").array();
    for (const std::string& id : *settings.allowed_agent_ids) writer.value(id);
    writer.end_array();
  }
  write_some_json(writer, "payloadSchema", settings.payload_schema);
  if (settings.timeout) {
    writer.field("timeout", static_cast<std::int64_t>(settings.timeout->count()));
  }
  write_if_set(writer, "maxRetries", settings.max_retries);
  write_if_set(writer, "isActive", settings.is_active);
  write_more(writer, settings.more);
  writer.end_object();
  return out;
}

}  // namespace wire
}  // namespace colonnade::inline v1::platos
