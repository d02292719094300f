#include "sdk/faramesh/session.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sdk/faramesh/wire.hpp"

namespace colonnade::inline v1::faramesh::detail {
namespace {

using colonnade::detail::Channel;
using colonnade::detail::first_of;
using colonnade::detail::RetryPolicy;
using colonnade::detail::Setting;

constexpr std::string_view default_base_url = "http://127.0.0.1:8000";
constexpr std::string_view default_agent_id = "default-agent";
constexpr int default_retries = 3;
constexpr int retries_max = 20;  // with doubling delays more would take days
constexpr std::chrono::milliseconds default_retry_delay{500};
constexpr std::chrono::milliseconds retry_delay_max{60'000};

// A number from the environment; nothing when it is not set. A wrong one is told, not ignored.
std::optional<double> number_from(const char* variable) {
  const std::string text = colonnade::detail::environment(variable);
  if (text.empty()) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    raise(colonnade::detail::usage(std::string(variable) + " is no number"));
  }
  return number;
}

RetryPolicy retry_policy(const Options& options) {
  RetryPolicy policy{.retries = default_retries, .delay_min = default_retry_delay};
  if (options.retries) {
    policy.retries = *options.retries;
  } else if (const auto number = number_from("FARAMESH_RETRIES")) {
    policy.retries = static_cast<int>(std::clamp(*number, -1.0, 1e6));
  }
  if (policy.retries < 0 || policy.retries > retries_max) {
    raise(colonnade::detail::usage("Options::retries, or FARAMESH_RETRIES, must be 0 to 20"));
  }
  if (options.retry_delay) {
    policy.delay_min = *options.retry_delay;
  } else if (const auto seconds = number_from("FARAMESH_RETRY_BACKOFF")) {
    policy.delay_min =
        std::chrono::milliseconds(static_cast<std::int64_t>(std::clamp(*seconds, -1.0, 1e6) * 1e3));
  }
  if (policy.delay_min.count() < 0 || policy.delay_min > retry_delay_max) {
    raise(colonnade::detail::usage(
        "Options::retry_delay, or FARAMESH_RETRY_BACKOFF, must be 0 to 60 seconds"));
  }
  return policy;
}

std::shared_ptr<const Session> make(Result<Channel> channel, bool root, std::string agent_id) {
  if (!channel) raise(channel.error());
  auto session =
      std::make_shared<Session>(std::make_shared<const Channel>(*std::move(channel)), root, &raise);
  session->agent_id = std::move(agent_id);
  return session;
}

}  // namespace

std::shared_ptr<const Session> open_session(const Options& options) {
  Setting base_url = first_of(options.base_url, "Options::base_url",
                              {"FARAMESH_URL", "FARAMESH_BASE_URL", "FARA_API_BASE"});
  if (base_url.value.empty()) base_url.value = default_base_url;
  const Setting token = first_of(options.token, "Options::token",
                                 {"FARAMESH_API_KEY", "FARAMESH_TOKEN", "FARA_AUTH_TOKEN"});
  Setting agent = first_of(options.agent_id, "Options::agent_id", {"FARAMESH_AGENT_ID"});
  if (agent.value.empty()) agent.value = default_agent_id;
  const RetryPolicy retry = retry_policy(options);
  auto channel = colonnade::detail::make_channel(base_url, token, "", options.http);
  if (channel) {
    channel->credentials_optional = true;
    channel->retry = retry;
    if (options.on_request_start || options.on_request_end) {
      channel->observer = std::make_shared<const colonnade::detail::RequestObserver>(
          colonnade::detail::RequestObserver{.started = options.on_request_start,
                                             .ended = options.on_request_end});
    }
  }
  return make(std::move(channel), true, std::move(agent.value));
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  return make(colonnade::detail::with_options(*from.channel, options), false, from.agent_id);
}

std::shared_ptr<const Session> derive(const Session& from, std::string_view token) {
  return make(colonnade::detail::with_authorization(*from.channel, token), false, from.agent_id);
}

colonnade::detail::EventRules<FeedEvent> feed_rules(const EventFilter& filter) {
  EventFilter wanted = filter;
  // Older documents write the names with an underscore.
  for (std::string& type : wanted.types) std::ranges::replace(type, '_', '.');
  return {.decode = &wire::feed_event, .raise = &raise, .keep = [wanted](const FeedEvent& event) {
            std::string type = event.type;
            std::ranges::replace(type, '_', '.');
            const bool of_type =
                wanted.types.empty() || std::ranges::find(wanted.types, type) != wanted.types.end();
            return of_type && (wanted.action_id.empty() || wanted.action_id == event.action_id);
          }};
}

}  // namespace colonnade::inline v1::faramesh::detail
