#include "scheduler/schedule.hpp"

#include <algorithm>
#include <string>
#include <type_traits>

#include "scheduler/limits.hpp"

namespace colonnade::scheduler {

using base::Time;
using std::chrono::microseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

// Outside of these years nothing is due; calendars inside can count on them.
constexpr sys_seconds schedule_time_min{
    std::chrono::sys_days(std::chrono::year(1) / std::chrono::January / 1)};
constexpr sys_seconds schedule_time_max{
    std::chrono::sys_days(std::chrono::year(9999) / std::chrono::December / 31)};

Time to_time(sys_seconds time) { return {microseconds(time.time_since_epoch()).count()}; }

sys_seconds to_seconds(Time time) {
  return sys_seconds(std::chrono::floor<seconds>(microseconds(time.micros)));
}

std::optional<Time> next_of(const CronSchedule& schedule, Time after) {
  const sys_seconds from = std::max(to_seconds(after), schedule_time_min);
  if (from >= schedule_time_max) return std::nullopt;
  const auto found = schedule.cron.next(*schedule.zone, from);
  if (!found) return std::nullopt;
  return to_time(*found);
}

std::optional<Time> next_of(const IntervalSchedule& schedule, Time after) {
  if (after < schedule.anchor) return schedule.anchor;
  if (to_seconds(after) >= schedule_time_max) return std::nullopt;
  const auto passed = (after - schedule.anchor) / schedule.period;
  return schedule.anchor + (passed + 1) * schedule.period;
}

std::optional<Time> next_of(const OneTime& schedule, Time after) {
  if (schedule.at <= after) return std::nullopt;
  return schedule.at;
}

// By halving: the newest moment whose next due time is not later than `until`.
std::optional<Time> latest_of(const CronSchedule& schedule, Time after, Time until) {
  auto found = next_of(schedule, after);
  if (!found || *found > until) return std::nullopt;
  sys_seconds low = to_seconds(*found);  // due, and not later than `until`
  sys_seconds high = to_seconds(until);  // its next is later
  while (low < high) {
    const auto next = next_of(schedule, to_time(low + (high - low) / 2));
    if (next && *next <= until) {
      low = to_seconds(*next);
    } else {
      high = low + (high - low) / 2;
    }
  }
  return to_time(low);
}

std::optional<Time> latest_of(const IntervalSchedule& schedule, Time after, Time until) {
  if (until < schedule.anchor || until <= after) return std::nullopt;
  const Time latest =
      schedule.anchor + (until - schedule.anchor) / schedule.period * schedule.period;
  if (latest <= after) return std::nullopt;
  return latest;
}

std::optional<Time> latest_of(const OneTime& schedule, Time after, Time until) {
  if (schedule.at <= after || schedule.at > until) return std::nullopt;
  return schedule.at;
}

}  // namespace

base::Result<IntervalSchedule> make_interval(Time anchor, microseconds period,
                                             std::string_view field) {
  if (period < limits::interval_min || period > limits::interval_max) {
    const auto in_seconds = [](auto limit) { return std::to_string(seconds(limit).count()); };
    return base::fail(base::ErrorKind::invalid,
                      "an interval has " + in_seconds(limits::interval_min) + " to " +
                          in_seconds(limits::interval_max) + " seconds",
                      std::string(field));
  }
  return IntervalSchedule{anchor, period};
}

std::optional<Time> next_due(const Schedule& schedule, Time after) {
  return std::visit([&](const auto& kind) { return next_of(kind, after); }, schedule);
}

std::vector<Time> preview(const Schedule& schedule, Time after, std::size_t count) {
  std::vector<Time> out;
  count = std::min(count, limits::preview_times_max);
  while (out.size() < count) {
    const auto next = next_due(schedule, out.empty() ? after : out.back());
    if (!next) break;
    out.push_back(*next);
  }
  return out;
}

std::optional<Time> latest_due(const Schedule& schedule, Time after, Time until) {
  return std::visit([&](const auto& kind) { return latest_of(kind, after, until); }, schedule);
}

}  // namespace colonnade::scheduler
