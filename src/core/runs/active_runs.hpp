// The runs that are under way in this process: which thread each has, who waits for its end. In
// memory only; that a thread has one unfinished run at most is the store's own rule.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/share.hpp"
#include "base/task.hpp"
#include "core/runs/run_driver.hpp"

namespace colonnade::core {

struct RunCounts {
  std::uint64_t started = 0;  // asked for since this process began
  std::uint64_t resumed = 0;  // taken up again, after a wait for a human or a restart
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t active = 0;
};

using RunWaiter = std::shared_ptr<base::Completion<Result<FinishedRun>>>;

// Thread-safe.
class ActiveRuns {
 public:
  // How many may be active, of one account and of all.
  ActiveRuns(std::size_t per_account, std::size_t total);

  enum class Entry {
    fresh,  // may be refused
    again,  // was accepted before, and counts without a bound
  };
  // Claims the thread for a run. "" when that worked, else the run that has the thread; a run named
  // by `ended` has no claim any more. Errors: rate_limited when the account of the run's user has
  // as many as it may, unavailable when all have or while stopping.
  Result<std::string> enter(const std::shared_ptr<RunDriver>& driver, Entry kind,
                            const std::string& ended = {});
  // Gives up the claim alone; the driver is yet to leave.
  void release(const Run& run);
  // Forgets the run, and tells whoever waits for it, if there is something to tell.
  void leave(const Run& run, std::optional<Result<FinishedRun>> outcome);

  std::shared_ptr<RunDriver> find(std::string_view run_id) const;
  // The run's driver, which is told of a cancel before it can be let go of.
  std::shared_ptr<RunDriver> find_to_cancel(const std::string& run_id) const;

  // Registers a waiter; returns the run's driver, if it is active. unavailable while stopping.
  Result<std::shared_ptr<RunDriver>> add_waiter(const std::string& run_id, RunWaiter waiter);
  void remove_waiter(const std::string& run_id, const RunWaiter& waiter);

  bool is_stopping() const { return stop_.stop_requested(); }
  std::stop_token stopping() const { return stop_.get_token(); }
  // Parks every run and waits until they have left; then waiters get unavailable. Blocks; not from
  // a lane.
  void park_all();
  RunCounts counts() const;
  // Counts a run that failed without having been active.
  void note_failed();

 private:
  std::optional<base::Error> no_place_for(const std::string& account) const;
  void count(RunState state);

  const base::ShareBounds bounds_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::unordered_map<std::string, std::shared_ptr<RunDriver>> by_run_;
  std::unordered_map<std::string, std::size_t> by_account_;  // how many; none with zero
  std::unordered_map<std::string, std::string> run_by_thread_;
  std::unordered_map<std::string, std::vector<RunWaiter>> waiters_;
  std::stop_source stop_;
  RunCounts counts_;
};

}  // namespace colonnade::core
