#include <algorithm>
#include <optional>
#include <stdexcept>

#include "check_jobs.hpp"

namespace colonnade::kill {
namespace {

constexpr std::int64_t second = 1'000'000;
// A server that is there may be busy; one that leaves a schedule alone for longer has lost it.
constexpr std::int64_t late_max = 10 * second;

struct Schedule {
  std::string id{};
  std::string name{};
  std::int64_t period = 0;
  std::optional<std::int64_t> anchor{};  // of an interval; none: whole seconds
  bool counts = false;                   // one job stands for all that it makes good
  std::int64_t last_due = 0;
};

struct Fired {
  std::string job{};
  std::int64_t due = 0;
  std::optional<std::int64_t> before{};
  std::int64_t times = 0;
  std::int64_t at = 0;
};

[[noreturn]] void broken(const Schedule& schedule, const Fired& fired, const std::string& what) {
  throw std::logic_error("schedule " + schedule.name + " " + schedule.id + ", job " + fired.job +
                         " of " + std::to_string(fired.due) + ": " + what);
}

std::optional<std::int64_t> optional_number(const std::string& cell) {
  return cell.empty() ? std::nullopt : std::optional<std::int64_t>(std::stoll(cell));
}

std::vector<Schedule> schedules_of_load(const StoreView& store) {
  std::vector<Schedule> out;
  store.each(
      "SELECT id, name, timing, timing_text, created_at, misfire, misfire_in_one_job,"
      " coalesce(last_due_at, 0) FROM job_schedules WHERE scope <> '*/*/*' ORDER BY no",
      {}, [&](const StoreView::Row& row) {
        Schedule one{.id = row.at(0), .name = row.at(1), .last_due = std::stoll(row.at(7))};
        const std::string& text = row.at(3);
        if (row.at(2) == "interval") {
          one.period = std::stoll(text) * second;
          one.anchor = std::stoll(row.at(4));
        } else {  // "* * * * * *", "*/2 * * * * *"
          one.period = (text.starts_with("*/") ? std::stoll(text.substr(2)) : 1) * second;
        }
        one.counts = row.at(5) == "catch_up" && row.at(6) == "1";
        out.push_back(std::move(one));
      });
  return out;
}

std::vector<Fired> fired_by(const StoreView& store, const Schedule& schedule) {
  std::vector<Fired> out;
  store.each(
      "SELECT id, schedule_due_at, schedule_due_before, schedule_due_times, created_at FROM jobs"
      " WHERE schedule_id = ?1 ORDER BY schedule_due_at, no",
      {schedule.id}, [&](const StoreView::Row& row) {
        out.push_back({.job = row.at(0),
                       .due = std::stoll(row.at(1)),
                       .before = optional_number(row.at(2)),
                       .times = std::stoll(row.at(3)),
                       .at = std::stoll(row.at(4))});
      });
  return out;
}

// Whether one server was there all the time.
bool lived_through(const std::vector<Life>& lives, std::int64_t from, std::int64_t to) {
  return std::ranges::any_of(
      lives, [from, to](const Life& one) { return one.from <= from && to <= one.to; });
}

void check_due_time(const Schedule& schedule, const Fired& fired,
                    const std::optional<std::int64_t>& before) {
  if (before && fired.due == *before) broken(schedule, fired, "fired twice");
  if (fired.before != before) {
    broken(schedule, fired,
           "it came after " + std::to_string(fired.before.value_or(0)) +
               ", and the job before it is of " + std::to_string(before.value_or(0)));
  }
  if ((fired.due - schedule.anchor.value_or(0)) % schedule.period != 0) {
    broken(schedule, fired, "that is no due time");
  }
  const std::int64_t late = fired.at - fired.due;
  if (late < 0 || late >= schedule.period) {
    broken(
        schedule, fired,
        "made at " + std::to_string(fired.at) + ", when that was not the newest one that was due");
  }
}

void count_left_out(const Schedule& schedule, const Fired& fired, std::int64_t before,
                    const std::vector<Life>& lives, DueCounts& counts) {
  const auto left_out = static_cast<std::size_t>((fired.due - before) / schedule.period - 1);
  if (left_out == 0) return;
  const std::int64_t first = before + schedule.period;
  if (!lived_through(lives, first, fired.at)) {
    counts.skipped_dead += left_out;
    return;
  }
  counts.skipped_late += left_out;
  if (fired.at - first > late_max) {
    broken(schedule, fired,
           "the server was there, and nothing was done from " + std::to_string(first) + " to " +
               std::to_string(fired.at));
  }
}

void check_schedule(const StoreView& store, const Schedule& schedule,
                    const std::vector<Life>& lives, DueCounts& counts) {
  const std::vector<Fired> all = fired_by(store, schedule);
  if (all.empty()) throw std::logic_error("schedule " + schedule.name + " has never fired");
  std::optional<std::int64_t> before;
  for (const Fired& fired : all) {
    check_due_time(schedule, fired, before);
    // The first due time of an interval is one period after its anchor.
    const std::int64_t from =
        before.value_or(schedule.anchor.value_or(fired.due - schedule.period));
    const std::int64_t passed = (fired.due - from) / schedule.period;
    if (fired.times != (schedule.counts ? passed : 1)) {
      broken(schedule, fired,
             "it stands for " + std::to_string(fired.times) + " due times, and " +
                 std::to_string(passed) + " had passed");
    }
    ++counts.jobs;
    counts.due_times += static_cast<std::size_t>(passed);
    if (schedule.counts) {
      counts.counted += static_cast<std::size_t>(passed - 1);
    } else {
      count_left_out(schedule, fired, from, lives, counts);
    }
    before = fired.due;
  }
  if (schedule.last_due != all.back().due) {
    throw std::logic_error("schedule " + schedule.name + " says that it fired for " +
                           std::to_string(schedule.last_due) + " last, and its last job is of " +
                           std::to_string(all.back().due));
  }
}

}  // namespace

DueCounts check_due_times(const StoreView& store, const std::vector<Life>& lives) {
  store.none("no due time was without room",
             "SELECT id, last_error FROM job_schedules WHERE last_error <> ''");
  DueCounts out;
  for (const Schedule& schedule : schedules_of_load(store)) {
    check_schedule(store, schedule, lives, out);
  }
  return out;
}

}  // namespace colonnade::kill
