// The command line: one row per command in command_line.cpp, one file per command in commands/.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "app/environment.hpp"
#include "app/terminal.hpp"

namespace CLI {
class App;
}

namespace colonnade::app {

// What the program answers to its caller.
enum ExitCode : int {
  exit_ok = 0,
  exit_failure = 1,  // the command could not do what was asked
  exit_usage = 2,    // the command line or the configuration is wrong
};

// What every command gets.
struct Context {
  Environment environment;
  Terminal terminal;
};

// Filled while the command line is parsed; what the program then does.
struct Invocation {
  std::function<int(const Context&)> run{};
};

// The settings that a command's flags named, beside --config. Shared with the parser, which fills
// it in.
struct ConfigFlags {
  std::string file{};
  FlagValues values{};

  // Loads the configuration. Faults are printed to standard error, one a line: then the command
  // ends with exit_usage.
  std::optional<Config> load(const Context& context) const;
};

// Gives `command` the flag --config and the flags of these settings (all of them when the list is
// empty).
std::shared_ptr<ConfigFlags> add_config_flags(CLI::App& command,
                                              std::initializer_list<std::string_view> names = {});

// Each adds its command below `parent`.
using AddCommand = void (*)(CLI::App& parent, Invocation& invocation);
void add_serve(CLI::App& parent, Invocation& invocation);
void add_chat(CLI::App& parent, Invocation& invocation);
void add_send(CLI::App& parent, Invocation& invocation);
void add_threads(CLI::App& parent, Invocation& invocation);
void add_approvals(CLI::App& parent, Invocation& invocation);
void add_mcp(CLI::App& parent, Invocation& invocation);
void add_pair(CLI::App& parent, Invocation& invocation);
void add_devices(CLI::App& parent, Invocation& invocation);
void add_token(CLI::App& parent, Invocation& invocation);
void add_policy(CLI::App& parent, Invocation& invocation);
void add_audit(CLI::App& parent, Invocation& invocation);
void add_migrate(CLI::App& parent, Invocation& invocation);
void add_backup(CLI::App& parent, Invocation& invocation);
void add_doctor(CLI::App& parent, Invocation& invocation);
void add_config(CLI::App& parent, Invocation& invocation);
void add_version(CLI::App& parent, Invocation& invocation);

// Parses, runs, and returns the exit code.
int run_command_line(int argc, const char* const* argv);

// "colonnade: <message>" on standard error, "error" in red on a terminal; the exit code is passed
// through.
int complain(const Context& context, std::string_view message, int code = exit_failure);

}  // namespace colonnade::app
