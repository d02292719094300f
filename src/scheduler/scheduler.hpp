// Tells when schedules are due. What is due is claimed by a port, durably, and only that claim
// decides: a due time that is told twice, by two processes or after a crash, runs once.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "scheduler/due_heap.hpp"
#include "scheduler/waiting.hpp"

namespace colonnade::scheduler {

// What became of one schedule that was due.
struct ClaimedSchedule {
  std::string key{};
  std::optional<base::Time> next{};  // later than the time that was claimed; nullopt: no more
};

// Whose schedules these are.
class DueClaims {
 public:
  virtual ~DueClaims() = default;

  // Claims schedules that are due at `now`, earliest first and no key twice, starts what they are
  // for, and says for each when it is due again (plan_firing() tells). A pair of key and due time
  // that somebody else has claimed already starts nothing; one that the answer leaves out, as it
  // does for a schedule that was deleted, is not told again. `now` is the scheduler's clock, and
  // may be earlier than at the last call.
  //
  // An error means that nothing was claimed: all of them are told again, later. Called on the lane
  // of Scheduler::run(), one call at a time.
  virtual base::Task<base::Result<std::vector<ClaimedSchedule>>> claim(std::vector<DueTime> due,
                                                                       base::Time now) = 0;
};

// Keeps every schedule's next due time in memory, and one timer for all of them.
//
// Time that passes is measured by a steady timer, what is due is decided by the clock alone. A
// clock that is set forward makes due what it passes, limits::clock_recheck_interval later at most;
// one that is set back makes the rest wait. Neither loses a due time or tells one twice.
class Scheduler {
 public:
  // All outlive run(). `clock` is a base::WallClock: one that does not go back when the machine's
  // does tells due times early.
  Scheduler(base::Clock& clock, Waiting& waiting, DueClaims& claims)
      : clock_(clock), waiting_(waiting), claims_(claims) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Adds a schedule, or gives it another due time; one in the past is due at once. While a claim of
  // this key is under way, this counts, not what the claim answers. Any thread.
  void set(std::string_view key, base::Time due);
  // The schedule is not told again. A claim of it that is under way goes on. Any thread.
  void remove(std::string_view key);
  // Schedules that are waiting or being claimed. Any thread.
  std::size_t size() const;

  // Tells what is due until `stop` is requested, and returns after the claim under way. Once.
  base::Task<void> run(std::stop_token stop);

 private:
  std::vector<DueTime> take_due(base::Time now);
  // nullopt when nothing is waiting.
  std::optional<std::chrono::microseconds> time_to_next(base::Time now) const;
  // Puts back what was claimed. False when a claim answered a time that was not later: it is told
  // again.
  bool keep(const std::vector<DueTime>& due, const std::vector<ClaimedSchedule>& claimed);
  // Puts back what was not.
  void keep_all(const std::vector<DueTime>& due);
  // False when it failed.
  base::Task<bool> claim_due();
  // Waits, whatever is set meanwhile.
  base::Task<void> pause(std::chrono::microseconds time, std::stop_token stop);

  base::Clock& clock_;
  Waiting& waiting_;
  DueClaims& claims_;

  mutable std::mutex mutex_{};
  DueHeap heap_{};
  // Keys that are being claimed and were neither set nor removed meanwhile.
  std::unordered_set<std::string> claiming_{};
};

}  // namespace colonnade::scheduler
