// colonnade mcp
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "app/command_line.hpp"
#include "app/files.hpp"
#include "app/log_output.hpp"
#include "app/mcp_bridge.hpp"
#include "app/process_guard.hpp"
#include "app/remote.hpp"
#include "app/running_server.hpp"
#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "app/workspace_check.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "dialects/mcp/limits.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t read_bytes = 64 * limits::KiB;

// Lines of standard input, until it ends or somebody says so.
class Lines {
 public:
  Lines() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Lines() { ::close(wake_); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // Any thread.
  void stop() { ::eventfd_write(wake_, 1); }

  // nullopt at the end. A line that no server would take comes without its rest: it is refused
  // there for what it is.
  std::optional<std::string> next() {
    for (;;) {
      const auto end = unread_.find('\n', searched_);
      if (end != std::string::npos) return take(end);
      searched_ = unread_.size();
      if (unread_.size() > limits::mcp_endpoint_body_bytes_max) too_long_ = true;
      if (too_long_) unread_.resize(std::min(unread_.size(), kept_bytes));
      searched_ = std::min(searched_, unread_.size());
      if (!fill()) return std::nullopt;
    }
  }

 private:
  static constexpr std::size_t kept_bytes = limits::mcp_endpoint_body_bytes_max + 1;

  std::string take(std::size_t end) {
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    searched_ = 0;
    too_long_ = false;
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }

  bool fill() {
    std::array<pollfd, 2> both{{{STDIN_FILENO, POLLIN, 0}, {wake_, POLLIN, 0}}};
    while (::poll(both.data(), both.size(), -1) < 0) {
      if (errno != EINTR) return false;
    }
    if (both[1].revents != 0) return false;
    std::array<char, read_bytes> bytes{};
    const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count <= 0) return count < 0 && errno == EINTR;
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

  int wake_;
  std::string unread_{};
  std::size_t searched_ = 0;
  bool too_long_ = false;
};

// Nothing but messages goes there. A host that does not read any more has gone.
void write_line(Lines& lines, const std::string& message) {
  const std::string line = message + "\n";
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = ::write(STDOUT_FILENO, line.data() + written, line.size() - written);
    if (count > 0) written += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) return lines.stop();
  }
}

void serve_host(Lines& lines, McpBridge::Endpoint place) {
  place.url += "/api/mcp";
  McpBridge bridge(std::move(place),
                   [&lines](const std::string& message) { write_line(lines, message); });
  while (const auto line = lines.next()) {
    if (line->find_first_not_of(" \t") != std::string::npos) bridge.take(*line);
  }
  bridge.end();
}

// A server of our own, for as long as the host is there.
int serve_alone(const Context& context, const Config& config, Lines& lines) {
  Settings settings = config.settings;
  if (auto secrets = resolve_secrets(settings, context.environment); !secrets) {
    for (const std::string& fault : secrets.error()) print_error(context, fault);
    return exit_usage;
  }
  if (const auto faults = workspace_faults(config); !faults.empty()) {
    for (const std::string& fault : faults) print_error(context, fault);
    return exit_usage;
  }
  guard_process(secret_variables(settings));
  if (!open_log(settings)) {
    return print_error(context, "log.file: cannot open " + settings.log.file, exit_usage);
  }
  settings.listen = {{"127.0.0.1", 0}};
  settings.classic_ports = false;
  settings.tls.certificate_file.clear();
  settings.tls.private_key_file.clear();
  settings.base_path.clear();
  auto server = Server::build(settings);
  if (!server) return print_error(context, server.error().message);
  const auto started = (*server)->start();
  if (!started) return print_error(context, started.error().message);
  const auto token = read_key_file(settings.token_file);
  if (!token) {
    return print_error(context, "the operator's token is not in " + settings.token_file +
                                    ": put it there, or make one with `colonnade token create`");
  }
  serve_host(lines, {.url = started->urls.front(), .token = *token});
  (*server)->stop();
  base::log::flush();
  return exit_ok;
}

bool is_elsewhere(const Context& context, const RemoteOptions& options, const Config& config) {
  const auto running = find_running_server(config.settings.data_dir);
  return !options.url.empty() || context.environment.get("FATHOM_BASE_URL") ||
         (running && !running->urls.empty());
}

int run_bridge(const Context& context, const RemoteOptions& options) {
  const auto config = options.config->load(context);
  if (!config) return exit_usage;
  Lines lines;
  std::signal(SIGPIPE, SIG_IGN);
  const SignalWatch signals({SIGTERM, SIGINT}, [&lines](int) { lines.stop(); });
  if (!is_elsewhere(context, options, *config)) {
    return serve_alone(context, *config, lines);
  }
  auto remote = find_remote(options, *config, context.environment);
  if (!remote) return print_error(context, remote.error().message);
  serve_host(lines, {.url = remote->base_url, .token = remote->token, .ca_file = remote->ca_file});
  return exit_ok;
}

}  // namespace

void add_mcp(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "mcp", "Serve MCP on standard input and output, for other programs' agents.");
  command.footer(
      "Examples:\n"
      "  colonnade mcp                               with the server on this machine, or without "
      "one\n"
      "  colonnade mcp --url https://host:8790 --token-file token\n"
      "\n"
      "For hosts that start MCP servers as programs. Messages go to the server of the data "
      "folder;\n"
      "when none runs, one runs here for as long as standard input is open, and makes the data\n"
      "folder if there is none. The file ./colonnade.yaml is never read. Hosts that speak HTTP "
      "need\n"
      "no program: the same is at /api/mcp of every server.");
  auto remote = add_remote_options(command);
  // Hosts start it in whatever folder they are in.
  remote->config->current_folder = false;
  command.callback([remote, &invocation] {
    invocation.run = [remote](const Context& context) { return run_bridge(context, *remote); };
  });
}

}  // namespace colonnade::app
