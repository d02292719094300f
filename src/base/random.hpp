// Random bytes of the system.
#pragma once

#include <span>

namespace colonnade::base {

// Fills `out` with bytes that nobody can guess (getrandom). Thread-safe; throws std::system_error
// when the system has no random source.
void fill_random(std::span<unsigned char> out);

}  // namespace colonnade::base
