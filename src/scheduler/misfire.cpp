#include "scheduler/misfire.hpp"

#include <algorithm>

namespace colonnade::scheduler {

using base::Time;

namespace {

// The newest `count` of the due times from `due` to `newest`, oldest first.
std::vector<Time> newest_due(const Schedule& schedule, Time due, Time newest, std::size_t count) {
  std::vector<Time> out{due};
  while (out.size() <= count && out.back() < newest) {
    out.push_back(next_due(schedule, out.back()).value_or(newest));
  }
  if (out.size() <= count) return out;  // that was all of them
  out.clear();
  for (Time time = newest; out.size() < count && time > due;) {
    out.push_back(time);
    const Time just_before = time - std::chrono::microseconds(1);
    time = latest_due(schedule, due, just_before).value_or(due);
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace

Firing plan_firing(const Schedule& schedule, Time due, const MisfirePolicy& policy, Time now) {
  if (due > now) return {.runs = {}, .next = due};
  const Time newest = latest_due(schedule, due, now).value_or(due);
  Firing out{.runs = {}, .next = next_due(schedule, std::max(newest, now))};
  const bool is_met = now - newest <= policy.tolerance;
  switch (policy.kind) {
    case Misfire::skip:
      if (is_met) out.runs = {newest};
      break;
    case Misfire::run_once: out.runs = {newest}; break;
    case Misfire::catch_up: {
      constexpr std::size_t runs_min = 1;
      out.runs = newest_due(schedule, due, newest,
                            std::clamp(policy.runs_max, runs_min, limits::catch_up_runs_max));
      break;
    }
  }
  return out;
}

}  // namespace colonnade::scheduler
