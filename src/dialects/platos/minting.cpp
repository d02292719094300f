#include "dialects/platos/minting.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/json_web_token.hpp"
#include "core/access/principal.hpp"
#include "dialects/authentication.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/platos/session_token.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;

constexpr std::size_t guest_id_bytes = 9;  // 18 hex digits

// Whom a token is for and how long; what `claims` says of them counts for nothing.
constexpr const char* kept_claims[] = {"organizationId", "projectId", "environmentId", "userId",
                                       "entityId",       "iss",       "iat",           "exp"};

base::Result<Json> mint_body(const std::string& body) {
  auto json = base::parse_json(body, "body");
  if (!json) return fail(ErrorKind::invalid, "Malformed JSON body");
  if (!json->is_object()) return fail(ErrorKind::invalid, "the body must be a JSON object");
  return json;
}

// The member, unless it is absent or null.
const Json* mint_field(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found == body.end() || found->is_null() ? nullptr : &*found;
}

base::Result<std::int64_t> token_lifetime(const Json& body) {
  const Json* value = mint_field(body, "ttlSeconds");
  if (value == nullptr) return limits::platos_token_seconds_default;
  if (!value->is_number()) {
    return fail(ErrorKind::invalid, "ttlSeconds: expected a number of seconds", "ttlSeconds");
  }
  // By way of double: any integer fits, and what does not fit is beyond the bounds anyway.
  const double seconds =
      std::clamp(value->get<double>(), static_cast<double>(limits::platos_token_seconds_min),
                 static_cast<double>(limits::platos_token_seconds_max));
  return static_cast<std::int64_t>(std::floor(seconds));
}

std::int64_t mint_seconds(base::Time time) { return time.micros / 1'000'000; }

// What the token says, of what the request asks for.
base::Result<Json> token_payload(const Json& body, const std::string& entity_id, base::Time now) {
  Json out = Json::object();
  if (const Json* claims = mint_field(body, "claims")) {
    if (!claims->is_object()) {
      return fail(ErrorKind::invalid, "claims: expected an object", "claims");
    }
    out = *claims;
    for (const char* name : kept_claims) out.erase(name);
  }
  for (const char* name : {"organizationId", "projectId", "environmentId", "userId"}) {
    if (const Json* value = mint_field(body, name)) out[name] = *value;
  }
  // These two bind the token when they are asked for by name; `claims` may name them otherwise.
  for (const char* name : {"userToken", "agentId"}) {
    if (const Json* value = mint_field(body, name)) out[name] = *value;
  }
  auto lifetime = token_lifetime(body);
  if (!lifetime) return fail(std::move(lifetime.error()));
  out["entityId"] = entity_id;
  out["iat"] = mint_seconds(now);
  out["exp"] = mint_seconds(now) + *lifetime;
  // A token that would be refused is not made.
  if (auto fits = check_claims(out); !fits) return fail(std::move(fits.error()));
  return out;
}

// Holds a secret: no cache may keep it.
net::Response minted(std::string body) {
  net::Response out{.status = 201, .body = std::move(body)};
  out.headers.push_back({"Cache-Control", "no-store"});
  return out;
}

bool is_service_secret(std::string_view bearer, const std::vector<core::SigningSecret>& secrets) {
  bool found = false;
  for (const core::SigningSecret& one : secrets) {
    found = base::equal_in_constant_time(one.secret, bearer) || found;
  }
  return found;
}

// With the newest of the secrets: an older one may soon count no more.
MintedToken signed_token(const Json& payload, const std::vector<core::SigningSecret>& secrets) {
  return {.token = base::make_token(base::to_text(payload), secrets.front().secret),
          .expires_at = payload.at("exp").get<std::int64_t>()};
}

}  // namespace

base::Result<MintedToken> mint_session_token(const Json& body, const core::EntityName& name,
                                             const std::vector<core::SigningSecret>& secrets,
                                             base::Time now) {
  Json scoped = body;
  scoped["organizationId"] = name.organization;
  scoped["projectId"] = name.project;
  const auto payload = token_payload(scoped, name.entity, now);
  if (!payload) return fail(payload.error());
  return signed_token(*payload, secrets);
}

// Whoever may act as anybody in the scope anyway.
base::Task<bool> MintingResource::is_operator_of(core::Scope scope, std::string bearer) {
  const auto who = co_await deps_.credentials.authenticate(std::move(bearer));
  co_return who && who->is_operator() && core::looking_at(*who, scope.key()).has_value();
}

base::Task<net::Reply> MintingResource::session_token(RequestPtr request) {
  const std::string& entity_id = request->path_parameters.front();
  const auto body = mint_body(request->body);
  if (!body) co_return error_response(body.error());
  const auto payload = token_payload(*body, entity_id, deps_.clock.now());
  if (!payload) co_return error_response(payload.error());
  const core::EntityName name{.organization = payload->at("organizationId").get<std::string>(),
                              .project = payload->at("projectId").get<std::string>(),
                              .entity = entity_id};
  const auto secrets = deps_.entities.secrets_of(name);
  if (secrets.empty()) {
    co_return error_response({.kind = ErrorKind::not_found, .message = "Entity not found."});
  }
  const auto bearer = bearer_token(*request);
  bool allowed = bearer && is_service_secret(*bearer, secrets);
  if (bearer && !allowed) {
    const core::Scope scope(name.organization, name.project,
                            payload->at("environmentId").get<std::string>());
    allowed = co_await is_operator_of(scope, std::string(*bearer));
  }
  if (!allowed) {
    // No guard judges it: the route is open to all, and the secret is looked at here.
    if (bearer) deps_.login_failures.add(client_address(*request, deps_.proxies), "service_secret");
    co_return error_response({.kind = ErrorKind::unauthorized,
                              .message = "Invalid service secret.",
                              .field = "Authorization"});
  }
  const MintedToken made = signed_token(*payload, secrets);
  std::string out;
  base::JsonWriter(out)
      .object()
      .field("token", made.token)
      .field("expiresAt", made.expires_at)
      .end_object();
  co_return minted(std::move(out));
}

base::Task<net::Reply> MintingResource::guest_token(RequestPtr request) {
  const auto body = mint_body(request->body);
  if (!body) co_return error_response(body.error());
  const Json* agent = mint_field(*body, "agentId");
  const bool named =
      agent != nullptr && agent->is_string() && !agent->get_ref<const std::string&>().empty();
  if (!named) {
    co_return error_response({.kind = ErrorKind::invalid,
                              .message = "agentId: expected the id of an agent",
                              .field = "agentId"});
  }
  const auto agent_id = agent->get<std::string>();
  const auto secrets = deps_.entities.platform_secret();
  if (secrets.empty()) {
    co_return error_response({.kind = ErrorKind::unavailable,
                              .message = "Guest tokens are off: no platform secret is configured "
                                         "(platos.platform_secret)."});
  }
  const auto from = deps_.rate_limits.guest_from(client_address(*request, deps_.proxies));
  if (from) co_return error_response(*from);
  const auto scope = co_await deps_.guest_scope_of(agent_id);
  if (!scope) co_return error_response(scope.error());
  if (!*scope) {
    co_return error_response({.kind = ErrorKind::not_found, .message = "Agent not found."});
  }
  const auto of = deps_.rate_limits.guest_of(**scope, agent_id);
  if (of) co_return error_response(*of);

  const ScopeNames names = names_of(**scope);
  const std::string guest = "guest-" + base::random_hex(guest_id_bytes);
  const std::int64_t now = mint_seconds(deps_.clock.now());
  const std::int64_t expiry = now + limits::platos_guest_token_seconds;
  const Json payload = {{"organizationId", names.organization},
                        {"projectId", names.project},
                        {"environmentId", names.environment},
                        {"userId", guest},
                        {"agentId", agent_id},
                        {"isGuest", true},
                        {"iss", platform_issuer},
                        {"iat", now},
                        {"exp", expiry}};
  std::string out;
  base::JsonWriter(out)
      .object()
      .field("token", base::make_token(base::to_text(payload), secrets.front().secret))
      .field("guestId", guest)
      .field("expiresAt", expiry)
      .field("agentId", agent_id)
      .end_object();
  co_return minted(std::move(out));
}

}  // namespace colonnade::dialects::platos
