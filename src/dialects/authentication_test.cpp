#include "dialects/authentication.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects {
namespace {

net::Request with_authorization(std::string value) {
  net::Request request;
  request.headers.push_back({"authorization", std::move(value)});
  return request;
}

TEST(BearerToken, TakesTheTokenAfterTheScheme) {
  EXPECT_EQ(bearer_token(with_authorization("Bearer abc-_123")), "abc-_123");
}

TEST(BearerToken, AcceptsAnyCaseAndExtraBlanks) {
  EXPECT_EQ(bearer_token(with_authorization("bearer t")), "t");
  EXPECT_EQ(bearer_token(with_authorization("BEARER   t")), "t");
  EXPECT_EQ(bearer_token(with_authorization("  Bearer \t t  ")), "t");
}

TEST(BearerToken, RefusesWhatIsNoBearerToken) {
  EXPECT_EQ(bearer_token(net::Request{}), std::nullopt);
  for (const char* value : {"", "Bearer", "Bearer ", "   ", "Bearert", "Basic abc", "Token abc"}) {
    EXPECT_EQ(bearer_token(with_authorization(value)), std::nullopt) << value;
  }
}

TEST(BearerToken, IgnoresATokenInTheQuery) {
  net::Request request;
  request.query = "token=abc&access_token=abc";
  EXPECT_EQ(bearer_token(request), std::nullopt);
}

}  // namespace
}  // namespace colonnade::dialects
