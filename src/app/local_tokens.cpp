#include "app/local_tokens.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "app/operator_client.hpp"
#include "app/wiring_store.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "core/access/credentials.hpp"
#include "core/access/operators.hpp"
#include "core/access/principal.hpp"
#include "core/access/tokens.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::app {
namespace {

using base::fail;

TokenRow row_of(const core::Credential& credential, std::string token = {}) {
  return {.id = credential.id,
          .name = credential.name,
          .user = credential.user_id,
          .scope = core::scope_text(credential),
          .role = std::string(core::to_string(credential.role)),
          .kind = std::string(core::to_string(credential.kind)),
          .created_at = base::to_rfc3339(credential.created_at),
          .token = std::move(token)};
}

// The store's own, for as long as this object holds its lock.
class StoreTokens final : public Tokens {
 public:
  explicit StoreTokens(std::unique_ptr<storage::Store> store)
      : lanes_(1),
        store_(std::move(store)),
        stores_(store_->stores()),
        feed_(lanes_, stores_.events, stores_.journal),
        credentials_(stores_.credentials, feed_, clock_),
        tokens_(stores_.credentials, credentials_) {}
  ~StoreTokens() override {
    store_->close();
    lanes_.stop();
  }

  base::Result<TokenRow> create(const NewTokenRequest& request) override {
    core::NewToken input{
        .name = request.name, .scope = request.scope, .user = request.user, .role = request.role};
    const auto created =
        base::run_on(lanes_[0], tokens_.create(core::system_operator(), std::move(input)));
    if (!created) return fail(created.error());
    return row_of(created->credential, created->token);
  }

  base::Result<std::vector<TokenRow>> list(const std::string& scope,
                                           const std::string& user) override {
    const auto who = core::looking_at(core::system_operator(), scope);
    if (!who) return fail(who.error());
    const auto found = base::run_on(lanes_[0], tokens_.list(*who, user));
    if (!found) return fail(found.error());
    std::vector<TokenRow> out;
    for (const core::Credential& credential : *found) out.push_back(row_of(credential));
    return out;
  }

  base::Result<void> revoke(const std::string& scope, const std::string& id) override {
    const auto who = core::looking_at(core::system_operator(), scope);
    if (!who) return fail(who.error());
    return base::run_on(lanes_[0], tokens_.revoke(*who, id));
  }

 private:
  base::SystemClock clock_;
  base::Lanes lanes_;
  std::unique_ptr<storage::Store> store_;
  core::Stores stores_;
  core::EventFeed feed_;
  core::Credentials credentials_;
  core::Tokens tokens_;
};

// The running server's, through its operator routes.
class ServerTokens final : public Tokens {
 public:
  explicit ServerTokens(OperatorClient client) : client_(std::move(client)) {}

  base::Result<TokenRow> create(const NewTokenRequest& request) override {
    std::string body;
    base::JsonWriter json(body);
    json.object().field("name", request.name).field("scope", request.scope);
    json.field("user", request.user).field("role", request.role).end_object();
    const auto answer = client_.call("POST", "/operator/tokens", "", body);
    if (!answer) return fail(answer.error());
    return row_from(*answer);
  }

  base::Result<std::vector<TokenRow>> list(const std::string& scope,
                                           const std::string& user) override {
    const auto answer =
        client_.call("GET", "/operator/tokens",
                     "?user=" + url_escaped(user) + "&scope=" + url_escaped(scope), "");
    if (!answer) return fail(answer.error());
    std::vector<TokenRow> out;
    for (const base::Json& row : answer->at("tokens")) out.push_back(row_from(row));
    return out;
  }

  base::Result<void> revoke(const std::string& scope, const std::string& id) override {
    const auto answer = client_.call("DELETE", "/operator/tokens/" + url_escaped(id),
                                     "?scope=" + url_escaped(scope), "");
    if (!answer) return fail(answer.error());
    return {};
  }

 private:
  static TokenRow row_from(const base::Json& json) {
    return {.id = json.value("id", ""),
            .name = json.value("name", ""),
            .user = json.value("user", ""),
            .scope = json.value("scope", ""),
            .role = json.value("role", ""),
            .kind = json.value("kind", ""),
            .created_at = json.value("created_at", ""),
            .token = json.value("token", "")};
  }

  OperatorClient client_;
};

}  // namespace

base::Result<std::unique_ptr<Tokens>> open_tokens(const Settings& settings) {
  auto server = OperatorClient::of_running_server(settings);
  if (!server) return fail(server.error());
  if (*server) return std::make_unique<ServerTokens>(std::move(**server));
  if (const auto there = check_store_exists(settings); !there) return fail(there.error());
  auto store = open_store(settings, OlderSchema::migrate);
  if (!store) return fail(store.error());
  return std::make_unique<StoreTokens>(std::move(*store));
}

}  // namespace colonnade::app
