#include "scheduler/zone.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "scheduler/posix_rule.hpp"

namespace colonnade::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

std::string big_endian(std::int64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> 8 * i);
  return out;
}

struct Change {
  std::int64_t at = 0;
  int type = 0;
};

// What a time zone's file is made of.
struct TzifFile {
  char version = '2';
  std::vector<Change> changes{};
  std::vector<std::int32_t> offsets{0};  // by type
  int leap_seconds = 0;
  std::string rule = "\nUTC0\n";

  std::string block(int time_bytes) const {
    std::string out = "TZif" + std::string(1, version) + std::string(15, '\0');
    for (const auto count : {std::size_t{0}, std::size_t{0}, static_cast<std::size_t>(leap_seconds),
                             changes.size(), offsets.size(), std::size_t{4}}) {
      out += big_endian(static_cast<std::int64_t>(count), 4);
    }
    for (const auto& change : changes) out += big_endian(change.at, time_bytes);
    for (const auto& change : changes) out += static_cast<char>(change.type);
    for (const auto offset : offsets) out += big_endian(offset, 4) + std::string(2, '\0');
    out += std::string("XYZ\0", 4);
    out += std::string(static_cast<std::size_t>(leap_seconds * (time_bytes + 4)), '\0');
    return out;
  }
  std::string bytes() const {
    if (version == '\0') return block(4);
    return block(4) + block(8) + rule;
  }
};

Zone read(const TzifFile& file) {
  auto out = Zone::parse("Test/Zone", file.bytes());
  if (!out) throw std::runtime_error(out.error().message);
  return *std::move(out);
}

sys_seconds at(int y, unsigned m, unsigned d, int hour = 0) {
  return sys_days(year(y) / std::chrono::month(m) / std::chrono::day(d)) + hours(hour);
}

local_seconds local(int y, unsigned m, unsigned d, int hour = 0, int minute = 0) {
  return local_seconds(at(y, m, d, hour).time_since_epoch()) + minutes(minute);
}

// --- files
// ----------------------------------------------------------------------------------------

TEST(ZoneFile, HasTheOffsetBeforeEachChangeAndAfter) {
  const Zone zone =
      read({.changes = {{1000, 1}, {2000, 0}}, .offsets = {600, 3600}, .rule = "\n\n"});
  EXPECT_EQ(zone.name(), "Test/Zone");
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(999))).offset, seconds(600));
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(999))).begin, zone_time_min);
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(1000))).offset, seconds(3600));
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(1000))).begin, sys_seconds(seconds(1000)));
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(1999))).end, sys_seconds(seconds(2000)));
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(2000))).offset, seconds(600));
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(2000))).end, zone_time_max);
}

TEST(ZoneFile, OfVersion1HasShortTimesAndNoRule) {
  const Zone zone = read({.version = '\0', .changes = {{-1000, 1}}, .offsets = {0, -18000}});
  EXPECT_EQ(zone.span_at(sys_seconds(seconds(-1001))).offset, seconds(0));
  EXPECT_EQ(zone.span_at(at(2050, 7, 1)).offset, seconds(-18000));
}

// The usual file elsewhere: no table for the years to come, only the rule.
TEST(ZoneFile, GoesOnByItsRule) {
  const Zone zone = read({.changes = {{at(2020, 1, 1).time_since_epoch().count(), 0}},
                          .offsets = {3600},
                          .rule = "\nCET-1CEST,M3.5.0,M10.5.0/3\n"});
  EXPECT_EQ(zone.span_at(at(2019, 7, 1)).offset, hours(1));
  EXPECT_EQ(zone.span_at(at(2026, 7, 1)).offset, hours(2));
  EXPECT_EQ(zone.span_at(at(2026, 12, 1)).offset, hours(1));
  EXPECT_EQ(zone.span_at(at(2400, 7, 1)).offset, hours(2));
  // The stretch that the table ends with begins at its change.
  EXPECT_EQ(zone.span_at(at(2020, 2, 1)).begin, at(2020, 1, 1));
}

TEST(ZoneFile, ThatIsDamagedIsRefused) {
  const TzifFile good{.changes = {{1000, 1}, {2000, 0}}, .offsets = {600, 3600}};
  ASSERT_TRUE(Zone::parse("Z", good.bytes()).has_value());
  for (std::size_t size = 0; size < good.bytes().size(); ++size) {
    EXPECT_FALSE(Zone::parse("Z", good.bytes().substr(0, size)).has_value()) << size;
  }
  const auto refused = [](const TzifFile& file) {
    const auto zone = Zone::parse("Z", file.bytes());
    return !zone.has_value() && zone.error().kind == base::ErrorKind::invalid;
  };
  EXPECT_TRUE(refused({.changes = {{2000, 0}, {1000, 0}}}));
  EXPECT_TRUE(refused({.changes = {{1000, 0}, {1000, 0}}}));
  EXPECT_TRUE(refused({.changes = {{1000, 1}}}));  // there is no type 1
  EXPECT_TRUE(refused({.changes = {{std::int64_t{1} << 61, 0}}}));
  EXPECT_TRUE(refused({.offsets = {}}));
  EXPECT_TRUE(refused({.offsets = {93'600}}));
  EXPECT_TRUE(refused({.offsets = {-90'000}}));
  EXPECT_TRUE(refused({.leap_seconds = 1}));
  EXPECT_TRUE(refused({.rule = "\nCET-1CEST\n"}));
  EXPECT_TRUE(refused({.rule = "UTC0\n"}));
  EXPECT_TRUE(refused({.rule = "\nUTC0"}));
  const auto error = Zone::parse("Europe/Berlin", "").error();
  EXPECT_EQ(error.message,
            "the time zone file of Europe/Berlin is damaged: it has no header; install the "
            "package tzdata anew");
}

// --- rules
// ----------------------------------------------------------------------------------------

TEST(PosixRule, KnowsEveryForm) {
  struct Case {
    std::string rule;
    sys_seconds inside;
    ZoneSpan span;
  };
  for (const Case& c : std::vector<Case>{
           {"UTC0", at(2026, 7, 1), {zone_time_min, zone_time_max, hours(0)}},
           {"<+0545>-5:45", at(2026, 7, 1), {zone_time_min, zone_time_max, hours(5) + minutes(45)}},
           {"CET-1CEST,M3.5.0,M10.5.0/3",
            at(2026, 7, 1),
            {at(2026, 3, 29, 1), at(2026, 10, 25, 1), hours(2)}},
           {"EST5EDT,M3.2.0,M11.1.0",
            at(2026, 1, 1),
            {at(2025, 11, 2, 6), at(2026, 3, 8, 7), hours(-5)}},
           // South of the equator; and the ends of a year belong to one stretch.
           {"AEST-10AEDT,M10.1.0,M4.1.0/3",
            at(2026, 1, 1),
            {at(2025, 10, 4, 16), at(2026, 4, 4, 16), hours(11)}},
           // Daylight saving that is an hour less, in winter.
           {"IST-1GMT0,M10.5.0,M3.5.0/1",
            at(2026, 1, 1),
            {at(2025, 10, 26, 1), at(2026, 3, 29, 1), hours(0)}},
           // Hours before midnight, and beyond the day.
           {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            at(2026, 7, 1),
            {at(2026, 3, 29, 1), at(2026, 10, 25, 1), hours(-1)}},
           {"EET-2EEST,M3.4.4/50,M10.4.4/50",
            at(2026, 7, 1),
            {at(2026, 3, 28), at(2026, 10, 23, 23), hours(3)}},
           // Days of the year, with and without 29 February.
           {"AAA0BBB,J60/0,J61/0",
            at(2028, 3, 1, 12),
            {at(2028, 3, 1), at(2028, 3, 1, 23), hours(1)}},
           {"AAA0BBB,59/0,60/0",
            at(2028, 2, 29, 12),
            {at(2028, 2, 29), at(2028, 2, 29, 23), hours(1)}},
           {"AAA0BBB,59/0,60/0",
            at(2027, 3, 1, 12),
            {at(2027, 3, 1), at(2027, 3, 1, 23), hours(1)}}}) {
    const auto rule = PosixRule::parse(c.rule);
    ASSERT_TRUE(rule.has_value()) << c.rule;
    const auto span = rule->span_at(c.inside);
    EXPECT_EQ(span.begin, c.span.begin) << c.rule;
    EXPECT_EQ(span.end, c.span.end) << c.rule;
    EXPECT_EQ(span.offset, c.span.offset) << c.rule;
  }
}

// How a zone with daylight saving all year is written (RFC 9636 §3.3.1).
TEST(PosixRule, GoesOnWhereDaylightSavingEndsAsItBegins) {
  const auto rule = PosixRule::parse("EST5EDT,0/0,J365/25");
  ASSERT_TRUE(rule.has_value());
  for (auto time = at(2026, 12, 30); time < at(2027, 1, 3); time += hours(1)) {
    EXPECT_EQ(rule->span_at(time).offset, hours(-4));
  }
}

TEST(PosixRule, RefusesWhatIsNone) {
  for (const std::string text :
       {"", "C-1", "CET", "CET-", "CET-168", "CET-1CEST", "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1CEST,J0,J1",
        "CET-1CEST,366,1", "<>0", "<AB0", "CET-26:30", "CET-1:60", "CET--1"}) {
    EXPECT_FALSE(PosixRule::parse(text).has_value()) << text;
  }
}

// --- local times
// ----------------------------------------------------------------------------------

TEST(Zone, OfUtcNeedsNoFile) {
  const Zone utc;
  EXPECT_EQ(utc.name(), "UTC");
  EXPECT_EQ(utc.to_local(at(2026, 7, 1)), local(2026, 7, 1));
  EXPECT_EQ(utc.first_moment(local(2026, 7, 1)), at(2026, 7, 1));
}

TEST(Zone, LeavesOutWhatTheClockIsSetForwardPast) {
  const Zone zone = read({.offsets = {3600}, .rule = "\nCET-1CEST,M3.5.0,M10.5.0/3\n"});
  EXPECT_EQ(zone.first_moment(local(2026, 3, 29, 1, 59)), at(2026, 3, 29) + minutes(59));
  EXPECT_EQ(zone.first_moment(local(2026, 3, 29, 2)), std::nullopt);
  EXPECT_EQ(zone.first_moment(local(2026, 3, 29, 2, 59)), std::nullopt);
  EXPECT_EQ(zone.end_of_gap(local(2026, 3, 29, 2, 30)), local(2026, 3, 29, 3));
  EXPECT_EQ(zone.first_moment(local(2026, 3, 29, 3)), at(2026, 3, 29, 1));
}

TEST(Zone, TakesTheFirstOfTwo) {
  const Zone zone = read({.offsets = {3600}, .rule = "\nCET-1CEST,M3.5.0,M10.5.0/3\n"});
  EXPECT_EQ(zone.first_moment(local(2026, 10, 25, 2)), at(2026, 10, 25));
  EXPECT_EQ(zone.first_moment(local(2026, 10, 25, 2, 59)), at(2026, 10, 25) + minutes(59));
  EXPECT_EQ(zone.first_moment(local(2026, 10, 25, 3)), at(2026, 10, 25, 2));
  EXPECT_EQ(zone.to_local(at(2026, 10, 25)), zone.to_local(at(2026, 10, 25, 1)));
}

RC_GTEST_PROP(ZoneProperty, SpansJoinWithoutAGap, ()) {
  const auto rule = *rc::gen::element<std::string>(
      "CET-1CEST,M3.5.0,M10.5.0/3", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "AAA0BBB,59/0,60/0",
      "EST5EDT,0/0,J365/25", "EET-2EEST,M3.4.4/50,M10.4.4/50", "AAA12BBB-12,J1/0,J365/0");
  const auto zone = read({.changes = {{0, 1}, {1'000'000'000, 0}},
                          .offsets = {3600, -7200},
                          .rule = "\n" + rule + "\n"});
  const sys_seconds time(seconds(*rc::gen::inRange<std::int64_t>(-1'000'000'000, 9'000'000'000)));
  const auto span = zone.span_at(time);
  RC_ASSERT(span.begin <= time);
  RC_ASSERT(time < span.end);
  if (span.end != zone_time_max) {
    const auto next = zone.span_at(span.end);
    RC_ASSERT(next.begin == span.end);
    RC_ASSERT(zone.span_at(span.end - seconds(1)).begin == span.begin);
  }
  const auto first = zone.first_moment(zone.to_local(time));
  RC_ASSERT(first.has_value());
  RC_ASSERT(*first <= time);
  RC_ASSERT(zone.to_local(*first) == zone.to_local(time));
}

}  // namespace
}  // namespace colonnade::scheduler
