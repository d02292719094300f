#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace colonnade::base {
namespace {

constexpr Time birthday{1'779'600'813'601'602};  // 2026-05-24T05:33:33.601602Z

TEST(Rfc3339, WritesSixDigitsInUtc) {
  EXPECT_EQ(to_rfc3339(birthday), "2026-05-24T05:33:33.601602Z");
  EXPECT_EQ(to_rfc3339(Time{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(Time{7}), "1970-01-01T00:00:00.000007Z");
}

TEST(Rfc3339, WritesMomentsBeforeTheEpoch) {
  EXPECT_EQ(to_rfc3339(Time{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_rfc3339(Time{-86'400'000'000}), "1969-12-31T00:00:00.000000Z");
}

TEST(Rfc3339, ReadsAnyFractionLength) {
  EXPECT_EQ(parse_rfc3339("2026-05-24T05:33:33Z"), Time{1'779'600'813'000'000});
  EXPECT_EQ(parse_rfc3339("2026-05-24T05:33:33.6Z"), Time{1'779'600'813'600'000});
  EXPECT_EQ(parse_rfc3339("2026-05-24T05:33:33.601602Z"), birthday);
  EXPECT_EQ(parse_rfc3339("2026-05-24T05:33:33.601602999Z"), birthday) << "cut, not rounded";
}

TEST(Rfc3339, ReadsOffsetsAndSeparators) {
  EXPECT_EQ(parse_rfc3339("2026-05-24T07:33:33.601602+02:00"), birthday);
  EXPECT_EQ(parse_rfc3339("2026-05-23T23:03:33.601602-06:30"), birthday);
  EXPECT_EQ(parse_rfc3339("2026-05-24t05:33:33.601602z"), birthday);
  EXPECT_EQ(parse_rfc3339("2026-05-24 05:33:33.601602Z"), birthday);
}

TEST(Rfc3339, ReadsLeapDaysAndLeapSeconds) {
  EXPECT_TRUE(parse_rfc3339("2024-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("2026-02-29T00:00:00Z"));
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesWhatIsNotADateTime) {
  for (const char* text : {"",
                           "2026",
                           "2026-05-24",
                           "2026-05-24T05:33",
                           "2026-05-24T05:33:33",
                           "2026-05-24T05:33:33.Z",
                           "2026-05-24T05:33:33,5Z",
                           "2026-13-24T05:33:33Z",
                           "2026-00-24T05:33:33Z",
                           "2026-05-32T05:33:33Z",
                           "2026-05-24T24:33:33Z",
                           "2026-05-24T05:60:33Z",
                           "2026-05-24T05:33:61Z",
                           "2026-05-24T05:33:33+24:00",
                           "2026-05-24T05:33:33+02:60",
                           "2026-05-24T05:33:33+0200",
                           "2026-05-24T05:33:33Zx",
                           " 2026-05-24T05:33:33Z",
                           "2026-05-24  05:33:33Z",
                           "2026-5-24T05:33:33Z",
                           "-026-05-24T05:33:33Z",
                           "2026-05-24T05:33:33",
                           "tomorrow"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

// An offset must not carry a moment out of the years that the text form can hold.
TEST(Rfc3339, RefusesMomentsOutsideTheFourDigitYears) {
  EXPECT_FALSE(parse_rfc3339("0000-01-01T00:00:00+00:01"));
  EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:59-00:01"));
  EXPECT_TRUE(parse_rfc3339("0000-01-01T00:00:00Z"));
  EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59.999999Z"));
}

TEST(Rfc3339, RoundTripsAcrossTheCalendar) {
  constexpr std::int64_t step = 13'579'246'801'234;  // about 157 days, hits all fields
  const std::int64_t last = parse_rfc3339("9999-12-31T23:59:59.999999Z")->micros;
  int count = 0;
  for (std::int64_t t = parse_rfc3339("0000-01-01T00:00:00Z")->micros; t <= last; t += step) {
    ASSERT_EQ(parse_rfc3339(to_rfc3339(Time{t})), Time{t}) << t;
    ++count;
  }
  EXPECT_GT(count, 20'000);
}

TEST(SystemClock, NeverGivesTheSameMomentTwice) {
  SystemClock clock;
  std::vector<std::vector<Time>> seen(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : seen) {
      threads.emplace_back([&clock, &mine] {
        for (int i = 0; i < 5'000; ++i) mine.push_back(clock.now());
      });
    }
  }
  std::set<Time> all;
  for (const auto& mine : seen) {
    for (std::size_t i = 1; i < mine.size(); ++i) ASSERT_LT(mine[i - 1], mine[i]);
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 4u * 5'000u);
}

TEST(SystemClock, IsTheMachinesClock) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  using std::chrono::system_clock;
  const auto before = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  const Time now = SystemClock().now();
  const auto after = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  EXPECT_GE(now.micros, before);
  EXPECT_LE(now.micros, after);
}

// A wall clock and a steady one that a test moves.
struct Machine {
  Time wall{birthday};
  SteadyTime steady{std::chrono::hours(5)};
  TimeLine line{};

  Time now() { return line.at(wall, steady); }
  void pass(std::chrono::microseconds by) {
    wall = wall + by;
    steady += by;
  }
};

TEST(TimeLine, FollowsTheWallClock) {
  Machine machine;
  EXPECT_EQ(machine.now(), birthday);
  machine.pass(std::chrono::seconds(3));
  EXPECT_EQ(machine.now(), birthday + std::chrono::seconds(3));
  machine.wall = machine.wall + std::chrono::hours(1);
  EXPECT_EQ(machine.now(), birthday + std::chrono::seconds(3603)) << "set forward";
  EXPECT_EQ(machine.now(), birthday + std::chrono::microseconds(3'603'000'001)) << "never twice";
}

TEST(TimeLine, GoesOnWhenTheWallClockIsSetBack) {
  Machine machine;
  EXPECT_EQ(machine.now(), birthday);
  machine.wall = machine.wall - std::chrono::hours(1);
  machine.pass(std::chrono::seconds(100));
  EXPECT_EQ(machine.now(), birthday + std::chrono::seconds(90));
  Time last = machine.now();
  for (int i = 0; i < 10'000; ++i) {  // in steps that are smaller than a microsecond's tenths
    machine.pass(std::chrono::microseconds(9));
    const Time now = machine.now();
    ASSERT_GT(now, last);
    last = now;
  }
  EXPECT_GE(last, birthday + std::chrono::seconds(90) + std::chrono::microseconds(81'000));
}

TEST(TimeLine, IsCaughtUpWithAfterAStepBack) {
  Machine machine;
  machine.now();
  machine.wall = machine.wall - std::chrono::hours(1);
  machine.pass(std::chrono::hours(9));
  EXPECT_GT(machine.now(), machine.wall);
  machine.pass(std::chrono::hours(1) + std::chrono::seconds(1));
  EXPECT_EQ(machine.now(), machine.wall);
}

TEST(ManualClock, MovesOnlyWhenAdvanced) {
  ManualClock clock(Time{100});
  EXPECT_EQ(clock.now(), Time{100});
  EXPECT_EQ(clock.now(), Time{100});
  clock.advance(std::chrono::milliseconds(2));
  EXPECT_EQ(clock.now(), Time{2'100});
  const SteadyTime steady = clock.steady();
  clock.step(-std::chrono::milliseconds(1));
  EXPECT_EQ(clock.now(), Time{1'100});
  EXPECT_EQ(clock.steady(), steady) << "no time has passed";
}

}  // namespace
}  // namespace colonnade::base
