// Limits and defaults of Tandem's wire. Each row names the section of the contract that sets it.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t tandem_body_bytes_max = 2 * MiB;         // tandem §1.1
constexpr std::chrono::milliseconds tandem_retry_after{500};   // tandem §4.1: retryAfterMs
constexpr std::size_t tandem_event_bytes_max = 16'000;         // tandem §3.2
constexpr std::size_t tandem_delta_bytes_max = 6'000;          // of one event's text
constexpr std::chrono::seconds tandem_keepalive_interval{10};  // tandem §3.2
constexpr std::size_t tandem_title_chars_max = 60;           // tandem §4.1: of a title that is made
constexpr std::size_t tandem_final_text_chars_max = 16'000;  // tandem §3.5
constexpr std::size_t tandem_question_header_chars_max = 40;
constexpr std::size_t tandem_page_rows_default = 20;  // tandem §2.2
// Of a stream: runs under way whose calls it keeps in mind, so that the end of one can say what it
// was called with. The oldest are forgotten first.
constexpr std::size_t tandem_followed_runs_max = 256;
// Of one call, for that purpose.
constexpr std::size_t tandem_kept_arguments_bytes_max = 8'000;
// Of GET /run/{id}/events: the newest ones.
constexpr std::size_t tandem_run_events_max = 5'000;
// Messages that are looked through for a session's plan.
constexpr std::size_t tandem_todo_messages_max = 1'000;
constexpr std::size_t tandem_events_at_once = 100;  // handed to a stream's writer during a replay
// Live events that wait behind a replay; beyond that the stream is cut off.
constexpr std::size_t tandem_unsent_events_max = 4'096;
constexpr std::size_t tandem_allowlist_names_max = 500;
constexpr std::size_t tandem_client_id_bytes_max = 256;    // of the x-tandem-… headers
constexpr std::size_t tandem_requests_listed_max = 5'000;  // permission requests and questions

constexpr std::chrono::milliseconds tandem_authorization_retry{15'000};  // tandem §4.8

constexpr std::size_t tandem_all_runs_default = 100;     // tandem §4.4: of GET /routines/runs
constexpr std::size_t tandem_routine_runs_default = 50;  // tandem §4.4: of one, and its history
constexpr std::size_t tandem_routine_runs_max = 500;     // tandem §4.4
// Of a misfire policy that says catch_up and no number.
constexpr int tandem_catch_up_default = 10;

constexpr std::size_t tandem_memory_search_default = 8;       // tandem §4.12
constexpr std::size_t tandem_memory_list_default = 100;       // tandem §4.12
constexpr std::size_t tandem_partition_part_bytes_max = 128;  // of a memory's partition
constexpr std::size_t tandem_subject_bytes_max = 256;         // a user's name, of clients' own
constexpr std::size_t tandem_resources_listed_default = 100;
constexpr std::size_t tandem_resource_segments_max = 6;  // of a key in a path

}  // namespace colonnade::limits
