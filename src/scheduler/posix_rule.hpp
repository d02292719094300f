// The rule at the end of a time zone's file: what holds after its last transition, for ever. It is
// written as POSIX's variable TZ, with the extensions of RFC 9636 §3.3.1:
// CET-1CEST,M3.5.0,M10.5.0/3
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "scheduler/zone_span.hpp"

namespace colonnade::scheduler {

class PosixRule {
 public:
  // nullopt when the text is no such rule.
  static std::optional<PosixRule> parse(std::string_view text);

  // The stretch that holds `time`, as if the rule had always been in force. Years -9999 to 9999.
  ZoneSpan span_at(std::chrono::sys_seconds time) const;

 private:
  // One day of each year, and when on it.
  struct Date {
    enum class Kind { month_week, day_without_leap, day_from_zero };
    Kind kind = Kind::month_week;
    int month = 0;
    int week = 0;  // 1 to 5; 5 is the last
    int weekday = 0;
    int day = 0;
    std::chrono::seconds time{};  // after midnight, by the clock before the change; may be negative

    std::chrono::local_seconds in(std::chrono::year year) const;
  };
  struct Reader;

  std::chrono::seconds standard_{};
  std::chrono::seconds daylight_{};
  bool has_daylight_ = false;
  Date begin_{};  // of daylight saving
  Date end_{};
};

}  // namespace colonnade::scheduler
