#include "app/remote.hpp"

#include <nlohmann/json.hpp>

#include "app/files.hpp"
#include "app/running_server.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t token_file_bytes_max = 4096;

bool is_on_this_machine(std::string_view url) {
  for (const std::string_view host : {"//127.0.0.1", "//localhost", "//[::1]"}) {
    const std::size_t at = url.find(host);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = url.substr(at + host.size());
    if (rest.empty() || rest[0] == ':' || rest[0] == '/') return true;
  }
  return false;
}

std::string find_url(const RemoteOptions& options, const Config& config,
                     const Environment& environment) {
  if (!options.url.empty()) return options.url;
  if (auto url = environment.get("FATHOM_BASE_URL")) return trimmed(*url);
  const auto running = find_running_server(config.settings.data_dir);
  if (running && !running->urls.empty()) return running->urls.front();
  return local_url(config.settings.listen.front(), !config.settings.tls.certificate_file.empty());
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
  Remote out{.base_url = find_url(options, config, environment), .ca_file = options.ca_file};
  if (!options.token_file.empty()) {
    auto token = read_small_file(options.token_file, token_file_bytes_max);
    if (!token) return std::unexpected(token.error());
    out.token = trimmed(*token);
  } else if (auto token = environment.get("FATHOM_TOKEN")) {
    out.token = trimmed(*token);
  } else if (is_on_this_machine(out.base_url)) {
    const auto local = read_small_file(config.settings.token_file, token_file_bytes_max);
    if (local) out.token = trimmed(*local);
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
