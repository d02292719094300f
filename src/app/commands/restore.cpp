// colonnade restore
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "app/audit_key.hpp"
#include "app/command_line.hpp"
#include "app/running_server.hpp"
#include "app/wiring_store.hpp"
#include "base/json.hpp"
#include "storage/attachment_folder.hpp"

namespace colonnade::app {
namespace {

namespace fs = std::filesystem;

// Uploaded files, which a backup has beside it. They are copied before the store is touched, and
// put in place after it: what a store names is there from its first start.
class RestoredFiles {
 public:
  RestoredFiles(const Settings& settings, const std::string& source)
      : source_(source + backup_attachments_end),
        folder_(attachments_folder(settings.data_dir)),
        fresh_(folder_ + ".restored") {}

  base::Result<void> copy() const {
    std::error_code error;
    fs::remove_all(fresh_, error);
    if (!fs::exists(source_, error)) return {};
    auto copied = storage::copy_attachments(source_, fresh_);
    if (!copied) return base::fail(std::move(copied.error()));
    return {};
  }

  // What was there stays beside the store that was replaced, `kept`.
  base::Result<void> put_in_place(const std::string& kept) const {
    std::error_code error;
    if (fs::exists(folder_, error)) {
      const std::string beside =
          kept.empty() ? folder_ + ".replaced" : kept + backup_attachments_end;
      fs::rename(folder_, beside, error);
    }
    if (!error && fs::exists(fresh_, error)) fs::rename(fresh_, folder_, error);
    if (!error) return {};
    return base::fail(base::ErrorKind::unavailable,
                      "the store is restored, but not its uploaded files: " + error.message() +
                          "; put " + fresh_ + " in place of " + folder_);
  }

 private:
  std::string source_;
  std::string folder_;
  std::string fresh_;
};

int restore(const Context& context, const Settings& settings, const std::string& source,
            bool as_json) {
  const std::string path = database_path(settings.data_dir);
  const RestoredFiles files(settings, source);
  if (auto copied = files.copy(); !copied) return print_error(context, copied.error().message);
  // Noted first: a restore that nobody records is worse than one that is told of and failed.
  const AuditFiles audit = audit_files(settings.data_dir, settings.audit.key_file);
  if (auto noted = note_restore(audit, source); !noted) {
    return print_error(context,
                       "the restore cannot be noted for the audit trail: " + noted.error().message);
  }
  const auto replaced = store_maintenance(settings)->restore(source);
  if (!replaced) {
    forget_restore(audit);
    return print_error(context, replaced.error().message);
  }
  if (auto placed = files.put_in_place(*replaced); !placed) {
    return print_error(context, placed.error().message);
  }
  std::string out;
  if (as_json) {
    base::JsonWriter json(out);
    json.object().field("from", source).field("to", path).field("replaced", *replaced).end_object();
  } else {
    out = "Restored " + path + " from " + source + "; it passed the check.";
    if (!replaced->empty()) {
      out += "\nWhat was there is now " + *replaced + "; remove it once all is well.";
    }
  }
  std::fputs((out + "\n").c_str(), stdout);
  return exit_ok;
}

}  // namespace

void add_restore(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("restore", "Put a backup in place of the database.");
  command.footer(
      "Examples:\n"
      "  colonnade restore colonnade-2026-11-30.db\n"
      "  colonnade restore /mnt/backup/colonnade.db --data-dir /var/lib/colonnade\n"
      "\n"
      "The server must not run meanwhile. The backup is copied, brought up to date and checked\n"
      "before anything is touched; the old database and its log (colonnade.db-wal) are kept under\n"
      "another name. Uploaded files (FILE.attachments) take their place too. secrets.key and "
      "operator.token are not part of a backup: they stay as they\n"
      "are.");
  auto source = std::make_shared<std::string>();
  command.add_option("file", *source, "The backup; it is only read.").required();
  auto as_json = std::make_shared<bool>(false);
  command.add_flag("--json", *as_json, "One JSON object.");
  auto flags = add_config_flags(command, {"data_dir"});
  command.callback([source, as_json, flags, &invocation] {
    invocation.run = [source, as_json, flags](const Context& context) -> int {
      const auto config = flags->load(context);
      if (!config) return exit_usage;
      return restore(context, config->settings, *source, *as_json);
    };
  });
}

}  // namespace colonnade::app
