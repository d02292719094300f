#include "core/tasks/catalog_task.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/enum_names.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr EnumNames<TaskTrigger, 3> task_trigger_names{{
    {TaskTrigger::manual, "manual"},
    {TaskTrigger::schedule, "schedule"},
    {TaskTrigger::agent_spawn, "agent-spawn"},
}};

bool is_task_id(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= limits::task_id_bytes_max &&
         std::ranges::all_of(text, fits);
}

Result<void> wrong_task(std::string message, const char* field) {
  return fail(ErrorKind::invalid, std::move(message), field);
}

Result<void> check_handler(const TaskHandler& handler) {
  if (handler.kind == JobHandlerKind::agent) {
    if (handler.agent_id.empty())
      return wrong_task("names the agent that is asked", "handler.agentId");
    if (handler.prompt.empty()) return wrong_task("says what the agent is asked", "handler.prompt");
    if (!handler.output_schema.is_null() && !handler.output_schema.is_object()) {
      return wrong_task("must be a JSON Schema, an object", "handler.outputSchema");
    }
    return {};
  }
  if (handler.kind != JobHandlerKind::tool) return wrong_task("is agent or tool", "handler.kind");
  if (handler.tool.empty()) return wrong_task("names the tool that is called", "handler.tool");
  if (!handler.args.is_null() && !handler.args.is_object()) {
    return wrong_task("must be an object of arguments", "handler.args");
  }
  return {};
}

Json handler_tree(const TaskHandler& handler) {
  Json out{{"kind", to_string(handler.kind)}};
  if (handler.kind == JobHandlerKind::agent) {
    out["agentId"] = handler.agent_id;
    out["prompt"] = handler.prompt;
    if (!handler.thread_id.empty()) out["threadId"] = handler.thread_id;
    if (!handler.output_schema.is_null()) out["outputSchema"] = handler.output_schema;
  } else {
    out["tool"] = handler.tool;
    if (!handler.args.is_null()) out["args"] = handler.args;
  }
  return out;
}

TaskHandler task_handler_in(const Json& tree) {
  TaskHandler out;
  out.kind = job_handler_kind_from(tree.value("kind", "agent")).value_or(JobHandlerKind::agent);
  out.agent_id = tree.value("agentId", "");
  out.prompt = tree.value("prompt", "");
  out.thread_id = tree.value("threadId", "");
  out.output_schema = tree.value("outputSchema", Json());
  out.tool = tree.value("tool", "");
  out.args = tree.value("args", Json());
  return out;
}

}  // namespace

std::string_view to_string(TaskTrigger trigger) { return enum_name(task_trigger_names, trigger); }

std::optional<TaskTrigger> task_trigger_from(std::string_view text) {
  return enum_value(task_trigger_names, text);
}

Result<void> check_task(const CatalogTask& task) {
  if (!is_task_id(task.task_id)) {
    return wrong_task("must have 1 to 64 lower-case letters, digits and dashes", "taskId");
  }
  if (task.name.empty() || task.name.size() > limits::task_name_bytes_max) {
    return wrong_task("must have 1 to " + std::to_string(limits::task_name_bytes_max) + " bytes",
                      "displayName");
  }
  if (task.time_max < std::chrono::seconds(1) || task.time_max > limits::task_time_max) {
    return wrong_task("must be from 1 to 86400 seconds", "timeout");
  }
  if (task.retries_max < 0 || task.retries_max > limits::job_attempts_max) {
    return wrong_task("must be from 0 to " + std::to_string(limits::job_attempts_max),
                      "maxRetries");
  }
  if (task.agents.size() > limits::task_agents_max) {
    return wrong_task("has " + std::to_string(limits::task_agents_max) + " agents at most",
                      "allowedAgentIds");
  }
  if (!task.payload_schema.is_null() && !task.payload_schema.is_object()) {
    return wrong_task("must be a JSON Schema, an object", "payloadSchema");
  }
  if (task.trigger == TaskTrigger::schedule && task.cron.empty()) {
    return wrong_task("a task with the triggerType schedule says when it is due, as cron",
                      "scheduleCron");
  }
  if (auto fits = check_handler(task.handler); !fits) return fits;
  if (task_text(task).size() > limits::task_text_bytes_max) {
    return fail(ErrorKind::too_large,
                "a task has " + std::to_string(limits::task_text_bytes_max) +
                    " bytes of JSON at most; shorten its prompt or schemas",
                "handler");
  }
  return {};
}

std::string task_text(const CatalogTask& task) {
  return base::to_text(Json{{"id", task.id},
                            {"name", task.name},
                            {"description", task.description},
                            {"trigger", to_string(task.trigger)},
                            {"cron", task.cron},
                            {"zone", task.zone},
                            {"agents", task.agents},
                            {"payload_schema", task.payload_schema},
                            {"time_max", task.time_max.count()},
                            {"retries_max", task.retries_max},
                            {"is_active", task.is_active},
                            {"handler", handler_tree(task.handler)},
                            {"created_by", task.created_by}});
}

std::optional<CatalogTask> task_in(const Document& document) {
  const auto parsed = base::parse_json(document.text, "task");
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const Json& tree = *parsed;
  CatalogTask out(document.scope, document.key);
  out.id = tree.value("id", "");
  out.name = tree.value("name", "");
  out.description = tree.value("description", "");
  out.trigger = task_trigger_from(tree.value("trigger", "manual")).value_or(TaskTrigger::manual);
  out.cron = tree.value("cron", "");
  out.zone = tree.value("zone", "UTC");
  out.agents = tree.value("agents", std::vector<std::string>());
  out.payload_schema = tree.value("payload_schema", Json());
  out.time_max = std::chrono::seconds(tree.value("time_max", std::int64_t{0}));
  out.retries_max = tree.value("retries_max", limits::task_retries_default);
  out.is_active = tree.value("is_active", true);
  out.handler = task_handler_in(tree.value("handler", Json::object()));
  out.created_by = tree.value("created_by", "");
  out.revision = document.revision;
  out.created_at = document.created_at;
  out.updated_at = document.changed_at;
  return out;
}

JobTemplate job_template_of(const CatalogTask& task) {
  JobTemplate out{.task = task.task_id,
                  .work = {.kind = task.handler.kind, .name = std::string(task_work_name)}};
  out.attempts.max = std::max(task.retries_max, 1);
  out.time_max = task.time_max;
  // A thread has one turn at a time.
  if (!task.handler.thread_id.empty()) out.queue.running_max = 1;
  // What a tool did before its process died is not known; a turn is found again.
  out.repeats_when_lost = task.handler.kind == JobHandlerKind::agent;
  return out;
}

}  // namespace colonnade::core
