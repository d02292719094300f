// Limits of the stores that keep their data in files.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto commit_window_max = 2ms;         // how long the writer may gather while it is busy
constexpr std::size_t commit_units_max = 1024;  // per transaction
constexpr auto search_behind_time_max = 100ms;  // idle so long, the writer indexes messages
constexpr std::size_t search_behind_messages_max = 2048;  // so many wait: it does so while busy
constexpr std::size_t search_batch_messages = 512;        // indexed in one transaction
constexpr std::size_t writer_threads_known_max =
    16'384;                                       // cached sequence numbers, about 200 B each
constexpr std::size_t read_connections_max = 16;  // each has its own page cache
constexpr auto database_busy_time_max = 5s;  // another program (backup, shell) holds the write lock
constexpr std::size_t memory_vectors_bytes_max = 256 * MiB;  // kept ready for searches, all holders

}  // namespace colonnade::limits
