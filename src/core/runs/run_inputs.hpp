// What a run that is under way is told: the inputs of its machine, in order, and that its work is
// to stop. Shared by the parts of one run (driver, model call, tool round).
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <optional>
#include <stop_token>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/runs/run_machine.hpp"

namespace colonnade::core {

// What is told of a run that was parked.
base::Error parked_error();

// For the run's lane only, except where it says "any thread".
class RunInputs {
 public:
  void push(RunInput input);
  // A coroutine of the run threw: next() throws it in the driver's loop.
  void broke(std::exception_ptr error);
  bool empty() const { return inputs_.empty() && !broken_; }
  // Waits for the next input. nullopt: the run is parked, whatever else has come.
  base::Task<std::optional<RunInput>> next();
  // Something else that the driver may wait for has changed.
  void note_change() { changed_.notify(); }
  // Returns once anything has changed since the last call; may return without a cause.
  base::Task<void> changed();

  // Ends what is under way: the model's answer, the tools.
  void stop_work() { work_.request_stop(); }
  // Somebody asked for the run's end: pushes that, and ends what is under way.
  void cancel();
  // Stop where it is, without an end; the next start goes on. parked() is true at once, on any
  // thread; the rest follows with wake_parked(), on the lane.
  void note_park() { parked_.store(true, std::memory_order_relaxed); }
  void wake_parked();
  bool parked() const { return parked_.load(std::memory_order_relaxed); }

  // Stopped when the run is cancelled, is out of time, or is parked.
  std::stop_token work() const { return work_.get_token(); }
  // Stopped by cancel() alone.
  std::stop_token cancelled() const { return cancelled_.get_token(); }
  // Stopped when the run is parked.
  std::stop_token parking() const { return parking_.get_token(); }

 private:
  std::deque<RunInput> inputs_{};
  std::exception_ptr broken_{};
  base::Signal changed_;
  std::stop_source work_;
  std::stop_source cancelled_;
  std::stop_source parking_;
  std::atomic<bool> parked_{false};
};

}  // namespace colonnade::core
