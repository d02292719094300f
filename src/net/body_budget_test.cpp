#include "net/body_budget.hpp"

#include <gtest/gtest.h>

namespace colonnade::net {
namespace {

using Share = BodyBudget::Share;

BodyHolder account(std::string name) {
  return {.kind = BodyHolder::Kind::account, .name = std::move(name)};
}
BodyHolder address(std::string name) {
  return {.kind = BodyHolder::Kind::address, .name = std::move(name)};
}

TEST(BodyBudget, GivesEachAccountItsPartAndAllOfThemTheWhole) {
  const auto budget = std::make_shared<BodyBudget>(
      BodyLimits{.bytes_max = 100, .account_bytes_max = 60, .address_bytes_max = 5});
  Share first(budget, account("ada"));
  Share second(budget, account("ada"));
  Share third(budget, account("bob"));
  EXPECT_TRUE(first.grow_to(40));
  EXPECT_TRUE(second.grow_to(20));
  const auto too_much = second.grow_to(21);
  ASSERT_FALSE(too_much) << "the account has its 60";
  EXPECT_EQ(too_much.error().kind, base::ErrorKind::rate_limited);
  EXPECT_EQ(too_much.error().retry_after, limits::http_bodies_retry_after);
  EXPECT_TRUE(third.grow_to(40));
  const auto all_full = third.grow_to(41);
  ASSERT_FALSE(all_full) << "all have their 100";
  EXPECT_EQ(all_full.error().kind, base::ErrorKind::unavailable);
  EXPECT_EQ(all_full.error().retry_after, limits::http_bodies_retry_after);
  EXPECT_EQ(budget->bytes(), 100U);
  first.release();
  EXPECT_EQ(budget->bytes(), 60U);
  EXPECT_TRUE(third.grow_to(60));
  EXPECT_TRUE(third.grow_to(10)) << "it never shrinks";
  EXPECT_EQ(budget->bytes(), 80U);
}

TEST(BodyBudget, AnAddressHasABoundOfItsOwnAndTakesNoAccountsPart) {
  const auto budget = std::make_shared<BodyBudget>(
      BodyLimits{.bytes_max = 100, .account_bytes_max = 60, .address_bytes_max = 5});
  Share stranger(budget, address("10.0.0.1"));
  Share namesake(budget, account("10.0.0.1"));
  EXPECT_TRUE(stranger.grow_to(5));
  const auto too_much = stranger.grow_to(6);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().kind, base::ErrorKind::rate_limited);
  EXPECT_TRUE(namesake.grow_to(60));
}

TEST(BodyBudget, AShareGivesBackWhatItHoldsOnce) {
  const auto budget = std::make_shared<BodyBudget>();
  {
    Share held(budget, address("10.0.0.1"));
    EXPECT_TRUE(held.grow_to(1000));
    Share moved(std::move(held));
    EXPECT_EQ(budget->bytes(), 1000U);
    moved = Share(budget, address("10.0.0.1"));
    EXPECT_EQ(budget->bytes(), 0U);
    EXPECT_TRUE(moved.grow_to(5));
  }
  EXPECT_EQ(budget->bytes(), 0U);
}

TEST(BodyBudget, AHugeClaimDoesNotOverflow) {
  const auto budget = std::make_shared<BodyBudget>();
  Share share(budget, address("10.0.0.1"));
  EXPECT_TRUE(share.grow_to(1));
  EXPECT_FALSE(share.grow_to(SIZE_MAX));
  EXPECT_TRUE(Share().grow_to(SIZE_MAX)) << "no budget, no limit";
}

}  // namespace
}  // namespace colonnade::net
