// A figure of two programs, measured in pairs that take turns.
#pragma once

#include <vector>

namespace colonnade::bench {

enum class Better { less, more };

// How much worse `now` was than `before` in each pair, in percent; below zero where it was better.
// Both have one value for each pair.
std::vector<double> percent_worse(Better better, const std::vector<double>& before,
                                  const std::vector<double>& now);

// False when every pair was worse by more than this, that is, when the whole spread lies above it.
// A single pair that was not says that the difference is noise.
bool held(const std::vector<double>& worse, double percent_max);

}  // namespace colonnade::bench
