// The port that the scheduler waits through, and its implementation on a lane.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/task.hpp"

namespace colonnade::scheduler {

class Waiting {
 public:
  virtual ~Waiting() = default;

  // Returns after `at_most` of time that passes (never, without one), after wake(), or once `stop`
  // is requested. May return early. One caller at a time.
  virtual base::Task<void> wait(std::optional<std::chrono::microseconds> at_most,
                                std::stop_token stop) = 0;
  // Ends the wait under way, or the next one. Any thread.
  virtual void wake() = 0;
};

// One timer of the lane that waits. Costs nothing while it waits.
class LaneWaiting final : public Waiting {
 public:
  base::Task<void> wait(std::optional<std::chrono::microseconds> at_most,
                        std::stop_token stop) override;
  void wake() override { signal_->notify(); }

 private:
  std::shared_ptr<base::Signal> signal_ = std::make_shared<base::Signal>();
};

}  // namespace colonnade::scheduler
