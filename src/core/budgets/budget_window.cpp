#include "core/budgets/budget_window.hpp"

#include "core/enum_names.hpp"

#include <chrono>

namespace colonnade::core {
namespace {

namespace chrono = std::chrono;

using Moment = chrono::sys_time<chrono::microseconds>;

constexpr EnumNames<BudgetPeriod, 4> budget_periods{{{BudgetPeriod::day, "day"},
                                                     {BudgetPeriod::hour, "hour"},
                                                     {BudgetPeriod::month, "month"},
                                                     {BudgetPeriod::week, "week"}}};

base::Time time_of(Moment moment) { return {moment.time_since_epoch().count()}; }

Moment month_of(Moment at) {
  const chrono::year_month_day date{chrono::floor<chrono::days>(at)};
  return chrono::sys_days{date.year() / date.month() / 1};
}

Moment bucket_of(BudgetPeriod period, Moment at) {
  switch (period) {
    case BudgetPeriod::day: return chrono::floor<chrono::days>(at);
    case BudgetPeriod::month: return month_of(at);
    case BudgetPeriod::hour:
    case BudgetPeriod::week: break;
  }
  return chrono::floor<chrono::hours>(at);
}

// The first so many characters of "2026-05-12T09:…".
std::string cut_time(Moment at, std::size_t characters) {
  return base::to_rfc3339(time_of(at)).substr(0, characters);
}

}  // namespace

std::string_view to_string(BudgetPeriod period) { return enum_name(budget_periods, period); }

std::optional<BudgetPeriod> budget_period_from(std::string_view text) {
  return enum_value(budget_periods, text);
}

BudgetWindow budget_window(BudgetPeriod period, base::Time now) {
  constexpr std::size_t month_characters = 7;
  constexpr std::size_t day_characters = 10;
  constexpr std::size_t hour_characters = 13;
  const Moment at{chrono::microseconds(now.micros)};
  const Moment begin = bucket_of(period, at);
  switch (period) {
    case BudgetPeriod::day: return {cut_time(begin, day_characters), time_of(begin)};
    case BudgetPeriod::hour: return {cut_time(begin, hour_characters), time_of(begin)};
    case BudgetPeriod::month: return {cut_time(begin, month_characters), time_of(begin)};
    case BudgetPeriod::week: break;
  }
  const auto today = chrono::floor<chrono::days>(at);
  const auto sunday = today - chrono::days(chrono::weekday(today).c_encoding());
  return {"W" + cut_time(sunday, day_characters),
          time_of(chrono::floor<chrono::hours>(at - chrono::days(7)))};
}

base::Time budget_bucket(BudgetPeriod period, base::Time at) {
  return time_of(bucket_of(period, Moment{chrono::microseconds(at.micros)}));
}

}  // namespace colonnade::core
