#include "sdk/platos/session.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace colonnade::inline v1::platos {

using colonnade::detail::CallSpec;
using colonnade::detail::Channel;
using colonnade::detail::environment;
using colonnade::detail::Prepared;
using colonnade::detail::usage;

Options Options::from_env() {
  Options options;
  std::string base_url = environment("PLATOS_BASE_URL");
  if (!base_url.empty()) options.base_url = std::move(base_url);
  options.session_token = environment("PLATOS_SESSION_TOKEN");
  options.api_key = environment("PLATOS_API_KEY");
  options.access_key = environment("PLATOS_ACCESS_KEY");
  options.scope = {.organization_id = environment("PLATOS_ORGANIZATION_ID"),
                   .project_id = environment("PLATOS_PROJECT_ID"),
                   .environment_id = environment("PLATOS_ENVIRONMENT_ID"),
                   .user_id = environment("PLATOS_USER_ID")};
  if (options.session_token.empty() && options.api_key.empty()) {
    throw std::invalid_argument("neither PLATOS_SESSION_TOKEN nor PLATOS_API_KEY is set");
  }
  return options;
}

namespace detail {
namespace {

constexpr std::string_view api_root = "/api/v1/agent";

bool empty(const Scope& scope) {
  return scope.organization_id.empty() && scope.project_id.empty() &&
         scope.environment_id.empty() && scope.user_id.empty();
}

std::optional<Failure> wrong_scope(const Scope& scope) {
  if (empty(scope)) return std::nullopt;
  if (scope.organization_id.empty() || scope.project_id.empty() || scope.environment_id.empty()) {
    return usage("Scope needs organization_id, project_id and environment_id together");
  }
  for (const std::string* part :
       {&scope.organization_id, &scope.project_id, &scope.environment_id, &scope.user_id}) {
    if (!colonnade::detail::fits_header(*part)) {
      return usage("Scope holds a control character");
    }
  }
  return std::nullopt;
}

const std::string& user_of(const Session& session) {
  return session.scope.user_id.empty() ? session.options->default_user : session.scope.user_id;
}

void check_settings(const Options& options) {
  const Retries& retries = options.retries;
  const Sockets& sockets = options.sockets;
  if (retries.retries < 0 || retries.delay_min.count() < 0 || retries.jitter < 0 ||
      retries.jitter > 1) {
    raise(usage("Options::retries has a negative value, or a jitter above 1"));
  }
  for (const auto time :
       {sockets.open_time_max, sockets.delay_min, sockets.delay_max, sockets.persisted_time_max,
        sockets.resume_time_max, sockets.poll_interval, sockets.lost_time_max}) {
    if (time.count() < 0) raise(usage("Options::sockets has a negative time"));
  }
  for (const std::string* text : {&options.session_token, &options.api_key, &options.access_key,
                                  &options.user_token, &options.default_user}) {
    if (!colonnade::detail::fits_header(*text)) {
      raise(usage("a token, key or name of Options holds a control character"));
    }
  }
  if (options.session_token.empty() && options.api_key.empty()) {
    raise(usage(
        "give Options::session_token, or Options::api_key with a scope; Client::from_env() takes "
        "them from PLATOS_SESSION_TOKEN or PLATOS_API_KEY"));
  }
  if (auto wrong = wrong_scope(options.scope)) raise(*wrong);
}

}  // namespace

std::string Credentials::token() const {
  const std::lock_guard lock(mutex_);
  return token_;
}

void Credentials::set(std::string token) {
  const std::lock_guard lock(mutex_);
  token_ = std::move(token);
}

bool Credentials::renew(const std::string& used, int status) {
  std::unique_lock lock(mutex_);
  if (token_ != used) return true;  // somebody else has done it
  if (!refresh_ || used.empty()) return false;
  if (refreshing_ != std::thread::id()) {
    // The function itself may use this client; it must not wait for itself.
    if (refreshing_ == std::this_thread::get_id()) return false;
    ended_.wait(lock, [this, seen = refreshes_] { return refreshes_ != seen; });
    return token_ != used;
  }
  refreshing_ = std::this_thread::get_id();
  lock.unlock();
  std::optional<std::string> fresh;
  try {
    fresh = refresh_({.current_token = used, .status = status});
  } catch (...) {
    fresh.reset();  // counts as no token (platos §1.7)
  }
  lock.lock();
  // A token that set() brought meanwhile is newer than ours.
  if (fresh && !fresh->empty() && colonnade::detail::fits_header(*fresh) && token_ == used) {
    token_ = *std::move(fresh);
  }
  refreshing_ = {};
  ++refreshes_;
  ended_.notify_all();
  return token_ != used;
}

Session::Session(std::shared_ptr<const Channel> channel_in, bool root_in,
                 std::shared_ptr<const Options> options_in,
                 std::shared_ptr<Credentials> credentials_in, Scope scope_in)
    : colonnade::detail::Session(std::move(channel_in), root_in, &platos::detail::raise),
      options(std::move(options_in)),
      credentials(std::move(credentials_in)),
      scope(std::move(scope_in)) {
  auto without_root = std::make_shared<Channel>(*channel);
  without_root->root.resize(without_root->root.size() - api_root.size());
  base = std::move(without_root);
}

Result<Prepared> prepare(const Session& session, const Channel& channel, const CallSpec& spec,
                         const std::string& token) {
  const Scope& scope = session.scope;
  if (token.empty() && scope.organization_id.empty()) {
    return usage("a client with an API key needs a scope: set Options::scope or use with_scope()");
  }
  if (token.empty() && user_of(session).empty()) {
    return usage("a client with an API key needs Scope::user_id or Options::default_user");
  }
  auto prepared = channel.prepare(spec, "application/json");
  if (!prepared) return prepared;
  std::vector<Header>& headers = prepared->request.headers;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) headers.push_back({std::string(name), value});
  };
  if (!spec.has_body) add("Content-Type", "application/json");  // platos §1.1: always
  if (!token.empty()) {
    add("X-Platos-Session-Token", token);
  } else {
    add("Authorization", "Bearer " + session.options->api_key);
  }
  if (!scope.organization_id.empty()) {
    add("X-Platos-Organization-Id", scope.organization_id);
    add("X-Platos-Project-Id", scope.project_id);
    add("X-Platos-Environment-Id", scope.environment_id);
    add("X-Platos-User-Id", user_of(session));
  }
  add("X-Platos-User-Token", session.options->user_token);
  add("X-Platos-Api-Key", session.options->access_key);
  return prepared;
}

Json join_credentials(const Session& session, const std::string& token) {
  Json out = Json::object();
  if (!token.empty()) {
    out.set("token", token);
  } else {
    out.set("organizationId", session.scope.organization_id)
        .set("projectId", session.scope.project_id)
        .set("environmentId", session.scope.environment_id)
        .set("userId", user_of(session));
  }
  if (!session.options->user_token.empty()) out.set("userToken", session.options->user_token);
  return out;
}

std::shared_ptr<const Session> open_session(const Options& given) {
  Options options = given;
  for (std::string* text : {&options.session_token, &options.api_key}) {
    *text = colonnade::detail::trim(*text);
  }
  check_settings(options);
  auto channel = colonnade::detail::make_channel(
      {.value = options.base_url, .name = "Options::base_url"},
      {.value = {}, .name = "Options::api_key"}, api_root, options.http);
  if (!channel) raise(channel.error());
  channel->credentials_optional = true;  // prepare() adds them
  auto credentials = std::make_shared<Credentials>(std::exchange(options.session_token, {}),
                                                   std::exchange(options.on_token_refresh, {}));
  const Scope scope = options.scope;
  options.http = {};  // the channel has it
  return std::make_shared<const Session>(std::make_shared<const Channel>(*std::move(channel)), true,
                                         std::make_shared<const Options>(std::move(options)),
                                         std::move(credentials), scope);
}

std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options) {
  auto channel = colonnade::detail::with_options(*from.channel, options);
  if (!channel) raise(channel.error());
  return std::make_shared<const Session>(std::make_shared<const Channel>(*std::move(channel)),
                                         false, from.options, from.credentials, from.scope);
}

std::shared_ptr<const Session> derive(const Session& from, const Scope& scope) {
  if (auto wrong = wrong_scope(scope)) raise(*wrong);
  return std::make_shared<const Session>(from.channel, false, from.options, from.credentials,
                                         scope);
}

void set_session_token(const Session& session, std::string_view token) {
  token = colonnade::detail::trim(token);
  if (token.empty()) raise(usage("the session token is empty"));
  if (!colonnade::detail::fits_header(token)) {
    raise(usage("the session token holds a control character"));
  }
  session.credentials->set(std::string(token));
}

std::string random_hex(std::size_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::vector<unsigned char> random(bytes);
  base::fill_random(random);
  std::string out;
  for (const unsigned char byte : random) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace detail
}  // namespace colonnade::inline v1::platos
