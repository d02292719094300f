#include "app/config_tasks.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>

#include "app/nearest.hpp"
#include "base/json.hpp"
#include "core/access/principal.hpp"
#include "core/access/scope.hpp"

namespace colonnade::app {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

// One row for each member of a task.
struct TaskMember {
  std::string_view name;
  std::string PlatosTaskSettings::* target;
  std::string_view value;
  std::string_view meaning;
};

constexpr TaskMember task_members[] = {
    {"scope", &PlatosTaskSettings::scope, "a string, or nothing",
     "Whose task it is: `organization/project/environment`. `main/main/main` without one."},
    {"task_id", &PlatosTaskSettings::task_id, "a string",
     "What it is triggered by: 1 to 64 lower-case letters, digits and dashes."},
    {"name", &PlatosTaskSettings::name, "a string", "What lists show."},
    {"description", &PlatosTaskSettings::description, "a string, or nothing",
     "What it is for, in words."},
    {"trigger", &PlatosTaskSettings::trigger, "`manual`, `schedule` or `agent-spawn`",
     "Who begins it; `manual` without one. One with a schedule can be triggered, too, and agents "
     "begin those of `agent-spawn` by their tools."},
    {"allowed_agents", &PlatosTaskSettings::allowed_agents, "JSON, or nothing",
     "A list of the ids of the agents that may begin it; all without one."},
    {"cron", &PlatosTaskSettings::cron, "a string, or nothing",
     "When it is due, with the trigger `schedule`: five fields, or six with seconds first."},
    {"timezone", &PlatosTaskSettings::zone, "a string, or nothing",
     "The time zone of `cron` by its IANA name; `UTC` without one."},
    {"timeout_seconds", &PlatosTaskSettings::timeout, "an integer from 1 to 86400, or nothing",
     "How long one attempt may take; 300 without one."},
    {"max_retries", &PlatosTaskSettings::max_retries, "an integer from 0 to 100, or nothing",
     "How many attempts there are in all; 3 without one."},
    {"active", &PlatosTaskSettings::active, "true or false",
     "Whether it can be triggered; `true` without one."},
    {"payload_schema", &PlatosTaskSettings::payload_schema, "JSON, or nothing",
     "The JSON Schema that payloads have to fit."},
    {"handler", &PlatosTaskSettings::handler, "`agent` or `tool`",
     "What a run does: one turn of an agent, or one call of a tool."},
    {"agent_id", &PlatosTaskSettings::agent_id, "a string, with `agent`", "Which agent is asked."},
    {"prompt", &PlatosTaskSettings::prompt, "a string, with `agent`",
     "What it is asked; `{{payload.…}}` stands for a member of the payload."},
    {"thread_id", &PlatosTaskSettings::thread_id, "a string, or nothing",
     "The thread of the turn; a new one for each run without one."},
    {"output_schema", &PlatosTaskSettings::output_schema, "JSON, or nothing",
     "The JSON Schema that the answer has to fit."},
    {"tool", &PlatosTaskSettings::tool, "a string, with `tool`", "Which tool is called."},
    {"args", &PlatosTaskSettings::args, "JSON, or nothing",
     "Its arguments, an object; placeholders as in `prompt`. The payload is laid over it."},
};

std::string task_place(std::size_t number) {
  return "platos.tasks[" + std::to_string(number) + "]";
}

void read_task(const yaml::Value& tree, const std::string& full, Settings& settings,
               const PlatosReading& reading) {
  PlatosTaskSettings out;
  for (const yaml::Entry& entry : tree.entries) {
    std::string path = full;
    path.append(".").append(entry.key);
    const auto row = std::ranges::find(task_members, entry.key, &TaskMember::name);
    if (row == std::end(task_members)) {
      std::vector<std::string> names;
      for (const TaskMember& one : task_members) names.emplace_back(one.name);
      const std::string meant = nearest(entry.key, names);
      reading.fault(entry.line, "unknown key \"" + path + "\"" +
                                    (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
      continue;
    }
    if (entry.value.kind != yaml::Value::Kind::scalar) {
      std::string fault = path + ": expected ";
      fault.append(row->value).append(", but found ").append(yaml::describe(entry.value));
      reading.fault(entry.value.line, fault);
      continue;
    }
    out.*(row->target) = entry.value.text;
    reading.taken(path, entry.value.line);
  }
  settings.platos.tasks.push_back(std::move(out));
}

Result<int> number_of(const std::string& text, const char* field, int otherwise) {
  if (text.empty()) return otherwise;
  int out = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out);
  if (error == std::errc() && at == end) return out;
  return fail(ErrorKind::invalid, "expected an integer", field);
}

Result<base::Json> tree_of(const std::string& text, const char* field) {
  if (text.empty()) return base::Json();
  auto parsed = base::parse_json(text, field);
  if (!parsed) return fail(ErrorKind::invalid, parsed.error().message, field);
  return parsed;
}

Result<std::vector<std::string>> texts_of(const std::string& text, const char* field) {
  auto tree = tree_of(text, field);
  if (!tree) return fail(std::move(tree.error()));
  std::vector<std::string> out;
  if (tree->is_null()) return out;
  const bool is_list = tree->is_array() && std::ranges::all_of(*tree, [](const base::Json& one) {
                         return one.is_string();
                       });
  if (!is_list) return fail(ErrorKind::invalid, "expected a JSON list of strings", field);
  for (const base::Json& one : *tree) out.push_back(one.get<std::string>());
  return out;
}

// Errors name the member of the configuration.
Result<core::CatalogTask> task_of(const PlatosTaskSettings& from) {
  core::Scope scope = core::default_view();
  if (!from.scope.empty()) {
    auto parsed = core::parse_scope(from.scope);
    if (!parsed) return fail(std::move(parsed.error()));
    scope = std::move(*parsed);
  }
  core::CatalogTask out(std::move(scope), from.task_id);
  out.name = from.name;
  out.description = from.description;
  const auto trigger = core::task_trigger_from(from.trigger.empty() ? "manual" : from.trigger);
  if (!trigger) return fail(ErrorKind::invalid, "one of manual, schedule, agent-spawn", "trigger");
  out.trigger = *trigger;
  auto agents = texts_of(from.allowed_agents, "allowed_agents");
  if (!agents) return fail(std::move(agents.error()));
  out.agents = std::move(*agents);
  out.cron = from.cron;
  if (!from.zone.empty()) out.zone = from.zone;
  const auto timeout = number_of(from.timeout, "timeout_seconds",
                                 static_cast<int>(limits::task_time_default.count()));
  if (!timeout) return fail(timeout.error());
  out.time_max = std::chrono::seconds(*timeout);
  const auto retries = number_of(from.max_retries, "max_retries", limits::task_retries_default);
  if (!retries) return fail(retries.error());
  out.retries_max = *retries;
  const bool is_flag = from.active.empty() || from.active == "true" || from.active == "false";
  if (!is_flag) return fail(ErrorKind::invalid, "expected true or false", "active");
  out.is_active = from.active != "false";
  auto payload_schema = tree_of(from.payload_schema, "payload_schema");
  if (!payload_schema) return fail(std::move(payload_schema.error()));
  out.payload_schema = std::move(*payload_schema);
  const auto kind = core::job_handler_kind_from(from.handler);
  if (!kind || *kind == core::JobHandlerKind::internal) {
    return fail(ErrorKind::invalid, "expected one of agent, tool", "handler");
  }
  auto output_schema = tree_of(from.output_schema, "output_schema");
  if (!output_schema) return fail(std::move(output_schema.error()));
  auto args = tree_of(from.args, "args");
  if (!args) return fail(std::move(args.error()));
  out.handler = {.kind = *kind,
                 .agent_id = from.agent_id,
                 .prompt = from.prompt,
                 .thread_id = from.thread_id,
                 .output_schema = std::move(*output_schema),
                 .tool = from.tool,
                 .args = std::move(*args)};
  if (auto fits = core::check_task(out); !fits) return fail(std::move(fits.error()));
  return out;
}

}  // namespace

void read_platos_tasks(const yaml::Value& tree, Settings& settings, const PlatosReading& reading) {
  if (tree.kind == yaml::Value::Kind::null) return;
  if (tree.kind != yaml::Value::Kind::list) {
    reading.fault(tree.line,
                  "platos.tasks: expected a list of groups (task_id, name, handler, …), "
                  "but found " +
                      yaml::describe(tree));
    return;
  }
  settings.platos.tasks.clear();
  for (std::size_t i = 0; i < tree.items.size(); ++i) {
    if (tree.items[i].kind == yaml::Value::Kind::map) {
      read_task(tree.items[i], task_place(i), settings, reading);
      continue;
    }
    reading.fault(tree.items[i].line,
                  task_place(i) + ": expected a group of keys (task_id, name, handler, …)");
  }
}

void check_platos_tasks(const Settings& settings, ConfigFaults& faults) {
  std::set<std::pair<core::Scope, std::string>> seen;
  for (std::size_t i = 0; i < settings.platos.tasks.size(); ++i) {
    const auto task = task_of(settings.platos.tasks[i]);
    if (!task) {
      const std::string& field = task.error().field;
      faults.push_back(task_place(i) + (field.empty() ? "" : ": " + field) + ": " +
                       task.error().message);
    } else if (!seen.emplace(task->scope, task->task_id).second) {
      faults.push_back(task_place(i) + ": the scope has two tasks of this task_id");
    }
  }
}

std::vector<core::CatalogTask> configured_tasks(const Settings& settings) {
  std::vector<core::CatalogTask> out;
  for (const PlatosTaskSettings& one : settings.platos.tasks) {
    auto task = task_of(one);
    if (task) out.push_back(std::move(*task));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> shown_platos_tasks(const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < settings.platos.tasks.size(); ++i) {
    for (const TaskMember& row : task_members) {
      const std::string& value = settings.platos.tasks[i].*(row.target);
      if (!value.empty()) out.emplace_back(task_place(i) + "." + std::string(row.name), value);
    }
  }
  return out;
}

std::string platos_tasks_reference() {
  std::string out;
  for (const TaskMember& row : task_members) {
    out += "| `platos.tasks[].";
    out.append(row.name).append("` | ").append(row.value).append(" | ");
    out.append(row.meaning).append(" |\n");
  }
  return out;
}

}  // namespace colonnade::app
