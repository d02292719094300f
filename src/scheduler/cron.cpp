#include "scheduler/cron.hpp"

#include <algorithm>
#include <bit>

#include "scheduler/cron_parser.hpp"

namespace colonnade::scheduler {

using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

namespace {

constexpr std::chrono::year last_year{9999};

// The lowest member of `set` that is `from` or more.
std::optional<unsigned> first_from(std::uint64_t set, unsigned from) {
  constexpr unsigned bits = 64;
  if (from >= bits || set >> from == 0) return std::nullopt;
  return from + static_cast<unsigned>(std::countr_zero(set >> from));
}

// The first time of day that matches, at `from` or later.
std::optional<seconds> first_time(const CronFields& fields, seconds from) {
  const auto total = static_cast<unsigned>(from.count());
  const unsigned hour = total / 3600;
  const unsigned minute = total / 60 % 60;
  const auto at = [](unsigned h, unsigned m, unsigned s) { return seconds(h * 3600 + m * 60 + s); };
  const auto first_second = static_cast<unsigned>(std::countr_zero(fields.seconds));
  const auto first_minute = static_cast<unsigned>(std::countr_zero(fields.minutes));
  if ((fields.hours >> hour & 1) != 0) {
    if ((fields.minutes >> minute & 1) != 0) {
      if (const auto second = first_from(fields.seconds, total % 60)) {
        return at(hour, minute, *second);
      }
    }
    if (const auto later = first_from(fields.minutes, minute + 1)) {
      return at(hour, *later, first_second);
    }
  }
  if (const auto later = first_from(fields.hours, hour + 1)) {
    return at(*later, first_minute, first_second);
  }
  return std::nullopt;
}

}  // namespace

base::Result<Cron> Cron::parse(std::string_view text, CronFlavor flavor, std::string_view field) {
  constexpr std::string_view blanks = " \t";
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(begin);
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  auto fields = parse_cron_fields(text, flavor, field);
  if (!fields) return base::fail(std::move(fields.error()));
  return Cron(std::string(text), *fields);
}

std::optional<local_seconds> Cron::next_local(local_seconds from) const {
  const local_days day = std::chrono::floor<std::chrono::days>(from);
  const year_month_day date{day};
  if (date.year() > last_year) return std::nullopt;
  const auto begin_of_month = date.year() / date.month();
  if (fields_.has_year(date.year())) {
    const std::uint64_t days = fields_.days_in(begin_of_month);
    const auto today = static_cast<unsigned>(date.day());
    if ((days >> today & 1) != 0) {
      if (const auto time = first_time(fields_, from - day)) return day + *time;
    }
    if (const auto later = first_from(days, today + 1)) {
      return local_days{begin_of_month / std::chrono::day(*later)} +
             *first_time(fields_, seconds(0));
    }
  }
  const auto end = std::min(date.year() + std::chrono::years(limits::cron_search_years), last_year);
  for (auto year = date.year(); year <= end; ++year) {
    if (!fields_.has_year(year)) continue;
    const unsigned first = year == date.year() ? static_cast<unsigned>(date.month()) + 1 : 1;
    for (unsigned month = first; month <= 12; ++month) {
      const auto in_month = year / std::chrono::month(month);
      if (const auto found = first_from(fields_.days_in(in_month), 1)) {
        return local_days{in_month / std::chrono::day(*found)} + *first_time(fields_, seconds(0));
      }
    }
  }
  return std::nullopt;
}

std::optional<sys_seconds> Cron::next(const Zone& zone, sys_seconds after) const {
  const ZoneSpan now = zone.span_at(after);
  local_seconds from(after.time_since_epoch() + now.offset + seconds(1));
  // A clock that was set back at the begin of this stretch: what it shows until it has caught up
  // was there before.
  if (now.begin > zone_time_min) {
    const auto before = zone.span_at(now.begin - seconds(1)).offset;
    from = std::max(from, local_seconds(now.begin.time_since_epoch() + before));
  }
  const local_seconds end = from + std::chrono::years(limits::cron_search_years);
  for (;;) {
    const auto local = next_local(from);
    if (!local || *local > end) return std::nullopt;
    const auto moment = zone.first_moment(*local);
    if (moment && *moment > after) return moment;
    from = moment ? *local + seconds(1) : zone.end_of_gap(*local);
  }
}

}  // namespace colonnade::scheduler
