#include "app/operator_client.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "app/files.hpp"
#include "app/running_server.hpp"

namespace colonnade::app {

using base::fail;

OperatorClient::OperatorClient(std::string url, const fathom::Options& options)
    : url_(std::move(url)), client_(options) {}

base::Result<std::optional<OperatorClient>> OperatorClient::of_running_server(
    const Settings& settings) {
  const auto running = find_running_server(settings.data_dir);
  if (!running || running->urls.empty()) return std::nullopt;
  const auto token = read_key_file(settings.token_file);
  if (!token) {
    return fail(base::ErrorKind::unavailable,
                "a server runs on " + settings.data_dir + " and its operator's token is not in " +
                    settings.token_file +
                    "; stop the server and run this again, or put the token there");
  }
  fathom::Options options;
  options.base_url = running->urls.front();
  options.token = *token;
  options.http.ca_file = settings.tls.certificate_file;
  try {
    return OperatorClient(running->urls.front(), options);
  } catch (const colonnade::Error& error) {
    return fail(base::ErrorKind::upstream, error.what());
  }
}

base::Result<base::Json> OperatorClient::call(std::string_view method, const std::string& path,
                                              const std::string& query, const std::string& body) {
  try {
    const Json sent = body.empty() ? Json() : Json::parse(body);
    return base::parse_json(client_.request(method, path + query, sent).dump(), "answer");
  } catch (const colonnade::Error& error) {
    std::string message = error.failure().message;
    const auto json = base::parse_json(error.failure().body, "body");
    if (json && json->is_object() && json->contains("error")) {
      message = json->at("error").get<std::string>();
    }
    return fail(base::ErrorKind::upstream, "the server at " + url_ + ": " + message);
  }
}

std::string url_escaped(const std::string& text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

}  // namespace colonnade::app
