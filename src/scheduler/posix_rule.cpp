#include "scheduler/posix_rule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace colonnade::scheduler {

using std::chrono::seconds;
using std::chrono::sys_seconds;
using std::chrono::year;

// Takes the parts of a rule from the front of its text.
struct PosixRule::Reader {
  std::string_view rest;

  bool take(char wanted) {
    if (!rest.starts_with(wanted)) return false;
    rest.remove_prefix(1);
    return true;
  }

  // Three letters or more, or anything in angle brackets.
  bool take_name() {
    constexpr std::size_t letters_min = 3;
    std::size_t length = 0;
    if (rest.starts_with('<')) {
      length = rest.find('>');
      if (length == std::string_view::npos || length <= letters_min) return false;
      rest.remove_prefix(length + 1);
      return true;
    }
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    while (length < rest.size() && is_letter(rest[length])) ++length;
    rest.remove_prefix(length);
    return length >= letters_min;
  }

  std::optional<int> take_number(int min, int max) {
    int value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{} || rest.front() == '-' || value < min || value > max) return {};
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return value;
  }

  // [+-]h[h[h]][:mm[:ss]]
  std::optional<seconds> take_time() {
    constexpr int hours_max = 167;  // RFC 9636
    const bool negative = rest.starts_with('-');
    if (!take('-')) take('+');
    const auto hours = take_number(0, hours_max);
    if (!hours) return std::nullopt;
    int total = *hours * 3600;
    if (take(':')) {
      const auto minutes = take_number(0, 59);
      if (!minutes) return std::nullopt;
      total += *minutes * 60;
      if (take(':')) {
        const auto rest_seconds = take_number(0, 59);
        if (!rest_seconds) return std::nullopt;
        total += *rest_seconds;
      }
    }
    return seconds(negative ? -total : total);
  }

  // Mm.w.d, Jn or n, and perhaps /time
  std::optional<Date> take_date() {
    Date out;
    if (take('M')) {
      const auto month = take_number(1, 12);
      if (!month || !take('.')) return std::nullopt;
      const auto week = take_number(1, 5);
      if (!week || !take('.')) return std::nullopt;
      const auto weekday = take_number(0, 6);
      if (!weekday) return std::nullopt;
      out.month = *month;
      out.week = *week;
      out.weekday = *weekday;
    } else {
      out.kind = take('J') ? Date::Kind::day_without_leap : Date::Kind::day_from_zero;
      const bool from_one = out.kind == Date::Kind::day_without_leap;
      const auto day = take_number(from_one ? 1 : 0, 365);
      if (!day) return std::nullopt;
      out.day = *day;
    }
    out.time = std::chrono::hours(2);
    if (take('/')) {
      const auto time = take_time();
      if (!time) return std::nullopt;
      out.time = *time;
    }
    return out;
  }
};

std::optional<PosixRule> PosixRule::parse(std::string_view text) {
  Reader reader{text};
  PosixRule out;
  if (!reader.take_name()) return std::nullopt;
  const auto standard = reader.take_time();
  if (!standard) return std::nullopt;
  out.standard_ = -*standard;  // POSIX counts westward
  out.daylight_ = out.standard_ + std::chrono::hours(1);
  if (!reader.rest.empty()) {
    out.has_daylight_ = true;
    if (!reader.take_name()) return std::nullopt;
    if (!reader.rest.starts_with(',')) {
      const auto daylight = reader.take_time();
      if (!daylight) return std::nullopt;
      out.daylight_ = -*daylight;
    }
    if (!reader.take(',')) return std::nullopt;
    const auto begin = reader.take_date();
    if (!begin || !reader.take(',')) return std::nullopt;
    const auto end = reader.take_date();
    if (!end || !reader.rest.empty()) return std::nullopt;
    out.begin_ = *begin;
    out.end_ = *end;
  }
  const auto is_offset = [](seconds offset) {
    return offset >= zone_offset_min && offset <= zone_offset_max;
  };
  if (!is_offset(out.standard_) || !is_offset(out.daylight_)) return std::nullopt;
  return out;
}

std::chrono::local_seconds PosixRule::Date::in(year of) const {
  using std::chrono::days;
  using std::chrono::local_days;
  const local_days first{of / std::chrono::January / 1};
  switch (kind) {
    case Kind::day_from_zero: return first + days(day) + time;
    case Kind::day_without_leap: {
      constexpr int last_of_february = 59;
      const bool after = of.is_leap() && day > last_of_february;
      return first + days(after ? day : day - 1) + time;
    }
    case Kind::month_week: break;
  }
  const auto in_month = of / std::chrono::month(static_cast<unsigned>(month));
  const std::chrono::weekday on(static_cast<unsigned>(weekday));
  constexpr int last_week = 5;
  if (week == last_week) return local_days{in_month / on[std::chrono::last]} + time;
  return local_days{in_month / on[static_cast<unsigned>(week)]} + time;
}

ZoneSpan PosixRule::span_at(sys_seconds time) const {
  if (!has_daylight_) return {zone_time_min, zone_time_max, standard_};
  struct Change {
    sys_seconds at{};
    bool begins = false;  // daylight saving
    seconds offset{};
  };
  // A change lies a week at most outside of the year that it belongs to.
  constexpr int years_looked_at = 3;
  std::array<Change, static_cast<std::size_t>(2 * years_looked_at)> changes;
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  year of = date.year() - std::chrono::years(1);
  for (std::size_t i = 0; i < changes.size(); i += 2, ++of) {
    const auto utc = [](std::chrono::local_seconds local, seconds offset) {
      return sys_seconds(local.time_since_epoch() - offset);
    };
    changes[i] = {utc(end_.in(of), daylight_), false, standard_};
    changes[i + 1] = {utc(begin_.in(of), standard_), true, daylight_};
  }
  // Where daylight saving ends as it begins again, it goes on.
  std::ranges::sort(changes, {}, [](const Change& c) { return std::pair(c.at, c.begins); });
  const auto next = std::ranges::upper_bound(changes, time, {}, &Change::at);
  const auto& last = *std::prev(next);
  return {last.at, next == changes.end() ? zone_time_max : next->at, last.offset};
}

}  // namespace colonnade::scheduler
