#include "core/jobs/schedule_runner.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "core/jobs/job_pause.hpp"
#include "core/jobs/limits.hpp"

namespace colonnade::core {

ScheduleRunner::ScheduleRunner(JobSchedules& schedules, base::Clock& clock, JobBell& bell,
                               CommitRetry retry)
    : schedules_(schedules), clock_(clock), bell_(bell), retry_(retry) {
  bell_.attach(*this);
}

ScheduleRunner::~ScheduleRunner() { bell_.detach(*this); }

base::Task<void> ScheduleRunner::run(std::stop_token stop) {
  int failures = 0;
  while (!stop.stop_requested()) {
    auto fired = co_await schedules_.fire_due();
    if (fired && *fired > 0) {
      failures = 0;
      continue;
    }
    auto next = co_await schedules_.next_due();
    if (!fired || !next) {
      const base::Error& error = fired ? next.error() : fired.error();
      if (failures == 0) base::log::warn("schedules_wait", {{"error", error.message}});
      const bool slept = co_await wait_to_retry(retry_, failures++, 0, stop);
      if (!slept) co_return;
      continue;
    }
    failures = 0;
    std::optional<std::chrono::microseconds> pause;
    if (*next) {
      pause = std::min<std::chrono::microseconds>(**next - clock_.now(), limits::job_look_interval);
    }
    co_await rest_until(wake_, pause, stop);
  }
}

}  // namespace colonnade::core
