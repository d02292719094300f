// When something is to happen: by a cron expression in a time zone, on a grid, or once.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "scheduler/cron.hpp"
#include "scheduler/zone.hpp"

namespace colonnade::scheduler {

struct CronSchedule {
  Cron cron;
  std::shared_ptr<const Zone> zone;  // not null
};

// `anchor`, and every `period` after it, whatever happens meanwhile: nothing drifts.
struct IntervalSchedule {
  base::Time anchor{};
  std::chrono::microseconds period{};
};

struct OneTime {
  base::Time at{};
};

using Schedule = std::variant<CronSchedule, IntervalSchedule, OneTime>;

// Errors: invalid with `field` unless limits::interval_min <= period <= interval_max.
base::Result<IntervalSchedule> make_interval(base::Time anchor, std::chrono::microseconds period,
                                             std::string_view field = "interval");

// The first due time after `after`; nullopt when none comes.
std::optional<base::Time> next_due(const Schedule& schedule, base::Time after);

// The first `count` due times after `after`, in order; fewer when no more come, and no more than
// limits::preview_times_max.
std::vector<base::Time> preview(const Schedule& schedule, base::Time after, std::size_t count);

// The newest due time after `after` that is not later than `until`. Costs the same after a second
// and after a year.
std::optional<base::Time> latest_due(const Schedule& schedule, base::Time after, base::Time until);

}  // namespace colonnade::scheduler
