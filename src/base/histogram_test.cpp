#include "base/histogram.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace colonnade::base {
namespace {

using std::chrono::microseconds;

constexpr std::array<double, 3> test_bounds = {0.001, 0.01, 1};

TEST(Histogram, CountsEachTimeInItsClassAndInTheWhole) {
  Histogram histogram(test_bounds);
  EXPECT_TRUE(histogram.empty());
  // A bound belongs to its class; what is beyond the last is in none.
  for (const int micros : {0, 1'000, 1'001, 10'000, 999'999, 2'000'000}) {
    histogram.observe(microseconds(micros));
  }
  const HistogramCounts counts = histogram.counts();
  EXPECT_EQ(counts.classes, (std::vector<std::uint64_t>{2, 2, 1}));
  EXPECT_EQ(counts.count, 6U);
  EXPECT_NEAR(counts.seconds, 3.012, 0.000001);
  EXPECT_FALSE(histogram.empty());
}

TEST(Histogram, AClockThatWentBackIsNoTime) {
  Histogram histogram(test_bounds);
  histogram.observe(microseconds(-5));
  EXPECT_EQ(histogram.counts().count, 1U);
  EXPECT_EQ(histogram.counts().seconds, 0);
}

TEST(Histogram, CountsOfTheSameBoundsAreAddedUp) {
  Histogram one(test_bounds);
  Histogram other(test_bounds);
  one.observe(microseconds(500));
  other.observe(microseconds(500));
  other.observe(microseconds(5'000'000));
  HistogramCounts sum;
  sum += one.counts();
  sum += other.counts();
  EXPECT_EQ(sum.classes, (std::vector<std::uint64_t>{2, 0, 0}));
  EXPECT_EQ(sum.count, 3U);
  EXPECT_EQ(sum.bounds.size(), test_bounds.size());
}

}  // namespace
}  // namespace colonnade::base
