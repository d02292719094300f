#include "core/spans/monitoring.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/spans/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;

namespace {

template <class Filter>
void keep_to_bounds(const Principal& who, Filter& filter, base::Time now) {
  filter.owner = owner_seen_by(who);
  filter.limit = std::clamp<std::size_t>(filter.limit, 1, limits::monitored_rows_max);
  filter.since = std::max(filter.since, now - limits::monitored_time_max);
}

Result<void> check_window(const CostQuery& query) {
  if (query.until - query.from <= limits::monitored_time_max) return {};
  const auto days = std::chrono::duration_cast<std::chrono::days>(limits::monitored_time_max);
  return fail(ErrorKind::invalid,
              "at most " + std::to_string(days.count()) + " days can be asked for at once", "days");
}

}  // namespace

template <class T>
Task<Result<T>> Monitoring::read(const Principal& who, std::stop_token stop,
                                 std::move_only_function<Result<T>(std::stop_token)> work) const {
  base::Job job{
      .account = account_of(who), .time_max = limits::monitoring_time_max, .stop = std::move(stop)};
  return workers_.run<T>(std::move(job), std::move(work));
}

Task<Result<TracedRunPage>> Monitoring::runs(Principal who, TracedRunFilter filter,
                                             std::stop_token stop) const {
  keep_to_bounds(who, filter, clock_.now());
  std::move_only_function<Result<TracedRunPage>(std::stop_token)> work =
      [&store = store_, scope = who.scope, filter = std::move(filter)](std::stop_token over) {
        return store.traced_runs(scope, filter, std::move(over));
      };
  auto found = co_await read<TracedRunPage>(who, std::move(stop), std::move(work));
  co_return found;
}

Task<Result<std::vector<TracedThread>>> Monitoring::threads(Principal who, TracedRunFilter filter,
                                                            std::stop_token stop) const {
  using Found = std::vector<TracedThread>;
  keep_to_bounds(who, filter, clock_.now());
  std::move_only_function<Result<Found>(std::stop_token)> work =
      [&store = store_, scope = who.scope, filter = std::move(filter)](std::stop_token over) {
        return store.traced_threads(scope, filter, std::move(over));
      };
  auto found = co_await read<Found>(who, std::move(stop), std::move(work));
  co_return found;
}

Task<Result<std::vector<RunTraced>>> Monitoring::traces(Principal who, std::string id,
                                                        std::stop_token stop) const {
  using Found = std::vector<RunTraced>;
  std::move_only_function<Result<Found>(std::stop_token)> work =
      [&store = store_, scope = who.scope, owner = owner_seen_by(who), id = std::move(id)](
          std::stop_token over) { return store.traces(scope, owner, id, std::move(over)); };
  auto found = co_await read<Found>(who, std::move(stop), std::move(work));
  if (found && found->empty()) co_return fail(ErrorKind::not_found, "no such trace");
  co_return found;
}

Task<Result<std::vector<CostSum>>> Monitoring::costs(Principal who, CostQuery query,
                                                     std::stop_token stop) const {
  using Found = std::vector<CostSum>;
  if (auto fits = check_window(query); !fits) co_return fail(std::move(fits.error()));
  query.owner = owner_seen_by(who);
  std::move_only_function<Result<Found>(std::stop_token)> work =
      [&store = store_, scope = who.scope, query = std::move(query)](std::stop_token over) {
        return store.costs(scope, query, std::move(over));
      };
  auto found = co_await read<Found>(who, std::move(stop), std::move(work));
  co_return found;
}

Task<Result<std::vector<ToolUseSum>>> Monitoring::tool_uses(Principal who, CostQuery query,
                                                            std::stop_token stop) const {
  using Found = std::vector<ToolUseSum>;
  if (auto fits = check_window(query); !fits) co_return fail(std::move(fits.error()));
  query.owner = owner_seen_by(who);
  std::move_only_function<Result<Found>(std::stop_token)> work =
      [&store = store_, scope = who.scope, query = std::move(query)](std::stop_token over) {
        return store.tool_uses(scope, query, std::move(over));
      };
  auto found = co_await read<Found>(who, std::move(stop), std::move(work));
  co_return found;
}

Task<Result<SafetyEventPage>> Monitoring::safety_events(Principal who, SafetyEventFilter filter,
                                                        std::stop_token stop) const {
  keep_to_bounds(who, filter, clock_.now());
  std::move_only_function<Result<SafetyEventPage>(std::stop_token)> work =
      [&store = store_, scope = who.scope, filter = std::move(filter)](std::stop_token over) {
        return store.safety_events(scope, filter, std::move(over));
      };
  auto found = co_await read<SafetyEventPage>(who, std::move(stop), std::move(work));
  co_return found;
}

}  // namespace colonnade::core
