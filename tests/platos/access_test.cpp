#include "dialects/platos/access.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "core/access/limits.hpp"
#include "test_house.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::Json;

class PlatosAccess : public testing::Test {
 protected:
  net::Headers direct(const std::string& bearer) {
    return {{"Authorization", "Bearer " + bearer},
            {"X-Platos-Organization-Id", "acme"},
            {"X-Platos-Project-Id", "garden"},
            {"X-Platos-Environment-Id", "test"}};
  }
  static net::Headers and_also(net::Headers headers, const char* name, std::string value) {
    headers.push_back({name, std::move(value)});
    return headers;
  }
  void expect_refused(const net::Headers& headers, const char* what) {
    const auto caller = house_.admit(with_headers(headers));
    ASSERT_FALSE(caller) << what;
    EXPECT_EQ(caller.error().kind, ErrorKind::unauthorized) << what;
  }

  storage::sqlite::TestFolder folder_;
  TestHouse house_{folder_};
};

TEST_F(PlatosAccess, WithoutAnythingAuthenticationIsRequired) {
  const auto caller = house_.admit(net::Request{});
  ASSERT_FALSE(caller);
  EXPECT_EQ(caller.error().message, "Authentication required.");
}

TEST_F(PlatosAccess, ASessionTokenDecidesAndScopeHeadersAreIgnored) {
  net::Headers headers = direct(house_.operator_token());
  headers.push_back({"X-Platos-Session-Token", test_token(test_claims())});
  headers[1].value = "elsewhere";
  const auto caller = house_.admit(with_headers(headers));
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->who.scope, core::Scope("acme", "garden", "test"));
  EXPECT_EQ(caller->who.user_id, "ann");
  EXPECT_EQ(caller->who.role, core::UserRole::member);
  EXPECT_FALSE(caller->who.credential_id.empty());
}

TEST_F(PlatosAccess, ABadSessionTokenNeverFallsThrough) {
  for (const char* token : {"", "x", "a.b", "a.b.c"}) {
    expect_refused(and_also(direct(house_.operator_token()), "X-Platos-Session-Token", token),
                   token);
  }
}

TEST_F(PlatosAccess, DirectHeadersTakeAnOperatorsToken) {
  const auto caller = house_.admit(with_headers(direct(house_.operator_token())));
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->who.scope, core::Scope("acme", "garden", "test"));
  EXPECT_EQ(caller->who.user_id, "service");
  EXPECT_TRUE(caller->who.is_operator());
  EXPECT_FALSE(caller->who.every_scope);
  EXPECT_FALSE(caller->expires_at);

  const auto named = house_.admit(
      with_headers(and_also(direct(house_.operator_token()), "X-Platos-User-Id", "Ada L.")));
  ASSERT_TRUE(named);
  EXPECT_EQ(named->who.user_id, "Ada L.");
}

TEST_F(PlatosAccess, DirectHeadersCountForTheOperatorOfTheScopeOnly) {
  const core::Scope there("acme", "garden", "test");
  const core::Scope other("acme", "garden", "live");
  const auto token = [&](const core::Scope& scope, core::UserRole role) {
    return house_.token_of({scope, "olga", role});
  };
  EXPECT_TRUE(house_.admit(with_headers(direct(token(there, core::UserRole::operator_role)))));
  expect_refused(direct(token(other, core::UserRole::operator_role)), "another scope's");
  expect_refused(direct(token(there, core::UserRole::member)), "a member's");
  expect_refused(direct("nobodys"), "an unknown token");
}

TEST_F(PlatosAccess, DirectHeadersAreRefusedInOtherForms) {
  const std::string token = house_.operator_token();
  expect_refused(and_also(direct(token), "X-Forwarded-For", "203.0.113.7"), "through a proxy");
  expect_refused(and_also(direct(token), "X-Forwarded-For", ""), "an empty header is one too");
  expect_refused({{"Authorization", "Bearer " + token}}, "no scope");
  for (std::size_t i = 1; i < 4; ++i) {
    for (const char* bad : {"", "a/b", "*", "a b"}) {
      net::Headers headers = direct(token);
      headers[i].value = bad;
      expect_refused(headers, bad);
    }
  }
  net::Headers no_bearer = direct(token);
  no_bearer.erase(no_bearer.begin());
  expect_refused(no_bearer, "no bearer");
  expect_refused(and_also(direct(token), "X-Platos-User-Id", "a\tb"), "a control character");
  expect_refused(and_also(direct(token), "X-Platos-User-Id", "a\u202Eb"), "a mark of direction");
  expect_refused(and_also(direct(token), "X-Platos-User-Id", "ann\u200B"), "no width");
  expect_refused(and_also(direct(token), "X-Platos-User-Id", std::string(257, 'a')), "too long");
}

TEST_F(PlatosAccess, AUserIdMayBeDemanded) {
  storage::sqlite::TestFolder folder;
  TestHouse house(folder, test_secrets(), {}, {.user_id_required = true});
  const std::string token = house.operator_token();
  const auto without = house.admit(with_headers(direct(token)));
  ASSERT_FALSE(without);
  EXPECT_EQ(code_of(without.error()), "user_id_required");
  EXPECT_TRUE(house.admit(with_headers(and_also(direct(token), "X-Platos-User-Id", "ann"))));
}

TEST_F(PlatosAccess, AScopeWithAccessKeysWantsOneInEitherMode) {
  core::Principal olga(core::Scope("acme", "garden", "test"), "olga",
                       core::UserRole::operator_role);
  const auto made = house_.run(
      house_.access_keys.add(olga, {.name = "web", .origins = {"https://shop.example"}}));
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->text.starts_with("platos_live_"));
  EXPECT_EQ(made->text.size(), 12U + 48U);
  const net::Headers token = {{"X-Platos-Session-Token", test_token(test_claims())}};
  const auto refused = house_.admit(with_headers(token));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, access_key_field);
  const auto keyed = [&](net::Headers headers, const std::string& key, const char* origin) {
    headers.push_back({"X-Platos-Api-Key", key});
    headers.push_back({"Origin", origin});
    return house_.admit(with_headers(headers)).has_value();
  };
  EXPECT_TRUE(keyed(token, made->text, "https://shop.example"));
  EXPECT_TRUE(keyed(direct(house_.operator_token()), made->text, "https://shop.example"));
  EXPECT_FALSE(keyed(token, made->text, "https://evil.example"));
  EXPECT_FALSE(keyed(token, made->text, ""));
  EXPECT_FALSE(keyed(token, made->text + "0", "https://shop.example"));
  // Other scopes want none.
  Json live = test_claims();
  live["environmentId"] = "live";
  EXPECT_TRUE(house_.admit(with_token(test_token(live))));
  ASSERT_TRUE(house_.run(house_.access_keys.remove(olga, made->key.id)));
  EXPECT_TRUE(house_.admit(with_headers(token)));
}

TEST_F(PlatosAccess, TheAuthObjectOfAJoinWinsOverTheHeaders) {
  const auto join = [&](net::Headers headers, Json auth) {
    auto handshake = std::make_shared<const net::Request>(with_headers(std::move(headers)));
    return house_.run(house_.access.admit_socket(std::move(handshake), std::move(auth)));
  };
  const std::string good = test_token(test_claims());
  const net::Headers header = {{"X-Platos-Session-Token", test_token(test_claims("ben"))}};
  EXPECT_EQ(join(header, nullptr)->who.user_id, "ben");
  EXPECT_EQ(join(header, {{"token", good}})->who.user_id, "ann");
  EXPECT_FALSE(join(header, {{"token", "bad"}}));
  EXPECT_FALSE(join(header, {{"token", 7}}));
  EXPECT_FALSE(join(header, {{"token", nullptr}}));
  const Json ids = {{"organizationId", "acme"}, {"projectId", "garden"}, {"environmentId", "live"},
                    {"userId", "cay"},          {"userToken", "opaque"}, {"entityId", "ent-1"}};
  const net::Headers bearer = {{"Authorization", "Bearer " + house_.operator_token()}};
  const auto caller = join(bearer, ids);
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->who.scope, core::Scope("acme", "garden", "live"));
  EXPECT_EQ(caller->who.user_id, "cay");
  EXPECT_EQ(caller->user_token, "opaque");
  EXPECT_EQ(caller->entity_id, "ent-1");
  EXPECT_FALSE(join({}, ids)) << "names alone let nobody in";
  EXPECT_FALSE(join(and_also(bearer, "X-Forwarded-For", "203.0.113.7"), ids));
}

TEST_F(PlatosAccess, AJoinWithABadCredentialIsAFailedLogin) {
  storage::sqlite::TestFolder folder;
  TestHouse house(folder, test_secrets(), {},
                  {.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"})});
  const auto join = [&](net::Headers headers, Json auth) {
    net::Request head = with_headers(std::move(headers));
    head.peer_address = "127.0.0.1";
    auto handshake = std::make_shared<const net::Request>(std::move(head));
    return house.run(house.access.admit_socket(std::move(handshake), std::move(auth))).has_value();
  };
  const Json ids = {{"organizationId", "acme"}, {"projectId", "garden"}, {"environmentId", "test"}};
  EXPECT_TRUE(join({}, {{"token", test_token(test_claims())}}));
  EXPECT_FALSE(join({}, nullptr));
  EXPECT_FALSE(join({}, ids));
  EXPECT_TRUE(house.recorded_failures().empty()) << "no credential is no login";
  EXPECT_FALSE(join({}, {{"token", "bad"}}));
  EXPECT_FALSE(join({{"X-Platos-Session-Token", "bad"}}, nullptr));
  EXPECT_FALSE(join({{"Authorization", "Bearer nobodys"}}, ids));
  EXPECT_EQ(house.recorded_failures(),
            (std::vector<std::string>{"127.0.0.1 token", "127.0.0.1 token", "127.0.0.1 token"}));
  for (int i = 0; i < 25; ++i)
    EXPECT_FALSE(join({{"X-Forwarded-For", "203.0.113.7"}}, {{"token", "bad"}}));
  const auto recorded = house.recorded_failures();
  ASSERT_EQ(recorded.size(), 3 + limits::login_failures_per_address);
  EXPECT_EQ(recorded.back(), "203.0.113.7 token");
}

TEST_F(PlatosAccess, ATokenThatExpiresLetsNothingBeginAnyMore) {
  const auto caller = house_.admit(with_token(test_token(test_claims())));
  ASSERT_TRUE(caller);
  EXPECT_TRUE(house_.access.recheck(*caller));
  house_.clock.advance(std::chrono::seconds(60));
  EXPECT_TRUE(house_.access.recheck(*caller));
  house_.clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(house_.access.recheck(*caller).error().kind, ErrorKind::unauthorized);
  const auto direct_caller = house_.admit(with_headers(direct(house_.operator_token())));
  ASSERT_TRUE(direct_caller);
  EXPECT_TRUE(house_.access.recheck(*direct_caller));
}

// What a token of that secret holds open, until it is ended.
class HeldOpen {
 public:
  HeldOpen(TestHouse& house, const std::string& credential_id)
      : watch_(house.credentials.watch(credential_id, house.lanes[0],
                                       [ended = ended_] { ended->set_value(); })) {}
  bool taken() const { return watch_ != nullptr; }
  void wait() { ended_->get_future().wait(); }

 private:
  std::shared_ptr<std::promise<void>> ended_ = std::make_shared<std::promise<void>>();
  std::unique_ptr<core::Revocations::Watch> watch_;
};

TEST_F(PlatosAccess, WhatAnEntitysTokensHoldOpenEndsWithItsSecret) {
  const core::Principal system = core::system_operator();
  const core::EntityName name{.organization = "acme", .project = "garden", .entity = "shop"};
  const auto added = house_.run(house_.entities.add(system, name, ""));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->secret.size(), 64U);
  Json claims = test_claims();
  claims["entityId"] = "shop";
  const std::string first_token = test_token(claims, added->secret);
  const auto first = house_.admit(with_token(first_token));
  ASSERT_TRUE(first);
  HeldOpen by_first(house_, first->who.credential_id);
  ASSERT_TRUE(by_first.taken());

  // After a rotation both count.
  const auto rotated = house_.run(house_.entities.rotate(system, name, ""));
  ASSERT_TRUE(rotated);
  EXPECT_TRUE(rotated->row.second_secret);
  EXPECT_NE(rotated->secret, added->secret);
  const std::string second_token = test_token(claims, rotated->secret);
  const auto second = house_.admit(with_token(second_token));
  ASSERT_TRUE(second);
  EXPECT_TRUE(house_.admit(with_token(first_token)));
  EXPECT_NE(second->who.credential_id, first->who.credential_id);
  HeldOpen by_second(house_, second->who.credential_id);

  ASSERT_TRUE(house_.run(house_.entities.finish_rotation(system, name)));
  by_first.wait();
  EXPECT_FALSE(house_.admit(with_token(first_token)));
  EXPECT_FALSE(HeldOpen(house_, first->who.credential_id).taken());
  EXPECT_TRUE(house_.admit(with_token(second_token)));
  EXPECT_EQ(house_.run(house_.entities.finish_rotation(system, name)).error().kind,
            ErrorKind::conflict);

  ASSERT_TRUE(house_.run(house_.entities.remove(system, name)));
  by_second.wait();
  EXPECT_FALSE(house_.admit(with_token(second_token)));
}

TEST_F(PlatosAccess, EntitiesAreTheServersOperatorsAndThoseOfTheConfigurationStay) {
  const core::Principal system = core::system_operator();
  const core::EntityName configured{.organization = "acme", .project = "garden", .entity = "ent-1"};
  EXPECT_EQ(house_.run(house_.entities.add(system, configured, "")).error().kind,
            ErrorKind::conflict);
  EXPECT_EQ(house_.run(house_.entities.rotate(system, configured, "")).error().kind,
            ErrorKind::conflict);
  EXPECT_EQ(house_.run(house_.entities.remove(system, configured)).error().kind,
            ErrorKind::conflict);
  core::EntityName unknown = configured;
  unknown.entity = "nobody";
  EXPECT_EQ(house_.run(house_.entities.remove(system, unknown)).error().kind, ErrorKind::not_found);
  const auto short_secret = house_.run(house_.entities.add(system, unknown, std::string(31, 's')));
  EXPECT_EQ(short_secret.error().kind, ErrorKind::invalid);
  EXPECT_EQ(short_secret.error().message.find("sss"), std::string::npos);
  const core::Principal olga(core::Scope("acme", "garden", "test"), "olga",
                             core::UserRole::operator_role);
  EXPECT_EQ(house_.run(house_.entities.add(olga, unknown, "")).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(house_.run(house_.entities.list(olga)).error().kind, ErrorKind::forbidden);
}

TEST_F(PlatosAccess, StoredEntitiesAreSealedAndFoundAgain) {
  storage::sqlite::TestFolder folder;
  const core::EntityName name{.organization = "acme", .project = "garden", .entity = "shop"};
  Json claims = test_claims();
  claims["entityId"] = "shop";
  const std::string secret(40, 'k');
  {
    TestHouse house(folder);
    ASSERT_TRUE(house.run(house.entities.add(core::system_operator(), name, secret)));
    const auto rows = house.run(house.store->entities({}));
    ASSERT_TRUE(rows && rows->size() == 1U);
    EXPECT_EQ(rows->front().sealed_secret.find("kkkk"), std::string::npos);
    EXPECT_FALSE(rows->front().sealed_secret.empty());
  }
  TestHouse again(folder);
  EXPECT_TRUE(again.admit(with_token(test_token(claims, secret))));
  const auto rows = again.run(again.entities.list(core::system_operator()));
  ASSERT_TRUE(rows && rows->size() == 2U);
}

TEST(PlatosCaller, AudiencesAndBindings) {
  const core::Scope scope("acme", "garden", "test");
  const Caller root(core::Principal(scope, "root", core::UserRole::operator_role));
  const Caller ann(core::Principal(scope, "ann", core::UserRole::member));
  Caller guest(core::Principal(scope, "guest-1", core::UserRole::guest));
  guest.agent_id = "a1";
  net::Request head;
  const auto may = [&](const Caller& who, Need need) { return check_need(who, need, head); };
  for (const Caller& who : {root, ann, guest}) EXPECT_TRUE(may(who, {}));
  EXPECT_TRUE(may(root, {.audience = Audience::no_guests}));
  EXPECT_TRUE(may(ann, {.audience = Audience::no_guests}));
  EXPECT_EQ(may(guest, {.audience = Audience::no_guests}).error().kind, ErrorKind::forbidden);
  EXPECT_TRUE(may(root, {.audience = Audience::operators}));
  EXPECT_EQ(may(ann, {.audience = Audience::operators}).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(may(guest, {.audience = Audience::operators}).error().kind, ErrorKind::forbidden);

  head.path_parameters = {"a2"};
  EXPECT_TRUE(may(ann, {.agent_in_path = true}));
  EXPECT_EQ(may(guest, {.agent_in_path = true}).error().field, agent_binding_field);
  EXPECT_TRUE(may(guest, {}));
  head.path_parameters = {"a1"};
  EXPECT_TRUE(may(guest, {.agent_in_path = true}));
  EXPECT_TRUE(check_agent(guest, "a1"));
  EXPECT_FALSE(check_agent(guest, "default"));
  EXPECT_EQ(names_of(scope).organization, "acme");
  EXPECT_EQ(names_of(scope).project, "garden");
  EXPECT_EQ(names_of(scope).environment, "test");
}

}  // namespace
}  // namespace colonnade::dialects::platos
