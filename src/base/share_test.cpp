#include "base/share.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace colonnade::base {
namespace {

using namespace std::chrono_literals;

constexpr ShareBounds bounds{
    .what = "open things", .per_account = 2, .total = 3, .retry_after = 7s};

TEST(Share, BoundsEachAccountFirst) {
  Share share(bounds);
  const auto first = share.take("ann");
  const auto second = share.take("ann");
  const auto third = share.take("ann");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::rate_limited);
  EXPECT_EQ(third.error().retry_after, 7s);
  EXPECT_TRUE(third.error().message.contains("2 open things")) << third.error().message;
  EXPECT_TRUE(share.take("bob"));
}

TEST(Share, ThenAllTogether) {
  Share share(bounds);
  const auto first = share.take("ann");
  const auto second = share.take("bob");
  const auto third = share.take("cid");
  const auto fourth = share.take("dan");
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(fourth.error().retry_after, 7s);
}

TEST(Share, AHoldEndsOnce) {
  std::optional<Share> share(std::in_place, bounds);
  auto first = share->take("ann");
  ASSERT_TRUE(first);
  Share::Hold moved = std::move(*first);
  first->release();
  EXPECT_EQ(share->held_by("ann"), 1U);
  moved.release();
  moved.release();
  EXPECT_EQ(share->held_by("ann"), 0U);
  EXPECT_EQ(share->held(), 0U);
  auto second = share->take("ann");
  auto third = share->take("ann");
  *second = std::move(*third);  // what it held before is free again
  EXPECT_EQ(share->held_by("ann"), 1U);
  share.reset();
  second->release();  // outlives the share
}

}  // namespace
}  // namespace colonnade::base
