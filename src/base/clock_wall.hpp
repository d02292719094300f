// The machine's clock as it is shown on a wall.
#pragma once

#include "base/clock.hpp"

namespace colonnade::base {

// Unlike SystemClock, whose moments order what one process made, now() goes back when the clock is
// set back. Tells when something is due; when something was done, a SystemClock tells. Thread-safe.
class WallClock final : public Clock {
 public:
  Time now() override;
  SteadyTime steady() override { return std::chrono::steady_clock::now(); }
};

}  // namespace colonnade::base
