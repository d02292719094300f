// The port to the computation of due times; it knows cron, zones and grids (src/scheduler).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/jobs/job_schedule.hpp"

namespace colonnade::core {

// What to do with a schedule that is due.
struct DuePlan {
  std::vector<base::Time> times{};   // that begin jobs now, the oldest first
  std::optional<base::Time> next{};  // later than all of them, and than now; none: never again
};

// Thread-safe. Nothing here waits for anything; each call takes microseconds, however long ago a
// schedule was due.
class DueTimes {
 public:
  virtual ~DueTimes() = default;
  // The first due time that is later than `after`; nullopt when there is none any more. Intervals
  // are on the grid that begins at `origin`. Errors: invalid, with the field "timing" or "timezone"
  // and what is wrong with the text.
  virtual base::Result<std::optional<base::Time>> next(const JobTiming& timing, base::Time origin,
                                                       base::Time after) const = 0;
  // Of a schedule that is due at `due`, which is not later than `now`. What was due a short while
  // ago begins its job; of what was missed `misfire` says what is made good. Errors as above.
  virtual base::Result<DuePlan> plan(const JobTiming& timing, base::Time origin,
                                     const Misfire& misfire, base::Time due,
                                     base::Time now) const = 0;
  // When that is, in words for people who read lists; the text itself where there are none.
  virtual std::string describe(const JobTiming& timing) const { return timing.text; }
};

}  // namespace colonnade::core
