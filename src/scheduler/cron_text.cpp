#include "scheduler/cron_text.hpp"

#include <array>
#include <bit>
#include <functional>
#include <string_view>
#include <vector>

namespace colonnade::scheduler {
namespace {

constexpr std::array month_words{"",        "January",  "February", "March",  "April",
                                 "May",     "June",     "July",     "August", "September",
                                 "October", "November", "December"};
constexpr std::array weekday_words{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
constexpr std::array nth_words{"first", "second", "third", "fourth", "fifth"};

using Namer = std::function<std::string(int)>;

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

std::vector<int> members(std::uint64_t set) {
  std::vector<int> out;
  for (; set != 0; set &= set - 1) out.push_back(std::countr_zero(set));
  return out;
}

// 1 and 15; 9 through 17.
std::string listed(const std::vector<int>& numbers, const Namer& name) {
  constexpr std::size_t range_min = 3;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (end - i < range_min) end = i + 1;
    words.push_back(name(numbers[i]));
    if (end - i > 1) words.back() += " through " + name(numbers[end - 1]);
    i = end;
  }
  return joined(words);
}

std::string listed(std::uint64_t set, const Namer& name) { return listed(members(set), name); }

std::string number_of(int number) { return std::to_string(number); }
std::string month_of(int number) { return month_words.at(static_cast<std::size_t>(number)); }
std::string weekday_of(int number) { return weekday_words.at(static_cast<std::size_t>(number)); }

std::string plural(std::string_view noun, std::uint64_t set) {
  return std::string(noun) + (std::popcount(set) == 1 ? " " : "s ");
}

// n when the set is 0, n, 2n and so on below `count`; 1 is all. 0 for other sets.
int step_of(std::uint64_t set, int count) {
  const auto numbers = members(set);
  if (numbers.size() < 2 || numbers.front() != 0) return 0;
  const int step = numbers[1];
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] - numbers[i - 1] != step) return 0;
  }
  return numbers.back() + step >= count ? step : 0;
}

// every minute; every 15 minutes; at minutes 5 and 35
std::string unit_phrase(std::string_view noun, std::uint64_t set, int count) {
  const int step = step_of(set, count);
  if (step == 1) return "every " + std::string(noun);
  if (step > 1) return "every " + std::to_string(step) + " " + std::string(noun) + "s";
  return "at " + plural(noun, set) + listed(set, number_of);
}

std::string time_phrase(const CronFields& fields) {
  constexpr int sixty = 60;
  constexpr int day_hours = 24;
  constexpr int times_max = 4;
  const bool whole_minutes = fields.seconds == 1;
  const int hour_step = step_of(fields.hours, day_hours);
  if (std::has_single_bit(fields.seconds) && std::has_single_bit(fields.minutes) &&
      std::popcount(fields.hours) <= times_max) {
    const auto time = [&](int hour) {
      std::string out = two_digits(hour) + ":" + two_digits(std::countr_zero(fields.minutes));
      if (!whole_minutes) out += ":" + two_digits(std::countr_zero(fields.seconds));
      return out;
    };
    std::vector<std::string> times;
    for (const int hour : members(fields.hours)) times.push_back(time(hour));
    return "at " + joined(times);
  }
  std::string out;
  const bool every_minute = step_of(fields.minutes, sixty) == 1;
  if (!whole_minutes) {
    out = unit_phrase("second", fields.seconds, sixty);
    if (every_minute && step_of(fields.seconds, sixty) == 0) out += " of every minute";
  }
  if (whole_minutes || !every_minute) {
    if (!out.empty()) out += ", ";
    out += unit_phrase("minute", fields.minutes, sixty);
  }
  if (hour_step == 1) {
    return every_minute || step_of(fields.minutes, sixty) > 1 ? out : out + " of every hour";
  }
  if (hour_step > 1) return out + ", every " + std::to_string(hour_step) + " hours";
  return out + ", in " + plural("hour", fields.hours) + listed(fields.hours, number_of);
}

std::string date_phrase(const CronFields& fields) {
  std::vector<std::string> words;
  if (fields.days != 0) {
    words.push_back("on " + plural("day", fields.days) + listed(fields.days, number_of) +
                    " of the month");
  }
  if (fields.last_day) words.emplace_back("on the last day of the month");
  return joined(words);
}

std::string weekday_phrase(const CronFields& fields) {
  std::vector<std::string> words;
  if (fields.weekdays != 0) words.push_back(listed(fields.weekdays, weekday_of));
  for (std::size_t i = 0; i < fields.nth_weekdays.size(); ++i) {
    if (fields.nth_weekdays[i] == 0) continue;
    words.push_back("the " + std::string(nth_words.at(i)) + " " +
                    listed(fields.nth_weekdays[i], weekday_of) + " of the month");
  }
  if (fields.last_weekdays != 0) {
    words.push_back("the last " + listed(fields.last_weekdays, weekday_of) + " of the month");
  }
  return joined(words);
}

std::string day_phrase(const CronFields& fields) {
  if (fields.every_day && fields.every_weekday) return "";
  if (fields.every_day) return ", " + weekday_phrase(fields);
  if (fields.every_weekday) return ", " + date_phrase(fields);
  return ", " + date_phrase(fields) + (fields.both_days_count ? " if it is " : " or ") +
         weekday_phrase(fields);
}

std::string year_phrase(const CronFields& fields) {
  if (fields.every_year) return "";
  std::vector<int> years;
  for (std::size_t i = 0; i < fields.years.size(); ++i) {
    if (fields.years.test(i)) years.push_back(static_cast<int>(i) + limits::cron_year_min);
  }
  return ", in " + listed(years, number_of);
}

}  // namespace

std::string describe(const Cron& cron) {
  const CronFields& fields = cron.fields();
  constexpr std::uint64_t all_months = 0x1ffe;
  std::string out = time_phrase(fields) + day_phrase(fields);
  if (fields.months != all_months) out += ", in " + listed(fields.months, month_of);
  out += year_phrase(fields);
  out.front() = static_cast<char>(out.front() - 'a' + 'A');
  return out;
}

}  // namespace colonnade::scheduler
