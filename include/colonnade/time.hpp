// Moments as the dialects give them.
#pragma once

#include <chrono>
#include <string>

#include "colonnade/version.hpp"

namespace colonnade::inline v1 {

// UTC. Any fraction of up to nine digits is kept. The epoch stands for a time that is missing or
// unreadable.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

// RFC 3339, six fractional digits (nine where the last three are not zero), "Z".
COLONNADE_API std::string to_string(Timestamp time);

}  // namespace colonnade::inline v1
