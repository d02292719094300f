// When schedules of jobs are due: core's port over cron, zones and grids.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/jobs/due_times.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::scheduler {

// Thread-safe; the zones must outlive it. Errors name "timing" or "timezone", and for a cron
// expression the part of it: "minute: 60 is not in 0-59".
class JobDueTimes final : public core::DueTimes {
 public:
  explicit JobDueTimes(Zones& zones) : zones_(zones) {}

  base::Result<std::optional<base::Time>> next(const core::JobTiming& timing, base::Time origin,
                                               base::Time after) const override;
  base::Result<core::DuePlan> plan(const core::JobTiming& timing, base::Time origin,
                                   const core::Misfire& misfire, base::Time due,
                                   base::Time now) const override;
  std::string describe(const core::JobTiming& timing) const override;

 private:
  Zones& zones_;
};

}  // namespace colonnade::scheduler
