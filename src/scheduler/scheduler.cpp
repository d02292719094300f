#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "scheduler/limits.hpp"

namespace colonnade::scheduler {

using base::Time;
using std::chrono::microseconds;

void Scheduler::set(std::string_view key, Time due) {
  {
    const std::lock_guard lock(mutex_);
    claiming_.erase(std::string(key));
    heap_.set(key, due);
    if (heap_.first_due() < due) return;  // the timer is set for an earlier one
  }
  waiting_.wake();
}

void Scheduler::remove(std::string_view key) {
  const std::lock_guard lock(mutex_);
  claiming_.erase(std::string(key));
  heap_.remove(key);
}

std::size_t Scheduler::size() const {
  const std::lock_guard lock(mutex_);
  return heap_.size() + claiming_.size();
}

std::vector<DueTime> Scheduler::take_due(Time now) {
  const std::lock_guard lock(mutex_);
  auto due = heap_.take_due(now, limits::due_batch_max);
  for (const auto& [key, time] : due) claiming_.insert(key);
  return due;
}

std::optional<microseconds> Scheduler::time_to_next(Time now) const {
  const std::lock_guard lock(mutex_);
  const auto first = heap_.first_due();
  if (!first) return std::nullopt;
  return std::clamp<microseconds>(*first - now, microseconds(0), limits::clock_recheck_interval);
}

bool Scheduler::keep(const std::vector<DueTime>& due, const std::vector<ClaimedSchedule>& claimed) {
  std::unordered_map<std::string_view, Time> claimed_times;
  for (const auto& [key, time] : due) claimed_times.emplace(key, time);
  bool all_later = true;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, next] : claimed) {
    const auto time = claimed_times.find(key);
    if (time == claimed_times.end() || claiming_.erase(key) == 0 || !next) continue;
    const bool is_later = *next > time->second;
    if (!is_later) base::log::error("schedule_due_before_its_claim", {{"schedule", key}});
    all_later = all_later && is_later;
    heap_.set(key, is_later ? *next : time->second);
  }
  for (const auto& [key, time] : due) claiming_.erase(key);
  return all_later;
}

void Scheduler::keep_all(const std::vector<DueTime>& due) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, time] : due) {
    if (claiming_.erase(key) != 0) heap_.set(key, time);
  }
}

base::Task<bool> Scheduler::claim_due() {
  const Time now = clock_.now();
  const auto due = take_due(now);
  if (due.empty()) co_return true;
  std::string problem;
  try {
    auto copy = due;
    const auto claimed = co_await claims_.claim(std::move(copy), now);
    if (claimed) co_return keep(due, *claimed);
    problem = claimed.error().message;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  keep_all(due);
  base::log::warn("schedules_not_claimed", {{"count", due.size()}, {"error", problem}});
  co_return false;
}

base::Task<void> Scheduler::pause(microseconds time, std::stop_token stop) {
  const auto end = clock_.steady() + time;
  for (auto left = time; left > microseconds(0) && !stop.stop_requested();) {
    co_await waiting_.wait(left, stop);
    left = std::chrono::ceil<microseconds>(end - clock_.steady());
  }
}

base::Task<void> Scheduler::run(std::stop_token stop) {
  microseconds retry = limits::claim_retry_min;
  while (!stop.stop_requested()) {
    const bool claimed = co_await claim_due();
    if (!claimed) {
      co_await pause(retry, stop);
      retry = std::min<microseconds>(2 * retry, limits::claim_retry_max);
      continue;
    }
    retry = limits::claim_retry_min;
    const auto left = time_to_next(clock_.now());
    if (left != microseconds(0)) co_await waiting_.wait(left, stop);
  }
}

}  // namespace colonnade::scheduler
