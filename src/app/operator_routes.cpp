#include "app/operator_routes.hpp"

#include <nlohmann/json.hpp>

#include "app/operator_access.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t body_bytes_max = 4 * limits::KiB;
constexpr std::string_view every_scope_word = "*";

net::Response answer(std::string body) {
  net::Response out;
  out.headers.push_back({"Cache-Control", "no-store"});
  out.body = std::move(body);
  return out;
}

void write(base::JsonWriter& json, const core::Credential& credential, const std::string& token) {
  json.object().field("id", credential.id).field("name", credential.name);
  json.field("user", credential.user_id).field("scope", credential.scope.key());
  json.field("role", core::to_string(credential.role));
  json.field("kind", core::to_string(credential.kind));
  json.field("created_at", base::to_rfc3339(credential.created_at));
  if (!token.empty()) json.field("token", token);
  json.end_object();
}

struct NewToken {
  std::string name{};
  core::Principal bearer;
};

base::Result<NewToken> decode(const std::string& body) {
  auto json = base::parse_json(body, "body");
  if (!json) return std::unexpected(json.error());
  try {
    auto bearer =
        bearer_of(json->at("scope").get<std::string>(), json->at("user").get<std::string>(),
                  json->at("role").get<std::string>());
    if (!bearer) return std::unexpected(bearer.error());
    return NewToken{.name = json->at("name").get<std::string>(), .bearer = std::move(*bearer)};
  } catch (const base::Json::exception&) {
    return base::fail(base::ErrorKind::invalid,
                      "expected an object with the strings name, scope, user and role");
  }
}

// The operator, looking at the scope that the query names, if it names one.
base::Result<core::Principal> looking(const core::Principal& who, const net::Request& request) {
  const auto scope = request.query_parameter("scope");
  if (!scope) return who;
  return core::looking_at(who, *scope);
}

}  // namespace

base::Result<core::Principal> bearer_of(const std::string& scope, const std::string& user,
                                        const std::string& role) {
  const bool every_scope = scope == every_scope_word && role == "operator";
  auto where = every_scope ? core::default_view() : core::parse_scope(scope);
  if (!where) return std::unexpected(where.error());
  if (auto named = core::check_user_name(user); !named) return std::unexpected(named.error());
  const auto known = core::user_role_from(role);
  if (!known || known == core::UserRole::guest) {
    return base::fail(base::ErrorKind::invalid, "role must be operator or member", "role");
  }
  core::Principal out(std::move(*where), user, *known);
  out.every_scope = every_scope;
  return out;
}

core::CredentialKind token_kind(const core::Principal& bearer) {
  return bearer.is_operator() ? core::CredentialKind::operator_token
                              : core::CredentialKind::api_token;
}

std::string encode_token(const core::Credential& credential, const std::string& token) {
  std::string out;
  base::JsonWriter json(out);
  write(json, credential, token);
  return out;
}

std::string encode_tokens(const std::vector<core::Credential>& credentials) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("tokens").array();
  for (const core::Credential& credential : credentials) write(json, credential, "");
  json.end_array().end_object();
  return out;
}

std::vector<net::Route> OperatorRoutes::routes() {
  constexpr const char* tokens = "/api/v1/operator/tokens";
  std::vector<net::Route> out;
  out.push_back({.method = net::Method::get, .pattern = tokens, .handler = [this](RequestPtr r) {
                   return list(std::move(r));
                 }});
  out.push_back({.method = net::Method::post,
                 .pattern = tokens,
                 .handler = [this](RequestPtr r) { return create(std::move(r)); },
                 .body_bytes_max = body_bytes_max});
  out.push_back({.method = net::Method::del,
                 .pattern = std::string(tokens) + "/{id}",
                 .handler = [this](RequestPtr r) { return revoke(std::move(r)); }});
  return out;
}

base::Task<net::Reply> OperatorRoutes::list(RequestPtr request) {
  const auto who = co_await operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const auto looking_there = looking(*who, *request);
  if (!looking_there) co_return refusal(looking_there.error());
  const core::Scope scope = looking_there->scope;
  const std::string user = request->query_parameter("user").value_or(who->user_id);
  auto all = co_await store_.credentials(scope, user, core::CredentialKind::operator_token);
  if (!all) co_return refusal(all.error());
  const auto tokens = co_await store_.credentials(scope, user, core::CredentialKind::api_token);
  if (!tokens) co_return refusal(tokens.error());
  all->insert(all->end(), tokens->begin(), tokens->end());
  co_return answer(encode_tokens(*all));
}

base::Task<net::Reply> OperatorRoutes::create(RequestPtr request) {
  const auto who = co_await operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const auto input = decode(request->body);
  if (!input) co_return refusal(input.error());
  // An operator of one scope makes tokens of that scope.
  const auto there = core::looking_at(*who, input->bearer.scope.key());
  if (!there) co_return refusal(there.error());
  if (input->bearer.every_scope && !who->every_scope) {
    co_return refusal({.kind = base::ErrorKind::forbidden,
                       .message = "only an operator of every scope makes another one"});
  }
  const auto minted = co_await credentials_.mint(input->bearer, token_kind(input->bearer),
                                                 input->name, who->user_id);
  if (!minted) co_return refusal(minted.error());
  co_return answer(encode_token(minted->credential, minted->token));
}

base::Task<net::Reply> OperatorRoutes::revoke(RequestPtr request) {
  const auto who = co_await operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const std::string id = request->path_parameters.at(0);
  const auto there = looking(*who, *request);
  if (!there) co_return refusal(there.error());
  const auto credential = co_await store_.credential(there->scope, id);
  if (!credential) co_return refusal(credential.error());
  if (!*credential) {
    co_return refusal({.kind = base::ErrorKind::not_found, .message = "there is no token " + id});
  }
  core::Principal owner = *there;
  owner.user_id = (*credential)->user_id;
  const core::CredentialKind kind = (*credential)->kind;
  const auto revoked = co_await credentials_.revoke(owner, kind, id, who->user_id);
  if (!revoked) co_return refusal(revoked.error());
  std::string body;
  base::JsonWriter(body).object().field("revoked", id).end_object();
  co_return answer(std::move(body));
}

}  // namespace colonnade::app
