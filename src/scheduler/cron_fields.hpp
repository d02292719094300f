// What a cron expression says, as sets of numbers.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "scheduler/limits.hpp"

namespace colonnade::scheduler {

struct CronFields {
  // Bit n stands for the value n.
  std::uint64_t seconds = 0;
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;  // of the month, from 1
  bool last_day = false;   // the month's last one, besides
  std::uint64_t months = 0;
  std::uint64_t weekdays = 0;                   // Sunday is 0
  std::uint64_t last_weekdays = 0;              // the month's last of these
  std::array<std::uint64_t, 5> nth_weekdays{};  // the month's first, second … fifth of these
  std::bitset<limits::cron_year_max - limits::cron_year_min + 1> years{};  // from cron_year_min

  bool every_day = false;        // the day of month is `*`, and says nothing
  bool every_weekday = false;    // the weekday is `*`, and says nothing
  bool every_year = true;        // there is no year field, or it is `*`
  bool both_days_count = false;  // day of month and weekday must match, not one of them

  bool operator==(const CronFields&) const = default;

  // The days of that month that match, bit n for day n; none when the month does not match. Looks
  // at no year field.
  std::uint64_t days_in(std::chrono::year_month month) const;
  bool has_year(std::chrono::year year) const;
  // Whether any day of any year matches.
  bool has_any_day() const;
};

}  // namespace colonnade::scheduler
