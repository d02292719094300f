// colonnade access-key add | list | remove
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "app/commands/local_command.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/local_access.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

struct AccessKeyOptions {
  std::string scope{};
  std::string name{};
  std::vector<std::string> origins{};
  std::string id{};
  std::string save{};
  bool json = false;
};

void write_row(base::JsonWriter& json, const AccessKeyLine& row) {
  json.object().field("id", row.id).field("name", row.name).key("origins").array();
  for (const std::string& origin : row.origins) json.value(origin);
  json.end_array().field("created_at", row.created_at);
  if (!row.key.empty()) json.field("key", row.key);
  json.end_object();
}

int add(const Context& context, LocalAccess& access, const AccessKeyOptions& options) {
  const auto row = access.add_access_key(options.scope, options.name, options.origins);
  if (!row) return print_error(context, row.error().message);
  if (const auto failed = save_secret(context, row->key, options.save)) return *failed;
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    write_row(json, *row);
    return print_json(out);
  }
  print_line(options.save.empty()
                 ? row->key
                 : "Added " + printable_line(row->id) + "; the key is in " + options.save);
  return exit_ok;
}

int list(const Context& context, LocalAccess& access, const AccessKeyOptions& options) {
  const auto rows = access.access_keys(options.scope);
  if (!rows) return print_error(context, rows.error().message);
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("access_keys").array();
    for (const AccessKeyLine& row : *rows) write_row(json, row);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const AccessKeyLine& row : *rows) {
    std::string line = printable_line(row.id) + "  " +
                       printable_line(row.created_at.substr(0, 19)) + "Z  " +
                       printable_line(row.name);
    for (const std::string& origin : row.origins) line += "  " + printable_line(origin);
    print_line(line);
  }
  return exit_ok;
}

int remove(const Context& context, LocalAccess& access, const AccessKeyOptions& options) {
  const auto done = access.remove_access_key(options.scope, options.id);
  if (!done) return print_error(context, done.error().message);
  print_line("Removed.");
  return exit_ok;
}

void add_scope(Command command, AccessKeyOptions& options) {
  command
      .add_option("scope", options.scope,
                  "The scope that wants the key: ORGANIZATION/PROJECT/ENVIRONMENT.")
      .required();
}

}  // namespace

void add_access_key(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "access-key", "Manage the keys that a scope wants beside every Platos credential.");
  command.require_subcommand(1);
  command.footer(
      "A scope without access keys wants none. While a server runs on the data folder, these go\n"
      "through it, with the operator's token; otherwise they open the store themselves.\n"
      "Examples:\n"
      "  colonnade access-key add acme/shop/live --name web --origin https://shop.example\n"
      "  colonnade access-key list acme/shop/live");

  Command adding = command.add_subcommand("add", "Add a key and print it, this once.");
  adding.footer("Example:\n  colonnade access-key add acme/shop/live --name jobs --save jobs.key");
  auto add_options = std::make_shared<AccessKeyOptions>();
  add_scope(adding, *add_options);
  adding.add_option("--name", add_options->name, "A name that says what it is for.")
      .required()
      .type_name("NAME");
  adding
      .add_option("--origin", add_options->origins,
                  "An origin of web pages that may send it, such as https://shop.example; may be "
                  "given several times. Without any, everybody may send it.")
      .type_name("ORIGIN");
  adding
      .add_option("--save", add_options->save,
                  "Write the key into this file (mode 0600) instead of printing it.")
      .type_name("FILE");
  run_with(adding, invocation, add_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, add);

  Command listing = command.add_subcommand("list", "List a scope's keys; never their values.");
  listing.footer("Example:\n  colonnade access-key list acme/shop/live");
  auto list_options = std::make_shared<AccessKeyOptions>();
  add_scope(listing, *list_options);
  run_with(listing, invocation, list_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, list);

  Command removing = command.add_subcommand("remove", "Remove a key: it stops counting at once.");
  removing.footer("Example:\n  colonnade access-key remove acme/shop/live ID");
  auto remove_options = std::make_shared<AccessKeyOptions>();
  add_scope(removing, *remove_options);
  removing.add_option("id", remove_options->id, "As `colonnade access-key list` shows it.")
      .required();
  run_with(removing, invocation, remove_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, remove);
}

}  // namespace colonnade::app
