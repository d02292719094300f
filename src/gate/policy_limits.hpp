// What the rules of one policy may cost together.
#pragma once

#include <cstddef>

namespace colonnade::limits {

// Steps of its compiled regular expressions, 16 bytes each: room for 100,000 usual ones. A text of
// half a megabyte can ask for billions.
constexpr std::size_t policy_pattern_steps_max = 4'000'000;

}  // namespace colonnade::limits
