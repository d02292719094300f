#include "net/body_budget.hpp"

#include <gtest/gtest.h>

namespace colonnade::net {
namespace {

using Share = BodyBudget::Share;

TEST(BodyBudget, GivesEachAddressItsPartAndAllOfThemTheWhole) {
  const auto budget =
      std::make_shared<BodyBudget>(BodyLimits{.bytes_max = 100, .address_bytes_max = 60});
  Share first(budget, "10.0.0.1");
  Share second(budget, "10.0.0.1");
  Share third(budget, "10.0.0.2");
  EXPECT_TRUE(first.grow_to(40));
  EXPECT_TRUE(second.grow_to(20));
  EXPECT_FALSE(second.grow_to(21)) << "the address has its 60";
  EXPECT_TRUE(third.grow_to(40));
  EXPECT_FALSE(third.grow_to(41)) << "all have their 100";
  EXPECT_EQ(budget->bytes(), 100U);
  first.release();
  EXPECT_EQ(budget->bytes(), 60U);
  EXPECT_TRUE(third.grow_to(60));
  EXPECT_TRUE(third.grow_to(10)) << "it never shrinks";
  EXPECT_EQ(budget->bytes(), 80U);
}

TEST(BodyBudget, AShareGivesBackWhatItHoldsOnce) {
  const auto budget = std::make_shared<BodyBudget>();
  {
    Share held(budget, "10.0.0.1");
    EXPECT_TRUE(held.grow_to(1000));
    Share moved(std::move(held));
    EXPECT_EQ(budget->bytes(), 1000U);
    moved = Share(budget, "10.0.0.1");
    EXPECT_EQ(budget->bytes(), 0U);
    EXPECT_TRUE(moved.grow_to(5));
  }
  EXPECT_EQ(budget->bytes(), 0U);
}

TEST(BodyBudget, AHugeClaimDoesNotOverflow) {
  const auto budget = std::make_shared<BodyBudget>();
  Share share(budget, "10.0.0.1");
  EXPECT_TRUE(share.grow_to(1));
  EXPECT_FALSE(share.grow_to(SIZE_MAX));
  EXPECT_TRUE(Share().grow_to(SIZE_MAX)) << "no budget, no limit";
}

}  // namespace
}  // namespace colonnade::net
