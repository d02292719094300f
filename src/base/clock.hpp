// Time. Inside, a moment is UTC microseconds; dialects format it at their edge.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace colonnade::base {

// A moment: microseconds since 1970-01-01T00:00:00Z.
struct Time {
  std::int64_t micros = 0;
  auto operator<=>(const Time&) const = default;
};

inline Time operator+(Time t, std::chrono::microseconds d) { return {t.micros + d.count()}; }
inline Time operator-(Time t, std::chrono::microseconds d) { return {t.micros - d.count()}; }
inline std::chrono::microseconds operator-(Time a, Time b) {
  return std::chrono::microseconds(a.micros - b.micros);
}

// RFC 3339 in UTC with exactly six fractional digits: 2026-05-24T05:33:44.601602Z.
std::string to_rfc3339(Time time);

// Any RFC 3339 date-time: any fraction length (digits past the sixth are cut), `Z` or an offset,
// `T`, `t` or one space between date and time. nullopt for anything else, and for moments that are
// not in the years 0000 to 9999 of UTC, which to_rfc3339 could not write.
std::optional<Time> parse_rfc3339(std::string_view text);

// For durations within this process: it never steps, whatever the machine's clock is set to.
using SteadyTime = std::chrono::steady_clock::time_point;

// Where core gets the time from. Thread-safe.
//
// What is shown or stored is a now(): a stored deadline means a date, and follows when the clock is
// set forward. How long something in memory lasts (a code, a window of attempts, a session) is
// measured by steady().
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() = 0;
  virtual SteadyTime steady() = 0;
};

// Moments that never go back and never stand still, made of a wall clock, which may be set, and a
// steady one. After a step back they go on slower than time does, until the wall clock is there:
// deadlines end a tenth late at most, not late by the step. Not thread-safe.
class TimeLine {
 public:
  // Later than every moment before, by a microsecond at least.
  Time at(Time wall, SteadyTime steady);

 private:
  std::int64_t nanoseconds_ = 0;  // since 1970-01-01T00:00:00Z
  std::optional<SteadyTime> seen_{};
};

// The machine's clock. Strictly increasing across all callers of one object: two events never get
// the same microsecond, so creation time orders what one process made.
class SystemClock final : public Clock {
 public:
  Time now() override;
  SteadyTime steady() override { return std::chrono::steady_clock::now(); }

 private:
  std::mutex mutex_;
  TimeLine line_;
};

// Stands still until told otherwise; for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = {1'700'000'000'000'000}) : now_(start) {}
  Time now() override;
  SteadyTime steady() override;
  // Time passes.
  void advance(std::chrono::microseconds by);
  // Somebody sets the clock, forward or back; no time passes.
  void step(std::chrono::microseconds by);

 private:
  std::mutex mutex_;
  Time now_;
  SteadyTime steady_{std::chrono::hours(1)};
};

}  // namespace colonnade::base
