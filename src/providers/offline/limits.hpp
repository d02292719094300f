// Limits of the scripted provider.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr int offline_tokens_max = 100'000;           // words of one scripted reply
constexpr std::size_t offline_echo_bytes_max = 2000;  // of the user's words, repeated to them
constexpr std::size_t offline_batch_events = 64;      // deltas told at once when there is no delay
constexpr auto offline_delay_max = 60s;               // between two words

}  // namespace colonnade::limits
