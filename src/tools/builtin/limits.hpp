// Limits of the built-in tools.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t todo_items_max = 200;       // of one list; more is not a plan
constexpr std::size_t todo_word_bytes_max = 100;  // of an item's status, and of a client's id
constexpr std::size_t question_options_max = 20;  // that a human can take in
constexpr std::size_t read_lines_default = 2000;
constexpr std::size_t read_lines_max = 10'000;
constexpr std::size_t read_line_bytes_max = 2000;         // the rest of a longer line is not shown
constexpr std::size_t read_output_bytes_max = 200 * KiB;  // below tool_output_bytes_max
constexpr std::size_t glob_matches_max = 1000;
constexpr std::size_t grep_matches_max = 500;
constexpr std::size_t grep_line_bytes_max = 400;        // shown of one matching line
constexpr std::size_t grep_read_bytes_max = 256 * MiB;  // searched by one call
constexpr std::size_t codesearch_places_default = 10;
constexpr std::size_t codesearch_places_max = 50;
constexpr std::size_t codesearch_places_of_file_max = 3;
constexpr std::size_t codesearch_words_max = 16;             // of one query
constexpr std::size_t codesearch_file_bytes_max = 2 * MiB;   // a larger one is no source
constexpr std::size_t codesearch_place_bytes_max = 4 * KiB;  // shown of one place
constexpr std::size_t codesearch_output_bytes_max = 100 * KiB;
constexpr auto codesearch_time_max = 20s;  // then what was found so far is the answer
constexpr std::size_t pattern_bytes_max = 1000;
constexpr std::size_t patch_bytes_max = 1 * MiB;  // read on the run's lane: milliseconds
constexpr std::size_t patch_files_max = 200;
// Fetching.
constexpr int fetch_redirects_max = 5;
constexpr std::size_t fetch_bytes_max = 1 * MiB;         // read of one body
constexpr std::size_t fetch_text_bytes_max = 200 * KiB;  // shown of it
constexpr std::size_t fetch_body_bytes_max = 256 * KiB;  // sent
constexpr std::size_t fetch_url_bytes_max = 4096;
constexpr auto fetch_time_max = 30s;  // each hop
// Searching the web.
constexpr std::size_t websearch_results_default = 8;
constexpr std::size_t websearch_results_max = 20;
constexpr std::size_t websearch_query_bytes_max = 400;  // Brave's own limit, in characters
constexpr std::size_t websearch_body_bytes_max = 4 * MiB;
constexpr std::size_t websearch_title_bytes_max = 300;
constexpr std::size_t websearch_text_bytes_max = 1000;  // of one result
constexpr std::size_t memories_shown_max = 20;  // to a model: below tool_output_bytes_max in all
constexpr std::size_t memory_keys_shown = 100;  // of one list, to a model
constexpr std::size_t memory_value_bytes_shown = 200;  // of each

constexpr int sub_agent_task_characters_max = 20'000;
// Background runs.
constexpr std::size_t awaited_runs_max = 20;  // of one wait
constexpr std::size_t background_rows_default = 25;
constexpr std::size_t background_rows_max = 100;
constexpr std::size_t run_output_bytes_shown = 100 * KiB;  // below tool_output_bytes_max
constexpr std::size_t task_title_bytes_max = 200;
constexpr int approval_action_characters_max = 500;
constexpr int approval_details_characters_max = 4000;

}  // namespace colonnade::limits
