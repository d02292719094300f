#include "app/remote.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/files.hpp"
#include "app/running_server.hpp"
#include "app/wiring_store.hpp"
#include "base/json.hpp"
#include "base/secret_text.hpp"
#include "net/loopback.hpp"
#include "net/url.hpp"

namespace colonnade::app {
namespace {

// A URL that somebody wrote, or what is wrong with it; `place` says where.
base::Result<std::string> checked_url(const std::string& url, const std::string& place) {
  const auto scheme_end = url.find("://");
  const std::string scheme = scheme_end == std::string::npos ? "" : url.substr(0, scheme_end);
  const auto parsed = net::parse_http_url(url);
  if (parsed && !scheme.empty()) return url;
  std::string why = "is no URL";
  if (parsed || scheme.empty()) {
    why = "does not begin with http:// or https://";
  } else if (scheme != "http" && scheme != "https") {
    why = "begins with " + scheme + "://, and a server speaks http or https only";
  } else if (url.find('@') != std::string::npos) {
    why = "holds a user or a password; the token goes into a file, for --token-file";
  }
  return base::fail(base::ErrorKind::invalid,
                    place + ": \"" + base::hide_secrets_in_url(url) + "\" " + why +
                        "; write it like http://127.0.0.1:8790 or https://agents.example",
                    "url");
}

base::Result<std::string> find_url(const RemoteOptions& options, const Config& config,
                                   const Environment& environment) {
  if (!options.url.empty()) return checked_url(options.url, "--url");
  if (auto url = environment.get("FATHOM_BASE_URL")) {
    return checked_url(trimmed(*url), "environment FATHOM_BASE_URL");
  }
  const Settings& settings = config.settings;
  const auto named = config.origins.find("data_dir");
  std::error_code ignored;
  if (named != config.origins.end() && named->second.starts_with("flag") &&
      !std::filesystem::exists(settings.data_dir, ignored)) {
    return base::fail(base::ErrorKind::not_found, no_data_folder(settings));
  }
  const auto running = find_running_server(settings.data_dir);
  if (running && !running->urls.empty()) return running->urls.front();
  return local_url(settings.listen.front(), !settings.tls.certificate_file.empty());
}

// As one word of a shell.
std::string quoted(const std::string& text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,=";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string flags_of(const RemoteOptions& options) {
  std::string out;
  const auto add = [&out](std::string_view flag, const std::string& value) {
    if (!value.empty()) out.append(" ").append(flag).append(" ").append(quoted(value));
  };
  add("--url", options.url);
  add("--token-file", options.token_file);
  add("--ca-file", options.ca_file);
  add("--config", options.config->file);
  for (const auto& [name, values] : options.config->values) {
    if (name == "data_dir" && !values.empty()) add("--data-dir", values.back());
  }
  return out;
}

// The text that a Fathom or Faramesh server put into its error, or "".
std::string error_text(const std::string& body) {
  const auto json = base::parse_json(body, "body");
  if (!json || !json->is_object()) return {};
  for (const char* member : {"error", "detail"}) {
    const auto found = json->find(member);
    if (found != json->end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

}  // namespace

std::shared_ptr<RemoteOptions> add_remote_options(Command command) {
  auto options = std::make_shared<RemoteOptions>();
  command
      .add_option("--url", options->url,
                  "The server's URL. Default: $FATHOM_BASE_URL, else the server on this machine.")
      .type_name("URL");
  command
      .add_option("--token-file", options->token_file,
                  "File with the token. Default: $FATHOM_TOKEN, else the operator's of the server "
                  "here.")
      .type_name("FILE");
  command.add_option("--ca-file", options->ca_file, "Certificates (PEM) to trust for https.")
      .type_name("FILE");
  options->config = add_config_flags(command, {"data_dir"});
  return options;
}

fathom::Options Remote::options() const {
  fathom::Options out;
  out.base_url = base_url;
  out.token = token;
  out.http.ca_file = ca_file;
  out.http.user_agent = "colonnade-cli";
  return out;
}

base::Result<Remote> find_remote(const RemoteOptions& options, const Config& config,
                                 const Environment& environment) {
  auto url = find_url(options, config, environment);
  if (!url) return std::unexpected(url.error());
  Remote out{.base_url = *std::move(url), .ca_file = options.ca_file, .flags = flags_of(options)};
  if (!options.token_file.empty()) {
    auto token = read_key_file(options.token_file);
    if (!token) {
      return base::fail(token.error().kind, "--token-file: " + token.error().message, "token_file");
    }
    out.token = *std::move(token);
  } else if (auto token = environment.get("FATHOM_TOKEN")) {
    out.token = key_text(*token);
  } else if (net::is_loopback_url(out.base_url)) {
    auto local = read_key_file(config.settings.token_file);
    if (local) out.token = *std::move(local);
  }
  return out;
}

std::string explain(const colonnade::Error& error, const std::string& base_url) {
  const Failure& failure = error.failure();
  switch (failure.kind) {
    case ErrorKind::credentials_missing:
      return "there is no token for " + base_url +
             "; give one with --token-file or FATHOM_TOKEN (the operator's is printed at the "
             "server's first start, `colonnade token path` says where it is kept)";
    case ErrorKind::unauthorized:
      return base_url +
             " does not accept the token; make a new one with `colonnade token create` "
             "where the server runs, or pair again";
    case ErrorKind::http: {
      const std::string text = error_text(failure.body);
      return text.empty() ? base_url + " answered " + std::to_string(failure.status) : text;
    }
    case ErrorKind::transport:
      if (failure.transport == TransportErrorKind::connect) {
        return "no server answers at " + base_url +
               "; start the server with `colonnade serve`, or name another with --url";
      }
      if (failure.transport == TransportErrorKind::tls) {
        return failure.message + "; for a certificate of your own, name it with --ca-file";
      }
      return failure.message;
    default: return failure.message;
  }
}

int with_client(const Context& context, const RemoteOptions& options,
                const std::function<int(const fathom::Client&)>& work) {
  return with_client_at(context, options,
                        [&](const fathom::Client& client, const Remote&) { return work(client); });
}

int with_client_at(const Context& context, const RemoteOptions& options,
                   const std::function<int(const fathom::Client&, const Remote&)>& work) {
  const auto config = options.config->load(context);
  if (!config) return exit_usage;
  const auto remote = find_remote(options, *config, context.environment);
  if (!remote) return print_error(context, remote.error().message, exit_usage);
  try {
    const fathom::Client client(remote->options());
    return work(client, *remote);
  } catch (const colonnade::Error& error) {
    return print_error(context, explain(error, remote->base_url));
  }
}

}  // namespace colonnade::app
