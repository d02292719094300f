// Limits of what turns text into vectors.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto embedding_time_max = 5s;          // a recall waits for its question's vector so long
constexpr std::size_t embedding_batch_max = 64;  // texts of one request
constexpr std::size_t embedding_reply_bytes_max = 32 * MiB;  // 64 vectors of 4096 numbers, as text
constexpr std::size_t word_vectors_bytes_max = 64 * MiB;     // of the table of word vectors

}  // namespace colonnade::limits
