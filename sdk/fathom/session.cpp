#include "sdk/fathom/session.hpp"

#include "sdk/fathom/wire.hpp"

namespace colonnade::inline v1::fathom::detail {
namespace {

using colonnade::detail::make_session;

}  // namespace

std::shared_ptr<const Session> open_session(const Options& options) {
  const auto base_url =
      colonnade::detail::first_of(options.base_url, "Options::base_url", {"FATHOM_BASE_URL"});
  if (base_url.value.empty()) {
    raise(colonnade::detail::usage(
        "no base URL: set Options::base_url or the environment variable FATHOM_BASE_URL, "
        "for example to http://localhost:8790"));
  }
  const auto token = colonnade::detail::first_of(options.token, "Options::token", {"FATHOM_TOKEN"});
  auto channel = colonnade::detail::make_channel(base_url, token, "/api/v1", options.http);
  if (channel) {
    channel->credentials_hint =
        "this call needs a token and the client has none: pair() gives one, Options::token, "
        "FATHOM_TOKEN or with_token() set it";
  }
  return make_session<Session>(std::move(channel), true, &raise);
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  return make_session<Session>(colonnade::detail::with_options(*from.channel, options), false,
                               &raise);
}

std::shared_ptr<const Session> derive(const Session& from, std::string_view token) {
  return make_session<Session>(colonnade::detail::with_authorization(*from.channel, token), false,
                               &raise);
}

colonnade::detail::EventRules<Event> thread_rules() {
  return {.decode = &wire::event, .raise = &raise};
}

colonnade::detail::EventRules<ReplyEvent> reply_rules() {
  return {.decode = &wire::reply_event, .raise = &raise};
}

}  // namespace colonnade::inline v1::fathom::detail
