// Limits and defaults of Phoson's wire.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t phoson_body_bytes_max = 1 * MiB;    // phoson §1
constexpr std::size_t phoson_name_characters_max = 200;   // phoson §2: of an agent
constexpr std::size_t phoson_title_characters_max = 500;  // phoson §3.3
constexpr std::size_t phoson_label_characters_max = 255;  // phoson §3.3: thread_id
constexpr int phoson_max_tokens_max = 10'000'000;         // more than any model writes
constexpr double phoson_temperature_default = 0.7;        // phoson §3.2
constexpr int phoson_max_tokens_default = 4096;           // phoson §3.2
constexpr int phoson_rounds_max = 12;                     // phoson §5.1

}  // namespace colonnade::limits
