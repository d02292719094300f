#include "sdk/session.hpp"

namespace colonnade::inline v1::detail {
namespace {

constexpr std::size_t idempotency_key_bytes_max = 255;

Result<std::string> bearer(std::string_view token, std::string_view setting) {
  const std::string_view trimmed = trim(token);
  if (trimmed.empty()) return std::string();
  if (!fits_header(trimmed)) {
    return usage(std::string(setting) + " holds a control character; a token is one line of text");
  }
  return "Bearer " + std::string(trimmed);
}

std::optional<Failure> wrong_headers(const HttpOptions& http) {
  for (const Header& header : http.headers) {
    const bool named =
        !header.name.empty() && header.name.find_first_of(": \t\r\n") == std::string::npos;
    if (!named || !fits_header(header.name) || !fits_header(header.value)) {
      return usage("Options::http.headers: \"" + header.name + "\" cannot be sent as a header");
    }
  }
  if (!fits_header(http.user_agent)) {
    return usage("Options::http.user_agent holds a control character");
  }
  return std::nullopt;
}

}  // namespace

Setting first_of(std::string_view option, std::string_view option_name,
                 std::initializer_list<const char*> variables) {
  const std::string_view given = trim(option);
  if (!given.empty()) return {.value = std::string(given), .name = option_name};
  for (const char* variable : variables) {
    std::string value = environment(variable);
    if (!value.empty()) return {.value = std::move(value), .name = variable};
  }
  return {.value = {}, .name = option_name};
}

Result<Channel> make_channel(const Setting& base_url, const Setting& token,
                             std::string_view api_root, const HttpOptions& http) {
  auto base = check_base_url(base_url.value, base_url.name);
  if (!base) return std::move(base).error();
  if (auto wrong = wrong_headers(http)) return *std::move(wrong);
  auto authorization = bearer(token.value, token.name);
  if (!authorization) return std::move(authorization).error();
  Channel channel;
  channel.authorization = *std::move(authorization);
  channel.root = *std::move(base) + std::string(api_root);
  channel.timeouts = http.timeouts;
  channel.headers = http.headers;
  channel.user_agent = http.user_agent.empty() ? "" : http.user_agent + " ";
  channel.user_agent += "colonnade-cpp/" COLONNADE_VERSION;
  channel.pool =
      std::make_shared<Pool>(http.transport ? http.transport : make_http_transport(http));
  return channel;
}

Result<Channel> with_options(const Channel& from, const CallOptions& options) {
  const std::string& key = options.idempotency_key;
  if (key.size() > idempotency_key_bytes_max || !fits_header(key)) {
    return usage("CallOptions::idempotency_key must be at most 255 printable bytes");
  }
  if (options.timeout.count() < 0) return usage("CallOptions::timeout is negative");
  Channel channel = from;
  if (options.timeout.count() > 0) channel.scope.timeout = options.timeout;
  if (options.stop.stop_possible()) channel.scope.stop = options.stop;
  if (!key.empty()) channel.scope.idempotency_key = key;
  return channel;
}

Result<Channel> with_authorization(const Channel& from, std::string_view token) {
  auto authorization = bearer(token, "the token");
  if (!authorization) return std::move(authorization).error();
  Channel channel = from;
  channel.authorization = *std::move(authorization);
  return channel;
}

void close(const Session* session) noexcept {
  if (session != nullptr && session->root) session->channel->pool->close();
}

}  // namespace colonnade::inline v1::detail
