// colonnade token create | list | revoke | path
#include <cstdio>
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "app/commands/local_command.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/local_tokens.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"
#include "core/access/principal.hpp"
#include "core/access/tokens.hpp"

namespace colonnade::app {
namespace {

struct TokenOptions {
  NewTokenRequest request{};
  std::string id{};
  std::string save{};
  bool json = false;
};

void write_row(base::JsonWriter& json, const TokenRow& row) {
  json.object().field("id", row.id).field("name", row.name).field("user", row.user);
  json.field("scope", row.scope).field("role", row.role);
  json.field("kind", row.kind).field("created_at", row.created_at);
  if (!row.token.empty()) json.field("token", row.token);
  json.end_object();
}

int create(const Context& context, Tokens& tokens, const TokenOptions& options) {
  const auto row = tokens.create(options.request);
  if (!row) return print_error(context, row.error().message);
  if (const auto failed = save_secret(context, row->token, options.save)) return *failed;
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    write_row(json, *row);
    return print_json(out);
  } else if (options.save.empty()) {
    print_line(row->token);
  } else {
    print_line("Made " + printable_line(row->id) + "; the token is in " + options.save);
  }
  return exit_ok;
}

// Tokens of every scope stand in the default view.
std::string scope_to_look_at(const std::string& scope) {
  return scope == core::every_scope_text ? core::default_view().key() : scope;
}

int list(const Context& context, Tokens& tokens, const TokenOptions& options) {
  const std::string& scope = options.request.scope;
  auto rows = tokens.list(scope_to_look_at(scope), options.request.user);
  if (!rows) return print_error(context, rows.error().message);
  if (scope == core::every_scope_text) {
    std::erase_if(*rows, [&](const TokenRow& row) { return row.scope != scope; });
  }
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("tokens").array();
    for (const TokenRow& row : *rows) write_row(json, row);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const TokenRow& row : *rows) {
    print_line(printable_line(row.id) + "  " + printable_line(row.scope) + "  " +
               printable_line(row.role) + "  " + printable_line(row.created_at.substr(0, 19)) +
               "Z  " + printable_line(row.name));
  }
  return exit_ok;
}

int revoke(const Context& context, Tokens& tokens, const TokenOptions& options) {
  const auto done = tokens.revoke(scope_to_look_at(options.request.scope), options.id);
  if (!done) return print_error(context, done.error().message);
  print_line("Revoked.");
  return exit_ok;
}

void add_create(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("create", "Create a token and print it, this once.");
  command.footer(
      "Examples:\n"
      "  colonnade token create --name ci --scope main/main/main --user ci --role member\n"
      "  colonnade token create --name ada --scope acme/shop/test --user ada --role operator \\\n"
      "                         --save ada.token");
  auto options = std::make_shared<TokenOptions>();
  command.add_option("--name", options->request.name, "A name that says what it is for.")
      .required()
      .type_name("NAME");
  command
      .add_option("--scope", options->request.scope,
                  "The scope that it counts in; * for all, with the role operator.")
      .required()
      .type_name("ORG/PROJECT/ENV");
  command.add_option("--user", options->request.user, "The user whose threads it sees.")
      .required()
      .type_name("USER");
  command
      .add_option(
          "--role", options->request.role,
          "A member sees what is the user's; an operator sees all of the scope, and creates "
          "and revokes its tokens.")
      .required()
      .one_of({"operator", "member"})
      .type_name("ROLE");
  command
      .add_option("--save", options->save,
                  "Write the token into this file (mode 0600) instead of printing it.")
      .type_name("FILE");
  run_with(command, invocation, options, {"data_dir", "token_file"}, open_tokens, create);
}

void add_scope(Command command, TokenOptions& options) {
  options.request.scope = core::default_view().key();
  command
      .add_option("--scope", options.request.scope,
                  "The scope; * for the tokens of every scope alone.")
      .capture_default_str()
      .type_name("ORG/PROJECT/ENV");
}

void add_list(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("list", "List a user's tokens; never their values.");
  command.footer("Example:\n  colonnade token list --json | jq -r '.tokens[].id'");
  auto options = std::make_shared<TokenOptions>();
  options->request.user = "admin";
  command.add_option("--user", options->request.user, "The user.")
      .capture_default_str()
      .type_name("USER");
  add_scope(command, *options);
  run_with(command, invocation, options, {"data_dir", "token_file"}, open_tokens, list);
}

void add_revoke(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("revoke", "Revoke a token: it stops working at once.");
  command.footer("Example:\n  colonnade token revoke ID");
  auto options = std::make_shared<TokenOptions>();
  command.add_option("id", options->id, "As `colonnade token list` shows it.").required();
  add_scope(command, *options);
  run_with(command, invocation, options, {"data_dir", "token_file"}, open_tokens, revoke);
}

void add_path(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("path", "Print the path of the file with the operator's token.");
  command.footer(
      "Examples:\n"
      "  colonnade token path\n"
      "  export FATHOM_TOKEN=$(cat \"$(colonnade token path)\")");
  auto flags = add_config_flags(command, {"data_dir", "token_file"});
  command.callback([flags, &invocation] {
    invocation.run = [flags](const Context& context) -> int {
      const auto config = flags->load(context);
      if (!config) return exit_usage;
      print_line(config->settings.token_file);
      return exit_ok;
    };
  });
}

}  // namespace

void add_token(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("token", "Create, list and revoke tokens, on this machine.");
  command.require_subcommand(1);
  command.footer(
      "While a server runs on the data folder, these go through it, with the operator's token;\n"
      "otherwise they open the store themselves.\n"
      "Examples:\n"
      "  colonnade token create --name ci --scope main/main/main --user ci --role member\n"
      "  colonnade token list\n"
      "  colonnade token revoke ID");
  add_create(command, invocation);
  add_list(command, invocation);
  add_revoke(command, invocation);
  add_path(command, invocation);
}

}  // namespace colonnade::app
