#include "dialects/platos/retry_rules.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

core::ModelSettings with_rules(const char* config) {
  core::ModelSettings settings{.retries_max = 9, .limited_retries_max = 9};
  apply_retry_rules(base::Json::parse(config), settings);
  return settings;
}

TEST(PlatosRetryRules, SayHowOftenAModelIsAskedAgain) {
  const core::ModelSettings settings = with_rules(R"({"rules": [
      {"cause": "rate-limit", "action": "retry", "retryCount": 1, "waitForRetryAfter": true},
      {"cause": "temporary-error", "action": "retry"},
      {"cause": "network-error", "action": "fail", "retryCount": 8},
      {"cause": "auth-error", "action": "retry", "retryCount": 7}]})");
  EXPECT_EQ(settings.limited_retries_max, 1);
  EXPECT_EQ(settings.retries_max, 2) << "a retry without a number";
  EXPECT_EQ(with_rules(R"({"rules": [{"cause": "rate-limit", "action": "fail"}]})"),
            core::ModelSettings{.limited_retries_max = 0});
}

TEST(PlatosRetryRules, PassOverWhatTheyDoNotUnderstand) {
  for (const char* config :
       {"null", "{}", "[]", R"({"rules": {}})", R"({"rules": [1, {"cause": 2}, {}]})"}) {
    EXPECT_EQ(with_rules(config), core::ModelSettings{}) << config;
  }
}

TEST(PlatosRetryRules, AreBounded) {
  EXPECT_EQ(with_rules(R"({"rules": [{"cause": "rate-limit", "action": "retry",
                                      "retryCount": 4294967299}]})")
                .limited_retries_max,
            100);
  EXPECT_EQ(with_rules(R"({"rules": [{"cause": "network-error", "action": "retry",
                                      "retryCount": -1}]})")
                .retries_max,
            0);
}

}  // namespace
}  // namespace colonnade::dialects::platos
