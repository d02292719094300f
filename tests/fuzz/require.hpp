// How a fuzz target says what must hold.
#pragma once

#include <cstdlib>

namespace colonnade::fuzz {

// Ends the process where it does not: that is the finding.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace colonnade::fuzz
