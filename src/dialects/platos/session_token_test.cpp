#include "dialects/platos/session_token.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/json_web_token.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::Json;

constexpr base::Time now{1'778'576'401'000'000};
constexpr std::int64_t later = 1'778'576'500;
const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string second = "fedcba9876543210fedcba9876543210";
const std::string platform = "platform-secret-platform-secret-00";

// The secrets of acme's entity ent-1 and of the platform.
std::vector<core::SigningSecret> secrets_of(const TokenIssuer& issuer) {
  if (issuer.platform) return {{.secret = platform, .credential_id = "platform"}};
  const core::EntityName known{.organization = "acme", .project = "garden", .entity = "ent-1"};
  if (issuer.entity != known) return {};
  return {{.secret = secret, .credential_id = "first"},
          {.secret = second, .credential_id = "second"}};
}

Json good() {
  return {{"organizationId", "acme"},
          {"projectId", "garden"},
          {"environmentId", "test"},
          {"userId", "ann"},
          {"entityId", "ent-1"},
          {"iat", 1'778'576'400},
          {"exp", later}};
}

Json with(const char* claim, Json value) {
  Json out = good();
  out[claim] = std::move(value);
  return out;
}

Json without(const char* claim) {
  Json out = good();
  out.erase(claim);
  return out;
}

base::Result<Caller> verified(const Json& payload, const std::string& key = secret) {
  return verify_session_token(base::make_token(base::to_text(payload), key), secrets_of, now);
}

void expect_refused(const base::Result<Caller>& result, const std::string& what) {
  ASSERT_FALSE(result) << what;
  EXPECT_EQ(result.error().kind, base::ErrorKind::unauthorized) << what;
  EXPECT_EQ(result.error().message, "Invalid or expired session token.") << what;
}

TEST(SessionToken, LetsInWhomItIsFor) {
  Json payload = good();
  payload["userMeta"] = {{"name", "Ada"}, {"email", "ada@example.com"}};
  payload["userToken"] = "opaque";
  payload["agentId"] = "a1";
  payload["permissions"] = Json::array({"read"});
  payload["anything"] = {{"else", 1}};
  const auto caller = verified(payload);
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->who.scope, core::Scope("acme", "garden", "test"));
  EXPECT_EQ(caller->who.user_id, "ann");
  EXPECT_EQ(caller->who.role, core::UserRole::member);
  EXPECT_EQ(caller->who.credential_id, "first");
  EXPECT_EQ(caller->entity_id, "ent-1");
  EXPECT_EQ(caller->agent_id, "a1");
  EXPECT_EQ(caller->user_meta.name, "Ada");
  EXPECT_EQ(caller->user_meta.email, "ada@example.com");
  EXPECT_EQ(caller->user_token, "opaque");
  EXPECT_EQ(caller->expires_at, base::Time{later * 1'000'000});
}

TEST(SessionToken, BothSecretsOfAnEntityCount) {
  const auto caller = verified(good(), second);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->who.credential_id, "second");
  expect_refused(verified(good(), "0123456789abcdef0123456789abcdeX"), "a third secret");
  expect_refused(verified(good(), platform), "the platform's secret for an entity's token");
}

TEST(SessionToken, ThePlatformsIsAnOperatorsAndNeedsNoEntity) {
  Json payload = without("entityId");
  payload["iss"] = platform_issuer;
  const auto caller = verified(payload, platform);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->who.role, core::UserRole::operator_role);
  EXPECT_FALSE(caller->who.every_scope);
  expect_refused(verified(payload, secret), "an entity's secret for the platform's token");
  const auto none = verify_session_token(
      base::make_token(base::to_text(payload), platform),
      [](const TokenIssuer&) { return std::vector<core::SigningSecret>{}; }, now);
  expect_refused(none, "no platform secret");
}

TEST(SessionToken, AGuestsIsBoundToItsAgent) {
  Json payload = with("isGuest", true);
  payload["iss"] = platform_issuer;
  payload["agentId"] = "a1";
  const auto caller = verified(payload, platform);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->who.role, core::UserRole::guest);
  EXPECT_EQ(caller->agent_id, "a1");
  payload.erase("agentId");
  expect_refused(verified(payload, platform), "a guest of any agent");
}

TEST(SessionToken, ExpiresWithoutLeeway) {
  EXPECT_TRUE(verified(with("exp", 1'778'576'401)));  // now, to the millisecond
  expect_refused(verified(with("exp", 1'778'576'400)), "a second ago");
  const std::string token = base::make_token(base::to_text(with("exp", 1'778'576'401)), secret);
  EXPECT_TRUE(verify_session_token(token, secrets_of, base::Time{now.micros + 999}));
  expect_refused(verify_session_token(token, secrets_of, base::Time{now.micros + 1000}),
                 "a millisecond later");
}

TEST(SessionToken, EveryClaimHasItsForm) {
  const std::string long_text(1025, 'x');
  const double infinite = std::numeric_limits<double>::infinity();
  // Names of the scope and of the entity.
  for (const char* claim : {"organizationId", "projectId", "environmentId", "entityId"}) {
    expect_refused(verified(without(claim)), std::string("no ") + claim);
    for (const Json& bad : {Json(nullptr), Json(7), Json(true), Json::array({"acme"}),
                            Json::object(), Json(""), Json("a/b"), Json("*"), Json("a b"),
                            Json("a\n"), Json("\xC3\xA4"), Json(std::string(129, 'a'))}) {
      expect_refused(verified(with(claim, bad)), claim + bad.dump());
    }
  }
  expect_refused(verified(without("userId")), "no userId");
  for (const Json& bad : {Json(nullptr), Json(7), Json(""), Json("a\tb"), Json("a\n"),
                          Json("a\x7F"), Json("a\xC2\x85"), Json(std::string(257, 'a'))}) {
    expect_refused(verified(with("userId", bad)), "userId " + bad.dump());
  }
  for (const char* hidden : {"\u202E", "\u2066", "\u200E", "\u061C", "\u200B", "\u200D", "\u2060",
                             "\uFEFF", "\u00AD", "\u3164", "\uFE0F", "\u2028", "\U000E0041"}) {
    for (const std::string& bad : {"ann" + std::string(hidden), hidden + std::string("ann"),
                                   "Ada " + std::string(hidden) + "L."}) {
      expect_refused(verified(with("userId", bad)), "userId " + bad);
    }
  }
  expect_refused(verified(without("exp")), "no exp");
  for (const Json& bad :
       {Json(nullptr), Json("1778576500"), Json(1778576500.5), Json(1778576500.0), Json(infinite),
        Json(-1), Json(std::uint64_t{1} << 63), Json(253'402'300'800), Json(true), Json::array()}) {
    expect_refused(verified(with("exp", bad)), "exp " + bad.dump());
  }
  for (const Json& bad : {Json("x"), Json(1.5), Json(-1), Json(true)}) {
    expect_refused(verified(with("iat", bad)), "iat " + bad.dump());
  }
  for (const Json& bad : {Json("someone"), Json(""), Json(1), Json("PLATOS-PLATFORM")}) {
    expect_refused(verified(with("iss", bad)), "iss " + bad.dump());
  }
  for (const Json& bad : {Json(""), Json(1), Json("a\n"), Json(std::string(257, 'a'))}) {
    expect_refused(verified(with("agentId", bad)), "agentId " + bad.dump());
  }
  for (const Json& bad : {Json(""), Json(1), Json("a\nb"), Json(std::string(8193, 'a'))}) {
    expect_refused(verified(with("userToken", bad)), "userToken " + bad.dump());
  }
  for (const Json& bad : {Json("Ada"), Json::array(), Json{{"name", 1}}, Json{{"name", "a\nb"}},
                          Json{{"email", long_text}}, Json{{"email", Json::array()}}}) {
    expect_refused(verified(with("userMeta", bad)), "userMeta " + bad.dump());
  }
  expect_refused(verified(with("permissions", "all")), "permissions");
  for (const Json& bad : {Json("true"), Json(1), Json::object()}) {
    expect_refused(verified(with("isGuest", bad)), "isGuest " + bad.dump());
  }
}

TEST(SessionToken, WhatFitsCounts) {
  EXPECT_TRUE(verified(with("userId", "Ada Lovelace \xE2\x9C\x93")));
  EXPECT_TRUE(verified(with("userId", "Ada L.")));
  EXPECT_TRUE(verified(with("userId", std::string(256, 'a'))));
  EXPECT_TRUE(verified(with("iss", "entity")));
  EXPECT_TRUE(verified(without("iat")));
  EXPECT_TRUE(verified(with("userMeta", Json::object())));
  EXPECT_TRUE(verified(with("isGuest", false)));
  for (const char* claim : {"iss", "iat", "agentId", "userToken", "userMeta", "isGuest"}) {
    EXPECT_TRUE(verified(with(claim, nullptr))) << claim;  // as good as absent
  }
  EXPECT_EQ(verified(with("exp", 253'402'300'799))->expires_at->micros, 253'402'300'799'000'000);
}

TEST(SessionToken, OtherFormsAreRefused) {
  const std::string token = base::make_token(base::to_text(good()), secret);
  ASSERT_TRUE(verify_session_token(token, secrets_of, now));
  const auto refuse = [](const std::string& text, const char* what) {
    expect_refused(verify_session_token(text, secrets_of, now), what);
  };
  refuse("", "empty");
  refuse(token.substr(token.find('.') + 1), "two parts, as old servers made them");
  refuse(token.substr(0, token.rfind('.') + 1), "no signature");
  refuse(token + "=", "padding");
  refuse(token + ".x", "four parts");
  refuse(" " + token, "a blank");
  std::string changed = token;
  changed[token.find('.') + 5] ^= 1;
  refuse(changed, "another payload");
  refuse(base::make_token("[1]", secret), "no object");
  refuse(base::make_token("{\"organizationId\":\"acme\"", secret), "broken JSON");
  refuse(base::make_token(std::string(17 * 1024, 'x'), secret), "too long");
  const std::string payload = base::to_base64url(base::to_text(good()));
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS512"})", R"({"alg":"hs256"})",
                             R"({"typ":"JWT"})", R"({"alg":["HS256"]})", "null", "{"}) {
    const std::string signed_part = base::to_base64url(header) + "." + payload;
    refuse(signed_part + "." + base::to_base64url(base::hmac_sha256(secret, signed_part)), header);
    refuse(signed_part + ".", header);
  }
}

TEST(SessionToken, EveryVectorOfTheContract) {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/platos-examples.jsonl");
  if (!file) GTEST_SKIP() << "no platos-examples.jsonl in " << COLONNADE_CONTRACTS;
  int cases = 0;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    const auto name = row["name"].get<std::string>();
    if (!name.starts_with("vector.jwt.")) continue;
    ++cases;
    const Json& vector = row["event"];
    const auto key = vector["secret"].get<std::string>();
    const auto result = verify_session_token(
        vector["token"].get<std::string>(),
        [&](const TokenIssuer& issuer) {
          const core::EntityName known{
              .organization = "org_1", .project = "prj_1", .entity = "ent-1"};
          if (!issuer.platform && issuer.entity != known) return std::vector<core::SigningSecret>{};
          return std::vector<core::SigningSecret>{{.secret = key, .credential_id = "c"}};
        },
        base::Time{vector["nowMs"].get<std::int64_t>() * 1000});
    EXPECT_EQ(result.has_value(), vector["verdict"] == "accept") << name;
    if (!result || !vector.contains("claims")) continue;
    const Json& claims = vector["claims"];
    EXPECT_EQ(result->who.user_id, claims["userId"].get<std::string>()) << name;
    EXPECT_EQ(result->who.scope, core::Scope("org_1", "prj_1", "env_1")) << name;
    EXPECT_EQ(result->user_meta.name, claims["userMeta"]["name"].get<std::string>()) << name;
  }
  EXPECT_EQ(cases, 10);
}

// The signature layer's own vectors have no claims: whichever is valid there is no session token.
TEST(SessionToken, NoVectorWithoutClaimsIsASessionToken) {
  std::ifstream file(std::string(COLONNADE_FIXTURES) + "/jwt/wycheproof-hs256.json");
  if (!file) GTEST_SKIP() << "no token vectors in " << COLONNADE_FIXTURES;
  const Json all = Json::parse(file);
  const auto key = base::from_base64url(all["key"]["k"].get<std::string>());
  ASSERT_TRUE(key);
  for (const Json& one : all["tests"]) {
    expect_refused(
        verify_session_token(
            one["jws"].get<std::string>(),
            [&](const TokenIssuer&) { return std::vector<core::SigningSecret>{{.secret = *key}}; },
            now),
        one["comment"].get<std::string>());
  }
}

}  // namespace
}  // namespace colonnade::dialects::platos
