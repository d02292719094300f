// What runs did and what they cost, for whoever may see them: lists of runs, traces, sums.
//
// Everything is read from the rows that the runs themselves wrote. Reads run on worker threads, as
// they may look through many rows: timeout when one takes longer than limits::monitoring_time_max
// (with how to narrow it), rate_limited and unavailable as base::Workers says.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/access/principal.hpp"
#include "core/spans/span_store.hpp"

namespace colonnade::core {

// Thread-safe. Whoever asks sees their own; an operator sees the whole scope.
class Monitoring {
 public:
  // All must outlive it.
  Monitoring(SpanStore& store, base::Workers& workers, base::Clock& clock)
      : store_(store), workers_(workers), clock_(clock) {}

  base::Time now() const { return clock_.now(); }

  // `filter.owner` and a `limit` beyond limits::monitored_rows_max are the caller's rights and
  // ours: both are set here. So is `since`, when it is older than limits::monitored_time_max.
  base::Task<base::Result<TracedRunPage>> runs(Principal who, TracedRunFilter filter,
                                               std::stop_token stop) const;
  base::Task<base::Result<std::vector<TracedThread>>> threads(Principal who, TracedRunFilter filter,
                                                              std::stop_token stop) const;
  // Of a trace or a thread by its id, oldest first. not_found when there is nothing to see.
  base::Task<base::Result<std::vector<RunTraced>>> traces(Principal who, std::string id,
                                                          std::stop_token stop) const;
  // invalid, with the field "days", when the time is longer than limits::monitored_time_max.
  base::Task<base::Result<std::vector<CostSum>>> costs(Principal who, CostQuery query,
                                                       std::stop_token stop) const;
  base::Task<base::Result<std::vector<ToolUseSum>>> tool_uses(Principal who, CostQuery query,
                                                              std::stop_token stop) const;
  // `filter.owner`, `limit` and `since` as for runs().
  base::Task<base::Result<SafetyEventPage>> safety_events(Principal who, SafetyEventFilter filter,
                                                          std::stop_token stop) const;

 private:
  template <class T>
  base::Task<base::Result<T>> read(
      const Principal& who, std::stop_token stop,
      std::move_only_function<base::Result<T>(std::stop_token)> work) const;

  SpanStore& store_;
  base::Workers& workers_;
  base::Clock& clock_;
};

}  // namespace colonnade::core
