// colonnade backup
#include <cstdio>
#include <filesystem>
#include <string>

#include "app/command_line.hpp"
#include "app/running_server.hpp"
#include "app/wiring_store.hpp"
#include "base/json.hpp"
#include "storage/attachment_folder.hpp"

namespace colonnade::app {
namespace {

int backup(const Context& context, const Settings& settings, const std::string& target,
           bool as_json) {
  const std::string path = database_path(settings.data_dir);
  if (const auto there = check_store_exists(settings); !there) {
    return print_error(context, there.error().message);
  }
  if (const auto done = store_maintenance(settings)->backup(target); !done) {
    return print_error(context, done.error().message);
  }
  // After the database: a file that a row names and that is gone by now was on its way out.
  const std::string files = target + backup_attachments_end;
  const auto copied = storage::copy_attachments(attachments_folder(settings.data_dir), files);
  if (!copied) {
    std::error_code unremoved;
    std::filesystem::remove(target, unremoved);
    return print_error(context, copied.error().message);
  }
  std::error_code ignored;
  const std::uintmax_t bytes = std::filesystem::file_size(target, ignored);
  std::string out;
  if (as_json) {
    base::JsonWriter json(out);
    json.object().field("from", path).field("to", target);
    json.field("bytes", static_cast<std::uint64_t>(bytes));
    json.field("attachments", static_cast<std::uint64_t>(*copied)).end_object();
  } else {
    out = "Wrote " + target + " (" + std::to_string(bytes) + " bytes).";
    if (*copied > 0) {
      out += "\nCopied " + std::to_string(*copied) + " uploaded files to " + files + "/.";
    }
  }
  std::fputs((out + "\n").c_str(), stdout);
  return exit_ok;
}

}  // namespace

void add_backup(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "backup", "Copy the database and uploaded files, also while the server runs.");
  command.footer(
      "Examples:\n"
      "  colonnade backup colonnade-$(date +%F).db\n"
      "  colonnade backup /mnt/backup/colonnade.db --data-dir /var/lib/colonnade\n"
      "\n"
      "To bring it back: stop the server, then colonnade restore FILE.");
  auto target = std::make_shared<std::string>();
  command.add_option("file", *target, "The file to write; must not exist.").required();
  auto as_json = std::make_shared<bool>(false);
  command.add_flag("--json", *as_json, "One JSON object.");
  auto flags = add_config_flags(command, {"data_dir"});
  command.callback([target, as_json, flags, &invocation] {
    invocation.run = [target, as_json, flags](const Context& context) -> int {
      const auto config = flags->load(context);
      if (!config) return exit_usage;
      return backup(context, config->settings, *target, *as_json);
    };
  });
}

}  // namespace colonnade::app
