#include "app/prices_file.hpp"

#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

constexpr core::Usage million_each{.input_tokens = 1'000'000, .output_tokens = 1'000'000};

TEST(PricesFile, TheBuiltInTableIsWhole) {
  const auto prices = parse_prices(built_in_prices(), "prices.yaml");
  ASSERT_TRUE(prices) << prices.error().message;
  EXPECT_EQ(prices->dated().size(), 10U);
  // A dated snapshot costs what the model costs; a longer name wins over a shorter one.
  EXPECT_EQ(prices->cost_micros("anthropic", "claude-sonnet-4-5-20250929", million_each),
            18'000'000);
  EXPECT_EQ(prices->cost_micros("anthropic", "claude-sonnet-5-5", million_each), 12'000'000);
  EXPECT_EQ(prices->cost_micros("anthropic", "claude-opus-4-1-20250805", million_each), 90'000'000);
  EXPECT_EQ(prices->cost_micros("openai", "gpt-5.5", million_each), 35'000'000);
  EXPECT_EQ(prices->cost_micros("openai", "gpt-4.1", million_each), 10'000'000);
  EXPECT_EQ(prices->cost_micros("openai", "gpt-4.1-mini", million_each), 2'000'000);
  EXPECT_EQ(prices->cost_micros("openai", "unheard-of", million_each), 0);
}

TEST(PricesFile, AnOperatorsTableCountsCachedTokens) {
  const auto prices = parse_prices(
      "dated: 2030-01-01\nprices:\n  mine:\n    m: {input: 1, output: 2, cached_input: 0.5}\n",
      "p.yaml");
  ASSERT_TRUE(prices) << prices.error().message;
  const core::Usage usage{.input_tokens = 1'000'000, .cached_input_tokens = 1'000'000};
  EXPECT_EQ(prices->cost_micros("mine", "m", usage), 500'000);
}

TEST(PricesFile, AnOperatorsTableMayExtendTheBuiltInOne) {
  const auto prices = parse_prices(
      "dated: 2030-01-01\nextends: built-in\nprices:\n  openai:\n    gpt-5.5: {input: 1, output: "
      "2}\n"
      "  mine:\n    m: {input: 3, output: 4}\n",
      "p.yaml");
  ASSERT_TRUE(prices) << prices.error().message;
  EXPECT_EQ(prices->dated(), "2030-01-01");
  EXPECT_EQ(prices->cost_micros("openai", "gpt-5.5", million_each), 3'000'000) << "its own wins";
  EXPECT_EQ(prices->cost_micros("mine", "m", million_each), 7'000'000);
  EXPECT_EQ(prices->cost_micros("openai", "gpt-4.1", million_each), 10'000'000);
}

TEST(PricesFile, WhatRunsOnThisMachineCostsNothing) {
  const auto prices = parse_prices(built_in_prices(), "prices.yaml");
  ASSERT_TRUE(prices) << prices.error().message;
  ASSERT_NE(prices->find("offline", "any"), nullptr) << "its price is known, as budgets ask";
  EXPECT_EQ(prices->cost_micros("offline", "any", million_each), 0);
  EXPECT_EQ(prices->find("openai", "unheard-of"), nullptr);
}

struct FaultCase {
  const char* name;
  const char* text;
  const char* message;
};
void PrintTo(const FaultCase& one, std::ostream* out) { *out << one.name; }
class PricesFault : public testing::TestWithParam<FaultCase> {};

TEST_P(PricesFault, NamesLineAndKey) {
  const auto prices = parse_prices(GetParam().text, "p.yaml");
  ASSERT_FALSE(prices);
  EXPECT_EQ(prices.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Each, PricesFault,
    testing::Values(
        FaultCase{"UnknownKey", "prices:\n  a:\n    m: {input: 1, output: 2, cash: 3}\n",
                  "p.yaml:3: unknown key \"cash\"; a model has input, output, cached_input and "
                  "cache_write"},
        FaultCase{"Incomplete", "prices:\n  a:\n    m: {input: 1}\n",
                  "p.yaml:3: m: needs both input and output"},
        FaultCase{"NotANumber", "prices:\n  a:\n    m: {input: $1, output: 2}\n",
                  "p.yaml:3: input: expected dollars per million tokens, such as 0.25, but found "
                  "$1"},
        FaultCase{"Negative", "prices:\n  a:\n    m: {input: -1, output: 2}\n",
                  "p.yaml:3: input: expected dollars per million tokens, such as 0.25, but found "
                  "-1"},
        FaultCase{"TopKey", "price: {}\n",
                  "p.yaml:1: unknown key \"price\"; there are dated, extends and prices"},
        FaultCase{"Extends", "extends: everything\nprices: {}\n",
                  "p.yaml:1: extends: expected built-in, but found everything"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace colonnade::app
