#include "app/operator_routes.hpp"

#include <nlohmann/json.hpp>

#include "app/operator_access.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t body_bytes_max = 4 * limits::KiB;

net::Response answer(std::string body) {
  net::Response out;
  out.headers.push_back({"Cache-Control", "no-store"});
  out.body = std::move(body);
  return out;
}

void write(base::JsonWriter& json, const core::Credential& credential, const std::string& token) {
  json.object().field("id", credential.id).field("name", credential.name);
  json.field("user", credential.user_id).field("kind", core::to_string(credential.kind));
  json.field("created_at", base::to_rfc3339(credential.created_at));
  if (!token.empty()) json.field("token", token);
  json.end_object();
}

struct NewToken {
  std::string name{};
  std::string user{"admin"};
  bool is_operator = false;
};

base::Result<NewToken> decode(const std::string& body) {
  auto json = base::parse_json(body, "body");
  if (!json) return std::unexpected(json.error());
  NewToken out;
  try {
    out.name = json->at("name").get<std::string>();
    out.user = json->value("user", out.user);
    out.is_operator = json->value("operator", false);
  } catch (const base::Json::exception&) {
    return base::fail(
        base::ErrorKind::invalid,
        "expected an object with name and user (strings) and operator (true or false)");
  }
  if (out.user.empty()) return base::fail(base::ErrorKind::invalid, "user is empty", "user");
  return out;
}

}  // namespace

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
  const auto who = operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const std::string user = request->query_parameter("user").value_or(who->user_id);
  auto all = store_.credentials(who->scope, user, core::CredentialKind::operator_token);
  if (!all) co_return refusal(all.error());
  const auto tokens = store_.credentials(who->scope, user, core::CredentialKind::api_token);
  if (!tokens) co_return refusal(tokens.error());
  all->insert(all->end(), tokens->begin(), tokens->end());
  co_return answer(encode_tokens(*all));
}

base::Task<net::Reply> OperatorRoutes::create(RequestPtr request) {
  const auto who = operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const auto input = decode(request->body);
  if (!input) co_return refusal(input.error());
  const auto kind =
      input->is_operator ? core::CredentialKind::operator_token : core::CredentialKind::api_token;
  const auto minted =
      co_await credentials_.mint(who->scope, kind, input->user, input->name, who->user_id);
  if (!minted) co_return refusal(minted.error());
  co_return answer(encode_token(minted->credential, minted->token));
}

base::Task<net::Reply> OperatorRoutes::revoke(RequestPtr request) {
  const auto who = operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const std::string id = request->path_parameters.at(0);
  const auto credential = store_.credential(who->scope, id);
  if (!credential) co_return refusal(credential.error());
  if (!*credential) {
    co_return refusal({.kind = base::ErrorKind::not_found, .message = "there is no token " + id});
  }
  core::Principal owner = *who;
  owner.user_id = (*credential)->user_id;
  const core::CredentialKind kind = (*credential)->kind;
  const auto revoked = co_await credentials_.revoke(owner, kind, id, who->user_id);
  if (!revoked) co_return refusal(revoked.error());
  std::string body;
  base::JsonWriter(body).object().field("revoked", id).end_object();
  co_return answer(std::move(body));
}

}  // namespace colonnade::app
