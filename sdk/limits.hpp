// Limits of the SDK beside those of its HTTP client (net/limits.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t client_error_body_bytes_max = 1 * MiB;  // of a stream that was refused
constexpr std::int64_t client_messages_polled_max = 200;  // one page; more than a real server's own
constexpr std::size_t reconnect_seen_messages_max = 1024;  // ids kept against duplicates
constexpr std::size_t tandem_running_tools_max = 256;      // whose end a stream waits for

}  // namespace colonnade::limits
