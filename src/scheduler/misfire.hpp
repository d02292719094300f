// What is done about due times that nobody was there for: the server was down, or busy.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "scheduler/limits.hpp"
#include "scheduler/schedule.hpp"

namespace colonnade::scheduler {

enum class Misfire {
  skip,      // leave them out
  run_once,  // run once for all of them
  catch_up,  // run for each of them, `runs_max` at most: the newest
};

struct MisfirePolicy {
  Misfire kind = Misfire::run_once;
  std::size_t runs_max = 1;  // of catch_up; 1 to limits::catch_up_runs_max
  // The newest due time is met, not missed, when it is this old at most.
  std::chrono::microseconds tolerance = limits::misfire_tolerance;
};

struct Firing {
  std::vector<base::Time> runs{};    // due times to run for now, oldest first
  std::optional<base::Time> next{};  // when the schedule is due again: after `now` and after `runs`
};

// What to do at `now` with a schedule that has been due since `due`, which need not be a time of
// the schedule itself. Nothing, with next = due, when `due` is yet to come.
//
// `next` is after `due` even when the clock was set back: a due time never comes back.
Firing plan_firing(const Schedule& schedule, base::Time due, const MisfirePolicy& policy,
                   base::Time now);

}  // namespace colonnade::scheduler
