#include "dialects/platos/task_wire.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

// A task that a body is laid over; the first wrong member is remembered.
class TaskBody {
 public:
  TaskBody(const Json& body, core::CatalogTask& task) : body_(body), task_(task) {}

  Result<void> apply() {
    text("displayName", task_.name);
    text("description", task_.description);
    if (const Json* type = member("triggerType")) {
      const auto known = type->is_string()
                             ? core::task_trigger_from(type->get_ref<const std::string&>())
                             : std::nullopt;
      if (known) task_.trigger = *known;
      if (!known) refuse("triggerType", "manual, schedule or agent-spawn");
    }
    text("scheduleCron", task_.cron);
    text("scheduleTimezone", task_.zone);
    if (task_.zone.empty()) task_.zone = "UTC";
    texts("allowedAgentIds", task_.agents);
    if (const Json* schema = member("payloadSchema")) task_.payload_schema = *schema;
    if (const auto seconds = number("timeout")) task_.time_max = std::chrono::seconds(*seconds);
    if (const auto retries = number("maxRetries")) task_.retries_max = *retries;
    if (const Json* active = member("isActive")) {
      if (active->is_boolean()) task_.is_active = active->get<bool>();
      if (!active->is_boolean()) refuse("isActive", "true or false");
    }
    if (const Json* handler = member("handler")) read_handler(*handler);
    if (error_) return fail(std::move(*error_));
    return {};
  }

 private:
  const Json* member(const char* name) const {
    const auto found = body_.find(name);
    return found == body_.end() ? nullptr : &*found;
  }
  void refuse(std::string_view name, std::string_view must) {
    if (error_) return;
    error_ = base::Error{.kind = ErrorKind::invalid,
                         .message = std::string(name) + " must be " + std::string(must),
                         .field = std::string(name)};
  }
  void text(const char* name, std::string& out) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (value->is_null()) out.clear();
    if (value->is_string()) out = value->get<std::string>();
    if (!value->is_null() && !value->is_string()) refuse(name, "a string or null");
  }
  void texts(const char* name, std::vector<std::string>& out) {
    const Json* value = member(name);
    if (value == nullptr) return;
    out.clear();
    if (value->is_null()) return;
    if (!value->is_array()) return refuse(name, "a list of strings");
    for (const Json& one : *value) {
      if (!one.is_string()) return refuse(name, "a list of strings");
      out.push_back(one.get<std::string>());
    }
  }
  std::optional<int> number(const char* name) {
    const Json* value = member(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    constexpr int most = 1'000'000;
    if (value->is_number_integer() && *value >= 0 && *value <= most) return value->get<int>();
    refuse(name, "a whole number, 0 or more");
    return std::nullopt;
  }

  void read_handler(const Json& value) {
    if (value.is_string()) {
      error_ = base::Error{
          .kind = ErrorKind::invalid,
          .message =
              "handler: this server runs no JavaScript; say what a run does with an object, "
              R"({"kind":"agent","agentId":…,"prompt":…} or {"kind":"tool","tool":…})",
          .field = std::string(unsupported_handler_field)};
      return;
    }
    const auto kind = value.is_object() && value.contains("kind") && value["kind"].is_string()
                          ? core::job_handler_kind_from(value["kind"].get_ref<const std::string&>())
                          : std::nullopt;
    if (!kind || *kind == core::JobHandlerKind::internal) {
      return refuse("handler", "an object with the kind agent or tool");
    }
    core::TaskHandler out{.kind = *kind};
    const auto part = [&](const char* name, std::string& into) {
      const auto found = value.find(name);
      if (found == value.end() || found->is_null()) return;
      if (found->is_string()) into = found->get<std::string>();
      if (!found->is_string())
        refuse("handler", std::string("an object whose ") + name + " is a string");
    };
    part("agentId", out.agent_id);
    part("prompt", out.prompt);
    part("threadId", out.thread_id);
    part("tool", out.tool);
    out.output_schema = value.value("outputSchema", Json());
    out.args = value.value("args", Json());
    task_.handler = std::move(out);
  }

  const Json& body_;
  core::CatalogTask& task_;
  std::optional<base::Error> error_{};
};

void write_handler(base::JsonWriter& json, const core::TaskHandler& handler) {
  json.key("handler").object().field("kind", core::to_string(handler.kind));
  if (handler.kind == core::JobHandlerKind::agent) {
    json.field("agentId", handler.agent_id).field("prompt", handler.prompt);
    if (!handler.thread_id.empty()) json.field("threadId", handler.thread_id);
    if (!handler.output_schema.is_null()) json.field("outputSchema", handler.output_schema);
  } else {
    json.field("tool", handler.tool);
    if (!handler.args.is_null()) json.field("args", handler.args);
  }
  json.end_object();
}

void write_task(base::JsonWriter& json, const core::CatalogTask& task) {
  json.object().field("id", task.id).field("taskId", task.task_id);
  json.field("displayName", task.name).field("description", task.description);
  json.field("triggerType", core::to_string(task.trigger)).field("isActive", task.is_active);
  if (!task.cron.empty()) {
    json.field("scheduleCron", task.cron).field("scheduleTimezone", task.zone);
  }
  json.field("timeout", static_cast<std::int64_t>(task.time_max.count()));
  json.field("maxRetries", task.retries_max);
  json.key("allowedAgentIds").array();
  for (const std::string& agent : task.agents) json.value(agent);
  json.end_array();
  json.field("payloadSchema", task.payload_schema);
  write_handler(json, task.handler);
  json.field("createdAt", wire_time(task.created_at));
  json.field("updatedAt", wire_time(task.updated_at)).end_object();
}

}  // namespace

Result<core::CatalogTask> decode_new_task(std::string_view body, core::Scope scope) {
  auto tree = parse_object(body);
  if (!tree) return fail(std::move(tree.error()));
  for (const char* name : {"taskId", "displayName"}) {
    const auto found = tree->find(name);
    if (found == tree->end() || !found->is_string()) {
      return fail(ErrorKind::invalid, std::string(name) + " must be a string", name);
    }
  }
  if (!tree->contains("handler")) {
    return fail(ErrorKind::invalid, "handler must be an object with the kind agent or tool",
                "handler");
  }
  core::CatalogTask out(std::move(scope), (*tree)["taskId"].get<std::string>());
  if (auto applied = TaskBody(*tree, out).apply(); !applied) {
    return fail(std::move(applied.error()));
  }
  return out;
}

Result<std::function<Result<void>(core::CatalogTask&)>> decode_task_change(std::string_view body) {
  auto tree = parse_object(body);
  if (!tree) return fail(std::move(tree.error()));
  return
      [tree = std::move(*tree)](core::CatalogTask& task) { return TaskBody(tree, task).apply(); };
}

std::string encode_task(const core::CatalogTask& task) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("task");
  write_task(json, task);
  json.end_object();
  return out;
}

std::string encode_task_list(const std::vector<core::CatalogTask>& tasks) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("tasks").array();
  for (const core::CatalogTask& task : tasks) write_task(json, task);
  json.end_array().end_object();
  return out;
}

std::string encode_task_rows(const std::vector<core::CatalogTask>& tasks) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("tasks").array();
  for (const core::CatalogTask& task : tasks) {
    json.object().field("id", task.task_id).field("name", task.name);
    json.field("description", task.description);
    json.field("triggerType", core::to_string(task.trigger));
    json.field("isActive", task.is_active).end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace colonnade::dialects::platos
