#include "base/url_secrets.hpp"

#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

TEST(UrlSecrets, PasswordsAreMasked) {
  EXPECT_EQ(without_url_secrets("http://ada:hunter2@host:1/x"), "http://ada:***@host:1/x");
  EXPECT_EQ(without_url_secrets("https://sk-token@host"), "https://***@host");
  EXPECT_EQ(without_url_secrets("https://sk-token:@host"), "https://***@host");
  EXPECT_EQ(without_url_secrets("http://a:b@c@host/"), "http://a:***@host/");
}

TEST(UrlSecrets, ParametersThatLookLikeKeysAreMasked) {
  EXPECT_EQ(
      without_url_secrets("https://h/v1?model=m&api_key=sk-1&X-Amz-Signature=ab#access_token=t"),
      "https://h/v1?model=m&api_key=***&X-Amz-Signature=***#access_token=***");
  EXPECT_EQ(without_url_secrets("https://h?APIKEY=1"), "https://h?APIKEY=***");
}

TEST(UrlSecrets, EveryUrlOfATextAndNothingElse) {
  EXPECT_EQ(without_url_secrets("from \"http://a:b@h\" to https://h?token=t then"),
            "from \"http://a:***@h\" to https://h?token=*** then");
  for (const char* text : {"", "no url, a@b, k=v", "http://h/@x?page=2", "://", "a://"}) {
    EXPECT_EQ(without_url_secrets(text), text);
  }
}

}  // namespace
}  // namespace colonnade::base
