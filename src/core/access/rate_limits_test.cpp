#include "core/access/rate_limits.hpp"

#include <gtest/gtest.h>

namespace colonnade::core {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

// 2026-05-12T09:00:00Z, a whole hour.
constexpr base::Time nine{1'778'576'400'000'000};

Principal user(std::string name, UserRole role = UserRole::member) {
  return {Scope("acme", "garden", "test"), std::move(name), role};
}

TEST(RateLimits, AMinuteIsTheClocksAndEndsAtItsEdge) {
  base::ManualClock clock(nine + 48s);
  RateLimits limits(clock, {.turns_per_user_minute = 2, .turns_per_user_hour = 0});
  EXPECT_FALSE(limits.turn(user("ann")));
  EXPECT_FALSE(limits.turn(user("ann")));
  const auto over = limits.turn(user("ann"));
  ASSERT_TRUE(over);
  EXPECT_EQ(over->bucket, RateBucket::user_per_minute);
  EXPECT_EQ(over->limit, 2);
  EXPECT_EQ(over->retry_after, 12s);
  clock.advance(11s + 999ms);
  const auto last = limits.turn(user("ann"));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->retry_after, 1s);  // never 0: clients take 0 for no time at all
  clock.advance(1ms);
  EXPECT_FALSE(limits.turn(user("ann")));
  EXPECT_FALSE(limits.turn(user("ann")));
  EXPECT_EQ(limits.turn(user("ann"))->retry_after, 60s);
}

TEST(RateLimits, HoursAndDaysOfUtcComeAfterTheMinute) {
  base::ManualClock clock(nine + 59min);
  RateLimits limits(
      clock, {.turns_per_user_minute = 1, .turns_per_user_hour = 1, .turns_per_user_day = 2});
  EXPECT_FALSE(limits.turn(user("ann")));
  EXPECT_EQ(limits.turn(user("ann"))->bucket, RateBucket::user_per_minute);
  clock.advance(60s);  // ten o'clock: a new hour
  EXPECT_FALSE(limits.turn(user("ann")));
  clock.advance(60s);
  const auto hour = limits.turn(user("ann"));
  ASSERT_TRUE(hour);
  EXPECT_EQ(hour->bucket, RateBucket::user_per_hour);
  EXPECT_EQ(hour->retry_after, 59min);
  clock.advance(59min);  // eleven
  const auto day = limits.turn(user("ann"));
  ASSERT_TRUE(day);
  EXPECT_EQ(day->bucket, RateBucket::user_per_day);
  EXPECT_EQ(day->retry_after, 13h);
  clock.advance(13h);  // midnight
  EXPECT_FALSE(limits.turn(user("ann")));
}

TEST(RateLimits, UsersAreCountedApartAndOperatorsNot) {
  base::ManualClock clock(nine);
  RateLimits limits(clock, {.turns_per_user_minute = 1, .tool_calls_per_minute = 1});
  EXPECT_FALSE(limits.turn(user("ann")));
  EXPECT_TRUE(limits.turn(user("ann")));
  EXPECT_FALSE(limits.turn(user("ben")));
  EXPECT_FALSE(limits.turn({Scope("acme", "garden", "live"), "ann", UserRole::member}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(limits.turn(user("root", UserRole::operator_role)));
    EXPECT_FALSE(limits.tool_call(user("root", UserRole::operator_role), "a"));
  }
  EXPECT_FALSE(limits.tool_call(user("ann"), "a"));
  EXPECT_FALSE(limits.tool_call(user("ann"), "b"));
  EXPECT_EQ(limits.tool_call(user("ann"), "a")->bucket, RateBucket::agent_and_user_per_minute);
}

TEST(RateLimits, RequestsAreFreeUnlessConfigured) {
  base::ManualClock clock(nine);
  RateLimits free(clock);
  for (int i = 0; i < 2000; ++i) ASSERT_FALSE(free.request(user("ann")));
  EXPECT_EQ(free.count(), 0U);
}

TEST(RateLimits, TheUsersRequestsAreJudgedBeforeTheScopes) {
  base::ManualClock clock(nine);
  RateLimits limits(
      clock,
      {.requests_per_user_minute = 2, .requests_per_scope_minute = 3, .requests_per_scope_day = 4});
  EXPECT_FALSE(limits.request(user("ann")));
  EXPECT_FALSE(limits.request(user("ann")));
  EXPECT_EQ(limits.request(user("ann"))->bucket, RateBucket::user_per_minute);
  EXPECT_FALSE(limits.request(user("ben")));  // the third of the scope: Ann's last was not one
  EXPECT_EQ(limits.request(user("ben"))->bucket, RateBucket::scope_per_minute);
  clock.advance(60s);
  EXPECT_FALSE(limits.request(user("ben")));
  const auto day = limits.request(user("cay"));
  ASSERT_TRUE(day);
  EXPECT_EQ(day->bucket, RateBucket::scope_per_day);
  EXPECT_EQ(day->retry_after, 15h - 60s);
}

TEST(RateLimits, GuestsAreCountedByAddressAndByAgent) {
  base::ManualClock clock(nine);
  RateLimits limits(clock, {.guests_per_address = 1, .guests_per_agent = 1});
  const Scope scope("acme", "garden", "test");
  EXPECT_FALSE(limits.guest_from("203.0.113.7"));
  EXPECT_EQ(limits.guest_from("203.0.113.7")->retry_after, 5min);
  EXPECT_FALSE(limits.guest_from("203.0.113.8"));
  EXPECT_FALSE(limits.guest_of(scope, "a"));
  EXPECT_EQ(limits.guest_of(scope, "a")->bucket, RateBucket::agent_per_window);
}

TEST(RateLimits, AFloodOfNamesIsCountedTogetherAndForgottenWithItsWindow) {
  base::ManualClock clock(nine);
  RateLimits limits(clock, {.turns_per_user_minute = 2,
                            .turns_per_user_hour = 0,
                            .turns_per_user_day = 0,
                            .names_max = 3});
  for (const char* name : {"a", "b", "c"}) EXPECT_FALSE(limits.turn(user(name)));
  // Nobody has room for these: they share two turns.
  EXPECT_FALSE(limits.turn(user("d")));
  EXPECT_FALSE(limits.turn(user("e")));
  EXPECT_TRUE(limits.turn(user("f")));
  EXPECT_FALSE(limits.turn(user("a")));  // who was counted before still is
  EXPECT_LE(limits.count(), 4U);
  clock.advance(60s);
  for (const char* name : {"d", "e", "f"}) EXPECT_FALSE(limits.turn(user(name)));
  EXPECT_FALSE(limits.turn(user("d")));
  EXPECT_TRUE(limits.turn(user("d")));
}

TEST(RateLimits, AClockThatIsSetBackBringsNoWindowAgain) {
  base::ManualClock clock(nine + 60s);
  RateLimits limits(clock, {.turns_per_user_minute = 1, .turns_per_user_hour = 0});
  EXPECT_FALSE(limits.turn(user("ann")));
  clock.step(-60s);
  const auto over = limits.turn(user("ann"));
  ASSERT_TRUE(over);
  EXPECT_LE(over->retry_after, 60s);
}

}  // namespace
}  // namespace colonnade::core
