// What reading threads may cost.
#pragma once

#include <chrono>
#include <cstddef>

namespace colonnade::limits {

// One search, waiting for its turn included. A hundred thousand messages take a tenth of a second.
constexpr auto search_time_max = std::chrono::seconds(5);

// Whether the store takes the end of a run that an erasure waits for.
constexpr auto erasure_look_interval = std::chrono::milliseconds(100);

constexpr std::size_t title_characters_max = 200;  // platos §3.3
constexpr std::size_t thread_tags_max = 50;
constexpr std::size_t thread_tag_bytes_max = 128;
// Of one fork, which is one unit.
constexpr std::size_t fork_messages_max = 2000;
constexpr std::size_t directory_bytes_max = 4095;  // of a path, as the kernel takes it
constexpr std::size_t move_reason_bytes_max = 200;
// Each is looked at for every call of the thread's runs.
constexpr std::size_t thread_rules_max = 200;
constexpr std::size_t rule_text_bytes_max = 512;

}  // namespace colonnade::limits
