#include "scheduler/cron.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::scheduler {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr auto classic = CronFlavor::classic;
constexpr auto quartz = CronFlavor::quartz;

sys_seconds moment(std::string_view text) {
  const auto time = base::parse_rfc3339(text);
  if (!time) throw std::invalid_argument(std::string(text));
  return sys_seconds(floor<seconds>(std::chrono::microseconds(time->micros)));
}

std::string shown(sys_seconds time) {
  const base::Time in_micros{std::chrono::microseconds(time.time_since_epoch()).count()};
  std::string out = base::to_rfc3339(in_micros);
  return out.erase(out.find('.')) + "Z";
}

std::shared_ptr<const Zone> zone(std::string_view name) {
  static Zones zones;
  auto found = zones.zone(name);
  if (!found) throw std::runtime_error(found.error().message);
  return *found;
}

Cron cron(std::string_view text, CronFlavor flavor = classic) {
  auto out = Cron::parse(text, flavor);
  if (!out) throw std::runtime_error(out.error().message);
  return *out;
}

// The next times after one, without the date's century.
std::vector<std::string> following(const Cron& cron, std::string_view zone_name,
                                   std::string_view after, std::size_t count) {
  std::vector<std::string> out;
  auto last = moment(after);
  while (out.size() < count) {
    const auto next = cron.next(*zone(zone_name), last);
    out.push_back(next ? shown(*next) : "never");
    if (!next) break;
    last = *next;
  }
  return out;
}

// --- what an expression means
// ---------------------------------------------------------------------

struct CronCase {
  std::string text;
  CronFlavor flavor;
  std::string after;
  std::vector<std::string> next;  // in UTC
};

class CronNext : public ::testing::TestWithParam<CronCase> {};

TEST_P(CronNext, InUtc) {
  const auto& c = GetParam();
  EXPECT_EQ(following(cron(c.text, c.flavor), "UTC", c.after, c.next.size()), c.next) << c.text;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, CronNext,
    ::testing::Values(
        CronCase{"0 8 * * *", classic, "2026-05-12T08:00:00Z", {"2026-05-13T08:00:00Z"}},
        CronCase{"0 8 * * *", classic, "2026-05-12T07:59:59Z", {"2026-05-12T08:00:00Z"}},
        CronCase{" \t0  8\t* * * ", classic, "2026-05-12T08:00:00Z", {"2026-05-13T08:00:00Z"}},
        CronCase{"*/20 9-10 * * *",
                 classic,
                 "2026-05-12T10:00:00Z",
                 {"2026-05-12T10:20:00Z", "2026-05-12T10:40:00Z", "2026-05-13T09:00:00Z"}},
        CronCase{"5/25 * * * *",
                 classic,
                 "2026-05-12T10:00:00Z",
                 {"2026-05-12T10:05:00Z", "2026-05-12T10:30:00Z", "2026-05-12T10:55:00Z",
                  "2026-05-12T11:05:00Z"}},
        CronCase{"10-30/10,59 0 1 jan,JUL *",
                 classic,
                 "2026-05-12T10:00:00Z",
                 {"2026-07-01T00:10:00Z", "2026-07-01T00:20:00Z", "2026-07-01T00:30:00Z",
                  "2026-07-01T00:59:00Z", "2027-01-01T00:10:00Z"}},
        CronCase{"*/90 * * * *", classic, "2026-05-12T10:00:00Z", {"2026-05-12T11:00:00Z"}},
        CronCase{"15 30 6 * * *", classic, "2026-05-12T06:30:15Z", {"2026-05-13T06:30:15Z"}},
        CronCase{"*/20 59 23 31 12 *",
                 classic,
                 "2026-05-12T06:30:15Z",
                 {"2026-12-31T23:59:00Z", "2026-12-31T23:59:20Z", "2026-12-31T23:59:40Z",
                  "2027-12-31T23:59:00Z"}}));

// 13 September 2026 is a Sunday.
INSTANTIATE_TEST_SUITE_P(
    Weekdays, CronNext,
    ::testing::Values(
        CronCase{"0 0 * * 0", classic, "2026-09-08T00:00:00Z", {"2026-09-13T00:00:00Z"}},
        CronCase{"0 0 * * 7", classic, "2026-09-08T00:00:00Z", {"2026-09-13T00:00:00Z"}},
        CronCase{"0 0 * * Sun", classic, "2026-09-08T00:00:00Z", {"2026-09-13T00:00:00Z"}},
        CronCase{"0 0 * * 1", classic, "2026-09-08T00:00:00Z", {"2026-09-14T00:00:00Z"}},
        CronCase{"0 0 0 * * 1", classic, "2026-09-08T00:00:00Z", {"2026-09-14T00:00:00Z"}},
        CronCase{"0 0 * * 1", quartz, "2026-09-08T00:00:00Z", {"2026-09-14T00:00:00Z"}},
        CronCase{"0 0 0 * * 1", quartz, "2026-09-08T00:00:00Z", {"2026-09-13T00:00:00Z"}},
        CronCase{"0 0 0 * * 7", quartz, "2026-09-08T00:00:00Z", {"2026-09-12T00:00:00Z"}},
        CronCase{"0 0 0 ? * Mon", quartz, "2026-09-08T00:00:00Z", {"2026-09-14T00:00:00Z"}},
        CronCase{"0 0 0 ? * Tues-thursday/2",
                 quartz,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-10T00:00:00Z", "2026-09-15T00:00:00Z"}},
        CronCase{"0 0 * * 5-7",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-11T00:00:00Z", "2026-09-12T00:00:00Z", "2026-09-13T00:00:00Z",
                  "2026-09-18T00:00:00Z"}},
        CronCase{"0 0 * * fri-sun",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-11T00:00:00Z", "2026-09-12T00:00:00Z", "2026-09-13T00:00:00Z",
                  "2026-09-18T00:00:00Z"}},
        CronCase{"0 0 * * sun-Sunday",
                 classic,
                 "2026-09-14T00:00:00Z",
                 {"2026-09-20T00:00:00Z", "2026-09-27T00:00:00Z"}},
        CronCase{"0 0 * * sun-mon",
                 classic,
                 "2026-09-14T00:00:00Z",
                 {"2026-09-20T00:00:00Z", "2026-09-21T00:00:00Z"}},
        // Day of month or weekday, unless one of them is * or ?.
        CronCase{"0 0 15 * 5",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-11T00:00:00Z", "2026-09-15T00:00:00Z", "2026-09-18T00:00:00Z"}},
        CronCase{"0 0 */10 * 5",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-11T00:00:00Z", "2026-09-18T00:00:00Z", "2026-09-21T00:00:00Z"}},
        CronCase{"0 0 ? * 5", classic, "2026-09-08T00:00:00Z", {"2026-09-11T00:00:00Z"}},
        // Both, with a field for seconds in the quartz flavour.
        CronCase{"0 0 0 13 * 6",
                 quartz,
                 "2026-09-08T00:00:00Z",
                 {"2026-11-13T00:00:00Z", "2027-08-13T00:00:00Z"}},
        CronCase{
            "0 0 0 13 * FRI 2027-2030",
            quartz,
            "2026-09-08T00:00:00Z",
            {"2027-08-13T00:00:00Z", "2028-10-13T00:00:00Z", "2029-04-13T00:00:00Z",
             "2029-07-13T00:00:00Z", "2030-09-13T00:00:00Z", "2030-12-13T00:00:00Z", "never"}}));

INSTANTIATE_TEST_SUITE_P(
    LastAndNth, CronNext,
    ::testing::Values(
        CronCase{"0 0 L * *",
                 classic,
                 "2028-01-31T00:00:00Z",
                 {"2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z", "2028-04-30T00:00:00Z"}},
        CronCase{"0 0 1,l 2 *",
                 classic,
                 "2026-01-31T00:00:00Z",
                 {"2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z", "2027-02-01T00:00:00Z"}},
        CronCase{"0 0 * * 5L",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-25T00:00:00Z", "2026-10-30T00:00:00Z", "2026-11-27T00:00:00Z"}},
        CronCase{"0 0 * * 0L", classic, "2026-09-08T00:00:00Z", {"2026-09-27T00:00:00Z"}},
        CronCase{"0 0 * * 7L", classic, "2026-09-08T00:00:00Z", {"2026-09-27T00:00:00Z"}},
        CronCase{"0 0 * * mon#1,5L",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-25T00:00:00Z", "2026-10-05T00:00:00Z"}},
        CronCase{"0 0 * * 0#5", classic, "2026-09-08T00:00:00Z", {"2026-11-29T00:00:00Z"}},
        CronCase{"0 0 L * 1#1",
                 classic,
                 "2026-09-08T00:00:00Z",
                 {"2026-09-30T00:00:00Z", "2026-10-05T00:00:00Z", "2026-10-31T00:00:00Z"}}));

INSTANTIATE_TEST_SUITE_P(
    Years, CronNext,
    ::testing::Values(
        CronCase{"0 0 29 2 *",
                 classic,
                 "2096-02-29T00:00:00Z",
                 {"2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"}},
        CronCase{"0 0 29 2 *", classic, "2196-02-29T00:00:00Z", {"2204-02-29T00:00:00Z"}},
        CronCase{"0 0 0 29 2 1", quartz, "2076-02-23T00:00:00Z", {"2088-02-29T00:00:00Z"}},
        // Saturday, 29 February, across a year without one.
        CronCase{"0 0 0 29 2 7", quartz, "2076-02-29T00:00:00Z", {"2116-02-29T00:00:00Z"}},
        CronCase{"0 0 12 1 7 ? 2040", quartz, "2026-01-01T00:00:00Z", {"2040-07-01T12:00:00Z"}},
        CronCase{"0 0 12 1 7 ? 2026/30,2100",
                 quartz,
                 "2026-07-01T12:00:00Z",
                 {"2056-07-01T12:00:00Z", "2086-07-01T12:00:00Z", "2100-07-01T12:00:00Z", "never"}},
        CronCase{"0 0 12 1 7 ? 1999", quartz, "2026-01-01T00:00:00Z", {"never"}},
        CronCase{"0 0 12 1 7 ? *", quartz, "2200-01-01T00:00:00Z", {"2200-07-01T12:00:00Z"}},
        CronCase{"0 0 1 1 *", classic, "9999-01-01T00:00:00Z", {"never"}}));

INSTANTIATE_TEST_SUITE_P(
    Names, CronNext,
    ::testing::Values(
        CronCase{"@hourly", classic, "2026-09-08T10:00:00Z", {"2026-09-08T11:00:00Z"}},
        CronCase{"@daily", classic, "2026-09-08T10:00:00Z", {"2026-09-09T00:00:00Z"}},
        CronCase{"@Midnight", quartz, "2026-09-08T10:00:00Z", {"2026-09-09T00:00:00Z"}},
        CronCase{"@weekly", quartz, "2026-09-08T10:00:00Z", {"2026-09-13T00:00:00Z"}},
        CronCase{"@monthly", classic, "2026-09-08T10:00:00Z", {"2026-10-01T00:00:00Z"}},
        CronCase{"@yearly", classic, "2026-09-08T10:00:00Z", {"2027-01-01T00:00:00Z"}},
        CronCase{"@annually", quartz, "2026-09-08T10:00:00Z", {"2027-01-01T00:00:00Z"}}));

// --- what is refused
// ------------------------------------------------------------------------------

struct RefusedCron {
  std::string text;
  CronFlavor flavor;
  std::string message;
};

const std::string write_so = "; write numbers, ranges a-b, steps */n, and commas between them";

void expect_refused(const std::vector<RefusedCron>& cases) {
  for (const RefusedCron& c : cases) {
    const auto parsed = Cron::parse(c.text, c.flavor, "scheduleCron");
    ASSERT_FALSE(parsed.has_value()) << c.text;
    EXPECT_EQ(parsed.error().message, c.message) << c.text;
    EXPECT_EQ(parsed.error().field, "scheduleCron");
    EXPECT_EQ(parsed.error().kind, base::ErrorKind::invalid);
  }
}

TEST(CronParse, SaysWhatIsWrongInWhichPart) {
  const std::string forms = "expected 5 fields, 6 with seconds first, or 7 with a year last";
  expect_refused(
      {{"often", classic, "expected 5 fields"},
       {"", classic, "expected 5 fields"},
       {"* * * *", classic, "expected 5 fields"},
       {"0 0 0 1 1 * 2030", classic, "expected 5 fields"},
       {"not a cron", quartz, forms},
       {"0 0 0 1 1 * 2030 *", quartz, forms},
       {"60 * * * *", classic, "minute: 60 is not in 0-59"},
       {"* 24 * * *", classic, "hour: 24 is not in 0-23"},
       {"* * 0 * *", classic, "day of month: 0 is not in 1-31"},
       {"* * 1-32 * *", classic, "day of month: 32 is not in 1-31"},
       {"* * * 13 *", classic, "month: 13 is not in 1-12"},
       {"* * * * 8", classic, "weekday: 8 is not in 0-7"},
       {"0 * * * * 0", quartz, "weekday: 0 is not in 1-7"},
       {"0 * * * * ? 1969", quartz, "year: 1969 is not in 1970-2100"},
       {"60 * * * * *", classic, "second: 60 is not in 0-59"},
       {"*/0 * * * *", classic, "minute: the step of '*/0' is no number from 1 up"},
       {"*/x * * * *", classic, "minute: the step of '*/x' is no number from 1 up"},
       {"*/-1 * * * *", classic, "minute: the step of '*/-1' is no number from 1 up"},
       {"*/ * * * *", classic, "minute: the step of '*/' is no number from 1 up"},
       {"*/99999999999 * * * *", classic,
        "minute: the step of '*/99999999999' is no number from 1 up"},
       {"* * * * 5-1", classic,
        "weekday: the range '5-1' runs backwards; write two ranges with a comma between them"},
       {"0 * * ? * fri-sun", quartz,
        "weekday: the range 'fri-sun' runs backwards; write two ranges with a comma between "
        "them"},
       {"? * * * *", classic, "minute: '?' is no number" + write_so},
       {"1,,2 * * * *", classic, "minute: '' is no number" + write_so},
       {"-5 * * * *", classic, "minute: '' is no number" + write_so},
       {"1-2-3 * * * *", classic, "minute: '2-3' is no number" + write_so},
       {"* * * smarch *", classic, "month: 'smarch' is no number or name" + write_so},
       {"@reboot", classic, "unknown name; write @yearly, @monthly, @weekly, @daily or @hourly"},
       {std::string(257, '*'), classic, "an expression has at most 256 characters"},
       {"0 0 * * mo\xC3\xB1", classic,
        "an expression has ASCII letters, digits and * ? , - / # @ only"},
       {"0 0 *\n* *", classic, "an expression has ASCII letters, digits and * ? , - / # @ only"}});
}

TEST(CronParse, KnowsLastAndNthDaysWhereTheyMayBe) {
  const std::string other_day =
      " is not supported; with 5 fields, L is the last day of the month, 5L its last Friday and "
      "5#2 its second";
  expect_refused({{"* * 15W * *", classic, "day of month: '15W'" + other_day},
                  {"* * LW * *", classic, "day of month: 'LW'" + other_day},
                  {"* * L-3 * *", classic, "day of month: 'L'" + other_day},
                  {"* * * * L", classic, "weekday: 'L'" + other_day},
                  {"* * * * 1#6", classic, "weekday: '1#6' needs a number from 1 to 5 after #"},
                  {"* * * * 1#0", classic, "weekday: '1#0' needs a number from 1 to 5 after #"},
                  {"* * * * 1#", classic, "weekday: '1#' needs a number from 1 to 5 after #"},
                  {"0 * * L * ?", quartz, "day of month: 'L'" + other_day},
                  {"0 * * ? * 6L", quartz, "weekday: '6L'" + other_day},
                  {"0 * * ? * 6#2", quartz, "weekday: '6#2'" + other_day}});
}

TEST(CronParse, RefusesADateThatNeverComes) {
  const std::string no_date =
      "no date has this day of month, month and weekday: it would never run";
  expect_refused({{"0 0 30 2 *", classic, no_date},
                  {"0 0 31 4,6,9,11 *", classic, no_date},
                  {"0 0 0 29 2 ? 2027,2029-2031", quartz, no_date},
                  {"0 0 0 29 2 2 2028", quartz, no_date},
                  {"0 0 30 2 ? ", classic, no_date}});
}

TEST(CronParse, KeepsTheTextAsItWasGiven) {
  EXPECT_EQ(cron(" 0 6 * * MON-fri ").text(), "0 6 * * MON-fri");
  EXPECT_EQ(cron("@daily", quartz).text(), "@daily");
}

// --- daylight saving
// ------------------------------------------------------------------------------

struct ZonedCase {
  std::string text;
  std::string zone;
  std::string after;
  std::vector<std::string> next;
};

class CronInZone : public ::testing::TestWithParam<ZonedCase> {};

TEST_P(CronInZone, IsDue) {
  const auto& c = GetParam();
  EXPECT_EQ(following(cron(c.text), c.zone, c.after, c.next.size()), c.next)
      << c.text << " " << c.zone;
}

// Berlin's clock goes from 02:00 to 03:00 at 01:00Z on 29 March 2026.
INSTANTIATE_TEST_SUITE_P(
    SetForward, CronInZone,
    ::testing::Values(
        ZonedCase{"30 2 * * *",
                  "Europe/Berlin",
                  "2026-03-28T00:00:00Z",
                  {"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"}},
        ZonedCase{"0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", {"2026-03-29T01:00:00Z"}},
        ZonedCase{"*/30 * * * *",
                  "Europe/Berlin",
                  "2026-03-29T00:10:00Z",
                  {"2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"}},
        ZonedCase{"* 2 * * *",
                  "Europe/Berlin",
                  "2026-03-28T01:58:30Z",
                  {"2026-03-28T01:59:00Z", "2026-03-30T00:00:00Z"}},
        // Midnight itself is left out.
        ZonedCase{
            "0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", {"2026-09-07T03:00:00Z"}},
        // Half an hour.
        ZonedCase{"15 2 * * *",
                  "Australia/Lord_Howe",
                  "2026-10-02T14:50:00Z",
                  {"2026-10-02T15:45:00Z", "2026-10-04T15:15:00Z"}},
        // A whole day: Samoa had no 30 December 2011.
        ZonedCase{"0 12 * * *",
                  "Pacific/Apia",
                  "2011-12-29T00:00:00Z",
                  {"2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"}},
        // By the rule at the end of the file, beyond its table.
        ZonedCase{
            "30 2 * 3 *", "Europe/Berlin", "2045-03-25T12:00:00Z", {"2045-03-27T00:30:00Z"}}));

// Berlin's clock goes from 03:00 back to 02:00 at 01:00Z on 25 October 2026.
INSTANTIATE_TEST_SUITE_P(
    SetBack, CronInZone,
    ::testing::Values(
        ZonedCase{"30 2 * * *",
                  "Europe/Berlin",
                  "2026-10-24T12:00:00Z",
                  {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
        // Between the two passes, and in the second one.
        ZonedCase{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", {"2026-10-26T01:30:00Z"}},
        ZonedCase{"30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", {"2026-10-26T01:30:00Z"}},
        ZonedCase{"*/30 * * * *",
                  "Europe/Berlin",
                  "2026-10-25T00:10:00Z",
                  {"2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z"}},
        ZonedCase{"0 3 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", {"2026-10-25T02:00:00Z"}},
        ZonedCase{"0 0 * * *",
                  "America/Havana",
                  "2026-10-31T12:00:00Z",
                  {"2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"}},
        ZonedCase{"45 1 * * *",
                  "Australia/Lord_Howe",
                  "2026-04-04T12:00:00Z",
                  {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
        ZonedCase{"30 2 * 10 *",
                  "Europe/Berlin",
                  "2045-10-28T12:00:00Z",
                  {"2045-10-29T00:30:00Z", "2045-10-30T01:30:00Z"}}));

// The last Sunday of March at half past two: as long as the rule holds, there is no such time.
TEST(CronDaylightSaving, GivesUpOnATimeThatIsAlwaysLeftOut) {
  const auto never = cron("0 30 2 25-31 3 1", quartz);
  EXPECT_EQ(following(never, "Europe/Berlin", "2026-03-01T00:00:00Z", 1),
            std::vector<std::string>{"never"});
  EXPECT_EQ(following(never, "UTC", "2026-03-01T00:00:00Z", 1),
            std::vector<std::string>{"2026-03-29T02:30:00Z"});
}

// --- properties
// -----------------------------------------------------------------------------------

// A random field: a list of values, ranges and steps.
rc::Gen<std::string> field_text(int min, int max) {
  return rc::gen::exec([min, max]() -> std::string {
    std::string out;
    const int items = *rc::gen::inRange(1, 4);
    for (int i = 0; i < items; ++i) {
      const int low = *rc::gen::inRange(min, max + 1);
      const int high = *rc::gen::inRange(low, max + 1);
      const std::vector<std::string> forms{
          "*", std::to_string(low), std::to_string(low) + "-" + std::to_string(high),
          "*/" + std::to_string(*rc::gen::inRange(1, max - min + 2)),
          std::to_string(low) + "-" + std::to_string(high) + "/" +
              std::to_string(*rc::gen::inRange(1, 5))};
      const auto form = *rc::gen::inRange<std::size_t>(0, forms.size());
      if (items == 1) return forms[form];
      out += (i > 0 ? "," : "") + forms[form];
    }
    return out;
  });
}

std::string any_expression() {
  return *field_text(0, 59) + " " + *field_text(0, 23) + " " + *field_text(1, 31) + " " +
         *field_text(1, 12) + " " + *field_text(0, 7);
}

std::string any_zone() {
  return *rc::gen::element<std::string>(
      "UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe",
      "Africa/Casablanca", "Asia/Tehran", "Pacific/Apia", "America/Nuuk", "Europe/Dublin",
      "Asia/Kathmandu", "Antarctica/Troll", "Pacific/Kwajalein");
}

// A moment from 1960 to 2100, as often as not within a day of a change of the zone's clock.
sys_seconds any_moment(const Zone& zone) {
  const sys_seconds time(seconds(*rc::gen::inRange<std::int64_t>(-315'619'200, 4'102'444'800)));
  if (*rc::gen::inRange(0, 2) == 0) return time;
  const auto span = zone.span_at(time);
  if (span.end == zone_time_max) return time;
  return span.end + seconds(*rc::gen::inRange(-86'400, 86'400));
}

bool matches(const CronFields& fields, local_seconds local) {
  const auto day = floor<days>(local);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time(local - day);
  const std::uint64_t in_month = fields.days_in(date.year() / date.month());
  return (in_month >> static_cast<unsigned>(date.day()) & 1) != 0 &&
         (fields.hours >> time.hours().count() & 1) != 0 &&
         (fields.minutes >> time.minutes().count() & 1) != 0 &&
         (fields.seconds >> time.seconds().count() & 1) != 0;
}

// By walking through every minute: the first after `after` whose local time matches and was not
// there before. Offsets of whole minutes only.
std::optional<sys_seconds> walked(const CronFields& fields, const Zone& zone, sys_seconds after,
                                  sys_seconds until) {
  local_seconds latest = local_seconds::min();
  for (auto time = floor<minutes>(after) - days(2); time <= until; time += minutes(1)) {
    const auto local = zone.to_local(time);
    const bool is_new = local > latest;
    latest = std::max(latest, local);
    if (time > after && is_new && matches(fields, local)) return time;
  }
  return std::nullopt;
}

RC_GTEST_PROP(CronProperty, FindsWhatAWalkThroughEveryMinuteFinds, ()) {
  const auto text = any_expression();
  const auto parsed = Cron::parse(text, classic);
  RC_PRE(parsed.has_value());
  const auto in = zone(any_zone());
  const auto after = any_moment(*in);
  RC_PRE(in->span_at(after - days(3)).offset % minutes(1) == seconds(0));
  const auto until = after + days(4);
  const auto expected = walked(parsed->fields(), *in, after, until);
  const auto found = parsed->next(*in, after);
  RC_LOG() << text << " " << in->name() << " " << shown(after) << "\n";
  if (expected) {
    RC_ASSERT(found == expected);
  } else {
    RC_ASSERT(!found || *found > until);
  }
}

RC_GTEST_PROP(CronProperty, IsLaterMatchesAndLeavesNothingOut, ()) {
  const auto text = *field_text(0, 59) + " " + any_expression();
  const auto parsed = Cron::parse(text, classic);
  RC_PRE(parsed.has_value());
  const auto in = zone(any_zone());
  const auto after = any_moment(*in);
  RC_LOG() << text << " " << in->name() << " " << shown(after) << "\n";
  const auto found = parsed->next(*in, after);
  RC_ASSERT(found.has_value());
  RC_ASSERT(*found > after);
  RC_ASSERT(matches(parsed->fields(), in->to_local(*found)));
  RC_ASSERT(in->first_moment(in->to_local(*found)) == found);
  // From anywhere on the way the answer is the same.
  const auto between =
      after + seconds(*rc::gen::inRange<std::int64_t>(0, (*found - after).count()));
  RC_ASSERT(parsed->next(*in, between) == found);
}

}  // namespace
}  // namespace colonnade::scheduler
