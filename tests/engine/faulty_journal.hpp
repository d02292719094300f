// A journal that fails on request, in front of the store's own: as a full disk, a failed sync or
// write, a full queue, or a process that dies would make it.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/events/journal.hpp"

namespace colonnade::tests {

enum class Fault {
  no_space,
  failed_sync,
  failed_write,
  full_queue,
  dies_before,
  dies_after,
  dies_unsynced,  // refused as not stored now, and stored: the process ends before the disk works
};
constexpr std::array all_faults = {Fault::no_space,     Fault::failed_sync, Fault::failed_write,
                                   Fault::full_queue,   Fault::dies_before, Fault::dies_after,
                                   Fault::dies_unsynced};
constexpr bool dies(Fault fault) {
  return fault == Fault::dies_before || fault == Fault::dies_after || fault == Fault::dies_unsynced;
}
inline std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::no_space: return "no space";
    case Fault::failed_sync: return "failed sync";
    case Fault::failed_write: return "failed write";
    case Fault::full_queue: return "full queue";
    case Fault::dies_before: return "dies before the commit";
    case Fault::dies_after: return "dies after the commit";
    case Fault::dies_unsynced: return "failed sync, then dies";
  }
  return "";
}

// What a unit of a run is for, by what it holds.
inline std::string point_of(const core::Unit& unit) {
  using namespace core;
  std::string out;
  for (const Change& change : unit.changes) {
    if (std::holds_alternative<InsertRun>(change)) return "opening";
    if (std::holds_alternative<InsertSummary>(change)) return "summary";
    if (std::holds_alternative<InsertToolCall>(change)) return "step with calls";
    if (const auto* update = std::get_if<UpdateRun>(&change)) {
      if (update->run.state == RunState::waiting_approval) return "parked";
      if (update->run.state == RunState::running) return "resumed";
      if (update->from == RunState::waiting_approval) return "waiting run ended";
      return "run " + std::string(to_string(update->run.state));
    }
    if (const auto* move = std::get_if<MoveToolCall>(&change)) {
      if (move->from == ToolCallState::waiting_approval) return "human's answer";
      out = "call " + std::string(to_string(move->to));
    }
    if (std::holds_alternative<InsertStep>(change) && out.empty()) out = "step";
  }
  if (!out.empty()) return out;
  for (const Event& event : unit.events) {
    if (std::holds_alternative<OutputRestarted>(event.body)) return "output restarted";
    if (std::holds_alternative<TextDelta>(event.body)) return "output";
  }
  return "other";
}

// Thread-safe.
class FaultyJournal final : public core::Journal {
 public:
  explicit FaultyJournal(core::Journal& inner) : inner_(inner) {}

  // Of the appends from now on, those numbered first, first + 1 … (from 1), `count` of them, fail;
  // a fault of the kind that dies leaves everything from the first on without effect.
  void fail(Fault fault, std::size_t first, std::size_t count) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    first_ = appended_ + first;
    last_ = count == 0 ? 0 : first_ + count - 1;
    points_.clear();
  }
  // The first append for `point` from now on, and all that follow.
  void fail_from(Fault fault, std::string point) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    point_ = std::move(point);
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    point_.clear();
    first_ = 0;
    last_ = 0;
  }

  core::StoreHealth health() const override { return inner_.health(); }

  bool dead() const {
    const std::lock_guard lock(mutex_);
    return dead_;
  }
  // How many appends failed; what each one since fail() was for.
  std::size_t failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  std::vector<std::string> points() const {
    const std::lock_guard lock(mutex_);
    return points_;
  }
  // Throws when they do not come within a minute.
  void wait_for_failures(std::size_t count) const {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(1), [&] { return failed_ >= count; })) {
      throw std::runtime_error("only " + std::to_string(failed_) + " commits failed, not " +
                               std::to_string(count));
    }
  }

  void append(core::Unit unit, Completion completion) override {
    std::unique_lock lock(mutex_);
    ++appended_;
    points_.push_back(point_of(unit));
    if (!point_.empty() && points_.back() == point_) {
      first_ = appended_;
      last_ = static_cast<std::size_t>(-1);
      point_.clear();
    }
    const bool fails = appended_ >= first_ && appended_ <= last_;
    const Fault fault = fault_;
    const bool was_dead = dead_;
    if (fails && dies(fault)) dead_ = true;
    if (fails || was_dead) ++failed_;
    lock.unlock();
    changed_.notify_all();
    if (was_dead || (fails && fault == Fault::dies_before)) return completion(closed());
    if (!fails) return inner_.append(std::move(unit), std::move(completion));
    if (fault == Fault::full_queue) return completion(refused(fault));
    const bool stored = fault == Fault::dies_after || fault == Fault::dies_unsynced;
    // Later, and on the writer's thread, as a transaction fails.
    inner_.append(stored ? std::move(unit) : core::Unit{.scope = unit.scope},
                  [fault, done = std::move(completion)](base::Result<std::int64_t>) mutable {
                    const bool is_closed = dies(fault) && fault != Fault::dies_unsynced;
                    done(is_closed ? closed() : refused(fault));
                  });
  }
  void observe(core::CommitObserver& observer) override { inner_.observe(observer); }

 private:
  static base::Result<std::int64_t> closed() {
    return base::fail(
        base::Error{.kind = base::ErrorKind::unavailable, .message = "the store is closed"});
  }
  static base::Result<std::int64_t> refused(Fault fault) {
    return base::fail(base::Error{.kind = base::ErrorKind::unavailable,
                                  .message = std::string(name_of(fault)),
                                  .retryable = true});
  }

  core::Journal& inner_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Fault fault_ = Fault::no_space;
  std::size_t appended_ = 0;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::string point_{};
  bool dead_ = false;
  std::size_t failed_ = 0;
  std::vector<std::string> points_{};
};

}  // namespace colonnade::tests
