// What a search and its index may cost.
#pragma once

#include <cstddef>
#include <cstdint>

namespace colonnade::limits {

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
