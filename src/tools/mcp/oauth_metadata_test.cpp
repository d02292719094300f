#include "tools/mcp/oauth_metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OAuthMetadata, ReadsAChallenge) {
  const auto read = read_challenge(
      R"(Bearer realm="a, b", error="insufficient_scope",scope="x y", resource_metadata="https://a/b?c=\"d")");
  EXPECT_EQ(read.error, "insufficient_scope");
  EXPECT_EQ(read.scope, "x y");
  EXPECT_EQ(read.resource_metadata, "https://a/b?c=\"d");
  EXPECT_EQ(read_challenge("Bearer").scope, "");
  EXPECT_EQ(read_challenge("Bearer scope=one").scope, "one");
  EXPECT_EQ(read_challenge("Bearer scope=\"open").scope, "open");
  EXPECT_EQ(read_challenge("=,=\",\"").scope, "");
}

TEST(OAuthMetadata, KnowsWhereToLook) {
  EXPECT_THAT(resource_metadata_urls("https://a:8/mcp/", ""),
              ElementsAre("https://a:8/.well-known/oauth-protected-resource/mcp",
                          "https://a:8/.well-known/oauth-protected-resource"));
  EXPECT_THAT(resource_metadata_urls("https://a/", ""),
              ElementsAre("https://a/.well-known/oauth-protected-resource"));
  EXPECT_THAT(resource_metadata_urls("https://a/", "https://b/c"), ElementsAre("https://b/c"));
  EXPECT_THAT(authorization_metadata_urls("https://a/t"),
              ElementsAre("https://a/.well-known/oauth-authorization-server/t",
                          "https://a/.well-known/openid-configuration/t",
                          "https://a/t/.well-known/openid-configuration"));
}

TEST(OAuthMetadata, AResourceIsTheServerItself) {
  const auto read = [](const char* resource) {
    return read_resource_metadata(
        {{"resource", resource}, {"authorization_servers", {"https://issuer"}}}, "https://a/mcp/x");
  };
  for (const char* good : {"https://a", "https://a/", "https://a/mcp", "https://a/mcp/x"}) {
    EXPECT_TRUE(read(good)) << good;
  }
  EXPECT_EQ(read("https://a/mcp")->resource, "https://a/mcp");
  for (const char* bad : {"https://b/mcp/x", "http://a/mcp/x", "https://a/mc", "https://a/mcp/x/y",
                          "https://a:8/mcp/x", "", "nonsense"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

Json metadata() {
  return {{"issuer", "https://i"},
          {"authorization_endpoint", "https://i/authorize"},
          {"token_endpoint", "https://i/token"},
          {"code_challenge_methods_supported", {"S256"}}};
}

TEST(OAuthMetadata, RefusesAnUnsafeAuthorizationServer) {
  EXPECT_TRUE(read_authorization_server(metadata(), "https://i"));
  EXPECT_FALSE(read_authorization_server(metadata(), "https://i/"));
  Json open = metadata();
  open["token_endpoint"] = "http://i/token";
  EXPECT_FALSE(read_authorization_server(open, "https://i"));
  open["token_endpoint"] = "http://localhost:3/token";
  EXPECT_TRUE(read_authorization_server(open, "https://i"));
  Json plain = metadata();
  plain["code_challenge_methods_supported"] = {"plain"};
  const auto refused = read_authorization_server(plain, "https://i");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("PKCE"));
  EXPECT_FALSE(read_authorization_server(Json::array(), "https://i"));
}

TEST(OAuthMetadata, JoinsScopes) {
  EXPECT_EQ(join_scopes("a  b", "b c a"), "a b c");
  EXPECT_EQ(join_scopes("", ""), "");
  EXPECT_TRUE(has_scope("a b", "b"));
  EXPECT_FALSE(has_scope("a bc", "b"));
}

TEST(OAuthMetadata, Encodes) {
  EXPECT_EQ(encode_form({{"a b", "c&d=é"}, {"e", "-._~"}}), "a%20b=c%26d%3D%C3%A9&e=-._~");
  EXPECT_EQ(base::to_base64("ab"), "YWI=");
  // RFC 7636, appendix B.
  EXPECT_EQ(pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

}  // namespace
}  // namespace colonnade::tools::mcp
