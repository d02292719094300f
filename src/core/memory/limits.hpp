// Limits of what agents remember.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t memory_text_bytes_max = 8 * KiB;    // remembered: a paragraph, not a document
constexpr std::size_t memory_value_bytes_max = 64 * KiB;  // under a key
constexpr std::size_t memory_key_bytes_max = 256;
constexpr std::size_t memory_kind_bytes_max = 64;
constexpr std::size_t memory_metadata_bytes_max = 8 * KiB;  // as JSON
constexpr std::size_t memory_items_max = 100'000;           // of one account with one agent
constexpr std::size_t memories_listed_max = 1000;           // tandem §4.12
constexpr std::size_t memories_recalled_default = 5;        // what a model reads at a glance
constexpr std::size_t memories_recalled_max = 100;          // tandem §4.12
constexpr std::size_t memory_query_bytes_max = 8 * KiB;     // as the longest text it could repeat
constexpr std::size_t memory_query_words_max = 32;          // that full text looks for
constexpr std::size_t memory_candidates = 100;       // ranked together, of each kind of search
constexpr std::size_t memory_dimensions_max = 4096;  // of one vector; larger than any in use
constexpr std::size_t memory_sweep_items = 500;  // removed in one transaction: a few milliseconds
constexpr auto memory_sweep_interval = 60s;
constexpr std::size_t memory_place_items = 64;  // given a vector later, in one go
constexpr auto embedding_pause = 30s;           // after a failure: full text alone meanwhile

// What was done with an account's memory; the oldest make room.
constexpr std::size_t memory_records_max = 2000;
constexpr std::size_t memory_records_listed_max = 1000;

// Imports: what one request may bring in.
constexpr std::size_t memory_chunk_bytes = 2 * KiB;     // a few paragraphs, found as one
constexpr std::size_t import_memories_max = 2'000;      // each a commit: some seconds in all
constexpr std::size_t import_files_max = 1'000;         // of a folder
constexpr std::size_t import_file_bytes_max = 1 * MiB;  // a larger one is data, not text
constexpr std::size_t import_bytes_max = 8 * MiB;       // of all files together
constexpr auto import_read_time_max = std::chrono::seconds(30);

// Of finished runs (tandem §4.12).
constexpr auto ingested_tool_time = std::chrono::hours(30 * 24);
constexpr auto ingested_approval_time = std::chrono::hours(14 * 24);
constexpr auto ingested_question_time = std::chrono::hours(60 * 24);

constexpr auto memory_search_time_max = std::chrono::seconds(5);  // one, waiting included
// The server's own look for memories that have no vector yet.
constexpr auto memory_look_time_max = std::chrono::seconds(30);

}  // namespace colonnade::limits
