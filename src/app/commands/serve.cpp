// colonnade serve
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>

#include "app/command_line.hpp"
#include "app/files.hpp"
#include "app/log_output.hpp"
#include "app/process_guard.hpp"
#include "app/sample_policy.hpp"
#include "app/service_notify.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"
#include "app/workspace_check.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace colonnade::app {
namespace {

namespace log = base::log;

// SIGTERM and SIGINT end the wait, once; the next one ends the process on the spot. SIGHUP opens
// the log file and reads the policy, keys and certificates again.
class StopSignals {
 public:
  explicit StopSignals(const Settings& settings)
      : settings_(settings), watch_({SIGTERM, SIGINT, SIGHUP}, [this](int n) { on_signal(n); }) {}

  // Whose policy and keys SIGHUP reads again; nullptr for nobody's.
  void serve(Server* server) {
    const std::lock_guard lock(mutex_);
    server_ = server;
  }

  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_; });
  }

 private:
  void on_signal(int number) {
    if (number == SIGHUP) {
      if (!open_log(settings_)) log::warn("log_file_not_reopened");
      const std::lock_guard lock(mutex_);
      if (server_ == nullptr) return;
      server_->reload_policy();
      server_->reload_keys();
      return;
    }
    const std::lock_guard lock(mutex_);
    // What was acknowledged is on the disk: leaving at once loses nothing but the drain.
    if (stop_) ::_exit(exit_failure);
    stop_ = true;
    changed_.notify_all();
  }

  const Settings& settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  Server* server_ = nullptr;
  SignalWatch watch_;
};

std::string ready_line(const Server::Started& started, const Settings& settings, bool shows_token) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("event", "ready").field("version", version());
  json.field("pid", static_cast<std::int64_t>(::getpid())).key("urls").array();
  for (const std::string& url : started.urls) json.value(url);
  json.end_array().field("data_dir", settings.data_dir);
  json.field("provider", started.provider).field("model", started.model);
  json.field("token_file", settings.token_file);
  json.field("policy", settings.policy.file.empty() ? "built-in" : settings.policy.file);
  json.field("policy_missing", started.policy_missing);
  json.field("profile_unusable", started.profile_unusable);
  if (shows_token && !started.first_token.empty()) {
    json.field("first_token", started.first_token);
  }
  json.field("is_first_start", !started.first_token.empty());
  json.field("recovered_runs", static_cast<std::uint64_t>(started.recovered_runs)).end_object();
  return out + "\n";
}

std::string greeting(const Context& context, const Server::Started& started,
                     const Settings& settings) {
  const Terminal& terminal = context.terminal;
  std::string out = terminal.out(Colour::bold, "Colonnade ") + version() + " serves on";
  for (const std::string& url : started.urls) out += " " + terminal.out(Colour::green, url);
  out += "\nData:     " + settings.data_dir + "\n";
  if (started.provider == "offline") {
    out +=
        "Provider: offline, without a model. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or\n"
        "          OPENROUTER_API_KEY, or name a server of your own under providers.\n";
  } else {
    out += "Provider: " + started.provider;
    out += (started.model.empty() ? "" : ", model " + started.model) + "\n";
  }
  if (started.policy_missing) {
    out += terminal.out(Colour::red, "Policy:   ") + settings.policy.file +
           " does not exist, so that every action is denied;\n          " +
           missing_policy_remedy() + "\n";
  }
  if (started.profile_unusable) {
    out += terminal.out(Colour::red, "Profile:  ") + settings.policy.profile +
           " cannot be used, so that every action is denied;\n          "
           "colonnade doctor says why\n";
  }
  if (started.recovered_runs > 0) {
    out += "Resumed:  " + std::to_string(started.recovered_runs) + " unfinished runs\n";
  }
  if (!started.first_token.empty() && !terminal.output_is_terminal()) {
    out += "\nThe operator's token is in " + settings.token_file + ", which only you can read.\n";
  } else if (!started.first_token.empty()) {
    out += "\nThe operator's token, shown this once:\n\n  " +
           terminal.out(Colour::bold, started.first_token) + "\n\nIt is also in " +
           settings.token_file + ", which only you can read.\n";
  }
  out += "\nTalk to it: colonnade chat\n";
  return out;
}

struct ServeOptions {
  bool json = false;
  std::string ready_file{};
};

// Tells everybody who wants to know that requests are answered from now on.
int announce(const Context& context, const Server::Started& started, const Settings& settings,
             const ServeOptions& options) {
  // In the log first: whoever was told may have the log file changed at once.
  log::info("ready", {{"url", started.urls.front()}, {"provider", started.provider}});
  // What is no terminal may be a log that others read.
  const bool is_terminal = context.terminal.output_is_terminal();
  const std::string shown = ready_line(started, settings, is_terminal);
  std::fputs((options.json ? shown : greeting(context, started, settings)).c_str(), stdout);
  std::fflush(stdout);
  if (!options.ready_file.empty()) {
    const std::string whole = ready_line(started, settings, true);
    if (auto saved = write_owner_only_file(options.ready_file, whole); !saved) {
      return print_error(context, "--ready-file: " + saved.error().message, exit_usage);
    }
  }
  notify_service(context.environment, "READY=1");
  return exit_ok;
}

int serve(const Context& context, Config config, const ServeOptions& options) {
  Settings& settings = config.settings;
  if (auto secrets = resolve_secrets(settings, context.environment); !secrets) {
    for (const std::string& fault : secrets.error()) print_error(context, fault);
    return exit_usage;
  }
  if (const auto faults = workspace_faults(config); !faults.empty()) {
    for (const std::string& fault : faults) print_error(context, fault);
    return exit_usage;
  }
  guard_process(secret_variables(settings));  // before any child
  StopSignals signals(settings);              // before any other thread
  if (!open_log(settings)) {
    return print_error(context, "log.file: cannot open " + settings.log.file, exit_usage);
  }
  auto server = Server::build(settings);
  if (!server) {
    const bool usage = !server.error().field.empty();
    return print_error(context, server.error().message, usage ? exit_usage : exit_failure);
  }
  const auto started = (*server)->start();
  if (!started) return print_error(context, started.error().message);
  if (const int code = announce(context, *started, settings, options); code != exit_ok) return code;
  signals.serve(server->get());
  signals.wait();
  signals.serve(nullptr);
  notify_service(context.environment, "STOPPING=1");
  log::info("stopping");
  (*server)->stop();
  log::info("stopped");
  log::flush();
  return exit_ok;
}

}  // namespace

void add_serve(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("serve", "Start the server.");
  command.footer(
      "Examples:\n"
      "  colonnade serve\n"
      "  ANTHROPIC_API_KEY=… colonnade serve\n"
      "  colonnade serve --listen 0.0.0.0:8790 --tls-certificate-file c.pem "
      "--tls-private-key-file k.pem\n"
      "  colonnade serve --listen 127.0.0.1:0 --json     any free port; one JSON line says which\n"
      "\n"
      "The first start makes the operator's token and keeps it in token_file. On a terminal it is\n"
      "printed, once.\n"
      "SIGTERM and SIGINT: no new requests, running turns are parked and taken up at the next\n"
      "start, what is under way may finish for drain_seconds. A second one leaves at once.\n"
      "SIGHUP: opens log.file and reads the policy, the keys of api_key_file and the certificate\n"
      "again.");
  auto options = std::make_shared<ServeOptions>();
  command.add_flag("--json", options->json, "Print one JSON line when ready, nothing else.");
  command
      .add_option("--ready-file", options->ready_file,
                  "Write that line into this file (mode 0600) too; it may hold the first token.")
      .type_name("FILE");
  auto flags = add_config_flags(command);
  command.callback([options, flags, &invocation] {
    invocation.run = [options, flags](const Context& context) -> int {
      auto config = flags->load(context);
      if (!config) return exit_usage;
      return serve(context, std::move(*config), *options);
    };
  });
}

}  // namespace colonnade::app
