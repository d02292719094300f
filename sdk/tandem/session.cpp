#include "sdk/tandem/session.hpp"

#include <array>
#include <utility>

namespace colonnade::inline v1::tandem {

using colonnade::detail::Channel;
using colonnade::detail::environment;
using colonnade::detail::trim;
using colonnade::detail::usage;

Options Options::from_env() {
  Options options;
  std::string base_url = environment("TANDEM_BASE_URL");
  if (!base_url.empty()) options.base_url = std::move(base_url);
  options.token = environment("TANDEM_API_TOKEN");
  return options;
}

namespace detail {
namespace {

// The times of this dialect where the rest of the SDK looks for them.
HttpOptions http_options(const Options& options) {
  const Timeouts& times = options.timeouts;
  auto http = colonnade::detail::with_times(options.http, {.connect = times.connect,
                                                           .read = times.call,
                                                           .send = times.run,
                                                           .stream_idle = times.stream});
  if (!http) raise(http.error());
  return *std::move(http);
}

// A server takes the first of these headers (tandem §1.2), so a token beside one of them would
// silently not count.
void check_one_token(const std::vector<Header>& headers, std::string_view token) {
  if (trim(token).empty()) return;
  constexpr std::array<std::string_view, 3> names{"x-agent-token", "x-tandem-token",
                                                  "authorization"};
  for (const std::string_view name : names) {
    const std::string* value = colonnade::detail::find_header(headers, name);
    if (value == nullptr || trim(*value).empty()) continue;
    raise(usage("give the token once: the header " + std::string(name) +
                " of Options::http.headers and a token are both set"));
  }
}

std::shared_ptr<const Session> session_of(Result<Channel> channel, bool root, bool real_engine) {
  if (!channel) raise(channel.error());
  return std::make_shared<const Session>(std::make_shared<const Channel>(*std::move(channel)), root,
                                         real_engine);
}

}  // namespace

Session::Session(std::shared_ptr<const Channel> channel_in, bool root_in, bool real_engine_in)
    : colonnade::detail::Session(std::move(channel_in), root_in, &tandem::detail::raise),
      real_engine(real_engine_in) {}

std::shared_ptr<const Session> open_session(const Options& options) {
  check_one_token(options.http.headers, options.token);
  auto channel = colonnade::detail::make_channel(
      {.value = options.base_url, .name = "Options::base_url"},
      {.value = options.token, .name = "Options::token"}, {}, http_options(options));
  if (channel) channel->credentials_optional = true;  // an engine without a token is open
  return session_of(std::move(channel), true, options.real_engine);
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  return session_of(colonnade::detail::with_options(*from.channel, options), false,
                    from.real_engine);
}

std::shared_ptr<const Session> derive(const Session& from, std::string_view token) {
  check_one_token(from.channel->headers, token);
  return session_of(colonnade::detail::with_authorization(*from.channel, token), false,
                    from.real_engine);
}

}  // namespace detail
}  // namespace colonnade::inline v1::tandem
