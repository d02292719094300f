#include "app/checks.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "app/files.hpp"
#include "app/prices_file.hpp"
#include "app/running_server.hpp"
#include "app/windows_file.hpp"
#include "app/wiring_store.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "colonnade/transport.hpp"
#include "dialects/client_address.hpp"

namespace colonnade::app {
namespace {

constexpr std::uint64_t free_bytes_min = 1024ULL * 1024 * 1024;
constexpr std::uint64_t free_bytes_failing = 64ULL * 1024 * 1024;
constexpr int problems_shown_max = 5;
constexpr auto readiness_time_max = std::chrono::seconds(5);
constexpr mode_t others_mask = 0077;

using Findings = std::vector<Finding>;

void add(Findings& out, std::string check, Health health, std::string message,
         std::string remedy = {}) {
  out.push_back({std::move(check), health, std::move(message), std::move(remedy)});
}

void check_variables(const Environment& environment, Findings& out) {
  for (const auto& [name, meant] : unknown_variables(environment)) {
    add(out, "environment", Health::warning, name + " is unknown",
        meant.empty() ? "remove it, or see `colonnade config show` for the settings"
                      : "did you mean " + meant + "?");
  }
}

// What the server itself says of its store, on its readiness route.
void check_running_server(const RunningServer& running, const Settings& settings, Findings& out) {
  const std::string where = "runs with process id " + std::to_string(running.pid) + " on ";
  if (running.urls.empty()) return add(out, "server", Health::ok, where + "no address");
  const std::string& url = running.urls.front();
  HttpOptions http;
  http.ca_file = settings.tls.certificate_file;
  const Timeouts timeouts{.connect = readiness_time_max, .read = readiness_time_max};
  TransportRequest request{.method = "GET",
                           .url = url + settings.base_path + "/api/v1/ready",
                           .connect_timeout = timeouts.connect,
                           .read_timeout = timeouts.read};
  std::optional<colonnade::Result<TransportReply>> answer;
  make_http_transport(http)->call(
      std::move(request), Calling::blocking,
      [&answer](colonnade::Result<TransportReply> reply) { answer = std::move(reply); });
  if (!answer || !*answer) {
    // A certificate for another name is refused here, although clients outside are content.
    const bool may_be_the_name = url.starts_with("https://");
    return add(out, "server", may_be_the_name ? Health::warning : Health::failure,
               where + url + " and does not answer", "look at its log; restart it");
  }
  if ((*answer)->status == 200) return add(out, "server", Health::ok, where + url + ", ready");
  std::string reason = "HTTP " + std::to_string((*answer)->status);
  const auto body = base::parse_json((*answer)->body, "the answer");
  if (body && body->is_object()) reason = body->value("error", reason);
  add(out, "server", Health::failure, where + url + ", not ready: " + reason,
      "mend what it names; it goes on by itself, except after damage");
}

void check_folder(const Config& config, Findings& out) {
  struct stat info{};
  const std::string& folder = config.settings.data_dir;
  if (::stat(folder.c_str(), &info) != 0) {
    const auto named = config.origins.find("data_dir");
    if (errno == ENOENT && named != config.origins.end()) {
      return add(out, "data folder", Health::warning,
                 folder + " does not exist (" + named->second + ")",
                 "check the name; if it is right, the first `colonnade serve` creates it");
    }
    if (errno == ENOENT) {
      return add(out, "data folder", Health::ok,
                 folder + " does not exist yet; the first `colonnade serve` creates it");
    }
    return add(out, "data folder", Health::failure,
               folder + ": " + std::generic_category().message(errno),
               "give the user who runs the server access, or set data_dir to another folder");
  }
  if (!S_ISDIR(info.st_mode)) {
    return add(out, "data folder", Health::failure, folder + " is not a folder",
               "set data_dir to a folder");
  }
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return add(out, "data folder", Health::failure, folder + " cannot be written to",
               "chown it to the user who runs the server");
  }
  if ((info.st_mode & others_mask) != 0) {
    return add(out, "data folder", Health::warning, folder + " is open to other users",
               "chmod 700 " + folder);
  }
  add(out, "data folder", Health::ok, folder);
}

void check_space(const Settings& settings, Findings& out) {
  struct statvfs info{};
  std::filesystem::path folder = settings.data_dir;
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (::statvfs(folder.c_str(), &info) != 0) return;
  const std::uint64_t free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  const std::string message = std::to_string(free / (1024 * 1024)) + " MiB free";
  if (free >= free_bytes_min) return add(out, "disk space", Health::ok, message);
  add(out, "disk space", free < free_bytes_failing ? Health::failure : Health::warning, message,
      "make room, or move data_dir to a larger disk");
}

void check_token(const Settings& settings, Findings& out) {
  struct stat info{};
  if (::stat(settings.token_file.c_str(), &info) != 0) {
    std::error_code ignored;
    if (!std::filesystem::exists(database_path(settings.data_dir), ignored)) return;
    return add(out, "operator token", Health::warning, settings.token_file + " does not exist",
               "if the token is lost: colonnade token create --name operator --scope '*' "
               "--user admin --role operator --save " +
                   settings.token_file + " (with the server stopped)");
  }
  if ((info.st_mode & others_mask) != 0) {
    return add(out, "operator token", Health::failure,
               settings.token_file + " can be read by other users",
               "chmod 600 " + settings.token_file + ", then revoke it and make another");
  }
  add(out, "operator token", Health::ok, settings.token_file);
}

void check_store(const Settings& settings, Findings& out) {
  const std::string path = database_path(settings.data_dir);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return add(out, "store", Health::ok,
               "there is none yet; the first `colonnade serve` creates it");
  }
  const auto store = store_maintenance(settings);
  const auto version = store->schema();
  if (!version) {
    return add(out, "store", Health::failure, version.error().message,
               "restore a backup, or set data_dir to the right folder");
  }
  const int newest = store->newest_schema();
  const std::string schema = "schema " + std::to_string(*version);
  if (*version > newest) {
    return add(out, "store", Health::failure,
               schema + " is newer than this program's " + std::to_string(newest),
               "run the newer program again, or restore a backup from before");
  }
  if (*version < newest) {
    add(out, "store", Health::warning, schema + ", and this program's is " + std::to_string(newest),
        "colonnade backup before.db && colonnade migrate (or just `colonnade serve`)");
    return;
  }
  const auto problems = store->integrity_check();
  if (!problems) {
    return add(out, "store", Health::failure, problems.error().message,
               "restore the newest backup that this check passes");
  }
  if (problems->empty()) return add(out, "store", Health::ok, schema + ", whole");
  std::string message = std::to_string(problems->size()) + " problems";
  for (int i = 0; i < problems_shown_max && i < static_cast<int>(problems->size()); ++i) {
    message += "; " + (*problems)[static_cast<std::size_t>(i)];
  }
  add(out, "store", Health::failure, message, "restore the newest backup that this check passes");
}

// What bind() says about an address: 0, or the reason.
int bind_error(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) !=
      0) {
    return EADDRNOTAVAIL;
  }
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int reason = fd < 0 ? errno : 0;
  const int on = 1;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd >= 0 && (::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, 1) != 0)) {
    reason = errno;
  }
  if (fd >= 0) ::close(fd);
  ::freeaddrinfo(found);
  return reason;
}

void check_ports(const Settings& settings, bool server_runs, Findings& out) {
  for (const ListenAddress& address : settings.listen) {
    const std::string text = to_string(address);
    if (!dialects::is_this_machine(address.host) && settings.tls.certificate_file.empty()) {
      add(out, "ports", Health::warning, text + " is reachable from outside without TLS",
          "set tls.certificate_file and tls.private_key_file, or listen on 127.0.0.1 behind a "
          "proxy that speaks TLS");
    }
    if (server_runs) continue;
    const int reason = bind_error(address);
    if (reason == 0) {
      add(out, "ports", Health::ok, text + " is free");
    } else {
      add(out, "ports", Health::failure, text + ": " + std::generic_category().message(reason),
          reason == EADDRINUSE ? "stop what listens there, or set listen to another port"
          : reason == EACCES   ? "take a port from 1024 up, or give the program "
                                 "CAP_NET_BIND_SERVICE"
                               : "set listen to an address of this machine");
    }
  }
}

void check_tls(const Settings& settings, Findings& out) {
  for (const auto& [name, path] :
       {std::pair("tls.certificate_file", settings.tls.certificate_file),
        std::pair("tls.private_key_file", settings.tls.private_key_file)}) {
    if (path.empty()) continue;
    struct stat info{};
    if (::access(path.c_str(), R_OK) != 0 || ::stat(path.c_str(), &info) != 0) {
      add(out, "tls", Health::failure, std::string(name) + ": cannot read " + path,
          "let the user who runs the server read it, or name another file");
    } else if (std::string_view(name) == "tls.private_key_file" && (info.st_mode & S_IROTH) != 0) {
      add(out, "tls", Health::warning, path + " can be read by every user", "chmod 600 " + path);
    } else {
      add(out, "tls", Health::ok, path);
    }
  }
}

void check_providers(const Settings& loaded, const Environment& environment, Findings& out) {
  Settings settings = loaded;
  if (const auto secrets = resolve_secrets(settings, environment); !secrets) {
    for (const std::string& fault : secrets.error()) {
      add(out, "providers", Health::failure, fault, "set it, or remove the provider");
    }
  }
  for (const auto& [name, provider] : settings.providers) {
    const bool hosted = provider.base_url.empty();
    if (!provider.api_key.empty()) {
      add(out, "providers", Health::ok, name + " has a key (not tried)");
    } else if (hosted && provider.api_key_env.empty() && provider.api_key_file.empty()) {
      add(out, "providers", Health::failure, name + " has no key",
          "set providers." + name + ".api_key_env or .api_key_file");
    } else if (!hosted) {
      add(out, "providers", Health::ok, name + " at " + provider.base_url + ", without a key");
    }
  }
  if (settings.providers.empty()) {
    add(out, "providers", Health::warning, "none: the built-in offline provider answers",
        "set ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY, or name a server of your own "
        "under providers");
  }
}

void check_prices(const Settings& settings, Findings& out) {
  if (settings.prices_file.empty()) return;
  constexpr std::size_t bytes_max = 1024 * 1024;
  const auto text = read_small_file(settings.prices_file, bytes_max);
  const auto prices =
      text ? parse_prices(*text, settings.prices_file) : std::unexpected(text.error());
  if (prices) return add(out, "prices", Health::ok, settings.prices_file);
  add(out, "prices", Health::failure, prices.error().message,
      "fix the file, or leave prices_file unset");
}

void check_windows(const Settings& settings, Findings& out) {
  if (settings.context.windows_file.empty()) return;
  const auto windows = load_windows(settings.context.windows_file);
  if (windows) return add(out, "windows", Health::ok, settings.context.windows_file);
  add(out, "windows", Health::failure, windows.error().message,
      "fix the file, or leave context.windows_file unset");
}

void check_clock(Findings& out) {
  base::SystemClock clock;
  const std::string now = base::to_rfc3339(clock.now());
  // A year before this program was written means a machine that does not know the time.
  if (now < "2025") {
    return add(out, "clock", Health::failure, "it says " + now, "set the clock; run an NTP client");
  }
  timex state{};
  const int answer = ::adjtimex(&state);
  if (answer == TIME_ERROR) {
    return add(out, "clock", Health::warning, now + ", not synchronised as far as the kernel knows",
               "run an NTP client (in a container: on its host)");
  }
  add(out, "clock", Health::ok, now);
}

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warning: return "warning";
    case Health::failure: return "failure";
  }
  return "failure";
}

std::vector<Finding> run_checks(const std::expected<Config, ConfigFaults>& config,
                                const Environment& environment) {
  Findings out;
  if (!config) {
    for (const std::string& fault : config.error()) {
      add(out, "configuration", Health::failure, fault,
          "fix it; docs/reference/configuration.md lists every setting");
    }
    check_variables(environment, out);
    check_clock(out);
    return out;
  }
  const Settings& settings = config->settings;
  add(out, "configuration", Health::ok,
      config->file.empty() ? "no file; defaults and environment" : config->file);
  check_variables(environment, out);
  const auto running = find_running_server(settings.data_dir);
  if (running) {
    check_running_server(*running, settings, out);
  }
  check_folder(*config, out);
  check_space(settings, out);
  check_store(settings, out);
  check_token(settings, out);
  check_ports(settings, running.has_value(), out);
  check_tls(settings, out);
  check_providers(settings, environment, out);
  check_prices(settings, out);
  check_windows(settings, out);
  check_clock(out);
  return out;
}

}  // namespace colonnade::app
