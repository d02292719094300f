// colonnade jobs list | show | cancel | replay, colonnade tasks
#include <cstdint>
#include <memory>
#include <string>

#include "app/command_line.hpp"
#include "app/json_output.hpp"
#include "app/operator_client.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"

namespace colonnade::app {
namespace {

struct JobOptions {
  std::shared_ptr<RemoteOptions> remote{};
  std::string scope{};
  std::string id{};
  std::string task{};
  std::string state{};
  std::int64_t limit = 50;
  bool json = false;
};
using JobDeed = int (*)(const fathom::Client&, const JobOptions&);

constexpr const char* jobs_path = "/operator/jobs";

std::string text_in(const Json& row, const char* name) {
  const auto& value = row[name];
  return value.is_string() ? printable_line(value.as_string()) : std::string();
}

// Seconds are enough for people.
std::string moment(const Json& row, const char* name) {
  constexpr std::size_t up_to_seconds = 19;
  const std::string text = text_in(row, name);
  return text.empty() ? text : text.substr(0, up_to_seconds) + "Z";
}

std::string query_of(const JobOptions& options) {
  std::string out = "?limit=" + std::to_string(options.limit);
  if (!options.scope.empty()) out += "&scope=" + url_escaped(options.scope);
  if (!options.task.empty()) out += "&task=" + url_escaped(options.task);
  if (!options.state.empty()) out += "&state=" + url_escaped(options.state);
  return out;
}

std::string scope_query(const JobOptions& options) {
  return options.scope.empty() ? "" : "?scope=" + url_escaped(options.scope);
}

std::string path_of(const JobOptions& options, const char* deed) {
  return std::string(jobs_path) + "/" + url_escaped(options.id) + deed + scope_query(options);
}

int list_jobs(const fathom::Client& client, const JobOptions& options) {
  const Json answer = client.request("GET", jobs_path + query_of(options));
  if (options.json) return print_json(answer.dump());
  const auto& rows = answer["jobs"].as_array();
  if (rows.empty()) print_line("There are no such jobs.");
  for (const Json& row : rows) {
    print_line(text_in(row, "id") + "  " + text_in(row, "state") + "  " + text_in(row, "task") +
               "  " + text_in(row, "user") + "  " + moment(row, "created_at"));
    if (const auto error = text_in(row, "error"); !error.empty()) print_line("    " + error);
    if (const auto waits = text_in(row, "waits_for"); !waits.empty()) {
      print_line("    waits for " + waits);
    }
  }
  return exit_ok;
}

int show_job(const fathom::Client& client, const JobOptions& options) {
  return print_json(client.request("GET", path_of(options, "")).dump());
}

int cancel_job(const fathom::Client& client, const JobOptions& options) {
  const Json job = client.request("POST", path_of(options, "/cancel"), Json::object());
  if (options.json) return print_json(job.dump());
  print_line("It is " + text_in(job, "state") + ".");
  return exit_ok;
}

int replay_job(const fathom::Client& client, const JobOptions& options) {
  const Json job = client.request("POST", path_of(options, "/replay"), Json::object());
  if (options.json) return print_json(job.dump());
  print_line(text_in(job, "id"));
  return exit_ok;
}

int list_tasks(const fathom::Client& client, const JobOptions& options) {
  const Json answer = client.request("GET", "/operator/tasks" + scope_query(options));
  if (options.json) return print_json(answer.dump());
  const auto& rows = answer["tasks"].as_array();
  if (rows.empty()) print_line("There are no tasks; see platos.tasks in the configuration.");
  for (const Json& row : rows) {
    std::string line = text_in(row, "task_id") + "  " + text_in(row, "handler") + " " +
                       text_in(row, "works_with") + "  " + text_in(row, "trigger");
    if (const auto cron = text_in(row, "cron"); !cron.empty()) {
      line += " " + cron + " " + text_in(row, "timezone");
    }
    if (!row["active"].as_bool()) line += "  not active";
    if (row["configured"].as_bool()) line += "  configured";
    print_line(line);
  }
  return exit_ok;
}

std::shared_ptr<JobOptions> do_with(Command command, Invocation& invocation, JobDeed deed) {
  auto options = std::make_shared<JobOptions>();
  options->remote = add_remote_options(command);
  command.add_option("--scope", options->scope,
                     "organization/project/environment; without it, the one that the operator "
                     "looks at.");
  command.add_flag("--json", options->json, "JSON instead of a line for people.");
  command.callback([options, deed, &invocation] {
    invocation.run = [options, deed](const Context& context) -> int {
      return with_client(context, *options->remote,
                         [&](const fathom::Client& client) { return deed(client, *options); });
    };
  });
  return options;
}

}  // namespace

void add_jobs(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("jobs", "List, show, cancel and replay background jobs.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade jobs list --state failed     the newest ones that failed, and why\n"
      "  colonnade jobs show ID                 one with its payload and its output\n"
      "  colonnade jobs cancel ID               it, its run, and the tool that runs\n"
      "  colonnade jobs replay ID               the same once more");
  Command list_command = command.add_subcommand("list", "List jobs, the newest first.");
  list_command.footer("Example:\n  colonnade jobs list --task nightly-digest --json");
  auto list_options = do_with(list_command, invocation, list_jobs);
  list_command.add_option("--task", list_options->task, "Only runs of this task.");
  list_command.add_option("--state", list_options->state,
                          "Only those that are delayed, queued, running, waiting, done, failed or "
                          "cancelled.");
  list_command.add_option("--limit", list_options->limit, "How many, 200 at most.");
  struct OfOne {
    const char* name;
    const char* help;
    JobDeed deed;
  };
  constexpr OfOne of_one[] = {
      {"show", "Show one job as JSON.", show_job},
      {"cancel", "Cancel a job; what runs for it is stopped.", cancel_job},
      {"replay", "Begin a new job that is given the same.", replay_job},
  };
  for (const OfOne& row : of_one) {
    Command one = command.add_subcommand(row.name, row.help);
    one.footer("Example:\n  colonnade jobs " + std::string(row.name) + " 01jx4…");
    auto options = do_with(one, invocation, row.deed);
    one.add_option("id", options->id, "The job's id, as `list` shows it.").required();
  }
}

void add_tasks(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("tasks", "List the tasks that users trigger.");
  command.require_subcommand(1);
  command.footer("Example:\n  colonnade tasks list --scope acme/shop/live");
  Command list_command =
      command.add_subcommand("list", "List a scope's tasks, with those of the configuration.");
  list_command.footer("Example:\n  colonnade tasks list --json | jq '.tasks[].task_id'");
  do_with(list_command, invocation, list_tasks);
}

}  // namespace colonnade::app
