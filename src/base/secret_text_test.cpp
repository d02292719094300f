#include "base/secret_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SecretText, PasswordsInUrlsAreHidden) {
  EXPECT_EQ(hide_secrets_in_url("postgres://app:hunter2@db.example:5432/main"),
            "postgres://app:[redacted]@db.example:5432/main");
  EXPECT_EQ(hide_secrets("cannot reach https://ann:p4ss@example.com/mcp?x=1: refused"),
            "cannot reach https://ann:[redacted]@example.com/mcp?x=1: refused");
  // A user name that is as long as a key may be one.
  EXPECT_EQ(hide_secrets_in_url("https://0123456789abcdef0123@sentry.example/7"),
            "https://[redacted]@sentry.example/7");
  EXPECT_EQ(hide_secrets_in_url("https://key:@api.example"), "https://[redacted]@api.example");
  // What should have been escaped, and was not.
  EXPECT_EQ(hide_secrets_in_url("redis://u:a/b?c@host/0"), "redis://u:[redacted]@host/0");
  EXPECT_EQ(hide_secrets_in_url("http://u:a@b@host/"), "http://u:[redacted]@host/");
  for (const char* plain :
       {"https://example.com:8443/@scope/name?page=2#top", "ssh://git@example.com/x.git",
        "http://[::1]:80/a@b", "see https://example.com, then go on", "no URL://"}) {
    EXPECT_EQ(hide_secrets_in_url(plain), plain);
  }
}

TEST(SecretText, ParametersOfUrlsAreHidden) {
  EXPECT_EQ(hide_secrets_in_url("https://h/p?api_key=abc&page=2&sig=xyz#access_token=q"),
            "https://h/p?api_key=[redacted]&page=2&sig=[redacted]#access_token=[redacted]");
  EXPECT_EQ(hide_secrets_in_url("https://h/p?key=abc&code=def"),
            "https://h/p?key=[redacted]&code=[redacted]");
  EXPECT_EQ(hide_secrets("key=abc"), "key=abc") << "outside of a URL a key is many things";
  EXPECT_EQ(hide_secrets_in_url("TOKEN: MCP_TOKEN, https://u:p@h/"),
            "TOKEN: MCP_TOKEN, https://u:[redacted]@h/");
}

TEST(SecretText, VendorsKeysAreHidden) {
  for (const std::string& key : std::vector<std::string>{
           "github_pat_11ABCDEFG0123456789_abcdef", "glpat-0123456789abcdefghij",
           "sk-ant-api03-0123456789abcdef", "ghp_0123456789abcdefghij0123456789",
           "AKIAIOSFODNN7EXAMPLE", "xoxb-123456789012-abcdef", "hf_0123456789abcdefghij"}) {
    for (const std::string& text :
         std::vector<std::string>{key, "use " + key + " here", "a=" + key, "(" + key + ")",
                                  R"({"x":"line\n)" + key + R"("})", "https://h/" + key + "/x"}) {
      EXPECT_THAT(hide_secrets(text), Not(HasSubstr(key))) << text;
      EXPECT_THAT(hide_secrets(text), HasSubstr(secret_stand_in)) << text;
    }
  }
  EXPECT_EQ(hide_secrets("sk-short"), "sk-short");
}

TEST(SecretText, AnyTokenOfTheFormOfAJwtIsHidden) {
  // Headers whose first member is not "alg", or that have blanks, begin otherwise than eyJhbGciOi.
  for (const char* token : {"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
                            "eyAiYWxnIjogIkhTMjU2IiB9.eyJzdWIiOiIxIn0.c2ln",
                            "eyJraWQiOiIxIn0.eyJzdWIiOiIxIn0.", "ewogImFsZyI6.e30.c2ln"}) {
    EXPECT_EQ(hide_secrets(std::string("t ") + token + " end"), "t [redacted] end");
  }
  const char* const plain = "eyes.and.ears, eyewitness-news.example.com, ewer-maker.example.com";
  EXPECT_EQ(hide_secrets(plain), plain);
}

TEST(SecretText, PrivateKeysAreHidden) {
  const std::string key =
      "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nabc=\n-----END EC PRIVATE KEY-----";
  EXPECT_EQ(hide_secrets("a\n" + key + "\nb"), "a\n[redacted]\nb");
  EXPECT_EQ(hide_secrets(key.substr(0, 40)), "[redacted]") << "its end is missing";
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----";
  EXPECT_EQ(hide_secrets(certificate), certificate);
}

TEST(SecretText, WhatANameSaysIsHidden) {
  EXPECT_EQ(hide_secrets("password=hunter2 x"), "password=[redacted] x");
  EXPECT_EQ(hide_secrets(R"({"password":"my long pass","n":1})"),
            R"({"password":"[redacted]","n":1})");
  EXPECT_EQ(hide_secrets("mysql --password 'a b' -h x"), "mysql --password '[redacted]' -h x");
  EXPECT_EQ(hide_secrets("PGPASSWORD=$ecret! psql"), "PGPASSWORD=[redacted] psql");
  EXPECT_EQ(hide_secrets("curl -H 'X-Api-Key: abc' u"), "curl -H 'X-Api-Key: [redacted]' u");
  EXPECT_EQ(hide_secrets("Authorization: Basic dTpw"), "Authorization: Basic [redacted]");
  EXPECT_EQ(hide_secrets("Authorization: Bearer abc.def"), "Authorization: Bearer [redacted]");
  EXPECT_EQ(hide_secrets("send Bearer abc now"), "send Bearer [redacted] now");
  for (const char* plain :
       {"token_file: /x/operator.token is missing", "max_output_tokens: 12", "the token is invalid",
        "secret_key_file: /a/b must hold 64 hex digits", "a: b", "compass: north"}) {
    EXPECT_EQ(hide_secrets(plain), plain);
  }
}

TEST(SecretText, NamesOfSecretsAreKnown) {
  for (const char* name : {"password", "API-Key", "db_pw", "userPass", "otp", "otpCode", "pw",
                           "SMTP_PASS", "dbpass", "clientSecret", "X-Auth-Token", "passphrase"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"path", "compass", "bypass", "hotplug", "upward", "passenger", "name",
                           "pattern", "spin", ""}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(SecretText, ArgumentsOfCommandsAreHidden) {
  const std::vector<std::string> command = {"npx",   "server",         "--api-key",   "abc",
                                            "--url", "https://u:p@h/", "--token=def", "-v"};
  EXPECT_THAT(hide_secrets_in_command(command),
              testing::ElementsAre("npx", "server", "--api-key", "[redacted]", "--url",
                                   "https://u:[redacted]@h/", "--token=[redacted]", "-v"));
}

TEST(SecretText, HidesWhatSomebodyWasTold) {
  EXPECT_EQ(hide_values("no key-one, no key-one-two.", {"key-one", "key-one-two"}),
            "no [redacted], no [redacted].");
  EXPECT_EQ(hide_values("short", {"short", ""}), "short");
  EXPECT_EQ(hide_values("redacted [redacted]", {"redacted"}), "[redacted] [[redacted]]");
  EXPECT_EQ(hide_values("", {"key-one"}), "");
}

TEST(SecretText, HidesWhatSomebodyQuotesOfATextEvenCut) {
  const std::vector<std::string> written = {"my bank account is 4711-0815-33, tell nobody",
                                            "grüße an die ganze Familie"};
  EXPECT_EQ(hide_quotes("bad input: 'my bank account is 4711-08...' at 3", written),
            "bad input: '[redacted]...' at 3");
  EXPECT_EQ(hide_quotes("bad input near 'ße an die ganze Fam'", written),
            "bad input near '[redacted]'");
  EXPECT_EQ(hide_quotes("no bank account, no Familie", written), "no bank account, no Familie");
  EXPECT_EQ(hide_quotes("is tulips a word?", {"tulips"}), "is [redacted] a word?");
  EXPECT_EQ(hide_quotes("", written), "");
  EXPECT_EQ(hide_quotes(std::string(200'000, 'a'), {std::string(200'000, 'a') + "b"}),
            "[redacted]");
}

// Each of these would take minutes, or the stack, if a piece of it were looked at more than once.
TEST(SecretText, TakesTimeInProportionToTheText) {
  constexpr std::size_t times = 200'000;
  for (const std::string_view piece :
       {"://", "-----BEGIN ", "ey.", "eyaaaaaaa.", "a@", "://a:b", "sk-", "password=", "--pw ",
        "\\n", "Bearer ", "\"", "?key="}) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    EXPECT_FALSE(hide_secrets(text).empty()) << piece;
  }
}

}  // namespace
}  // namespace colonnade::base
