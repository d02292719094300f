#include "base/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace colonnade::base {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t first_second = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t last_second = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

void put_digits(char* out, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Reads exactly `width` digits at the front of `text` and drops them.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// The part behind the seconds: a fraction, cut to microseconds. nullopt when a dot has no digits.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  std::int64_t micros = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (int i = digits; i < 6; ++i) micros *= 10;
  return micros;
}

// `Z` or ±hh:mm, as seconds east of UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take_char(text, "Zz")) return 0;
  const bool negative = !text.empty() && text.front() == '-';
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take_char(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = *hours * 3600 + *minutes * 60;
  return negative ? -seconds : seconds;
}

}  // namespace

std::string to_rfc3339(Time time) {
  std::int64_t days = time.micros / micros_per_day;
  std::int64_t rest = time.micros % micros_per_day;
  if (rest < 0) {
    rest += micros_per_day;
    --days;
  }
  const year_month_day date{sys_days{std::chrono::days{days}}};
  const std::int64_t seconds = rest / micros_per_second;
  std::string out = "0000-00-00T00:00:00.000000Z";
  put_digits(&out[0], static_cast<int>(date.year()), 4);
  put_digits(&out[5], static_cast<unsigned>(date.month()), 2);
  put_digits(&out[8], static_cast<unsigned>(date.day()), 2);
  put_digits(&out[11], seconds / 3600, 2);
  put_digits(&out[14], seconds / 60 % 60, 2);
  put_digits(&out[17], seconds % 60, 2);
  put_digits(&out[20], rest % micros_per_second, 6);
  return out;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const auto y = take_digits(text, 4);
  if (!y || !take_char(text, "-")) return std::nullopt;
  const auto mo = take_digits(text, 2);
  if (!mo || !take_char(text, "-")) return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d || !take_char(text, "Tt ")) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || !take_char(text, ":")) return std::nullopt;
  const auto mi = take_digits(text, 2);
  if (!mi || !take_char(text, ":")) return std::nullopt;
  const auto s = take_digits(text, 2);
  if (!s) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;

  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + *h * 3600 + *mi * 60 + *s - *offset;
  if (seconds < first_second || seconds > last_second) return std::nullopt;
  return Time{seconds * micros_per_second + *fraction};
}

Time TimeLine::at(Time wall, SteadyTime steady) {
  constexpr std::int64_t per_microsecond = 1000;
  constexpr std::int64_t catch_up_part = 10;  // of the time that passes
  std::int64_t next = wall.micros * per_microsecond;
  if (seen_) {
    const std::int64_t passed =
        std::max<std::int64_t>(std::chrono::nanoseconds(steady - *seen_).count(), 0);
    next = std::max(
        {next, nanoseconds_ + passed - passed / catch_up_part, nanoseconds_ + per_microsecond});
  }
  seen_ = steady;
  nanoseconds_ = next;
  return Time{next / per_microsecond};
}

Time SystemClock::now() {
  const std::lock_guard lock(mutex_);
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const Time wall{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
  return line_.at(wall, steady());
}

Time ManualClock::now() {
  const std::lock_guard lock(mutex_);
  return now_;
}

SteadyTime ManualClock::steady() {
  const std::lock_guard lock(mutex_);
  return steady_;
}

void ManualClock::advance(std::chrono::microseconds by) {
  const std::lock_guard lock(mutex_);
  now_ = now_ + by;
  steady_ += by;
}

void ManualClock::step(std::chrono::microseconds by) {
  const std::lock_guard lock(mutex_);
  now_ = now_ + by;
}

}  // namespace colonnade::base
