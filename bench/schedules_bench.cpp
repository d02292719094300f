// What schedules cost: reading expressions, finding due times, 10,000 of them waiting, and how late
// a due time is told. Prints "<name> <number>" lines. Usage: schedules_bench SECONDS
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock_wall.hpp"
#include "base/lane.hpp"
#include "harness/statistics.hpp"
#include "scheduler/schedule.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/zones.hpp"

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

// Answers at once, and notes how late it was asked.
class NotedClaims final : public scheduler::DueClaims {
 public:
  base::Task<base::Result<std::vector<scheduler::ClaimedSchedule>>> claim(
      std::vector<scheduler::DueTime> due, Time now) override {
    for (const auto& one : due) late_micros.push_back(static_cast<double>((now - one.due).count()));
    if (late_micros.size() == wanted) done->complete(true);
    co_return std::vector<scheduler::ClaimedSchedule>{};
  }

  std::size_t wanted = 0;
  std::vector<double> late_micros{};
  std::shared_ptr<base::Completion<bool>> done = std::make_shared<base::Completion<bool>>();
};

base::Task<void> run(scheduler::Scheduler* scheduler, std::stop_token stop,
                     std::shared_ptr<base::Completion<bool>> ended) {
  co_await scheduler->run(std::move(stop));
  ended->complete(true);
}

// 10,000 that are not due, and some that are, at moments of their own.
void measure_waiting(std::chrono::seconds duration) {
  base::Lanes lanes(2);
  base::WallClock clock;
  scheduler::LaneWaiting waiting;
  NotedClaims claims;
  scheduler::Scheduler scheduler(clock, waiting, claims);
  const auto bytes = [] { return static_cast<double>(::mallinfo2().uordblks); };
  const double bytes_before = bytes();
  for (std::size_t i = 0; i < schedules_waiting; ++i) {
    scheduler.set("0123456789abcdef0123456789abc" + std::to_string(i),
                  clock.now() + 1h + static_cast<int>(i) * 1ms);
  }
  print("bytes_each", (bytes() - bytes_before) / static_cast<double>(schedules_waiting));
  std::stop_source stop;
  const auto ended = std::make_shared<base::Completion<bool>>();
  lanes[0].spawn("scheduler", run(&scheduler, stop.get_token(), ended));

  const double cpu_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  base::run_on(lanes[1], base::sleep_for(duration, std::stop_token()));
  const double used = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  print("idle_cpu_percent", 100 * used / static_cast<double>(duration.count()));

  claims.wanted = 400;
  const auto first = clock.now() + 50ms;
  for (std::size_t i = 0; i < claims.wanted; ++i) {
    scheduler.set("due " + std::to_string(i), first + static_cast<int>(i) * 7321us);
  }
  base::run_on(lanes[1], claims.done->wait());
  print("late_median_micros", median(claims.late_micros));
  print("late_p99_micros", percentile(claims.late_micros, 0.99));
  print("late_most_micros", percentile(claims.late_micros, 1));
  stop.request_stop();
  base::run_on(lanes[1], ended->wait());
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
