#include "app/command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/version.hpp"
#include "base/secret_text.hpp"

namespace colonnade::app {
namespace {

// In the order in which --help shows them: what a newcomer needs first.
constexpr AddCommand commands[] = {
    add_serve,   add_chat,        add_send,    add_threads, add_approvals,  add_mcp,
    add_pair,    add_devices,     add_token,   add_entity,  add_access_key, add_budgets,
    add_policy,  add_mcp_servers, add_packs,   add_jobs,    add_tasks,      add_audit,
    add_migrate, add_backup,      add_restore, add_doctor,  add_config,     add_version,
};

constexpr const char* description =
    "Colonnade: a self-hosted agent runtime.\n"
    "One server keeps agents, threads and runs; existing clients of five products talk to it.";

constexpr const char* footer =
    "Examples:\n"
    "  colonnade serve                     start; the first start makes the operator's token\n"
    "  colonnade chat                      talk to it from another terminal\n"
    "  colonnade send \"What is 6 * 7?\"     ask once; for scripts add --json\n"
    "  colonnade doctor                    check this installation\n"
    "\n"
    "Each command has its own --help with examples.\n"
    "Exit codes: 0 done, 1 it could not be done, 2 the command line or the configuration is "
    "wrong,\n"
    "3 a tool call waits for an approval (--no-wait), 130 and 143 ended by Ctrl-C and SIGTERM.";

// Collects the values of one setting's flag.
void add_flag_of(Command command, const Setting& setting,
                 const std::shared_ptr<ConfigFlags>& flags) {
  const std::string name(setting.name);
  const std::string flag = flag_name(setting);
  if (is_boolean(setting)) {
    const auto store = [flags, name](bool value) {
      flags->values.emplace_back(name, std::vector<std::string>{value ? "true" : "false"});
    };
    command.add_flag(flag + ",!--no-" + flag.substr(2), store, setting.help).group("Settings");
    return;
  }
  const auto store = [flags, name](std::vector<std::string> values) {
    flags->values.emplace_back(name, std::move(values));
  };
  // A flag for a list may be given several times; for anything else, the last one counts.
  const Repeated repeated = is_list(setting) ? Repeated::all_count : Repeated::last_counts;
  command.add_option(flag, store, repeated, setting.help).group("Settings").type_name("VALUE");
}

}  // namespace

std::expected<Config, ConfigFaults> ConfigFlags::read(const Context& context) const {
  auto config = load_config({.file = file,
                             .current_folder = current_folder,
                             .flags = values,
                             .environment = context.environment});
  if (!config || config->ignored_file.empty()) return config;
  const std::string name = "./" + config->ignored_file;
  const std::string line =
      "colonnade: " + context.terminal.err(Colour::yellow, "ignored") + ": " + name +
      (current_folder
           ? ", because a folder's file counts only once you trust it; read it, then run "
             "`colonnade config trust`, or name it: --config " +
                 name + "\n"
           : ", because this command never reads a folder's file; name it: --config " + name +
                 "\n");
  std::fputs(line.c_str(), stderr);
  return config;
}

std::optional<Config> ConfigFlags::load(const Context& context) const {
  auto config = read(context);
  if (config) return std::move(*config);
  for (const std::string& fault : config.error()) print_error(context, fault);
  return std::nullopt;
}

std::shared_ptr<ConfigFlags> add_config_flags(Command command,
                                              std::initializer_list<std::string_view> names) {
  auto flags = std::make_shared<ConfigFlags>();
  command.add_option("-c,--config", flags->file, "The configuration file.").type_name("FILE");
  for (const Setting& setting : settings_table()) {
    const bool wanted =
        names.size() == 0 || std::find(names.begin(), names.end(), setting.name) != names.end();
    if (wanted && !setting.secret) add_flag_of(command, setting, flags);
  }
  return flags;
}

int print_error(const Context& context, std::string_view message, int code) {
  const std::string line = "colonnade: " + context.terminal.err(Colour::red, "error") + ": " +
                           printable(base::hide_secrets_in_url(message)) + "\n";
  std::fputs(line.c_str(), stderr);
  return code;
}

namespace {

// What is to be run, or the exit code where there is nothing to run. The parser, half a megabyte,
// is gone when this returns.
std::expected<Invocation, int> parse(int argc, const char* const* argv, const Context& context) {
  Program program("colonnade", description);
  program.command().footer(footer);
  program.version_flag(std::string("colonnade ") + version());
  Invocation invocation;
  for (const AddCommand add : commands) add(program.command(), invocation);
  const auto end = program.parse(argc, argv);
  if (!end) return invocation;
  if (end->fault.empty()) return std::unexpected(end->exit_code);  // --help and --version
  print_error(context, end->fault);
  std::fputs(("Run `" + end->command + " --help` for how it is used.\n").c_str(), stderr);
  return std::unexpected(int{exit_usage});
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  const Environment environment = Environment::of_process();
  const Context context{environment, Terminal(environment)};
  const auto invocation = parse(argc, argv, context);
  return invocation ? invocation->run(context) : invocation.error();
}

}  // namespace colonnade::app
