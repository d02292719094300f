// What the commands share that keep credentials on this machine: tokens, entities, access keys.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/command_line.hpp"
#include "base/result.hpp"

namespace colonnade::app {

// Opens what the settings name and does `work` with it. Adds --json and the flags of `settings`.
template <class Options, class Opened>
void run_with(Command command, Invocation& invocation, const std::shared_ptr<Options>& options,
              std::initializer_list<std::string_view> settings,
              base::Result<std::unique_ptr<Opened>> (*open)(const Settings&),
              int (*work)(const Context&, Opened&, const Options&)) {
  command.add_flag("--json", options->json, "One JSON object.");
  auto flags = add_config_flags(command, settings);
  command.callback([options, flags, open, work, &invocation] {
    invocation.run = [options, flags, open, work](const Context& context) -> int {
      const auto config = flags->load(context);
      if (!config) return exit_usage;
      const auto opened = open(config->settings);
      if (!opened) return print_error(context, opened.error().message);
      return work(context, **opened, *options);
    };
  });
}

// Writes a secret that was just made into `file`; "" writes nothing. The exit code when that
// fails: the secret counts by then and is shown nowhere else, so it is printed.
std::optional<int> save_secret(const Context& context, const std::string& secret,
                               const std::string& file);

}  // namespace colonnade::app
