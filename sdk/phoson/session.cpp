#include "sdk/phoson/session.hpp"

namespace colonnade::inline v1::phoson {

Options Options::from_env() {
  Options options;
  options.api_key = colonnade::detail::environment("PHOSON_API_KEY");
  if (options.api_key.empty()) {
    throw std::invalid_argument("the environment variable PHOSON_API_KEY is not set");
  }
  std::string base_url = colonnade::detail::environment("PHOSON_BASE_URL");
  if (!base_url.empty()) options.base_url = std::move(base_url);
  return options;
}

namespace detail {
namespace {

using colonnade::detail::make_session;
using colonnade::detail::Setting;
using colonnade::detail::usage;

// The times of this dialect where the rest of the SDK looks for them.
HttpOptions http_options(const Options& options) {
  const Timeouts& times = options.timeouts;
  auto http = colonnade::detail::with_times(options.http, {.connect = times.connect,
                                                           .read = times.call,
                                                           .send = times.send,
                                                           .stream_idle = times.stream});
  if (!http) raise(http.error());
  return *std::move(http);
}

}  // namespace

std::shared_ptr<const Session> open_session(const Options& options) {
  const Setting key{.value = options.api_key, .name = "Options::api_key"};
  if (colonnade::detail::trim(key.value).empty()) {
    raise(usage("Options::api_key is empty; Client::from_env() takes it from PHOSON_API_KEY"));
  }
  const Setting base_url{.value = options.base_url, .name = "Options::base_url"};
  return make_session<Session>(
      colonnade::detail::make_channel(base_url, key, "/v1", http_options(options)), true, &raise);
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  return make_session<Session>(colonnade::detail::with_options(*from.channel, options), false,
                               &raise);
}

}  // namespace detail
}  // namespace colonnade::inline v1::phoson
