// colonnade migrate
#include <cstdio>
#include <string>

#include "app/command_line.hpp"
#include "app/running_server.hpp"
#include "app/wiring_store.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

int migrate(const Context& context, const Settings& settings, bool as_json) {
  const std::string path = database_path(settings.data_dir);
  if (const auto there = check_store_exists(settings); !there) {
    return print_error(context, there.error().message);
  }
  // An empty file counts as version 0.
  const auto store = store_maintenance(settings);
  const int before = store->schema().value_or(0);
  if (const auto done = store->migrate(); !done) {
    return print_error(context, done.error().message);
  }
  const auto after = store->schema();
  if (!after) return print_error(context, after.error().message);
  std::string out;
  if (as_json) {
    base::JsonWriter json(out);
    json.object().field("path", path).field("from", before).field("to", *after).end_object();
  } else if (before == *after) {
    out = path + " is up to date (schema " + std::to_string(before) + ").";
  } else {
    out = path + ": schema " + std::to_string(before) + " became " + std::to_string(*after) + ".";
  }
  std::fputs((out + "\n").c_str(), stdout);
  return exit_ok;
}

}  // namespace

void add_migrate(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "migrate", "Migrate the database to the current schema. `serve` does it too.");
  command.footer(
      "Examples:\n"
      "  colonnade backup before.db && colonnade migrate\n"
      "  colonnade migrate --data-dir /var/lib/colonnade --json\n"
      "\n"
      "The server must not run meanwhile.");
  auto as_json = std::make_shared<bool>(false);
  command.add_flag("--json", *as_json, "One JSON object.");
  auto flags = add_config_flags(command, {"data_dir"});
  command.callback([as_json, flags, &invocation] {
    invocation.run = [as_json, flags](const Context& context) -> int {
      const auto config = flags->load(context);
      if (!config) return exit_usage;
      return migrate(context, config->settings, *as_json);
    };
  });
}

}  // namespace colonnade::app
