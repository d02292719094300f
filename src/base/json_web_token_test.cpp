#include "base/json_web_token.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/json.hpp"

namespace colonnade::base {
namespace {

std::optional<std::string> payload_of(std::string_view token, std::string_view key) {
  const auto parts = split_token(token);
  if (!parts || !verify_token(*parts, key)) return std::nullopt;
  return parts->payload;
}

// RFC 4231, test case 2.
TEST(HmacSha256, IsTheStandards) {
  std::string hex;
  for (const char byte : hmac_sha256("Jefe", "what do ya want for nothing?")) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  EXPECT_EQ(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(JsonWebToken, WhatIsMadeIsVerified) {
  const std::string token = make_token(R"({"a":1})", "secret");
  EXPECT_EQ(payload_of(token, "secret"), R"({"a":1})");
  EXPECT_EQ(payload_of(token, "other"), std::nullopt);
}

TEST(JsonWebToken, EveryCaseOfWycheproof) {
  std::ifstream file(std::string(COLONNADE_FIXTURES) + "/jwt/wycheproof-hs256.json");
  if (!file) GTEST_SKIP() << "no token vectors in " << COLONNADE_FIXTURES;
  const Json all = Json::parse(file);
  const auto key = from_base64url(all["key"]["k"].get<std::string>());
  ASSERT_TRUE(key);
  int cases = 0;
  for (const Json& one : all["tests"]) {
    const bool valid = one["result"] == "valid";
    EXPECT_EQ(payload_of(one["jws"].get<std::string>(), *key).has_value(), valid)
        << one["tcId"] << ": " << one["comment"];
    ++cases;
  }
  EXPECT_EQ(cases, 17);
}

}  // namespace
}  // namespace colonnade::base
