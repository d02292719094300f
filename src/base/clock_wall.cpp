#include "base/clock_wall.hpp"

namespace colonnade::base {

Time WallClock::now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

}  // namespace colonnade::base
