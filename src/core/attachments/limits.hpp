// Limits of attachments.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t attachment_bytes_max = 20 * MiB;  // of one, platos §2.2
constexpr std::size_t attachment_turn_bytes_max =
    80 * MiB;  // of one message, and of one model call
constexpr std::size_t attachments_per_message = 50;
constexpr std::size_t attachment_name_bytes_max = 255;
constexpr auto attachment_time = 720h;           // 30 days, of one that a message uses
constexpr auto attachment_unused_time = 1h;      // of one that none uses
constexpr auto attachment_purge_interval = 60s;  // how late one may expire
// Stored of one account at once; the writer counts, so that requests side by side cannot pass it.
constexpr std::size_t attachments_per_account = 10'000;
constexpr std::size_t attachment_bytes_per_account = 2048 * MiB;
// What model calls hold of them in memory until they are sent, in MiB, before base64. One call
// takes attachment_turn_bytes_max at most.
constexpr std::size_t attachment_memory_mib_per_account = 160;
constexpr std::size_t attachment_memory_mib = 512;
constexpr auto attachment_io_time_max = 60s;  // one file, waiting for its turn included

}  // namespace colonnade::limits
