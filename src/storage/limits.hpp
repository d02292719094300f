// Limits of the stores that keep their data in files.
#pragma once

#include <cstddef>
#include <cstdint>

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
// Pages of 4 KiB: 16 MiB. A longer log makes every read slower, a shorter one syncs more often.
constexpr std::int64_t log_frames_kept_max = 4000;
// Between the probes of a disk that has failed. The first lets those who were refused hear of it.
constexpr auto store_probe_delay_min = 100ms;
constexpr auto store_probe_delay_max = 1s;
constexpr auto store_probe_busy_time = 100ms;  // that a probe waits for readers
// After something was erased, the search indexes are written anew and the log is emptied, some
// pages at a time while the writer is idle, and now and then while it is not.
constexpr int erasure_pages_at_once = 256;
constexpr auto erasure_step_pause = 5ms;
constexpr auto erasure_retry_pause = 1s;    // a reader was in the way, or the disk
constexpr auto erasure_rest = 10s;          // between the end of one and the begin of the next
constexpr auto erasure_busy_time = 20ms;    // that emptying the log waits for readers
constexpr auto erasure_time_at_close = 5s;  // the next start goes on with the rest
// Free on the disk before the store takes units again: a large unit, so that it does not fail at
// once for the next.
constexpr std::size_t store_room_min = 1 * MiB;
constexpr std::size_t memory_vectors_bytes_max = 256 * MiB;  // kept ready for searches, all holders

// Read and indexed in one transaction, so that commits wait no longer than this takes.
constexpr std::int64_t search_batch_bytes_max = 4 * 1024 * 1024;
// Of one query, as the tokenizer counts them. Each is looked for at every word of a text.
constexpr std::size_t search_words_max = 32;
// The newest messages that match are ranked; a word that is in more of them tells little.
constexpr std::size_t search_ranked_messages_max = 10'000;
constexpr int search_fragment_words = 24;                    // shown of a message
constexpr std::size_t search_fragment_bytes_max = 4 * 1024;  // of them, whatever they are
constexpr int search_steps_between_looks = 1000;  // of SQLite's machine, at the stop token

}  // namespace colonnade::limits
