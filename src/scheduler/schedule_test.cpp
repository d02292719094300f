#include "scheduler/schedule.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "scheduler/limits.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::scheduler {
namespace {

using namespace std::chrono_literals;
using base::Time;
using std::chrono::microseconds;

Time at(std::string_view text) { return base::parse_rfc3339(text).value(); }

Schedule cron(std::string_view text, std::string_view zone = "UTC") {
  static Zones zones;
  return CronSchedule{Cron::parse(text, CronFlavor::classic).value(), zones.zone(zone).value()};
}

Schedule every(microseconds period, Time anchor) { return make_interval(anchor, period).value(); }

std::vector<std::string> shown(const std::vector<Time>& times) {
  std::vector<std::string> out;
  for (const auto time : times) out.push_back(base::to_rfc3339(time));
  return out;
}

TEST(Schedule, OfACronExpressionIsDueOnWholeSeconds) {
  const auto schedule = cron("0 8 * * *", "Europe/Paris");
  EXPECT_EQ(next_due(schedule, at("2026-05-12T05:59:59.999999Z")), at("2026-05-12T06:00:00Z"));
  EXPECT_EQ(next_due(schedule, at("2026-05-12T06:00:00Z")), at("2026-05-13T06:00:00Z"));
  EXPECT_EQ(next_due(schedule, at("2026-05-12T06:00:00.000001Z")), at("2026-05-13T06:00:00Z"));
  EXPECT_EQ(next_due(schedule, {-1}), at("1970-01-01T07:00:00Z"));
}

TEST(Schedule, AnswersForAnyMoment) {
  const auto schedule = cron("0 0 1 1 *");
  EXPECT_EQ(next_due(schedule, {std::numeric_limits<std::int64_t>::max()}), std::nullopt);
  EXPECT_EQ(next_due(schedule, {std::numeric_limits<std::int64_t>::min()}),
            at("0002-01-01T00:00:00Z"));
  EXPECT_EQ(next_due(schedule, at("9999-06-01T00:00:00Z")), std::nullopt);
}

TEST(Schedule, OfAnIntervalStaysOnItsGrid) {
  const auto schedule = every(1h, at("2026-05-12T00:10:00.5Z"));
  EXPECT_EQ(next_due(schedule, at("2026-05-11T00:00:00Z")), at("2026-05-12T00:10:00.5Z"));
  EXPECT_EQ(next_due(schedule, at("2026-05-12T00:10:00.5Z")), at("2026-05-12T01:10:00.5Z"));
  // However late somebody asks.
  EXPECT_EQ(next_due(schedule, at("2026-07-01T12:34:56Z")), at("2026-07-01T13:10:00.5Z"));
}

TEST(Schedule, RefusesAnIntervalThatIsNone) {
  for (const microseconds period : {microseconds(0), microseconds(-1h), microseconds(999ms),
                                    microseconds(limits::interval_max + 1s)}) {
    const auto interval = make_interval({}, period, "schedule.interval_seconds");
    ASSERT_FALSE(interval.has_value());
    EXPECT_EQ(interval.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(interval.error().field, "schedule.interval_seconds");
    EXPECT_EQ(interval.error().message, "an interval has 1 to 3162240000 seconds");
  }
  EXPECT_TRUE(make_interval({}, limits::interval_min).has_value());
  EXPECT_TRUE(make_interval({}, limits::interval_max).has_value());
}

TEST(Schedule, OfOneTimeIsDueOnce) {
  const Schedule schedule = OneTime{at("2026-05-12T00:00:00Z")};
  EXPECT_EQ(next_due(schedule, at("2026-05-11T00:00:00Z")), at("2026-05-12T00:00:00Z"));
  EXPECT_EQ(next_due(schedule, at("2026-05-12T00:00:00Z")), std::nullopt);
  EXPECT_EQ(latest_due(schedule, at("2026-05-11T00:00:00Z"), at("2026-05-13T00:00:00Z")),
            at("2026-05-12T00:00:00Z"));
  EXPECT_EQ(latest_due(schedule, at("2026-05-12T00:00:00Z"), at("2026-05-13T00:00:00Z")),
            std::nullopt);
}

TEST(Preview, ListsWhatComes) {
  EXPECT_EQ(shown(preview(cron("30 2 * * *", "Europe/Paris"), at("2026-03-27T12:00:00Z"), 3)),
            (std::vector<std::string>{"2026-03-28T01:30:00.000000Z", "2026-03-30T00:30:00.000000Z",
                                      "2026-03-31T00:30:00.000000Z"}));
  EXPECT_EQ(preview(Schedule(OneTime{{5}}), {0}, 5), (std::vector<Time>{{5}}));
  EXPECT_TRUE(preview(Schedule(OneTime{{5}}), {5}, 5).empty());
  EXPECT_EQ(preview(cron("* * * * * *"), {0}, 1'000'000).size(), limits::preview_times_max);
}

// Once in seven years, and every second for a decade: it takes the same few steps.
TEST(LatestDue, FindsTheNewestAfterAnyTime) {
  const auto until = at("2036-05-12T10:11:12.5Z");
  const auto after = at("2026-05-12T00:00:00Z");
  EXPECT_EQ(latest_due(cron("* * * * * *"), after, until), at("2036-05-12T10:11:12Z"));
  EXPECT_EQ(latest_due(cron("0 0 29 2 *"), after, until), at("2036-02-29T00:00:00Z"));
  EXPECT_EQ(latest_due(cron("0 0 29 2 *"), after, at("2028-02-28T00:00:00Z")), std::nullopt);
  EXPECT_EQ(latest_due(every(1s, {0}), after, until), at("2036-05-12T10:11:12Z"));
  EXPECT_EQ(latest_due(every(1h, after), after, after + 1h), after + 1h);
  EXPECT_EQ(latest_due(every(1h, after), after, after + 59min), std::nullopt);
  EXPECT_EQ(latest_due(every(1h, after), after, after), std::nullopt);
}

RC_GTEST_PROP(LatestDueProperty, IsTheLastOfAPreview, ()) {
  const auto expression =
      *rc::gen::element<std::string>("*/7 * * * *", "0 */5 * * *", "30 2 * * *", "0 0 * * 1",
                                     "15 10 13 * 5", "20 * * * * *", "* 2 * * *", "0 0 L * *");
  const auto zone = *rc::gen::element<std::string>("UTC", "Europe/Berlin", "America/Santiago",
                                                   "Africa/Casablanca");
  const auto schedule = cron(expression, zone);
  const Time after{*rc::gen::inRange<std::int64_t>(1'700'000'000, 1'900'000'000) * 1'000'000 +
                   *rc::gen::inRange(0, 1'000'000)};
  const auto times = preview(schedule, after, 50);
  const auto index = *rc::gen::inRange<std::size_t>(0, times.size() - 1);
  const Time until = times[index] + microseconds(*rc::gen::inRange<std::int64_t>(
                                        0, (times[index + 1] - times[index]).count()));
  RC_LOG() << expression << " " << zone << " " << base::to_rfc3339(after) << "\n";
  RC_ASSERT(latest_due(schedule, after, until) == times[index]);
  RC_ASSERT(latest_due(schedule, after, times[0] - 1us) == std::nullopt);
}

}  // namespace
}  // namespace colonnade::scheduler
