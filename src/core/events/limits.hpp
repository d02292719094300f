// Limits of committing and of the event feed.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t commit_queue_units_max = 16'384;  // beyond this, writers are told to wait
// Of one account, a quarter of all: four transactions, which others' units then wait for.
constexpr std::size_t commit_queue_units_per_account = 4096;
constexpr auto commit_queue_retry_after = 100ms;  // told to whoever finds no room
constexpr auto commit_retry_delay_min = 50ms;     // before what could not be stored is tried again
constexpr auto commit_retry_delay_max = 1s;       // to which that doubles
constexpr std::size_t background_commits_max = 1024;  // that wait for a store which refused them
// What a client is told to wait while the disk fails; it is probed about as often.
constexpr auto store_retry_after = 250ms;
constexpr std::size_t joined_delta_bytes_max = 64 * KiB;  // a joined event must still suit a stream

constexpr std::size_t events_looked_at_max = 2000;  // of all, to find a user's: about 1 ms

}  // namespace colonnade::limits
