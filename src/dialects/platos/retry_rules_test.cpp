#include "dialects/platos/retry_rules.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dialects/platos/limits.hpp"

namespace colonnade::dialects::platos {
namespace {

core::ModelSettings with_rules(const char* config) {
  core::ModelSettings settings{
      .retries_max = 9,
      .limited_retries_max = 9,
      .fallbacks = std::vector<core::ModelFallback>{{core::ModelFault::limited, "before"}}};
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

TEST(PlatosRetryRules, NameTheModelThatIsAskedWhereTheFirstFails) {
  const core::ModelSettings settings = with_rules(R"({"rules": [
      {"trigger": "rate-limit", "action": "retry", "retryCount": 3},
      {"trigger": "rate-limit", "action": "fallback", "fallbackToRouteLabel": "spare"},
      {"cause": "temporary-error", "action": "fallback", "fallbackToRouteLabel": "other"},
      {"cause": "network-error", "action": "fallback", "fallbackToRouteLabel": "other"},
      {"cause": "auth-error", "action": "fallback", "fallbackToRouteLabel": "spare"},
      {"cause": "auth-error", "action": "fallback"},
      {"cause": "no such cause", "action": "fallback", "fallbackToRouteLabel": "spare"}]})");
  EXPECT_EQ(settings.limited_retries_max, 3) << "they come before the other model";
  EXPECT_EQ(settings.retries_max, 0) << "nothing else was said of it";
  const std::vector<core::ModelFallback> wanted{{core::ModelFault::limited, "spare"},
                                                {core::ModelFault::unavailable, "other"},
                                                {core::ModelFault::unauthorized, "spare"}};
  EXPECT_EQ(settings.fallbacks, wanted);
  EXPECT_EQ(with_rules("null").fallbacks, std::nullopt);
}

TEST(PlatosRetryRules, AreBounded) {
  std::string many = R"({"rules": [)";
  for (int i = 0; i < 100; ++i) {
    many += i == 0 ? "" : ",";
    many += R"({"cause": "rate-limit", "action": "fallback", "fallbackToRouteLabel": ")" +
            std::to_string(i) + R"("})";
  }
  const auto bounded = with_rules((many + "]}").c_str()).fallbacks;
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->size(), limits::platos_fallbacks_max);
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
