// What is sent, given counts.
#include "core/context/context_plan.hpp"
#include "core/context/limits.hpp"
#include "core/models/limits.hpp"

#include <gtest/gtest.h>

#include <random>

namespace colonnade::core {
namespace {

using Step = ContextPlan::Step;

// A window of 10,000 with replies of 1,000.
ContextRoom small_room(std::optional<int> input_tokens_max = std::nullopt) {
  return room_of({.context = 10'000, .output = 4'000, .known = true}, {.max_output_tokens = 1'000},
                 80, input_tokens_max);
}

TEST(ContextRoom, IsTheWindowWithoutReplyAndReserve) {
  const ContextRoom room = small_room();
  EXPECT_EQ(room.window, 10'000);
  EXPECT_EQ(room.input, 10'000 - 1'000 - limits::context_reserve_tokens);
  EXPECT_EQ(room.trigger, room.input * 80 / 100);
  EXPECT_EQ(room.target, room.input * limits::context_compact_to_percent / 100);
}

TEST(ContextRoom, AReplyIsNoLongerThanTheModelCanMake) {
  const ContextRoom room =
      room_of({.context = 100'000, .output = 4'000}, {.max_output_tokens = 50'000}, 80, {});
  EXPECT_EQ(room.input, 100'000 - 4'000 - limits::context_reserve_tokens);
}

TEST(ContextRoom, ThinkingNeedsRoomToo) {
  const ModelWindow window{.context = 200'000, .output = 64'000};
  const auto plain = room_of(window, {}, 80, {});
  const auto thinking = room_of(window, {.reasoning_effort = "high"}, 80, {});
  EXPECT_EQ(plain.input - thinking.input, limits::thinking_tokens_high);
  EXPECT_EQ(room_of(window, {.reasoning_effort = "none"}, 80, {}).input, plain.input);
}

TEST(ContextRoom, ASmallWindowStillLeavesRoom) {
  const ContextRoom room = room_of({.context = 2'048, .output = 8'192}, {}, 80, {});
  EXPECT_GE(room.input, 700);
  EXPECT_EQ(room_of({.context = 1}, {}, 80, {}).window, limits::context_window_tokens_min);
}

TEST(ContextRoom, AnOperatorMayAllowLess) {
  EXPECT_EQ(small_room(5'000).input, 5'000);
  EXPECT_EQ(small_room(50'000).input, small_room().input);
}

TEST(ContextPlan, WhatFitsIsSent) {
  const auto plan =
      plan_context({.fixed = 500, .turns = {2'000, 2'000}, .open = 500}, small_room());
  EXPECT_EQ(plan.step, Step::send);
  EXPECT_TRUE(plan.results.empty());
}

TEST(ContextPlan, BeyondTheTriggerTheOldestTurnsAreSummarisedAndTheNewestStay) {
  const ContextRoom room = small_room();
  const ContextSizes sizes{.fixed = 500, .turns = {2'000, 2'000, 1'000, 500, 500}, .open = 500};
  ASSERT_GT(sizes.total(), room.trigger);
  const auto plan = plan_context(sizes, room);
  EXPECT_EQ(plan.step, Step::summarise);
  EXPECT_EQ(plan.turns, 3U) << "500 + summary + 500 + 500 + 500 is within the target";
}

TEST(ContextPlan, TooManyMessagesAreSummarisedHoweverShort) {
  ContextSizes sizes{.turns = std::vector<std::int64_t>(500, 1), .open = 1};
  EXPECT_EQ(plan_context(sizes, small_room()).step, Step::send);
  sizes.too_many_messages = true;
  const auto plan = plan_context(sizes, small_room());
  EXPECT_EQ(plan.step, Step::summarise);
  EXPECT_EQ(plan.turns, 250U);
}

TEST(ContextPlan, ASummaryThatWouldSaveLittleIsNotMade) {
  const ContextRoom room = small_room();
  const ContextSizes sizes{.fixed = 500, .turns = {100}, .open = room.trigger - 500};
  ASSERT_GT(sizes.total(), room.trigger);
  ASSERT_LE(sizes.total(), room.input);
  EXPECT_EQ(plan_context(sizes, room).step, Step::send);
}

TEST(ContextPlan, OldResultsOfTheTurnAreShortenedBeforeNewOnes) {
  const ContextRoom room = small_room();
  const ContextSizes sizes{
      .fixed = 500, .open = 1'000, .results = {{4'000, false}, {2'000, false}, {2'000, true}}};
  ASSERT_GT(sizes.total(), room.input);
  const auto plan = plan_context(sizes, room);
  EXPECT_EQ(plan.step, Step::send);
  ASSERT_EQ(plan.results.size(), 3U);
  EXPECT_LT(plan.results[0], 4'000);
  EXPECT_EQ(plan.results[1], 2'000) << "the oldest one was enough";
  EXPECT_EQ(plan.results[2], 2'000);
  EXPECT_EQ(1'500 + plan.results[0] + 4'000, room.shorten_to);
}

TEST(ContextPlan, TheNewestResultsAreCutToOneHeight) {
  const ContextRoom room = small_room();
  const ContextSizes sizes{
      .fixed = 500, .open = 500, .results = {{9'000, true}, {200, true}, {9'000, true}}};
  const auto plan = plan_context(sizes, room);
  EXPECT_EQ(plan.step, Step::send);
  ASSERT_EQ(plan.results.size(), 3U);
  EXPECT_EQ(plan.results[0], plan.results[2]);
  EXPECT_EQ(plan.results[1], 200);
  EXPECT_LE(1'000 + 2 * plan.results[0] + 200, room.input);
  EXPECT_GT(1'000 + 2 * (plan.results[0] + 1) + 200, room.input) << "no more than needed is cut";
}

TEST(ContextPlan, WhenTheOpenTurnNeedsAllRoomEveryOlderTurnGoes) {
  const ContextRoom room = small_room();
  const ContextSizes sizes{.fixed = 500, .turns = {300}, .open = room.input - 600};
  ASSERT_GT(sizes.total(), room.input);
  const auto plan = plan_context(sizes, room);
  EXPECT_EQ(plan.step, Step::summarise);
  EXPECT_EQ(plan.turns, 1U);
}

TEST(ContextPlan, AMessageThatCannotFitIsTooLarge) {
  const ContextRoom room = small_room();
  EXPECT_EQ(plan_context({.fixed = 500, .open = room.input}, room).step, Step::too_large);
}

// Whatever the sizes: following the plans ends, and what is sent then fits.
TEST(ContextPlan, FollowedToItsEndItAlwaysFitsOrSaysThatNothingCan) {
  std::mt19937 random(20261122);
  const auto up_to = [&random](std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(0, most)(random);
  };
  for (int round = 0; round < 3'000; ++round) {
    const ContextRoom room =
        room_of({.context = 1'000 + up_to(200'000), .output = 1 + up_to(20'000)}, {},
                static_cast<int>(20 + up_to(80)), {});
    ContextSizes sizes{.fixed = up_to(room.input / 2), .summary = up_to(room.summary)};
    for (auto n = up_to(60); n > 0; --n) sizes.turns.push_back(up_to(room.input / 4));
    for (auto n = up_to(8); n > 0; --n) {
      sizes.results.push_back({.tokens = up_to(room.input), .newest = n < 3});
    }
    sizes.open = up_to(room.input / 2);
    sizes.too_many_messages = up_to(9) == 0;
    const std::int64_t least =
        sizes.fixed + sizes.open + room.summary +
        static_cast<std::int64_t>(sizes.results.size()) * limits::context_result_tokens_min;
    ContextPlan plan = plan_context(sizes, room);
    int steps = 0;
    while (plan.step == Step::summarise) {
      ASSERT_GT(plan.turns, 0U);
      ASSERT_LE(plan.turns, sizes.turns.size());
      ASSERT_LT(++steps, 100);
      sizes.turns.erase(sizes.turns.begin(),
                        sizes.turns.begin() + static_cast<std::ptrdiff_t>(plan.turns));
      sizes.summary = up_to(room.summary);
      sizes.too_many_messages = false;
      plan = plan_context(sizes, room);
    }
    if (plan.step == Step::too_large) {
      ASSERT_GT(least, room.input) << "round " << round;
      continue;
    }
    for (std::size_t i = 0; i < plan.results.size(); ++i) {
      ASSERT_LE(plan.results[i], sizes.results[i].tokens);
      sizes.results[i].tokens = plan.results[i];
    }
    ASSERT_LE(sizes.total(), room.input) << "round " << round;
  }
}

}  // namespace
}  // namespace colonnade::core
