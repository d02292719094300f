// colonnade config show | prices | reference
#include <cstdio>

#include "app/command_line.hpp"
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

}  // namespace

void add_config(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("config", "Show the configuration and the built-in tables.");
  command.require_subcommand(1);
  command.footer(
      "Order, first wins: flags, environment, file, defaults.\n"
      "The file: --config, else $COLONNADE_CONFIG, else ./colonnade.yaml, else\n"
      "$XDG_CONFIG_HOME/colonnade/colonnade.yaml.");
  add_show(command, invocation);
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
