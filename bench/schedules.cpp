
#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr double idle_percent_max = 1;
constexpr double late_micros_max = 100'000;

struct ScheduleFigure {
  const char* name;
  const char* words;
};
constexpr ScheduleFigure schedule_figures[] = {
    {"parse_micros", "reading an expression, µs"},
    {"open_zone_micros", "opening a time zone, µs"},
    {"next_daily_micros", "next due time: daily, µs"},
    {"next_minutely_micros", "every five minutes, µs"},
    {"next_leap_day_micros", "on 29 February, µs"},
    {"next_skipped_micros", "at a time that daylight saving leaves out in some years, µs"},
    {"latest_in_a_decade_micros", "newest of a decade's due times, every five minutes, µs"},
    {"idle_cpu_percent", "10,000 that wait, % of a core"},
    {"late_median_micros", "job stored after its due time, median, µs"},
    {"late_p99_micros", "job stored after its due time, p99, µs"},
    {"late_most_micros", "job stored after its due time, most, µs"},
};

}  // namespace

Section measure_schedules(const Setup& setup) {
  // The figures come from a program of its own, linked with the scheduler, the jobs and a store.
  const auto rounds = measured_by(setup, "schedules_bench", {setup.quick ? "2" : "30"});
  const auto of = [&rounds](const std::string& name) { return median(rounds.at(name)); };
  Section out{.title = "Schedules"};
  const double idle = of("idle_cpu_percent");
  out.findings.push_back({"10,000 schedules, none due", "≤ 1 % of a core", number_text(idle) + " %",
                          "", verdict(idle <= idle_percent_max)});
  const double late = of("late_most_micros");
  out.findings.push_back({"the job of a due time is stored", "≤ 100 ms late",
                          number_text(late / 1000) + " ms at most",
                          "median " + number_text(of("late_median_micros") / 1000) + " ms",
                          verdict(late <= late_micros_max)});
  out.header = {"figure", "value"};
  for (const auto& figure : schedule_figures) {
    out.rows.push_back({figure.words, number_text(of(figure.name))});
  }
  out.how =
      "The schedules and their runner on a durable store, without a server: 10,000 schedules that "
      "are due in an hour wait for 30 seconds, processor time of the whole process; then 400 more "
      "are due, 7.3 ms apart, and the commit of each job notes how late it is. Times of calls: "
      "processor time of one thread. Medians of " +
      std::to_string(setup.rounds) + " rounds.";
  return out;
}

}  // namespace colonnade::bench
