#include "scheduler/misfire.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scheduler/zones.hpp"

namespace colonnade::scheduler {
namespace {

using namespace std::chrono_literals;
using base::Time;

Time at(std::string_view text) { return base::parse_rfc3339(text).value(); }

Schedule cron(std::string_view text) {
  Zones zones;
  return CronSchedule{Cron::parse(text, CronFlavor::classic).value(), zones.zone("UTC").value()};
}

struct FiringCase {
  std::string name;
  MisfirePolicy policy;
  std::string now;
  std::vector<std::string> runs;
  std::string next;
};
void PrintTo(const FiringCase& c, std::ostream* out) { *out << c.name; }

class Firings : public ::testing::TestWithParam<FiringCase> {
 protected:
  // Hourly, due at ten.
  void check(const Schedule& schedule) {
    const auto& c = GetParam();
    const auto firing = plan_firing(schedule, at("2026-05-12T10:00:00Z"), c.policy, at(c.now));
    std::vector<Time> runs;
    for (const auto& run : c.runs) runs.push_back(at(run));
    EXPECT_EQ(firing.runs, runs);
    EXPECT_EQ(firing.next, at(c.next));
  }
};

TEST_P(Firings, OfACronExpression) { check(cron("0 * * * *")); }
TEST_P(Firings, OfAnInterval) { check(make_interval(at("2026-05-01T00:00:00Z"), 1h).value()); }

constexpr MisfirePolicy skip{.kind = Misfire::skip};
constexpr MisfirePolicy run_once{.kind = Misfire::run_once};

MisfirePolicy catch_up(std::size_t runs_max) {
  return {.kind = Misfire::catch_up, .runs_max = runs_max};
}

INSTANTIATE_TEST_SUITE_P(
    Policies, Firings,
    ::testing::Values(
        FiringCase{"SkipOnTime",
                   skip,
                   "2026-05-12T10:00:00Z",
                   {"2026-05-12T10:00:00Z"},
                   "2026-05-12T11:00:00Z"},
        FiringCase{"SkipAMinuteLate",
                   skip,
                   "2026-05-12T10:01:00Z",
                   {"2026-05-12T10:00:00Z"},
                   "2026-05-12T11:00:00Z"},
        FiringCase{"SkipMoreThanAMinuteLate",
                   skip,
                   "2026-05-12T10:01:00.000001Z",
                   {},
                   "2026-05-12T11:00:00Z"},
        FiringCase{"SkipWhatWasMissedButNotWhatIsMet",
                   skip,
                   "2026-05-12T13:00:05Z",
                   {"2026-05-12T13:00:00Z"},
                   "2026-05-12T14:00:00Z"},
        FiringCase{"OnceOnTime",
                   run_once,
                   "2026-05-12T10:00:00Z",
                   {"2026-05-12T10:00:00Z"},
                   "2026-05-12T11:00:00Z"},
        FiringCase{"OnceForMany",
                   run_once,
                   "2026-05-14T10:30:00Z",
                   {"2026-05-14T10:00:00Z"},
                   "2026-05-14T11:00:00Z"},
        FiringCase{"CatchUpOnTime",
                   catch_up(5),
                   "2026-05-12T10:00:00Z",
                   {"2026-05-12T10:00:00Z"},
                   "2026-05-12T11:00:00Z"},
        FiringCase{"CatchUpWithAll",
                   catch_up(5),
                   "2026-05-12T12:30:00Z",
                   {"2026-05-12T10:00:00Z", "2026-05-12T11:00:00Z", "2026-05-12T12:00:00Z"},
                   "2026-05-12T13:00:00Z"},
        FiringCase{"CatchUpWithJustAsMany",
                   catch_up(3),
                   "2026-05-12T12:30:00Z",
                   {"2026-05-12T10:00:00Z", "2026-05-12T11:00:00Z", "2026-05-12T12:00:00Z"},
                   "2026-05-12T13:00:00Z"},
        FiringCase{"CatchUpWithTheNewest",
                   catch_up(2),
                   "2026-05-14T12:30:00Z",
                   {"2026-05-14T11:00:00Z", "2026-05-14T12:00:00Z"},
                   "2026-05-14T13:00:00Z"},
        FiringCase{"CatchUpWithOne",
                   catch_up(1),
                   "2026-05-14T12:30:00Z",
                   {"2026-05-14T12:00:00Z"},
                   "2026-05-14T13:00:00Z"},
        FiringCase{"CatchUpWithNoneIsOne",
                   catch_up(0),
                   "2026-05-14T12:30:00Z",
                   {"2026-05-14T12:00:00Z"},
                   "2026-05-14T13:00:00Z"},
        FiringCase{"NotYet", run_once, "2026-05-12T09:59:59Z", {}, "2026-05-12T10:00:00Z"}),
    [](const auto& info) { return info.param.name; });

TEST(PlanFiring, CatchesUpWithNoMoreThanTheBound) {
  const auto firing = plan_firing(cron("* * * * * *"), at("2026-05-12T10:00:00Z"),
                                  catch_up(1'000'000), at("2036-05-12T10:00:00Z"));
  ASSERT_EQ(firing.runs.size(), limits::catch_up_runs_max);
  EXPECT_EQ(firing.runs.back(), at("2036-05-12T10:00:00Z"));
  EXPECT_EQ(firing.runs.front(), at("2036-05-12T09:43:21Z"));
  EXPECT_EQ(firing.next, at("2036-05-12T10:00:01Z"));
}

// A first due time that a client chose beside the schedule.
TEST(PlanFiring, RunsForATimeThatIsNoneOfTheSchedule) {
  const auto firing = plan_firing(cron("0 0 1 1 *"), at("2026-05-12T10:00:00Z"), run_once,
                                  at("2026-05-12T10:00:01Z"));
  EXPECT_EQ(firing.runs, (std::vector<Time>{at("2026-05-12T10:00:00Z")}));
  EXPECT_EQ(firing.next, at("2027-01-01T00:00:00Z"));
}

TEST(PlanFiring, EndsWithTheSchedule) {
  const auto time = at("2026-05-12T10:00:00Z");
  const auto firing = plan_firing(OneTime{time}, time, run_once, time + 1h);
  EXPECT_EQ(firing.runs, (std::vector<Time>{time}));
  EXPECT_EQ(firing.next, std::nullopt);
}

}  // namespace
}  // namespace colonnade::scheduler
