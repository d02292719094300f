#include "core/budgets/budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/budgets/call_bound.hpp"
#include "core/budgets/limits.hpp"
#include "core/models/limits.hpp"

namespace colonnade::core {
namespace {

using ::testing::ElementsAre;

BudgetStanding standing_of(std::int64_t spent, std::int64_t reserved, std::int64_t limit) {
  BudgetStanding out{.cap = {.scope = Scope::main()}};
  out.cap.limit_micros = limit;
  out.cap.thresholds = {50, 80, 100};
  out.spent_micros = spent;
  out.reserved_micros = reserved;
  return out;
}

TEST(Budget, SaysHowFarItIsInTheContractsWords) {
  const BudgetStanding over = standing_of(4'780'000, 250'000, 5'000'000);
  EXPECT_DOUBLE_EQ(over.percent(), 100.6);
  EXPECT_THAT(over.crossed_thresholds(), ElementsAre(50, 80, 100));
  EXPECT_TRUE(over.is_over());
  EXPECT_EQ(over_budget_text(over), "Budget cap exceeded: scope/day — 503¢ of 500¢");
  EXPECT_EQ(budget_of_refusal(over_budget_text(over)), "scope/day");
  EXPECT_EQ(budget_of_refusal(budget_too_small_text(over, 1)), "scope/day");
  EXPECT_EQ(budget_of_refusal(budget_unknown_price_text(over)), "scope/day");
  EXPECT_EQ(budget_of_refusal("cancelled"), "");
  EXPECT_EQ(budget_of_refusal("Budget cap of another form"), "");
  EXPECT_DOUBLE_EQ(standing_of(1, 0, 3).percent(), 33.33);
  EXPECT_DOUBLE_EQ(standing_of(1, 0, 0).percent(), 0) << "without a limit";
  EXPECT_FALSE(standing_of(4'999'999, 0, 5'000'000).is_over());
}

TEST(Budget, WritesCentsWithoutNeedlessDigits) {
  const auto of = [](std::int64_t micros) {
    return over_budget_text(standing_of(micros, 0, micros));
  };
  EXPECT_TRUE(of(5'030'000).ends_with(" 503¢ of 503¢"));
  EXPECT_TRUE(of(12'500).ends_with(" 1.25¢ of 1.25¢"));
  EXPECT_TRUE(of(15'000).ends_with(" 1.5¢ of 1.5¢"));
  EXPECT_TRUE(of(500).ends_with(" 0.05¢ of 0.05¢"));
}

TEST(Budget, AnOverrideEnds) {
  BudgetStanding over = standing_of(5, 0, 5);
  over.cap.override_until = base::Time{100};
  EXPECT_FALSE(over.blocks({99}));
  EXPECT_TRUE(over.blocks({100}));
}

TEST(CallBound, NoTokenIsLeftOut) {
  ModelRequest request{.model = "m", .instructions = std::string(100, 'x')};
  request.messages.push_back({.parts = {TextPart{std::string(200, 'y')}}});
  const std::int64_t plain = input_tokens_bound(request);
  EXPECT_GE(plain, 300);
  request.tools.push_back({.name = "t", .description = std::string(50, 'd')});
  EXPECT_GE(input_tokens_bound(request), plain + 50);
  request.messages.push_back({.parts = {ToolCallPart{.arguments = {{"text", std::string(70, 'a')}}},
                                        ToolResultPart{.content = std::string(80, 'b')},
                                        FilePart{.mime = "text/plain", .bytes = 3000}}});
  EXPECT_GE(input_tokens_bound(request), plain + 50 + 70 + 80 + 4000);
}

TEST(CallBound, AnAnswerWithoutALimitGetsOne) {
  ModelRequest request{};
  EXPECT_EQ(output_tokens_bound(request), limits::model_output_tokens_default);
  request.reasoning_effort = "high";
  set_output_bound(request);
  EXPECT_EQ(request.max_output_tokens,
            limits::model_output_tokens_default + limits::thinking_tokens_high);
  request.max_output_tokens = 7;
  set_output_bound(request);
  EXPECT_EQ(output_tokens_bound(request), 7);
}

TEST(CallBound, TheDearestWayToReadCounts) {
  ModelRequest request{.max_output_tokens = 1};
  const std::int64_t tokens = input_tokens_bound(request);
  constexpr std::int64_t micro_a_token = 1'000'000;
  EXPECT_EQ(cost_bound({.input = micro_a_token, .output = 0}, request), tokens);
  EXPECT_EQ(
      cost_bound({.input = micro_a_token, .output = 0, .cache_write = 2 * micro_a_token}, request),
      2 * tokens);
  EXPECT_EQ(cost_bound({.input = 0, .output = 1}, request), 1) << "rounded up";
  request.max_output_tokens = std::numeric_limits<int>::max();
  EXPECT_EQ(cost_bound({.input = 0, .output = 1'000'000 * micro_a_token}, request),
            limits::budget_micros_max)
      << "and bounded itself";
}

}  // namespace
}  // namespace colonnade::core
