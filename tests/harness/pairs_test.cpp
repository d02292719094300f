#include "harness/pairs.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace colonnade::bench {
namespace {

TEST(Pairs, ACostThatGrowsIsWorse) {
  const auto worse = percent_worse(Better::less, {100, 200}, {110, 190});
  EXPECT_NEAR(worse[0], 10, 1e-9);
  EXPECT_NEAR(worse[1], -5, 1e-9);
}

TEST(Pairs, ARateThatFallsIsWorse) {
  const auto worse = percent_worse(Better::more, {110, 100}, {100, 125});
  EXPECT_NEAR(worse[0], 10, 1e-9);
  EXPECT_NEAR(worse[1], -20, 1e-9);
}

TEST(Pairs, FailsOnlyWhenTheWholeSpreadIsAbove) {
  EXPECT_FALSE(held({5.1, 9, 7}, 5));
  EXPECT_TRUE(held({5.1, 9, 4.9}, 5));
  EXPECT_TRUE(held({5, 30}, 5));
}

TEST(Pairs, AMissingValueIsAnError) {
  EXPECT_THROW(percent_worse(Better::less, {1, 2}, {1}), std::runtime_error);
  EXPECT_THROW(percent_worse(Better::less, {}, {}), std::runtime_error);
}

}  // namespace
}  // namespace colonnade::bench
