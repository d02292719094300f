// The command line: one row per command in command_line.cpp, one file per command in commands/.
#pragma once

#include <expected>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "app/environment.hpp"
#include "app/options.hpp"
#include "app/terminal.hpp"

namespace colonnade::app {

// What the program answers to its caller.
enum ExitCode : int {
  exit_ok = 0,
  exit_failure = 1,   // the command could not do what was asked
  exit_usage = 2,     // the command line or the configuration is wrong
  exit_waiting = 3,   // a tool call waits for an approval, and --no-wait was given
  exit_signal = 128,  // and the signal's number: it ended the wait for an answer
};

// What every command gets.
struct Context {
  Environment environment;
  Terminal terminal;
};

// Filled while the command line is parsed; what the program then does. The parser is gone by then.
struct Invocation {
  std::function<int(const Context&)> run{};
};

// The settings that a command's flags named, beside --config. Shared with the parser, which fills
// it in.
struct ConfigFlags {
  std::string file{};
  FlagValues values{};
  bool current_folder = true;  // see ConfigInput

  // Loads the configuration. Faults are printed to standard error, one a line: then the command
  // ends with exit_usage.
  std::optional<Config> load(const Context& context) const;
  // As load_config() gives it; says on standard error that a file is ignored, and how to trust it.
  std::expected<Config, ConfigFaults> read(const Context& context) const;
};

// Gives `command` the flag --config and the flags of these settings (all of them when the list is
// empty).
std::shared_ptr<ConfigFlags> add_config_flags(Command command,
                                              std::initializer_list<std::string_view> names = {});

// Each adds its command below `parent`.
using AddCommand = void (*)(Command parent, Invocation& invocation);
void add_serve(Command parent, Invocation& invocation);
void add_chat(Command parent, Invocation& invocation);
void add_send(Command parent, Invocation& invocation);
void add_threads(Command parent, Invocation& invocation);
void add_approvals(Command parent, Invocation& invocation);
void add_mcp(Command parent, Invocation& invocation);
void add_pair(Command parent, Invocation& invocation);
void add_devices(Command parent, Invocation& invocation);
void add_token(Command parent, Invocation& invocation);
void add_entity(Command parent, Invocation& invocation);
void add_access_key(Command parent, Invocation& invocation);
void add_budgets(Command parent, Invocation& invocation);
void add_policy(Command parent, Invocation& invocation);
void add_mcp_servers(Command parent, Invocation& invocation);
void add_packs(Command parent, Invocation& invocation);
void add_jobs(Command parent, Invocation& invocation);
void add_tasks(Command parent, Invocation& invocation);
void add_audit(Command parent, Invocation& invocation);
void add_migrate(Command parent, Invocation& invocation);
void add_backup(Command parent, Invocation& invocation);
void add_restore(Command parent, Invocation& invocation);
void add_doctor(Command parent, Invocation& invocation);
void add_config(Command parent, Invocation& invocation);
void add_version(Command parent, Invocation& invocation);

// Parses, runs, and returns the exit code.
int run_command_line(int argc, const char* const* argv);

// "colonnade: <message>" on standard error, "error" in red on a terminal; the exit code is passed
// through.
int print_error(const Context& context, std::string_view message, int code = exit_failure);

}  // namespace colonnade::app
