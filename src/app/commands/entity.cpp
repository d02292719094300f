// colonnade entity add | list | rotate | remove | token
#include <cstdio>
#include <memory>
#include <string>

#include "app/command_line.hpp"
#include "app/commands/local_command.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/local_access.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

struct EntityOptions {
  core::EntityName name{};
  std::string secret_file{};
  std::string save{};
  bool finish = false;
  bool json = false;
};

std::string shown(const core::EntityName& name) {
  return name.organization + "/" + name.project + "/" + name.entity;
}

void write_row(base::JsonWriter& json, const EntityLine& row) {
  json.object().field("organization", row.name.organization).field("project", row.name.project);
  json.field("entity", row.name.entity).field("configured", row.configured);
  json.field("second_secret", row.second_secret).field("created_at", row.created_at);
  if (!row.secret.empty()) json.field("secret", row.secret);
  json.end_object();
}

// "" when none was named.
base::Result<std::string> given_secret(const EntityOptions& options) {
  if (options.secret_file.empty()) return "";
  return read_key_file(options.secret_file);
}

// A secret that was made here is shown; one that came from a file is known already.
int print_made(const Context& context, const EntityLine& row, const EntityOptions& options,
               const char* what) {
  if (const auto failed = save_secret(context, row.secret, options.save)) return *failed;
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    write_row(json, row);
    return print_json(out);
  }
  if (!options.secret_file.empty() || !options.save.empty()) {
    const std::string& file = options.save.empty() ? options.secret_file : options.save;
    print_line(std::string(what) + " " + printable_line(shown(row.name)) + "; the secret is in " +
               file);
  } else {
    print_line(row.secret);
  }
  return exit_ok;
}

int add(const Context& context, LocalAccess& access, const EntityOptions& options) {
  const auto secret = given_secret(options);
  if (!secret) return print_error(context, secret.error().message);
  const auto row = access.add_entity(options.name, *secret);
  if (!row) return print_error(context, row.error().message);
  return print_made(context, *row, options, "Added");
}

int rotate(const Context& context, LocalAccess& access, const EntityOptions& options) {
  if (options.finish) {
    const auto done = access.finish_rotation(options.name);
    if (!done) return print_error(context, done.error().message);
    print_line("The earlier secret of " + printable_line(shown(options.name)) + " counts no more.");
    return exit_ok;
  }
  const auto secret = given_secret(options);
  if (!secret) return print_error(context, secret.error().message);
  const auto row = access.rotate_entity(options.name, *secret);
  if (!row) return print_error(context, row.error().message);
  return print_made(context, *row, options, "Rotated");
}

int list(const Context& context, LocalAccess& access, const EntityOptions& options) {
  const auto rows = access.entities();
  if (!rows) return print_error(context, rows.error().message);
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("entities").array();
    for (const EntityLine& row : *rows) write_row(json, row);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const EntityLine& row : *rows) {
    std::string line = printable_line(shown(row.name)) + "  " +
                       (row.configured ? "configured" : row.created_at.substr(0, 19) + "Z");
    if (row.second_secret) line += "  two secrets";
    print_line(line);
  }
  return exit_ok;
}

int remove(const Context& context, LocalAccess& access, const EntityOptions& options) {
  const auto done = access.remove_entity(options.name);
  if (!done) return print_error(context, done.error().message);
  print_line("Removed.");
  return exit_ok;
}

struct TokenOptions {
  core::EntityName name{};
  NewSessionToken wanted{};
  bool json = false;
};

int mint(const Context& context, LocalAccess& access, const TokenOptions& options) {
  const auto made = access.mint_token(options.name, options.wanted);
  if (!made) return print_error(context, made.error().message);
  if (!options.json) {
    print_line(made->token);
    return exit_ok;
  }
  std::string out;
  base::JsonWriter(out)
      .object()
      .field("token", made->token)
      .field("expires_at", made->expires_at)
      .end_object();
  return print_json(out);
}

void add_name(Command command, core::EntityName& name) {
  command.add_option("organization", name.organization, "As the entity's tokens name it.")
      .required();
  command.add_option("project", name.project, "As the entity's tokens name it.").required();
  command.add_option("entity", name.entity, "The entity's id.").required();
}

void add_secret_flags(Command command, EntityOptions& options) {
  command
      .add_option("--secret-file", options.secret_file,
                  "A file with the secret, 32 bytes at least. Without it a secret is made and "
                  "shown, this once.")
      .type_name("FILE");
  command
      .add_option("--save", options.save,
                  "Write the secret into this file (mode 0600) instead of printing it.")
      .type_name("FILE");
}

}  // namespace

void add_entity(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "entity", "Manage the entities whose session tokens let Platos clients in.");
  command.require_subcommand(1);
  command.footer(
      "While a server runs on the data folder, these go through it, with the operator's token;\n"
      "otherwise they open the store themselves.\n"
      "Examples:\n"
      "  colonnade entity add acme shop backend\n"
      "  colonnade entity rotate acme shop backend\n"
      "  colonnade entity rotate acme shop backend --finish\n"
      "  colonnade entity token acme shop backend --environment live --user ann");

  Command adding = command.add_subcommand("add", "Add an entity and print its secret, this once.");
  adding.footer("Example:\n  colonnade entity add acme shop backend --save backend.secret");
  auto add_options = std::make_shared<EntityOptions>();
  add_name(adding, add_options->name);
  add_secret_flags(adding, *add_options);
  run_with(adding, invocation, add_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, add);

  Command listing = command.add_subcommand("list", "List entities; never their secrets.");
  listing.footer("Example:\n  colonnade entity list --json | jq -r '.entities[].entity'");
  run_with(listing, invocation, std::make_shared<EntityOptions>(),
           {"data_dir", "token_file", "secret_key_file"}, open_local_access, list);

  Command rotating = command.add_subcommand(
      "rotate", "Give an entity a new secret; the one before counts until --finish.");
  rotating.footer(
      "Examples:\n"
      "  colonnade entity rotate acme shop backend\n"
      "  colonnade entity rotate acme shop backend --finish");
  auto rotate_options = std::make_shared<EntityOptions>();
  add_name(rotating, rotate_options->name);
  add_secret_flags(rotating, *rotate_options);
  rotating.add_flag("--finish", rotate_options->finish,
                    "Refuse the tokens of the earlier secret from now on, and end what they hold "
                    "open.");
  run_with(rotating, invocation, rotate_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, rotate);

  Command removing =
      command.add_subcommand("remove", "Remove an entity: its tokens stop working at once.");
  removing.footer("Example:\n  colonnade entity remove acme shop backend");
  auto remove_options = std::make_shared<EntityOptions>();
  add_name(removing, remove_options->name);
  run_with(removing, invocation, remove_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, remove);

  Command minting = command.add_subcommand(
      "token", "Print a session token of an entity, such as a back end makes for its users.");
  minting.footer(
      "Example:\n"
      "  colonnade entity token acme shop backend --environment live --user ann --ttl 900");
  auto token_options = std::make_shared<TokenOptions>();
  add_name(minting, token_options->name);
  NewSessionToken& wanted = token_options->wanted;
  minting.add_option("--environment", wanted.environment, "The environment that it is for.")
      .required();
  minting.add_option("--user", wanted.user, "The user that it is for.").required();
  minting.add_option("--name", wanted.name, "The user's name, for {{user.name}} in prompts.");
  minting.add_option("--email", wanted.email, "The user's address, for {{user.email}} in prompts.");
  minting.add_option("--agent", wanted.agent, "Bind it to this agent.").type_name("ID");
  minting
      .add_option("--ttl", wanted.seconds, "How long it counts; 60 to 604800 seconds, else 3600.")
      .type_name("SECONDS");
  run_with(minting, invocation, token_options, {"data_dir", "token_file", "secret_key_file"},
           open_local_access, mint);
}

}  // namespace colonnade::app
