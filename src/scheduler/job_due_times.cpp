#include "scheduler/job_due_times.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "scheduler/cron.hpp"
#include "scheduler/cron_text.hpp"
#include "scheduler/misfire.hpp"
#include "scheduler/schedule.hpp"

namespace colonnade::scheduler {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Time;

constexpr std::string_view timing_field = "timing";
constexpr std::string_view zone_field = "timezone";

Result<Schedule> cron_schedule(const core::JobTiming& timing, CronFlavor flavor, Zones& zones) {
  auto cron = Cron::parse(timing.text, flavor, timing_field);
  if (!cron) return fail(std::move(cron.error()));
  auto zone = zones.zone(timing.zone, zone_field);
  if (!zone) return fail(std::move(zone.error()));
  return CronSchedule{.cron = std::move(*cron), .zone = std::move(*zone)};
}

Result<Schedule> interval_schedule(const core::JobTiming& timing, Time origin) {
  constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(limits::interval_max);
  std::int64_t seconds = 0;
  const char* end = timing.text.data() + timing.text.size();
  const auto [at, error] = std::from_chars(timing.text.data(), end, seconds);
  if (error != std::errc() || at != end || seconds > most.count()) {
    return fail(ErrorKind::invalid,
                "an interval is a number of whole seconds from 1 to " +
                    std::to_string(most.count()) + ", such as 3600",
                std::string(timing_field));
  }
  auto made = make_interval(origin, std::chrono::seconds(seconds), timing_field);
  if (!made) return fail(std::move(made.error()));
  return *made;
}

Result<Schedule> schedule_of(const core::JobTiming& timing, Time origin, Zones& zones) {
  switch (timing.kind) {
    case core::JobTimingKind::cron: return cron_schedule(timing, CronFlavor::classic, zones);
    case core::JobTimingKind::quartz: return cron_schedule(timing, CronFlavor::quartz, zones);
    case core::JobTimingKind::interval: return interval_schedule(timing, origin);
    case core::JobTimingKind::once: break;
  }
  const auto moment = base::parse_rfc3339(timing.text);
  if (moment) return OneTime{.at = *moment};
  return fail(ErrorKind::invalid,
              "one time is a moment with its offset, such as 2026-05-12T09:00:00Z",
              std::string(timing_field));
}

MisfirePolicy policy_of(const core::Misfire& misfire) {
  MisfirePolicy out{.runs_max = static_cast<std::size_t>(misfire.times_max)};
  switch (misfire.rule) {
    case core::MisfireRule::skip: out.kind = Misfire::skip; break;
    case core::MisfireRule::run_once: out.kind = Misfire::run_once; break;
    case core::MisfireRule::catch_up: out.kind = Misfire::catch_up; break;
  }
  return out;
}

}  // namespace

Result<std::optional<Time>> JobDueTimes::next(const core::JobTiming& timing, Time origin,
                                              Time after) const {
  const auto schedule = schedule_of(timing, origin, zones_);
  if (!schedule) return fail(schedule.error());
  return next_due(*schedule, after);
}

Result<core::DuePlan> JobDueTimes::plan(const core::JobTiming& timing, Time origin,
                                        const core::Misfire& misfire, Time due, Time now) const {
  const auto schedule = schedule_of(timing, origin, zones_);
  if (!schedule) return fail(schedule.error());
  Firing firing = plan_firing(*schedule, due, policy_of(misfire), now);
  return core::DuePlan{.times = std::move(firing.runs), .next = firing.next};
}

std::string JobDueTimes::describe(const core::JobTiming& timing) const {
  const bool is_quartz = timing.kind == core::JobTimingKind::quartz;
  if (!is_quartz && timing.kind != core::JobTimingKind::cron) return timing.text;
  const auto cron = Cron::parse(timing.text, is_quartz ? CronFlavor::quartz : CronFlavor::classic);
  return cron ? scheduler::describe(*cron) : timing.text;
}

}  // namespace colonnade::scheduler
