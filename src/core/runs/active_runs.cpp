#include "core/runs/active_runs.hpp"

#include <utility>

#include "core/access/account.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;

namespace {

std::string account_of_run(const Run& run) { return account_of(run.scope, run.started_by); }

base::Error stopping_error() {
  return {.kind = ErrorKind::unavailable, .message = "the server is stopping"};
}

}  // namespace

ActiveRuns::ActiveRuns(std::size_t per_account, std::size_t total)
    : bounds_{.what = "active runs", .per_account = per_account, .total = total} {}

Result<std::string> ActiveRuns::enter(const std::shared_ptr<RunDriver>& driver, Entry kind,
                                      const std::string& ended) {
  const Run& run = driver->run();
  std::string account = account_of_run(run);
  const std::lock_guard lock(mutex_);
  if (is_stopping()) return fail(stopping_error());
  // First: a thread that is busy is no reason to wait for other runs.
  const auto claim = run_by_thread_.find(run.thread_id);
  if (claim != run_by_thread_.end() && claim->second != ended) return claim->second;
  if (kind == Entry::fresh) {
    if (auto full = no_place_for(account)) return fail(std::move(*full));
  }
  run_by_thread_[run.thread_id] = run.id;
  const bool is_new = by_run_.insert_or_assign(run.id, driver).second;
  if (is_new) ++by_account_[std::move(account)];
  ++(kind == Entry::fresh ? counts_.started : counts_.resumed);
  return std::string();
}

// With the lock held.
std::optional<base::Error> ActiveRuns::no_place_for(const std::string& account) const {
  const auto has = by_account_.find(account);
  if (has != by_account_.end() && has->second >= bounds_.per_account) {
    return base::account_is_full(bounds_);
  }
  if (by_run_.size() >= bounds_.total) return base::all_are_full(bounds_);
  return std::nullopt;
}

void ActiveRuns::release(const Run& run) {
  const std::lock_guard lock(mutex_);
  const auto claim = run_by_thread_.find(run.thread_id);
  if (claim != run_by_thread_.end() && claim->second == run.id) run_by_thread_.erase(claim);
}

void ActiveRuns::leave(const Run& run, std::optional<Result<FinishedRun>> outcome) {
  release(run);
  std::vector<RunWaiter> told;
  {
    const std::lock_guard lock(mutex_);
    if (by_run_.erase(run.id) > 0) {
      const auto has = by_account_.find(account_of_run(run));
      if (--has->second == 0) by_account_.erase(has);
    }
    if (outcome) {
      const auto found = waiters_.find(run.id);
      if (found != waiters_.end()) {
        told.swap(found->second);
        waiters_.erase(found);
      }
      if (*outcome) count((*outcome)->run.state);
    }
    idle_.notify_all();
  }
  for (const RunWaiter& waiter : told) waiter->complete(*outcome);
}

void ActiveRuns::note_failed() {
  const std::lock_guard lock(mutex_);
  ++counts_.started;
  ++counts_.failed;
}

void ActiveRuns::count(RunState state) {
  if (state == RunState::succeeded) ++counts_.succeeded;
  if (state == RunState::failed) ++counts_.failed;
  if (state == RunState::cancelled) ++counts_.cancelled;
}

std::shared_ptr<RunDriver> ActiveRuns::find(std::string_view run_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_run_.find(std::string(run_id));
  return found == by_run_.end() ? nullptr : found->second;
}

std::shared_ptr<RunDriver> ActiveRuns::find_to_cancel(const std::string& run_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_run_.find(run_id);
  if (found == by_run_.end()) return nullptr;
  found->second->note_cancel();
  return found->second;
}

Result<std::shared_ptr<RunDriver>> ActiveRuns::add_waiter(const std::string& run_id,
                                                          RunWaiter waiter) {
  const std::lock_guard lock(mutex_);
  if (is_stopping()) return fail(stopping_error());
  waiters_[run_id].push_back(std::move(waiter));
  const auto active = by_run_.find(run_id);
  return active == by_run_.end() ? nullptr : active->second;
}

void ActiveRuns::remove_waiter(const std::string& run_id, const RunWaiter& waiter) {
  const std::lock_guard lock(mutex_);
  const auto found = waiters_.find(run_id);
  if (found == waiters_.end()) return;
  std::erase(found->second, waiter);
  if (found->second.empty()) waiters_.erase(found);
}

void ActiveRuns::park_all() {
  std::vector<std::shared_ptr<RunDriver>> drivers;
  std::unordered_map<std::string, std::vector<RunWaiter>> waiters;
  std::unique_lock lock(mutex_);
  stop_.request_stop();
  for (const auto& [id, driver] : by_run_) drivers.push_back(driver);
  lock.unlock();
  for (const auto& driver : drivers) driver->park();
  drivers.clear();
  lock.lock();
  idle_.wait(lock, [this] { return by_run_.empty(); });
  waiters.swap(waiters_);
  lock.unlock();
  for (const auto& [id, list] : waiters) {
    for (const RunWaiter& waiter : list) waiter->complete(fail(stopping_error()));
  }
}

RunCounts ActiveRuns::counts() const {
  const std::lock_guard lock(mutex_);
  RunCounts counts = counts_;
  counts.active = by_run_.size();
  return counts;
}

}  // namespace colonnade::core
