#include "app/local_access.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "app/operator_client.hpp"
#include "app/secret_key.hpp"
#include "app/wiring_store.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/secret_box.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/operators.hpp"
#include "core/events/event_feed.hpp"
#include "dialects/platos/minting.hpp"
#include "dialects/platos/routes.hpp"

namespace colonnade::app {
namespace {

using base::fail;

EntityLine line_of(const core::EntityRow& row, std::string secret = {}) {
  return {.name = row.name,
          .configured = row.configured,
          .second_secret = row.second_secret,
          .created_at = row.configured ? "" : base::to_rfc3339(row.created_at),
          .secret = std::move(secret)};
}

AccessKeyLine line_of(const core::AccessKey& key, std::string text = {}) {
  return {.id = key.id,
          .name = key.name,
          .origins = key.origins,
          .created_at = base::to_rfc3339(key.created_at),
          .key = std::move(text)};
}

// The body of the route that mints (platos §1.3).
base::Json mint_body(const core::EntityName& name, const NewSessionToken& wanted) {
  base::Json body = {{"organizationId", name.organization},
                     {"projectId", name.project},
                     {"environmentId", wanted.environment},
                     {"userId", wanted.user},
                     {"ttlSeconds", wanted.seconds}};
  if (!wanted.agent.empty()) body["agentId"] = wanted.agent;
  base::Json meta = base::Json::object();
  if (!wanted.name.empty()) meta["name"] = wanted.name;
  if (!wanted.email.empty()) meta["email"] = wanted.email;
  if (!meta.empty()) body["claims"]["userMeta"] = std::move(meta);
  return body;
}

// The store's own, for as long as this object holds its lock.
class StoreAccess final : public LocalAccess {
 public:
  StoreAccess(std::unique_ptr<storage::Store> store, const base::SecretBox::Key& key)
      : box_(key),
        lanes_(1),
        store_(std::move(store)),
        stores_(store_->stores()),
        feed_(lanes_, stores_.events, stores_.journal),
        credentials_(stores_.credentials, feed_, clock_),
        entities_(stores_.entities, credentials_, feed_, clock_, box_, {}),
        access_keys_(stores_.access_keys, feed_, clock_, dialects::platos::access_key_prefix) {}
  ~StoreAccess() override {
    store_->close();
    lanes_.stop();
  }
  base::Result<void> open() {
    auto opened = base::run_on(lanes_[0], entities_.open());
    if (opened) opened = base::run_on(lanes_[0], access_keys_.open());
    return opened;
  }

  base::Result<std::vector<EntityLine>> entities() override {
    const auto rows = base::run_on(lanes_[0], entities_.list(core::system_operator()));
    if (!rows) return fail(rows.error());
    std::vector<EntityLine> out;
    for (const core::EntityRow& row : *rows) out.push_back(line_of(row));
    return out;
  }
  base::Result<EntityLine> add_entity(const core::EntityName& name,
                                      const std::string& secret) override {
    return shown(base::run_on(lanes_[0], entities_.add(core::system_operator(), name, secret)));
  }
  base::Result<EntityLine> rotate_entity(const core::EntityName& name,
                                         const std::string& secret) override {
    return shown(base::run_on(lanes_[0], entities_.rotate(core::system_operator(), name, secret)));
  }
  base::Result<void> finish_rotation(const core::EntityName& name) override {
    return base::run_on(lanes_[0], entities_.finish_rotation(core::system_operator(), name));
  }
  base::Result<void> remove_entity(const core::EntityName& name) override {
    return base::run_on(lanes_[0], entities_.remove(core::system_operator(), name));
  }
  base::Result<SessionTokenLine> mint_token(const core::EntityName& name,
                                            const NewSessionToken& wanted) override {
    const auto secrets = entities_.secrets_of(name);
    if (secrets.empty()) {
      return fail(base::ErrorKind::not_found, "there is no entity " + name.organization + "/" +
                                                  name.project + "/" + name.entity);
    }
    const auto made =
        dialects::platos::mint_session_token(mint_body(name, wanted), name, secrets, clock_.now());
    if (!made) return fail(made.error());
    return SessionTokenLine{.token = made->token, .expires_at = made->expires_at};
  }

  base::Result<std::vector<AccessKeyLine>> access_keys(const std::string& scope) override {
    const auto who = core::looking_at(core::system_operator(), scope);
    if (!who) return fail(who.error());
    const auto keys = base::run_on(lanes_[0], access_keys_.list(*who));
    if (!keys) return fail(keys.error());
    std::vector<AccessKeyLine> out;
    for (const core::AccessKey& key : *keys) out.push_back(line_of(key));
    return out;
  }
  base::Result<AccessKeyLine> add_access_key(const std::string& scope, const std::string& name,
                                             const std::vector<std::string>& origins) override {
    const auto who = core::looking_at(core::system_operator(), scope);
    if (!who) return fail(who.error());
    const auto made = base::run_on(
        lanes_[0], access_keys_.add(*who, core::NewAccessKey{.name = name, .origins = origins}));
    if (!made) return fail(made.error());
    return line_of(made->key, made->text);
  }
  base::Result<void> remove_access_key(const std::string& scope, const std::string& id) override {
    const auto who = core::looking_at(core::system_operator(), scope);
    if (!who) return fail(who.error());
    return base::run_on(lanes_[0], access_keys_.remove(*who, id));
  }

 private:
  static base::Result<EntityLine> shown(const base::Result<core::EntityWithSecret>& made) {
    if (!made) return fail(made.error());
    return line_of(made->row, made->secret);
  }

  base::SystemClock clock_;
  base::SecretBox box_;
  base::Lanes lanes_;
  std::unique_ptr<storage::Store> store_;
  core::Stores stores_;
  core::EventFeed feed_;
  core::Credentials credentials_;
  core::Entities entities_;
  core::AccessKeys access_keys_;
};

// The running server's, through its operator routes.
class ServerAccess final : public LocalAccess {
 public:
  explicit ServerAccess(OperatorClient client) : client_(std::move(client)) {}

  base::Result<std::vector<EntityLine>> entities() override {
    const auto answer = client_.call("GET", "/operator/entities", "", "");
    if (!answer) return fail(answer.error());
    std::vector<EntityLine> out;
    for (const base::Json& row : answer->at("entities")) out.push_back(entity_from(row));
    return out;
  }
  base::Result<EntityLine> add_entity(const core::EntityName& name,
                                      const std::string& secret) override {
    return entity_answer("/operator/entities", name, secret);
  }
  base::Result<EntityLine> rotate_entity(const core::EntityName& name,
                                         const std::string& secret) override {
    return entity_answer("/operator/entities/rotate", name, secret);
  }
  base::Result<void> finish_rotation(const core::EntityName& name) override {
    return done(client_.call("POST", "/operator/entities/finish-rotation", "", body_of(name, "")));
  }
  base::Result<void> remove_entity(const core::EntityName& name) override {
    return done(client_.call("POST", "/operator/entities/remove", "", body_of(name, "")));
  }
  base::Result<SessionTokenLine> mint_token(const core::EntityName& name,
                                            const NewSessionToken& wanted) override {
    const auto answer =
        client_.call("POST", "/entities/" + url_escaped(name.entity) + "/session-tokens", "",
                     base::to_text(mint_body(name, wanted)));
    if (!answer) return fail(answer.error());
    return SessionTokenLine{.token = text_in(*answer, "token"),
                            .expires_at = answer->value("expiresAt", std::int64_t{0})};
  }

  base::Result<std::vector<AccessKeyLine>> access_keys(const std::string& scope) override {
    const auto answer = client_.call("GET", "/operator/access-keys", in_scope(scope), "");
    if (!answer) return fail(answer.error());
    std::vector<AccessKeyLine> out;
    for (const base::Json& row : answer->at("access_keys")) out.push_back(key_from(row));
    return out;
  }
  base::Result<AccessKeyLine> add_access_key(const std::string& scope, const std::string& name,
                                             const std::vector<std::string>& origins) override {
    std::string body;
    base::JsonWriter json(body);
    json.object().field("name", name).key("origins").array();
    for (const std::string& origin : origins) json.value(origin);
    json.end_array().end_object();
    const auto answer = client_.call("POST", "/operator/access-keys", in_scope(scope), body);
    if (!answer) return fail(answer.error());
    return key_from(*answer);
  }
  base::Result<void> remove_access_key(const std::string& scope, const std::string& id) override {
    return done(
        client_.call("DELETE", "/operator/access-keys/" + url_escaped(id), in_scope(scope), ""));
  }

 private:
  base::Result<EntityLine> entity_answer(const std::string& path, const core::EntityName& name,
                                         const std::string& secret) {
    const auto answer = client_.call("POST", path, "", body_of(name, secret));
    if (!answer) return fail(answer.error());
    return entity_from(*answer);
  }

  static base::Result<void> done(const base::Result<base::Json>& answer) {
    if (!answer) return fail(answer.error());
    return {};
  }
  static std::string in_scope(const std::string& scope) { return "?scope=" + url_escaped(scope); }
  static std::string body_of(const core::EntityName& name, const std::string& secret) {
    std::string out;
    base::JsonWriter json(out);
    json.object().field("organization", name.organization).field("project", name.project);
    json.field("entity", name.entity);
    if (!secret.empty()) json.field("secret", secret);
    json.end_object();
    return out;
  }
  static std::string text_in(const base::Json& row, const char* name) {
    const auto found = row.find(name);
    return found != row.end() && found->is_string() ? found->get<std::string>() : "";
  }
  static EntityLine entity_from(const base::Json& row) {
    return {.name = {.organization = text_in(row, "organization"),
                     .project = text_in(row, "project"),
                     .entity = text_in(row, "entity")},
            .configured = row.value("configured", false),
            .second_secret = row.value("second_secret", false),
            .created_at = text_in(row, "created_at"),
            .secret = text_in(row, "secret")};
  }
  static AccessKeyLine key_from(const base::Json& row) {
    return {.id = text_in(row, "id"),
            .name = text_in(row, "name"),
            .origins = row.value("origins", std::vector<std::string>{}),
            .created_at = text_in(row, "created_at"),
            .key = text_in(row, "key")};
  }

  OperatorClient client_;
};

}  // namespace

base::Result<std::unique_ptr<LocalAccess>> open_local_access(const Settings& settings) {
  auto server = OperatorClient::of_running_server(settings);
  if (!server) return fail(server.error());
  if (*server) return std::make_unique<ServerAccess>(std::move(**server));
  if (const auto there = check_store_exists(settings); !there) return fail(there.error());
  const auto key = load_secret_key(secret_key_path(settings));
  if (!key) return fail(key.error());
  auto store = open_store(settings, OlderSchema::migrate);
  if (!store) return fail(store.error());
  auto out = std::make_unique<StoreAccess>(std::move(*store), *key);
  if (const auto opened = out->open(); !opened) return fail(opened.error());
  return out;
}

}  // namespace colonnade::app
