#include "scheduler/cron_fields.hpp"

namespace colonnade::scheduler {
namespace {

// The bits `first` to `last`.
constexpr std::uint64_t bits_between(unsigned first, unsigned last) {
  return (std::uint64_t{2} << last) - (std::uint64_t{1} << first);
}

// Weekdays as the days 1 to 31 of a month that begins on `first`.
std::uint64_t days_on(std::uint64_t weekdays, unsigned first) {
  constexpr unsigned week = 7;
  const std::uint64_t from_first =
      (weekdays >> first | weekdays << (week - first)) & bits_between(0, week - 1);
  constexpr std::uint64_t five_weeks = 1 | 1ULL << 7 | 1ULL << 14 | 1ULL << 21 | 1ULL << 28;
  return from_first * five_weeks << 1;
}

}  // namespace

std::uint64_t CronFields::days_in(std::chrono::year_month month) const {
  if ((months >> static_cast<unsigned>(month.month()) & 1) == 0) return 0;
  const auto last = static_cast<unsigned>((month / std::chrono::last).day());
  const std::uint64_t all = bits_between(1, last);
  const unsigned first = std::chrono::weekday(std::chrono::local_days(month / 1)).c_encoding();

  std::uint64_t by_date = days;
  if (last_day) by_date |= std::uint64_t{1} << last;
  std::uint64_t by_weekday = days_on(weekdays, first);
  by_weekday |= days_on(last_weekdays, first) & bits_between(last - 6, last);
  for (unsigned i = 0; i < nth_weekdays.size(); ++i) {
    by_weekday |= days_on(nth_weekdays[i], first) & bits_between(7 * i + 1, 7 * i + 7);
  }
  if (every_day && every_weekday) return all;
  if (every_day) return by_weekday & all;
  if (every_weekday) return by_date & all;
  return (both_days_count ? by_date & by_weekday : by_date | by_weekday) & all;
}

bool CronFields::has_year(std::chrono::year year) const {
  if (every_year) return true;
  const int number = static_cast<int>(year);
  if (number < limits::cron_year_min || number > limits::cron_year_max) return false;
  return years.test(static_cast<std::size_t>(number - limits::cron_year_min));
}

bool CronFields::has_any_day() const {
  const std::chrono::year first(limits::cron_year_min);
  const std::chrono::year end = first + std::chrono::years(limits::cron_search_years);
  for (auto year = first; year < end; ++year) {
    if (!has_year(year)) continue;
    for (unsigned month = 1; month <= 12; ++month) {
      if (days_in(year / std::chrono::month(month)) != 0) return true;
    }
  }
  return false;
}

}  // namespace colonnade::scheduler
