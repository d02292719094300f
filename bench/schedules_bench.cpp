// What schedules cost: reading expressions, finding due times, 10,000 of them waiting, and how late
// a due time's job is stored. Prints "<name> <number>" lines. Usage: schedules_bench SECONDS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "base/clock_wall.hpp"
#include "base/ids.hpp"
#include "base/lane.hpp"
#include "core/events/event_feed.hpp"
#include "core/jobs/job_bell.hpp"
#include "core/jobs/job_schedules.hpp"
#include "core/jobs/schedule_runner.hpp"
#include "core/stores.hpp"
#include "harness/statistics.hpp"
#include "scheduler/job_due_times.hpp"
#include "scheduler/schedule.hpp"
#include "scheduler/zones.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::bench {
namespace {

using namespace std::chrono_literals;
using base::Time;
using scheduler::Cron;
using scheduler::CronFlavor;

constexpr std::size_t schedules_waiting = 10'000;
constexpr double measured_seconds = 0.5;

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Microseconds of this thread's processor time that one call takes.
template <class Call>
double micros_each(Call call) {
  std::size_t calls = 0;
  const double begin = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  double used = 0;
  while (used < measured_seconds) {
    for (int i = 0; i < 100; ++i) call();
    calls += 100;
    used = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
  }
  return used * 1e6 / static_cast<double>(calls);
}

void print(const std::string& name, double value) { std::printf("%s %.4f\n", name.c_str(), value); }

scheduler::Schedule cron(scheduler::Zones& zones, const char* text, const char* zone) {
  return scheduler::CronSchedule{Cron::parse(text, CronFlavor::classic).value(),
                                 zones.zone(zone).value()};
}

void measure_due_times() {
  struct Case {
    const char* name;
    const char* text;
    const char* zone;
  };
  constexpr Case cases[]{
      {"next_daily_micros", "0 8 * * *", "Europe/Berlin"},
      {"next_minutely_micros", "*/5 * * * *", "America/New_York"},
      {"next_leap_day_micros", "0 0 29 2 *", "Europe/Berlin"},
      {"next_skipped_micros", "30 2 29 3 *", "Europe/Berlin"},
  };
  scheduler::Zones zones;
  for (const Case& c : cases) {
    const auto schedule = cron(zones, c.text, c.zone);
    Time after{1'774'700'000'000'000};
    const auto find = [&] {
      const auto next = next_due(schedule, after);
      if (!next) throw std::runtime_error(c.name);
      after = *next;
      if (after.micros > 4'000'000'000'000'000) after = {1'774'700'000'000'000};
    };
    print(c.name, micros_each(find));
  }
  const auto parse = [] {
    if (!Cron::parse("*/15 9-17 1,15 jan-jun mon-fri", CronFlavor::classic)) std::abort();
  };
  print("parse_micros", micros_each(parse));
  const auto decade = cron(zones, "*/5 * * * *", "America/New_York");
  const auto latest = [&] {
    const Time from{1'500'000'000'000'000};
    if (!latest_due(decade, from, from + std::chrono::hours(87'600))) std::abort();
  };
  print("latest_in_a_decade_micros", micros_each(latest));
  const double begin = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  if (!scheduler::Zones().zone("Europe/London")) throw std::runtime_error("no tzdata");
  print("open_zone_micros", (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - begin) * 1e6);
}

// Notes how late each job of a schedule was stored.
class StoredJobs final : public core::FeedListener {
 public:
  explicit StoredJobs(base::Clock& clock) : clock_(clock) {}
  void jobs_changed(const core::JobChange& change) override {
    const auto* inserted = std::get_if<core::InsertJob>(&change.what);
    if (inserted == nullptr || !inserted->job.origin.due_at) return;
    const auto late = clock_.now() - *inserted->job.origin.due_at;
    const std::lock_guard lock(mutex_);
    late_micros_.push_back(static_cast<double>(late.count()));
    if (late_micros_.size() == wanted) done->complete(true);
  }
  std::vector<double> late_micros() const {
    const std::lock_guard lock(mutex_);
    return late_micros_;
  }

  std::size_t wanted = 0;
  std::shared_ptr<base::Completion<bool>> done = std::make_shared<base::Completion<bool>>();

 private:
  base::Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<double> late_micros_{};
};

base::Task<void> run(core::ScheduleRunner* runner, std::stop_token stop,
                     std::shared_ptr<base::Completion<bool>> ended) {
  co_await runner->run(std::move(stop));
  ended->complete(true);
}

class StoreFolder {
 public:
  StoreFolder()
      : path_(std::filesystem::temp_directory_path() / ("colonnade-" + base::random_hex(8))) {
    std::filesystem::create_directories(path_);
  }
  ~StoreFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file() const { return (path_ / "store").string(); }

 private:
  std::filesystem::path path_;
};

// One account has 1,000 of them.
core::JobSchedule due_once(std::size_t number, Time due) {
  const std::string user = "user-" + std::to_string(number / limits::schedules_per_account);
  return {.id = "schedule-" + std::to_string(number),
          .owner = {core::Scope::main(), user},
          .job = {.task = "measured",
                  .work = {.kind = core::JobHandlerKind::internal, .name = "measured"}},
          .timing = {.kind = core::JobTimingKind::once, .text = base::to_rfc3339(due)},
          .created_at = due - 1h,
          .updated_at = due - 1h,
          .next_due_at = due};
}

// 10,000 that are not due, and some that are, at moments of their own.
void measure_waiting(std::chrono::seconds duration) {
  const StoreFolder folder;
  auto store = storage::sqlite::Store::open(folder.file(),
                                            {.durability = storage::sqlite::Durability::full});
  if (!store) throw std::runtime_error(store.error().message);
  base::Lanes lanes(2);
  base::WallClock clock;
  core::JobBell bell;
  StoredJobs stored(clock);
  const core::Stores stores = (*store)->stores();
  core::EventFeed feed(lanes, stores.events, stores.journal, {&bell, &stored});
  scheduler::Zones zones;
  const scheduler::JobDueTimes due_times(zones);
  core::JobSchedules schedules(stores.jobs, feed, clock, due_times);
  const auto insert = [&](std::size_t from, std::size_t count, Time first, auto step) {
    core::Unit unit{.scope = core::Scope::main()};
    for (std::size_t i = 0; i < count; ++i) {
      unit.changes.emplace_back(core::job_change(core::InsertSchedule{
          .schedule = due_once(from + i, first + static_cast<int>(i) * step)}));
    }
    const auto inserted = base::run_on(lanes[1], feed.commit(std::move(unit)));
    if (!inserted) throw std::runtime_error(inserted.error().message);
  };
  insert(0, schedules_waiting, clock.now() + 1h, 1ms);
  std::stop_source stop;
  const auto ended = std::make_shared<base::Completion<bool>>();
  {
    core::ScheduleRunner runner(schedules, clock, bell);
    lanes[0].spawn("schedules", run(&runner, stop.get_token(), ended));
    const double cpu_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    base::run_on(lanes[1], base::sleep_for(duration, std::stop_token()));
    const double used = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
    print("idle_cpu_percent", 100 * used / static_cast<double>(duration.count()));

    stored.wanted = 400;
    insert(schedules_waiting, stored.wanted, clock.now() + 250ms, 7321us);
    base::run_on(lanes[1], stored.done->wait());
    stop.request_stop();
    base::run_on(lanes[1], ended->wait());
  }
  auto late = stored.late_micros();
  print("late_median_micros", median(late));
  print("late_p99_micros", percentile(late, 0.99));
  print("late_most_micros", percentile(late, 1));
  (*store)->close();
  lanes.stop();
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 30;
  try {
    colonnade::bench::measure_due_times();
    colonnade::bench::measure_waiting(std::chrono::seconds(seconds));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "schedules_bench: %s\n", failure.what());
    return 1;
  }
}
