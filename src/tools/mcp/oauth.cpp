#include "tools/mcp/oauth.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/secret_text.hpp"
#include "base/utf8.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"
#include "net/url.hpp"
#include "tools/mcp/client_assertion.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/protocol.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

constexpr const char* assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

bool offers(const std::vector<std::string>& list, std::string_view one) {
  return std::ranges::find(list, one) != list.end();
}

// How a client shows who it is (RFC 6749 §2.3.1; RFC 8414: Basic when nothing is said).
std::string auth_method_for(const AuthorizationServer& server, const std::string& secret,
                            const std::string& registered_as) {
  if (!registered_as.empty()) return registered_as;
  if (secret.empty()) return "none";
  if (server.auth_methods.empty() || offers(server.auth_methods, "client_secret_basic")) {
    return "client_secret_basic";
  }
  return offers(server.auth_methods, "client_secret_post") ? "client_secret_post" : "none";
}

std::string percent_encoded(const std::string& text) { return encode_form({{"", text}}).substr(1); }

// What an OAuth server said went wrong, in a few words.
std::string refusal_of(const Json& body) {
  const std::string error = text_member(body, "error");
  const std::string description = text_member(body, "error_description");
  const std::string all = error + (description.empty() ? "" : ": " + description);
  return std::string(base::cut_utf8(all, limits::upstream_message_bytes_max));
}

// A parameter of a token request that is nobody else's to know.
bool is_confidential(std::string_view name) {
  return name == "code" || name == "code_verifier" || name == "refresh_token" ||
         name == "client_secret" || name == "client_assertion";
}

std::optional<std::string> parameter(const std::string& query, std::string_view name) {
  net::Request request;
  request.query = query;
  return request.query_parameter(name);
}

}  // namespace

OAuth::OAuth(base::Lane& lane, net::HttpClient& client, OAuthOptions options)
    : lane_(lane), client_(client), options_(std::move(options)) {
  if (options_.kept.empty()) return;
  const auto kept = base::parse_json(options_.kept, "kept");
  if (!kept) {
    base::log::warn("mcp_oauth_unreadable", {{"server", options_.name}});
    return;
  }
  issuer_ = text_member(*kept, "issuer");
  registered_ = {text_member(*kept, "client_id"), text_member(*kept, "client_secret"),
                 text_member(*kept, "auth_method")};
  access_token_ = text_member(*kept, "access_token");
  refresh_token_ = text_member(*kept, "refresh_token");
  scope_ = text_member(*kept, "scope");
}

std::string OAuth::authorization_url() const {
  const std::lock_guard lock(mutex_);
  return pending_ ? pending_->url : "";
}

std::string OAuth::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

bool OAuth::awaits(const std::string& state) const {
  const std::lock_guard lock(mutex_);
  return pending_ && base::equal_in_constant_time(pending_->state, state);
}

std::vector<std::string> OAuth::secrets() const {
  return {options_.settings.client_secret, registered_.secret, access_token_, refresh_token_};
}

std::string OAuth::redirect_url() const {
  if (!options_.settings.redirect_url.empty()) return options_.settings.redirect_url;
  return options_.redirect_url ? options_.redirect_url() : "";
}

void OAuth::settle(std::optional<Pending> pending, std::string problem) {
  const std::lock_guard lock(mutex_);
  pending_ = std::move(pending);
  problem_ = std::move(problem);
}

void OAuth::keep() {
  if (!options_.on_stored) return;
  const Json kept = {{"issuer", issuer_},
                     {"client_id", registered_.id},
                     {"client_secret", registered_.secret},
                     {"auth_method", registered_.auth_method},
                     {"access_token", access_token_},
                     {"refresh_token", refresh_token_},
                     {"scope", scope_}};
  options_.on_stored(base::to_text(kept));
}

// What one authorization server gave is nothing to another (2026-07-28 basic/authorization).
void OAuth::forget_client() {
  registered_ = {};
  access_token_.clear();
  refresh_token_.clear();
  scope_.clear();
}

base::Task<bool> OAuth::challenged(Challenge challenge, std::stop_token stop) {
  if (busy_) {
    auto done = std::make_shared<base::Completion<bool>>();
    waiting_.push_back(done);
    auto authorized = co_await done->wait(stop);
    co_return authorized && *authorized;
  }
  // Another request has brought a newer one meanwhile.
  if (!access_token_.empty() && challenge.token != access_token_) co_return true;
  busy_ = true;
  const std::shared_ptr<OAuth> alive = shared_from_this();
  auto authorized = co_await authorize(std::move(challenge), stop);
  busy_ = false;
  const bool waits_for_human = !authorization_url().empty();
  const bool again = authorized && !waits_for_human;
  if (!authorized) {
    settle(std::nullopt, authorized.error().message);
    base::log::warn("mcp_oauth_failed",
                    {{"server", options_.name}, {"error", authorized.error().message}});
  } else if (again) {
    settle(std::nullopt, "");
  }
  for (const auto& one : std::exchange(waiting_, {})) one->complete(again);
  co_return again;
}

// Ends with a new token, or with a URL that waits for a human.
base::Task<Result<void>> OAuth::authorize(Challenge challenge, std::stop_token stop) {
  public_addresses_only_ = !challenge.from_private_address;
  const ChallengeParameters told = read_challenge(challenge.header);
  auto found = co_await discover(told.resource_metadata, stop);
  if (!found) co_return base::fail(found.error());
  if (issuer_ != found->server.issuer) {
    if (!issuer_.empty()) {
      base::log::warn("mcp_oauth_issuer_changed",
                      {{"server", options_.name}, {"issuer", found->server.issuer}});
    }
    const bool bound = !options_.settings.client_id.empty();
    const std::string& wanted =
        options_.settings.issuer.empty() ? issuer_ : options_.settings.issuer;
    if (bound && !wanted.empty() && wanted != found->server.issuer) {
      co_return base::fail(ErrorKind::forbidden,
                           "the client is registered with the authorization server '" + wanted +
                               "', but this server now names another one");
    }
    forget_client();
    issuer_ = found->server.issuer;
  }
  auto scope = scope_for(*found, challenge);
  if (!scope) co_return base::fail(scope.error());
  if (challenge.status == 401 && !refresh_token_.empty()) {
    auto refreshed = co_await refresh(*found, *scope, stop);
    // Refused for good, or only now: a network that is down costs no consent.
    if (refreshed || refreshed.error().retryable) co_return refreshed;
    refresh_token_.clear();
  }
  if (options_.settings.client_credentials) {
    auto client = co_await client_for(found->server, *scope, stop);
    if (!client) co_return base::fail(client.error());
    Form form = {{"grant_type", "client_credentials"}, {"resource", found->resource.resource}};
    if (!scope->empty()) form.emplace_back("scope", *scope);
    scope_ = *scope;
    auto granted = co_await grant(found->server, std::move(*client), std::move(form), stop);
    co_return granted;
  }
  auto incoming = co_await ask_human(std::move(*found), std::move(*scope), stop);
  co_return incoming;
}

base::Task<Result<void>> OAuth::refresh(Found found, std::string scope, std::stop_token stop) {
  auto client = co_await client_for(found.server, std::move(scope), stop);
  if (!client) co_return base::fail(client.error());
  const Form form = {{"grant_type", "refresh_token"},
                     {"refresh_token", refresh_token_},
                     {"resource", found.resource.resource}};
  auto granted = co_await grant(found.server, std::move(*client), form, stop);
  co_return granted;
}

// 2025-11-25 "Scope Selection Strategy" and "Scope Challenge Handling": what the challenge names,
// else all that the server has; what was granted before stays.
Result<std::string> OAuth::scope_for(const Found& found, const Challenge& challenge) {
  std::string scope = read_challenge(challenge.header).scope;
  if (scope.empty()) {
    for (const std::string& one : found.resource.scopes) scope = join_scopes(scope, one);
  }
  scope = join_scopes(scope, options_.settings.scope);
  if (challenge.status != 403) return scope;
  std::string all = join_scopes(scope_, scope);
  // Asking once more for what was granted and does not suffice would never end.
  if (all == scope_) {
    return base::fail(ErrorKind::forbidden,
                      "the MCP server '" + options_.name +
                          "' still wants scopes that its authorization server has been asked for");
  }
  return all;
}

base::Task<Result<OAuth::Found>> OAuth::discover(std::string named, std::stop_token stop) {
  Found out;
  const std::string origin = origin_of(options_.url);
  auto about = co_await look(resource_metadata_urls(options_.url, named), stop);
  if (!about) co_return base::fail(about.error());
  if (*about) {
    auto resource = read_resource_metadata(**about, options_.url);
    if (!resource) co_return base::fail(resource.error());
    out.resource = std::move(*resource);
  } else {
    // A server of before 2025-06-18 is its own authorization server.
    out.resource.resource = options_.url;
    out.resource.issuer = origin;
  }
  auto metadata = co_await look(authorization_metadata_urls(out.resource.issuer), stop);
  if (!metadata) co_return base::fail(metadata.error());
  if (*metadata) {
    auto server = read_authorization_server(**metadata, out.resource.issuer);
    if (!server) co_return base::fail(server.error());
    out.server = std::move(*server);
    co_return out;
  }
  if (*about) {
    co_return base::fail(ErrorKind::upstream, "the authorization server has no metadata");
  }
  if (!is_safe_endpoint(origin)) {
    co_return base::fail(ErrorKind::upstream, "a server without https cannot ask for OAuth");
  }
  out.server = guessed_authorization_server(origin);
  co_return out;
}

// The first of the documents that is there; none when each was answered with 4xx.
base::Task<Result<std::optional<Json>>> OAuth::look(std::vector<std::string> urls,
                                                    std::stop_token stop) {
  for (const std::string& url : urls) {
    if (!is_safe_endpoint(url) && origin_of(url) != origin_of(options_.url)) continue;
    net::HttpClientRequest request;
    request.url = url;
    request.headers = {{"Accept", "application/json"}};
    auto body = co_await fetch(std::move(request), stop);
    if (body) co_return std::optional<Json>(std::move(*body));
    if (body.error().kind != ErrorKind::not_found) co_return base::fail(body.error());
  }
  co_return std::optional<Json>();
}

// Errors: not_found for 4xx (with what the server says), upstream, unavailable, timeout.
base::Task<Result<Json>> OAuth::fetch(net::HttpClientRequest request, std::stop_token stop,
                                      std::vector<std::string> told) {
  request.total_time_max = limits::mcp_oauth_time_max;
  request.public_addresses_only = public_addresses_only_;
  const std::string host = origin_of(request.url);
  std::shared_ptr<net::HttpExchange> exchange = client_.open(lane_, std::move(request), stop);
  auto head = co_await exchange->head();
  if (!head) co_return base::fail(head.error());
  auto body = co_await exchange->read_all(limits::mcp_oauth_body_bytes_max);
  if (!body) co_return base::fail(body.error());
  auto json = base::parse_json(*body, "body");
  if (head->status >= 200 && head->status < 300) {
    if (json && json->is_object()) co_return std::move(*json);
    co_return base::fail(ErrorKind::upstream, host + " did not answer with a JSON object");
  }
  base::Error error;
  error.kind =
      head->status >= 400 && head->status < 500 ? ErrorKind::not_found : ErrorKind::unavailable;
  error.retryable = head->status == 429 || head->status >= 500;
  std::vector<std::string> hidden = secrets();
  hidden.insert(hidden.end(), told.begin(), told.end());
  const std::string why = json ? base::hide_values(refusal_of(*json), std::move(hidden)) : "";
  error.message = host + " answered with HTTP status " + std::to_string(head->status) +
                  (why.empty() ? "" : " (" + why + ")");
  co_return base::fail(std::move(error));
}

// Registered beforehand, a metadata document's URL, or registered now: in this order.
base::Task<Result<OAuth::Client>> OAuth::client_for(AuthorizationServer server, std::string scope,
                                                    std::stop_token stop) {
  const OAuthSettings& settings = options_.settings;
  if (!settings.client_id.empty()) {
    const std::string method = settings.private_key.empty()
                                   ? auth_method_for(server, settings.client_secret, "")
                                   : "private_key_jwt";
    co_return Client{settings.client_id, settings.client_secret, method};
  }
  if (server.takes_metadata_documents && !settings.metadata_url.empty()) {
    co_return Client{settings.metadata_url, "", "none"};
  }
  if (!registered_.id.empty()) co_return registered_;
  if (server.registration_endpoint.empty()) {
    co_return base::fail(ErrorKind::invalid,
                         "the authorization server does not let clients register themselves: set a "
                         "client id for the MCP server '" +
                             options_.name + "'",
                         "client_id");
  }
  Json about = {{"client_name", "Colonnade"},
                {"redirect_uris", Json::array({redirect_url()})},
                {"grant_types", Json::array({"authorization_code", "refresh_token"})},
                {"response_types", Json::array({"code"})},
                {"application_type", "native"},
                {"token_endpoint_auth_method", auth_method_for(server, "may come", "")}};
  if (!scope.empty()) about["scope"] = scope;
  net::HttpClientRequest request;
  request.method = "POST";
  request.url = server.registration_endpoint;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = base::to_text(about);
  auto answer = co_await fetch(std::move(request), stop);
  if (!answer) co_return base::fail(answer.error());
  Client client{text_member(*answer, "client_id"), text_member(*answer, "client_secret"), ""};
  if (client.id.empty()) {
    co_return base::fail(ErrorKind::upstream, "the authorization server gave no client_id");
  }
  client.auth_method =
      auth_method_for(server, client.secret, text_member(*answer, "token_endpoint_auth_method"));
  registered_ = client;
  co_return client;
}

base::Task<Result<void>> OAuth::ask_human(Found found, std::string scope, std::stop_token stop) {
  if (redirect_url().empty() || found.server.authorization_endpoint.empty()) {
    co_return base::fail(
        ErrorKind::unauthorized,
        "the MCP server '" + options_.name + "' wants OAuth, for which no redirect URL is set up");
  }
  // A refresh token saves the human from being asked again (2026-07-28 "Refresh Tokens").
  if (offers(found.server.scopes, "offline_access")) scope = join_scopes(scope, "offline_access");
  auto client = co_await client_for(found.server, scope, stop);
  if (!client) co_return base::fail(client.error());
  Pending pending{.state = base::new_token(),
                  .verifier = base::new_token(),
                  .url = {},
                  .scope = scope,
                  .server = std::move(found.server),
                  .resource = std::move(found.resource.resource),
                  .client = std::move(*client)};
  Form query = {{"response_type", "code"},
                {"client_id", pending.client.id},
                {"redirect_uri", redirect_url()},
                {"state", pending.state},
                {"code_challenge", pkce_challenge(pending.verifier)},
                {"code_challenge_method", "S256"},
                {"resource", pending.resource}};
  if (!scope.empty()) query.emplace_back("scope", scope);
  if (has_scope(scope, "offline_access")) query.emplace_back("prompt", "consent");
  const std::string& endpoint = pending.server.authorization_endpoint;
  pending.url =
      endpoint + (endpoint.find('?') == std::string::npos ? "?" : "&") + encode_form(query);
  const std::string url = pending.url;
  settle(std::move(pending), "");
  keep();
  if (!options_.follow) co_return Result<void>{};
  auto redirect = co_await options_.follow(url);
  if (!redirect) co_return base::fail(redirect.error());
  const std::size_t start = std::min(redirect->find('?'), redirect->size());
  auto completed = co_await complete(shared_from_this(), redirect->substr(start));
  co_return completed;
}

// The redirect comes from a browser: anybody can send one.
Result<std::string> OAuth::code_from(const Pending& pending, const std::string& query) const {
  const auto issuer = parameter(query, "iss");
  // RFC 9207 §2.4: compared letter by letter, and needed when it is promised.
  if (issuer ? *issuer != pending.server.issuer : pending.server.names_itself) {
    return base::fail(ErrorKind::forbidden,
                      "the answer does not come from the authorization server that was asked");
  }
  if (const auto error = parameter(query, "error")) {
    return base::fail(ErrorKind::forbidden,
                      "the authorization server refused: " +
                          std::string(base::cut_utf8(*error, limits::upstream_message_bytes_max)));
  }
  auto code = parameter(query, "code");
  if (!code || code->empty() || code->size() > limits::mcp_oauth_text_bytes_max) {
    return base::fail(ErrorKind::invalid, "the redirect brings no code", "code");
  }
  return *code;
}

base::Task<Result<void>> OAuth::complete(std::shared_ptr<OAuth> self, std::string query) {
  if (query.starts_with('?')) query.erase(0, 1);
  const std::string state = parameter(query, "state").value_or("");
  if (!self->awaits(state)) {
    co_return base::fail(ErrorKind::not_found, "no authorization waits for this answer", "state");
  }
  Pending pending;
  {
    const std::lock_guard lock(self->mutex_);
    pending = std::move(*self->pending_);
    self->pending_.reset();
  }
  auto code = self->code_from(pending, query);
  if (!code) {
    self->settle(std::nullopt, code.error().message);
    co_return base::fail(code.error());
  }
  const Form form = {{"grant_type", "authorization_code"},
                     {"code", *code},
                     {"redirect_uri", self->redirect_url()},
                     {"code_verifier", pending.verifier},
                     {"resource", pending.resource}};
  self->scope_ = pending.scope;
  const std::stop_token never;
  auto granted = co_await self->grant(pending.server, pending.client, form, never);
  self->settle(std::nullopt, granted ? "" : granted.error().message);
  co_return granted;
}

base::Task<Result<void>> OAuth::grant(AuthorizationServer server, Client client, Form form,
                                      std::stop_token stop) {
  base::SystemClock clock;
  net::HttpClientRequest request;
  request.method = "POST";
  request.url = server.token_endpoint;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  if (client.auth_method == "client_secret_basic") {
    const std::string pair = percent_encoded(client.id) + ":" + percent_encoded(client.secret);
    request.headers.push_back({"Authorization", "Basic " + base::to_base64(pair)});
  } else {
    form.emplace_back("client_id", client.id);
    if (client.auth_method == "client_secret_post") {
      form.emplace_back("client_secret", client.secret);
    } else if (client.auth_method == "private_key_jwt") {
      auto assertion = sign_assertion(options_.settings.private_key, {.client_id = client.id,
                                                                      .audience = server.issuer,
                                                                      .id = base::new_uuid(),
                                                                      .now = clock.now()});
      if (!assertion) co_return base::fail(assertion.error());
      form.emplace_back("client_assertion_type", assertion_type);
      form.emplace_back("client_assertion", *assertion);
    }
  }
  request.body = encode_form(form);
  std::vector<std::string> told{client.secret};
  const std::string_view shown = net::find_header(request.headers, "Authorization");
  if (!shown.empty()) told.emplace_back(shown.substr(shown.find(' ') + 1));
  for (const auto& [name, value] : form) {
    if (is_confidential(name)) told.push_back(value);
  }
  auto answer = co_await fetch(std::move(request), stop, std::move(told));
  if (!answer) {
    base::Error error = answer.error();
    if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::unauthorized;
    co_return base::fail(std::move(error));
  }
  const std::string token = text_member(*answer, "access_token");
  const std::string type = text_member(*answer, "token_type");
  const bool sendable = !token.empty() && token.size() <= limits::mcp_oauth_text_bytes_max &&
                        std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!sendable || (!type.empty() && !net::same_ignoring_case(type, "bearer"))) {
    co_return base::fail(ErrorKind::upstream, "the authorization server gave no bearer token");
  }
  access_token_ = token;
  const std::string refresh = text_member(*answer, "refresh_token");
  // A server that does not rotate leaves the old one valid.
  const bool refreshing = !form.empty() && form.front().second == "refresh_token";
  if (!refresh.empty()) {
    refresh_token_ = refresh;
  } else if (refreshing) {
    refresh_token_ = form[1].second;
  } else {
    refresh_token_.clear();
  }
  keep();
  base::log::info("mcp_oauth_authorized", {{"server", options_.name}, {"issuer", issuer_}});
  co_return Result<void>{};
}

}  // namespace colonnade::tools::mcp
