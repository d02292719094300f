// Limits of the catalog of tasks.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t tasks_per_scope = 200;           // one page of documents
constexpr std::size_t tasks_at_start_max = 10'000;     // whose schedules a start looks at
constexpr std::size_t task_id_bytes_max = 64;          // platos §5.6
constexpr std::size_t task_name_bytes_max = 256;       // as it is displayed
constexpr std::size_t task_text_bytes_max = 64 * KiB;  // a whole task as JSON
constexpr std::size_t task_agents_max = 100;           // that may begin it
constexpr auto task_time_default = 300s;               // platos §5.6
constexpr auto task_time_max = 24h;
constexpr int task_retries_default = 3;  // platos §5.6
constexpr std::size_t task_upcoming_times = 5;

}  // namespace colonnade::limits
