#include "dialects/platos/minting.hpp"

#include <gtest/gtest.h>

#include "core/access/limits.hpp"
#include "dialects/platos/session_token.hpp"
#include "test_house.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::Json;

base::Task<base::Result<std::optional<core::Scope>>> scope_of(std::string agent_id) {
  if (agent_id == "open") co_return core::Scope("acme", "garden", "test");
  co_return std::nullopt;
}

class PlatosMinting : public testing::Test {
 protected:
  explicit PlatosMinting(core::ConfiguredSecrets secrets = test_secrets())
      : house_(folder_, std::move(secrets)),
        minting_({.entities = house_.entities,
                  .credentials = house_.credentials,
                  .rate_limits = house_.rate_limits,
                  .login_failures = house_.login_failures,
                  .clock = house_.clock,
                  .guest_scope_of = scope_of,
                  .proxies = *TrustedProxies::parse({"127.0.0.0/8", "::1"})}) {}

  struct Answer {
    int status = 0;
    Json body{};
  };
  Answer mint(const Json& body, const std::string& secret = test_secret,
              const std::string& entity = "ent-1") {
    return mint_text(body.dump(), secret, entity);
  }
  Answer mint_text(const std::string& body, const std::string& secret,
                   const std::string& entity = "ent-1") {
    auto request = std::make_shared<net::Request>();
    request->path_parameters = {entity};
    request->peer_address = "127.0.0.1";  // a trusted proxy
    request->headers.push_back({"X-Forwarded-For", "203.0.113.9"});
    if (!secret.empty()) request->headers.push_back({"Authorization", "Bearer " + secret});
    request->body = body;
    return answer(house_.run(minting_.session_token(request)));
  }
  Answer guest(const Json& body, const std::string& address = "203.0.113.7") {
    auto request = std::make_shared<net::Request>();
    request->peer_address = address;
    request->body = body.dump();
    return answer(house_.run(minting_.guest_token(request)));
  }
  static Answer answer(const net::Reply& reply) {
    const auto& response = std::get<net::Response>(reply);
    return {.status = response.status, .body = Json::parse(response.body)};
  }
  static Json asked() {
    return {{"organizationId", "acme"},
            {"projectId", "garden"},
            {"environmentId", "test"},
            {"userId", "ann"}};
  }
  static Json and_also(const char* name, Json value) {
    Json out = asked();
    out[name] = std::move(value);
    return out;
  }
  static Json payload_in(const Json& answer) {
    const auto split = base::split_token(answer["token"].get_ref<const std::string&>());
    return split ? Json::parse(split->payload) : Json();
  }

  storage::sqlite::TestFolder folder_;
  TestHouse house_;
  MintingResource minting_;
};

TEST_F(PlatosMinting, AMintedTokenLetsItsUserIn) {
  const Json claims = {{"userMeta", {{"name", "Ada"}, {"email", "ada@example.com"}}}};
  const Answer made = mint(and_also("claims", claims));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(made.body["expiresAt"].is_number_integer());
  EXPECT_EQ(made.body["expiresAt"], test_now + 3600);
  const auto caller = house_.admit(with_token(made.body["token"]));
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->who.user_id, "ann");
  EXPECT_EQ(caller->who.role, core::UserRole::member);
  EXPECT_EQ(caller->entity_id, "ent-1");
  EXPECT_EQ(caller->user_meta.name, "Ada");
  EXPECT_EQ(payload_in(made.body)["iat"], test_now);
}

// Whoever may act as anybody in the scope may make its tokens.
TEST_F(PlatosMinting, AnOperatorOfTheScopeMintsWithoutTheSecret) {
  const Answer made = mint(asked(), house_.operator_token());
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(house_.admit(with_token(made.body["token"]))->who.role, core::UserRole::member);
  EXPECT_EQ(mint(asked(), house_.operator_token(), "nobody").status, 404);
  using core::Principal;
  const auto token_in = [&](const char* environment, core::UserRole role) {
    return house_.token_of(Principal(core::Scope("acme", "garden", environment), "o", role));
  };
  EXPECT_EQ(mint(asked(), token_in("test", core::UserRole::operator_role)).status, 201);
  EXPECT_EQ(mint(asked(), token_in("live", core::UserRole::operator_role)).status, 401)
      << "another scope's";
  EXPECT_EQ(mint(asked(), token_in("test", core::UserRole::member)).status, 401);
}

TEST_F(PlatosMinting, TheLifetimeIsClamped) {
  const std::pair<Json, std::int64_t> rows[] = {{60, 60},        {59, 60},         {0, 60},
                                                {-5, 60},        {604800, 604800}, {604801, 604800},
                                                {1e300, 604800}, {120.9, 120},     {nullptr, 3600}};
  for (const auto& [asked_for, given] : rows) {
    const Answer made = mint(and_also("ttlSeconds", asked_for));
    ASSERT_EQ(made.status, 201) << asked_for;
    EXPECT_EQ(made.body["expiresAt"], test_now + given) << asked_for;
    EXPECT_EQ(payload_in(made.body)["exp"], test_now + given) << asked_for;
  }
  EXPECT_EQ(mint(and_also("ttlSeconds", "60")).status, 400);
  EXPECT_EQ(mint(and_also("ttlSeconds", true)).status, 400);
}

TEST_F(PlatosMinting, ClaimsNeverSayWhomTheTokenIsFor) {
  const Json claims = {{"organizationId", "evil"}, {"projectId", "evil"},
                       {"environmentId", "evil"},  {"userId", "root"},
                       {"entityId", "ent-2"},      {"iat", 1},
                       {"exp", 4'102'444'800},     {"iss", "platos-platform"},
                       {"agentId", "evil"},        {"theme", "dark"}};
  Json body = and_also("claims", claims);
  body["agentId"] = "a1";
  const Answer made = mint(body);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(payload_in(made.body), (Json{{"organizationId", "acme"},
                                         {"projectId", "garden"},
                                         {"environmentId", "test"},
                                         {"userId", "ann"},
                                         {"entityId", "ent-1"},
                                         {"agentId", "a1"},
                                         {"theme", "dark"},
                                         {"iat", test_now},
                                         {"exp", test_now + 3600}}));
}

TEST_F(PlatosMinting, WhatIsWrongIsSaid) {
  EXPECT_EQ(mint(asked(), "").status, 401);
  EXPECT_EQ(mint(asked(), test_secret + "0").status, 401);
  EXPECT_EQ(mint(asked(), test_platform_secret).status, 401);
  EXPECT_EQ(mint(asked(), test_secret, "ent-2").status, 404);
  Json elsewhere = asked();
  elsewhere["projectId"] = "shop";  // an entity is its project's
  EXPECT_EQ(mint(elsewhere).status, 404);
  EXPECT_EQ(mint_text("{not json", test_secret).status, 400);
  EXPECT_EQ(mint_text("[]", test_secret).status, 400);
  EXPECT_EQ(mint_text("", test_secret).status, 400);
  for (const char* name : {"organizationId", "projectId", "environmentId", "userId"}) {
    Json without = asked();
    without.erase(name);
    EXPECT_EQ(mint(without).status, 400) << name;
    for (const Json& bad : {Json(7), Json(""), Json("a\nb"), Json("a\u202Eb"), Json("a\u200B")}) {
      EXPECT_EQ(mint(and_also(name, bad)).status, 400) << name << bad;
    }
  }
  EXPECT_EQ(mint(and_also("claims", "x")).status, 400);
  EXPECT_EQ(mint(and_also("claims", {{"userMeta", "Ada"}})).status, 400);
  EXPECT_EQ(mint(and_also("agentId", 7)).status, 400);
}

// The secret guards whoever it may sign for: guesses are in the audit trail, as those of tokens
// are.
TEST_F(PlatosMinting, AWrongSecretIsAFailedLogin) {
  EXPECT_EQ(mint(asked(), test_secret).status, 201);
  EXPECT_EQ(mint(asked(), "").status, 401);
  EXPECT_TRUE(house_.recorded_failures().empty()) << "no secret is no login";
  EXPECT_EQ(mint(asked(), test_secret + "0").status, 401);
  EXPECT_EQ(house_.recorded_failures(), std::vector<std::string>{"203.0.113.9 service_secret"});
  for (int i = 0; i < 25; ++i) EXPECT_EQ(mint(asked(), "guess-" + std::to_string(i)).status, 401);
  EXPECT_EQ(house_.recorded_failures().size(), limits::login_failures_per_address);
}

TEST_F(PlatosMinting, AGuestMayUseItsAgentForHalfAnHour) {
  const Answer made = guest({{"agentId", "open"}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body["agentId"], "open");
  EXPECT_TRUE(made.body["expiresAt"].is_number_integer());
  EXPECT_EQ(made.body["expiresAt"], test_now + 1800);
  const auto id = made.body["guestId"].get<std::string>();
  EXPECT_TRUE(id.starts_with("guest-"));
  EXPECT_EQ(id.size(), 6U + 18U);
  const auto caller = house_.admit(with_token(made.body["token"]));
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_TRUE(caller->is_guest());
  EXPECT_EQ(caller->who.user_id, id);
  EXPECT_EQ(caller->agent_id, "open");
  EXPECT_EQ(caller->who.scope, core::Scope("acme", "garden", "test"));
  EXPECT_NE(guest({{"agentId", "open"}}).body["guestId"], id);
}

TEST_F(PlatosMinting, GuestsAreRefusedWithoutAnOpenAgentAndTooOften) {
  EXPECT_EQ(guest(Json::object()).status, 400);
  EXPECT_EQ(guest({{"agentId", 7}}).status, 400);
  EXPECT_EQ(guest({{"agentId", ""}}).status, 400);
  EXPECT_EQ(guest({{"agentId", "private"}}).status, 404);
  for (int i = 1; i < 20; ++i) EXPECT_EQ(guest({{"agentId", "open"}}).status, 201) << i;
  const Answer over = guest({{"agentId", "open"}});
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.body["code"], "rate_limit");
  EXPECT_EQ(over.body["limit"], 20);
  EXPECT_EQ(guest({{"agentId", "open"}}, "203.0.113.8").status, 201);
  house_.clock.advance(std::chrono::minutes(5));
  EXPECT_EQ(guest({{"agentId", "open"}}).status, 201);
}

class WithoutPlatformSecret : public PlatosMinting {
 protected:
  WithoutPlatformSecret() : PlatosMinting(core::ConfiguredSecrets{}) {}
};

TEST_F(WithoutPlatformSecret, GuestsAreUnavailableAndPlatformTokensRefused) {
  EXPECT_EQ(guest({{"agentId", "open"}}).status, 503);
  Json claims = test_claims();
  claims["iss"] = "platos-platform";
  EXPECT_FALSE(house_.admit(with_token(test_token(claims, test_platform_secret))));
  EXPECT_FALSE(house_.admit(with_token(test_token(claims, ""))));
}

}  // namespace
}  // namespace colonnade::dialects::platos
