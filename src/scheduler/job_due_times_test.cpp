#include "scheduler/job_due_times.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace colonnade::scheduler {
namespace {

using base::Time;
using core::JobTiming;
using core::JobTimingKind;
using namespace std::chrono_literals;

Time at(const char* text) { return base::parse_rfc3339(text).value(); }

class JobDueTimesTest : public testing::Test {
 protected:
  std::optional<Time> next(const JobTiming& timing, const char* after) {
    const auto found = times_.next(timing, at("2026-01-01T00:00:00Z"), at(after));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  base::Error error_of(const JobTiming& timing) {
    const auto found = times_.next(timing, {}, {});
    EXPECT_FALSE(found);
    return found ? base::Error{} : found.error();
  }

  Zones zones_;
  JobDueTimes times_{zones_};
};

TEST_F(JobDueTimesTest, ReadsBothFormsOfCron) {
  // Five fields mean the same; with more, Monday is 1 in the one and 2 in the other.
  const char* sunday = "2026-05-10T12:00:00Z";
  EXPECT_EQ(next({.kind = JobTimingKind::cron, .text = "0 6 * * 1"}, sunday),
            at("2026-05-11T06:00:00Z"));
  EXPECT_EQ(next({.kind = JobTimingKind::quartz, .text = "0 6 * * 1"}, sunday),
            at("2026-05-11T06:00:00Z"));
  EXPECT_EQ(next({.kind = JobTimingKind::cron, .text = "30 0 6 * * 1"}, sunday),
            at("2026-05-11T06:00:30Z"));
  EXPECT_EQ(next({.kind = JobTimingKind::quartz, .text = "30 0 6 ? * 2"}, sunday),
            at("2026-05-11T06:00:30Z"));
}

TEST_F(JobDueTimesTest, KnowsZones) {
  EXPECT_EQ(next({.kind = JobTimingKind::cron, .text = "0 6 * * 1-5", .zone = "Europe/Paris"},
                 "2026-05-12T09:00:00Z"),
            at("2026-05-13T04:00:00Z"));
}

TEST_F(JobDueTimesTest, KeepsIntervalsOnTheirGrid) {
  EXPECT_EQ(next({.kind = JobTimingKind::interval, .text = "3600"}, "2026-01-01T05:10:00Z"),
            at("2026-01-01T06:00:00Z"));
}

TEST_F(JobDueTimesTest, IsDueOnceForOneTime) {
  const JobTiming once{.kind = JobTimingKind::once, .text = "2026-03-01T08:00:00+01:00"};
  EXPECT_EQ(next(once, "2026-02-28T00:00:00Z"), at("2026-03-01T07:00:00Z"));
  EXPECT_EQ(next(once, "2026-03-01T07:00:00Z"), std::nullopt);
}

TEST_F(JobDueTimesTest, NamesWhatIsWrong) {
  const auto cron = error_of({.kind = JobTimingKind::cron, .text = "60 * * * *"});
  EXPECT_EQ(cron.kind, base::ErrorKind::invalid);
  EXPECT_EQ(cron.field, "timing");
  EXPECT_EQ(
      error_of({.kind = JobTimingKind::cron, .text = "0 6 * * *", .zone = "Mars/Olympus"}).field,
      "timezone");
  for (const char* text : {"", "0", "-5", "1.5", "1h", "99999999999999999999"}) {
    EXPECT_EQ(error_of({.kind = JobTimingKind::interval, .text = text}).field, "timing") << text;
  }
  EXPECT_EQ(error_of({.kind = JobTimingKind::once, .text = "tomorrow"}).field, "timing");
}

TEST_F(JobDueTimesTest, MakesGoodWhatWasMissed) {
  const JobTiming hourly{.kind = JobTimingKind::interval, .text = "3600"};
  const Time origin = at("2026-01-01T00:00:00Z");
  const Time due = at("2026-01-01T01:00:00Z");
  const Time now = at("2026-01-01T05:30:00Z");
  const auto plan = [&](const core::Misfire& misfire) {
    return times_.plan(hourly, origin, misfire, due, now).value();
  };
  EXPECT_TRUE(plan({.rule = core::MisfireRule::skip}).times.empty());
  EXPECT_EQ(plan({.rule = core::MisfireRule::run_once}).times,
            (std::vector<Time>{at("2026-01-01T05:00:00Z")}));
  const auto caught_up = plan({.rule = core::MisfireRule::catch_up, .times_max = 2});
  EXPECT_EQ(caught_up.times,
            (std::vector<Time>{at("2026-01-01T04:00:00Z"), at("2026-01-01T05:00:00Z")}));
  EXPECT_EQ(caught_up.next, at("2026-01-01T06:00:00Z"));
}

}  // namespace
}  // namespace colonnade::scheduler
