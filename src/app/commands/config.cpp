// colonnade config show | trust | prices | reference
#include <cstdio>

#include "app/command_line.hpp"
#include "app/config_trust.hpp"
#include "app/config_view.hpp"
#include "app/prices_file.hpp"

namespace colonnade::app {
namespace {

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return exit_ok;
}

void add_show(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "show", "Print every setting that is in force and where it came from. Secrets are masked.");
  command.footer(
      "Examples:\n"
      "  colonnade config show\n"
      "  colonnade config show --config /etc/colonnade.yaml --json\n"
      "  COLONNADE_LOG_LEVEL=debug colonnade config show | grep log");
  auto flags = add_config_flags(command);
  auto as_json = std::make_shared<bool>(false);
  command.add_flag("--json", *as_json, "One JSON object.");
  command.callback([flags, as_json, &invocation] {
    invocation.run = [flags, as_json](const Context& context) -> int {
      const auto config = flags->load(context);
      if (!config) return exit_usage;
      return print(*as_json ? config_as_json(*config) : config_as_text(*config));
    };
  });
}

int trust(const Context& context, const std::string& file) {
  const auto trusted = trust_config(context.environment, file);
  if (!trusted) return print_error(context, trusted.error().message);
  return print("Trusted " + printable_line(trusted->path) + "\nas it is now (SHA-256 " +
               trusted->sha256 + "); a changed file wants it again.\nThe list is " +
               printable_line(trust_store_path(context.environment)) + ".\n");
}

void add_trust(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "trust", "Let the configuration file of a folder count, with the content it has now.");
  command.footer(
      "Examples:\n"
      "  colonnade config trust                  ./colonnade.yaml\n"
      "  colonnade config trust ~/work/colonnade.yaml\n"
      "\n"
      "Read the file first: it can name programs to run and servers to send keys to. A file that\n"
      "is named with --config or $COLONNADE_CONFIG, and your own one, need no trust.");
  auto file = std::make_shared<std::string>("colonnade.yaml");
  command.add_option("file", *file, "The file.").capture_default_str();
  command.callback([file, &invocation] {
    invocation.run = [file](const Context& context) -> int { return trust(context, *file); };
  });
}

}  // namespace

void add_config(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "config", "Show the configuration, trust a file, print built-in tables.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade config show\n"
      "  colonnade config prices > prices.yaml\n"
      "\n"
      "Order, first wins: flags, environment, file, defaults.\n"
      "The file: --config, else $COLONNADE_CONFIG, else ./colonnade.yaml if it is trusted, else\n"
      "$XDG_CONFIG_HOME/colonnade/colonnade.yaml.");
  add_show(command, invocation);
  add_trust(command, invocation);
  Command prices =
      command.add_subcommand("prices", "Print the built-in table of model prices, for editing.");
  prices.footer(
      "Example:\n"
      "  colonnade config prices > prices.yaml    then set prices_file: prices.yaml");
  prices.callback([&invocation] {
    invocation.run = [](const Context&) { return print(std::string(built_in_prices())); };
  });
  // For the documentation only, so not in --help.
  Command reference = command.add_subcommand("reference", "Print the reference page.");
  reference.group("");
  reference.callback([&invocation] {
    invocation.run = [](const Context&) { return print(configuration_reference()); };
  });
}

}  // namespace colonnade::app
