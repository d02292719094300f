#include "base/clock_wall.hpp"

#include <gtest/gtest.h>

namespace colonnade::base {
namespace {

using std::chrono::system_clock;

TEST(WallClock, ShowsWhatTheMachineShows) {
  WallClock clock;
  const auto micros = [](system_clock::time_point time) {
    return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  };
  const auto before = micros(system_clock::now());
  const auto shown = clock.now().micros;
  EXPECT_LE(before, shown);
  EXPECT_LE(shown, micros(system_clock::now()));
}

TEST(WallClock, MeasuresTimeThatPasses) {
  WallClock clock;
  const auto before = std::chrono::steady_clock::now();
  const auto shown = clock.steady();
  EXPECT_LE(before, shown);
  EXPECT_LE(shown, std::chrono::steady_clock::now());
}

}  // namespace
}  // namespace colonnade::base
