// Every limit has a name, a unit and a reason, here or as an option. Reaching one is a tested path.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace colonnade::limits {

using namespace std::chrono_literals;
constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

// --- text formats -----------------------------------------------------------------------------
constexpr std::size_t json_depth_max = 256;           // deeper input is an attack or a mistake
constexpr std::size_t sse_line_bytes_max = 16 * MiB;  // fathom §4.2 asks for at least 4 MiB

// --- HTTP server ------------------------------------------------------------------------------
constexpr std::size_t http_header_bytes_max = 16 * KiB;
constexpr std::size_t http_headers_max = 100;
constexpr std::size_t http_target_bytes_max = 8 * KiB;
constexpr std::size_t http_body_bytes_max = 16 * MiB;  // a route's own limit is usually far lower
constexpr std::size_t http_connections_max = 20'000;
constexpr auto http_header_time_max = 15s;  // from the first byte of a request to its last header
constexpr auto http_body_time_max = 60s;    // slow senders are cut off after this
constexpr auto http_idle_time_max = 75s;    // keep-alive without a request
constexpr auto http_write_time_max = 30s;   // a response nobody reads
constexpr std::size_t http_read_buffer_bytes = 4 * KiB;  // per connection, grows to what is needed
constexpr std::size_t http_body_read_bytes = 64 * KiB;   // one read of a large body
constexpr std::size_t http_unrouted_body_bytes_max =
    64 * KiB;                                           // read for a 404 to keep the connection
constexpr std::size_t http_request_id_bytes_max = 128;  // a client's X-Request-Id
constexpr auto http_linger_time_max = 2s;  // lets a refused sender read our answer before the reset
constexpr std::size_t http_linger_bytes_max = 1 * MiB;  // what is thrown away meanwhile
constexpr auto http_sweep_interval_max = 1s;            // how coarse the time limits may be
constexpr auto http_sweep_interval_min = 5ms;
constexpr int http_accepts_per_wakeup = 64;     // then other work of the lane gets its turn
constexpr int http_backlog_connections = 1024;  // waiting in the kernel to be accepted
constexpr auto http_close_time_max = 5s;        // for the lanes to close everything after the grace

// --- event streams ----------------------------------------------------------------------------
constexpr std::size_t stream_queue_events_max = 256;     // fathom §4.5
constexpr std::size_t stream_queue_bytes_max = 1 * MiB;  // per subscriber, beyond the socket buffer
constexpr int stream_send_buffer_bytes = 64 * 1024;      // SO_SNDBUF: what a stalled reader can pin
constexpr auto stream_keepalive_interval = 20s;          // fathom §4.2 allows at most 25 s
constexpr auto stream_stall_time_max = 60s;  // no byte accepted for so long: the reader is gone
constexpr std::size_t stream_gather_events_max = 64;  // queued events sent with one system call
constexpr int stream_discard_reads_max = 16;  // reads of unwanted input before other work's turn

// --- HTTP client ------------------------------------------------------------------------------
constexpr std::size_t client_buffer_bytes_max =
    256 * KiB;                                             // unread of one transfer; then it pauses
constexpr std::size_t client_header_bytes_max = 64 * KiB;  // of one response
constexpr long client_connections_kept_max = 256;          // for reuse, per lane
constexpr auto client_drain_time_max = 1s;  // for the end of a body that nobody reads any more
constexpr std::size_t client_drain_bytes_max = 64 * KiB;
constexpr std::size_t client_handles_kept_max = 16;  // for reuse, per lane; each about 10 KB

// --- HTTP client of the SDK -------------------------------------------------------------------
constexpr std::size_t client_reply_bytes_max = 64 * MiB;      // one whole reply
constexpr std::size_t client_error_body_bytes_max = 1 * MiB;  // of a stream that was refused
constexpr std::size_t client_stream_buffer_bytes_max =
    1 * MiB;                                               // unread; then the sender is held up
constexpr std::size_t reconnect_seen_messages_max = 1024;  // ids kept against duplicates

// --- storage ----------------------------------------------------------------------------------
constexpr auto commit_window_max = 2ms;         // how long the writer may gather while it is busy
constexpr std::size_t commit_units_max = 1024;  // per transaction
constexpr std::size_t commit_queue_units_max = 16'384;    // beyond this, writers are told to wait
constexpr std::size_t joined_delta_bytes_max = 64 * KiB;  // a joined event must still suit a stream
constexpr auto search_behind_time_max = 100ms;  // idle so long, the writer indexes messages
constexpr std::size_t search_behind_messages_max = 2048;  // so many wait: it does so while busy
constexpr std::size_t search_batch_messages = 512;        // indexed in one transaction
constexpr auto untold_delta_time_max = 50ms;  // before output that nobody follows is stored
constexpr std::size_t untold_delta_bytes_max = 64 * KiB;
constexpr std::size_t writer_threads_known_max =
    16'384;                                       // cached sequence numbers, about 200 B each
constexpr std::size_t read_connections_max = 16;  // each has its own page cache
constexpr auto database_busy_time_max = 5s;  // another program (backup, shell) holds the write lock
constexpr std::size_t page_rows_max = 200;
constexpr std::size_t tool_servers_of_agent_max = 64;
constexpr int change_attempts_max = 8;  // of a change that somebody else's overtakes
constexpr std::size_t tool_server_name_bytes_max = 32;          // leaves room for a tool's own name
constexpr std::size_t tool_server_text_bytes_max = 16 * KiB;    // a command, or a URL
constexpr std::size_t tool_server_secrets_max = 64;             // variables, or headers
constexpr std::size_t tool_server_secret_bytes_max = 16 * KiB;  // one, with its name
constexpr std::size_t list_rows_max = 1000;            // of one list of objects, phoson §3.3
constexpr std::size_t actions_listed_max = 1000;       // faramesh §2.5
constexpr std::size_t action_reason_bytes_max = 1000;  // faramesh §3.1: how it ended, cut
constexpr std::size_t audit_text_bytes_max = 4 * KiB;  // of one text in a record's details
constexpr std::size_t permissions_kept_max = 1000;     // standing ones of one user
constexpr std::size_t permission_pattern_bytes_max = 1 * KiB;
constexpr auto approval_time_max = 24h;  // then nobody's answer is an answer
constexpr std::size_t page_rows_default = 50;

// --- turns ------------------------------------------------------------------------------------
constexpr int run_rounds_max = 50;    // model calls in one run
constexpr auto run_time_max = 30min;  // a whole run, waiting for approvals excluded
constexpr auto tool_time_max = 120s;  // one tool call
constexpr std::size_t tool_output_bytes_max = 256 * KiB;
constexpr auto model_idle_time_max = 120s;  // silence on a model stream
constexpr auto model_first_byte_time_max = 120s;
constexpr int model_retries_max = 4;  // after the first attempt, only before any output
constexpr auto model_retry_delay_min = 500ms;
constexpr auto model_retry_delay_max = 30s;  // also caps Retry-After
constexpr std::size_t model_reply_bytes_max = 16 * MiB;
constexpr std::size_t upstream_message_bytes_max = 500;  // of a vendor's own words in our errors
constexpr std::size_t upstream_error_body_bytes_max =
    64 * KiB;  // of a failed answer, read to explain it
constexpr int model_output_tokens_default =
    8192;  // Anthropic requires a number; 8192 suits every model
// Anthropic, older models: tokens to think with, per effort. The least is the vendor's own; the
// most plus the default output stays below the 32,000 that the smallest of these models can
// produce.
constexpr int thinking_tokens_min = 1024;
constexpr int thinking_tokens_low = 4096;
constexpr int thinking_tokens_medium = 10'240;
constexpr int thinking_tokens_high = 20'480;
constexpr int offline_tokens_max = 100'000;           // words of one scripted reply
constexpr std::size_t offline_echo_bytes_max = 2000;  // of the user's words, repeated to them
constexpr std::size_t offline_batch_events = 64;      // deltas told at once when there is no delay
constexpr auto offline_delay_max = 60s;               // between two words
// The model's input. More messages than this are summarised, or the oldest left out.
constexpr std::size_t context_messages_max = 1000;
constexpr std::int64_t context_window_tokens_default = 32'768;  // of a model that no table knows
constexpr std::int64_t context_window_tokens_min = 1024;        // less holds no conversation
constexpr std::int64_t context_reserve_tokens = 1024;  // kept free besides the reply, for estimates
constexpr int context_compact_at_percent = 80;         // of the room: then old runs are summarised
constexpr int context_compact_to_percent = 40;    // of the room, after it: the next one is far away
constexpr int context_compact_gain_percent = 10;  // of the room: less is not worth a call
constexpr int context_shorten_to_percent = 75;    // of the room, once results are shortened
constexpr std::int64_t context_result_tokens_min = 128;  // what is left of a shortened tool result
constexpr std::int64_t context_summary_tokens_max = 2048;    // asked of the summarising model
constexpr std::size_t context_summary_bytes_max = 32 * KiB;  // stored of what it said
constexpr std::size_t context_told_bytes_max = 8 * KiB;      // of one part, told to that model
// A report is believed when it is within this factor of the estimate; else the provider counts
// something else, or nothing.
constexpr int context_report_factor_max = 4;

// --- tools ------------------------------------------------------------------------------------
constexpr std::size_t tool_threads = 8;           // files and processes of tools; a shell holds one
constexpr std::size_t todo_items_max = 200;       // of one list; more is not a plan
constexpr std::size_t question_options_max = 20;  // that a human can take in
// The workspace. A file larger than this is data, not text for a model.
constexpr std::size_t workspace_file_bytes_max = 32 * MiB;  // read, edited or searched
constexpr std::size_t workspace_write_bytes_max = 8 * MiB;  // written by one call
constexpr std::size_t workspace_path_bytes_max = 4096;      // as the kernel's own PATH_MAX
constexpr int workspace_links_max = 8;    // symbolic links followed at the end of one path
constexpr int workspace_open_tries = 16;  // of an open that a rename elsewhere disturbs
constexpr int workspace_depth_max = 64;   // folders below each other; each holds a descriptor
constexpr std::size_t workspace_entries_max = 50'000;  // looked at by one search
constexpr std::size_t binary_probe_bytes = 8 * KiB;    // a NUL in these makes a file binary
constexpr std::size_t read_lines_default = 2000;
constexpr std::size_t read_lines_max = 10'000;
constexpr std::size_t read_line_bytes_max = 2000;         // the rest of a longer line is not shown
constexpr std::size_t read_output_bytes_max = 200 * KiB;  // below tool_output_bytes_max
constexpr std::size_t glob_matches_max = 1000;
constexpr std::size_t grep_matches_max = 500;
constexpr std::size_t grep_line_bytes_max = 400;        // shown of one matching line
constexpr std::size_t grep_read_bytes_max = 256 * MiB;  // searched by one call
constexpr std::size_t pattern_bytes_max = 1000;
constexpr std::int64_t pattern_memory_bytes_max = 8 * 1024 * 1024;  // of one compiled pattern
// The shell. What one command may use; the operator's machine must stay usable meanwhile.
constexpr std::size_t shell_command_bytes_max = 64 * KiB;  // the kernel allows 128 KiB
constexpr std::size_t shell_output_bytes_max = 96 * KiB;   // shown, of each of the two streams
constexpr std::size_t shell_output_read_max = 64 * MiB;  // more is a runaway: the command is ended
constexpr auto shell_time_default = 60s;
constexpr auto shell_cpu_time_max = 120s;                        // of each process
constexpr std::size_t shell_address_space_max = 4096 * MiB;      // of each process
constexpr std::size_t shell_memory_max = 2048 * MiB;             // resident, all processes
constexpr std::size_t shell_file_bytes_max = 512 * MiB;          // of each file
constexpr std::size_t shell_temporary_bytes_max = 256 * MiB;     // of /tmp, which is memory
constexpr std::size_t shell_shared_memory_bytes_max = 64 * MiB;  // of /dev/shm
constexpr std::size_t shell_disk_free_min = 256 * MiB;  // left on the workspace's file system
constexpr int shell_open_files_max = 1024;              // of each process
constexpr int shell_tasks_max = 256;                    // processes and threads
// What the kernel grants the user of a command. More than the command may have, because others may
// run as the same user: the kernel only keeps a bomb small until the look that ends it.
constexpr int shell_user_tasks_max = 2 * shell_tasks_max;
constexpr auto shell_watch_interval = 50ms;  // between looks at memory, processes and disk
constexpr auto child_end_time_max = 5s;      // for a killed child to be gone
// Fetching.
constexpr int fetch_redirects_max = 5;
constexpr std::size_t fetch_bytes_max = 1 * MiB;         // read of one body
constexpr std::size_t fetch_text_bytes_max = 200 * KiB;  // shown of it
constexpr std::size_t fetch_body_bytes_max = 256 * KiB;  // sent
constexpr std::size_t fetch_url_bytes_max = 4096;
constexpr auto fetch_time_max = 30s;  // each hop

// --- use cases --------------------------------------------------------------------------------
constexpr auto idempotency_time = 24h;
constexpr std::size_t idempotency_key_bytes_max = 255;
constexpr auto credential_touch_interval = 60s;  // how exact last_seen is
constexpr auto pairing_code_time = 60s;          // fathom §5.3
constexpr auto pairing_sweep_interval = 30s;
constexpr int pairing_claims_max = 5;  // per window and address
constexpr auto pairing_window = 60s;
constexpr auto pairing_watch_time_max = 90s;
constexpr auto drain_time_max = 10s;  // SIGTERM to exit

// --- gate -------------------------------------------------------------------------------------
constexpr std::size_t action_text_characters_max = 10'000;  // faramesh §2.5, after trimming
constexpr std::size_t action_object_levels_max = 10;        // faramesh §2.5, below params itself
constexpr std::size_t action_params_bytes_max = 100'000;    // faramesh §2.5, as ASCII JSON
constexpr std::size_t action_context_bytes_max = 10'000;    // faramesh §2.5, as ASCII JSON
constexpr std::size_t policy_file_bytes_max = 16 * MiB;     // room for policy_rules_max
constexpr std::size_t policy_rules_max = 100'000;           // rules of each kind in one file
constexpr std::size_t policy_values_max = 4'000'000;        // nodes of a file, its aliases expanded
constexpr std::size_t policy_depth_max = 64;                // nested groups and lists of a file
constexpr std::size_t policy_pattern_bytes_max = 4 * KiB;   // one regular expression
constexpr std::int64_t policy_pattern_memory_bytes_max = 1 * 1024 * 1024;  // its compiled form
constexpr std::size_t explained_rules_max = 1000;  // rules that an explanation lists

// --- memory -----------------------------------------------------------------------------------
constexpr std::size_t memory_text_bytes_max = 8 * KiB;    // remembered: a paragraph, not a document
constexpr std::size_t memory_value_bytes_max = 64 * KiB;  // under a key
constexpr std::size_t memory_key_bytes_max = 256;
constexpr std::size_t memory_kind_bytes_max = 64;
constexpr std::size_t memory_metadata_bytes_max = 8 * KiB;  // as JSON
constexpr std::size_t memory_items_max = 100'000;           // of one account with one agent
constexpr std::size_t memories_listed_max = 1000;           // tandem §4.12
constexpr std::size_t memories_recalled_default = 5;        // what a model reads at a glance
constexpr std::size_t memories_recalled_max = 100;          // tandem §4.12
constexpr std::size_t memories_shown_max = 20;  // to a model: below tool_output_bytes_max in all
constexpr std::size_t memory_keys_shown = 100;  // of one list, to a model
constexpr std::size_t memory_value_bytes_shown = 200;    // of each
constexpr std::size_t memory_query_bytes_max = 8 * KiB;  // as the longest text it could repeat
constexpr std::size_t memory_query_words_max = 32;       // that full text looks for
constexpr std::size_t memory_candidates = 100;           // ranked together, of each kind of search
constexpr std::size_t memory_vectors_bytes_max = 256 * MiB;  // kept ready for searches, all holders
constexpr std::size_t memory_dimensions_max = 4096;  // of one vector; larger than any in use
constexpr std::size_t memory_sweep_items = 500;  // removed in one transaction: a few milliseconds
constexpr auto memory_sweep_interval = 60s;
constexpr std::size_t memory_place_items = 64;   // given a vector later, in one go
constexpr auto embedding_time_max = 5s;          // a recall waits for its question's vector so long
constexpr auto embedding_pause = 30s;            // after a failure: full text alone meanwhile
constexpr std::size_t embedding_batch_max = 64;  // texts of one request
constexpr std::size_t embedding_reply_bytes_max = 32 * MiB;  // 64 vectors of 4096 numbers, as text
constexpr std::size_t word_vectors_bytes_max = 64 * MiB;     // of the table of word vectors

// --- dialects ---------------------------------------------------------------------------------
constexpr std::size_t encoded_reads_bytes_max = 4 * MiB;         // answers kept, per lane
constexpr std::size_t fathom_client_message_id_bytes_max = 128;  // fathom §3.4
constexpr std::size_t fathom_message_body_bytes_max = 1 * MiB;   // fathom §3.4
constexpr std::size_t phoson_body_bytes_max = 1 * MiB;           // phoson §1
constexpr std::size_t phoson_name_characters_max = 200;          // phoson §2: of an agent
constexpr std::size_t phoson_title_characters_max = 500;         // phoson §3.3
constexpr std::size_t phoson_label_characters_max = 255;         // phoson §3.3: thread_id
constexpr int phoson_max_tokens_max = 10'000'000;                // more than any model writes
constexpr double phoson_temperature_default = 0.7;               // phoson §3.2
constexpr int phoson_max_tokens_default = 4096;                  // phoson §3.2
constexpr int phoson_rounds_max = 12;                            // phoson §5.1
constexpr std::size_t fathom_threads_listed_max = 50;            // fathom §3.1
constexpr std::size_t fathom_messages_shown_max = 50;            // fathom §3.2
constexpr std::size_t fathom_hits_default = 20;                  // a screenful
constexpr std::size_t faramesh_actions_default = 20;             // faramesh §2.5
constexpr std::size_t faramesh_body_bytes_max = 1 * MiB;  // room for the largest action, spaced out
constexpr std::size_t faramesh_members_max = 64;          // of an object of the wire's own
constexpr std::size_t faramesh_batch_actions_max = 100;   // of one body; each is a commit
constexpr std::size_t faramesh_batch_body_bytes_max = 12 * MiB;  // room for that many large ones
constexpr std::size_t faramesh_policy_bytes_max = 512 * KiB;  // of a policy that is only looked at
constexpr std::size_t faramesh_input_echo_bytes_max = 1 * KiB;  // of a wrong input, in its refusal
constexpr std::size_t faramesh_sample_bytes_max = 1 * KiB;      // of params repeated in sample code
constexpr std::size_t faramesh_feed_events_replayed = 10;       // faramesh §3.4, to a new reader
constexpr std::size_t faramesh_feed_records_searched = page_rows_max;  // for those
constexpr std::size_t faramesh_metric_tools_max = 50;  // tool names among the metrics; then "other"

// The MCP server. Its clients are programs that other people's models steer.
constexpr std::size_t mcp_endpoint_body_bytes_max = 1 * MiB;  // as for any message to an agent
constexpr std::size_t mcp_endpoint_batch_messages_max = 32;   // revision 2025-03-26 sends several
constexpr std::size_t mcp_endpoint_sessions_max = 10'000;     // about 500 B each; the idlest goes
constexpr auto mcp_endpoint_session_idle_time_max = 12h;      // then its client begins anew
constexpr std::size_t mcp_endpoint_streams_max = 4;           // open streams of one session
constexpr std::size_t mcp_endpoint_calls_max = 256;           // of one client, under way at once
constexpr auto mcp_ask_time_default = 10min;  // then the run goes on without the asker
constexpr auto mcp_ask_time_max = run_time_max;
constexpr auto mcp_follow_time_default = 20s;  // below what clients wait for an answer
constexpr auto mcp_follow_time_max = 60s;
constexpr auto mcp_follow_gather_time = 200ms;              // one answer, not one for each word
constexpr std::size_t mcp_follow_events_max = 200;          // of one answer
constexpr std::size_t mcp_follow_bytes_max = 128 * KiB;     // of their texts; a model reads them
constexpr std::size_t mcp_event_text_bytes_max = 16 * KiB;  // of one of them; the rest is cut
constexpr auto mcp_progress_interval = 500ms;               // between two notifications of a call
constexpr std::size_t mcp_listed_default = 20;              // rows that suit a model's window
constexpr std::size_t mcp_argument_bytes_max = 512 * KiB;   // of one text
constexpr std::size_t mcp_name_echo_bytes_max = 100;        // of a client's word, in our errors
constexpr std::size_t mcp_bridge_requests_max = 64;         // under way between a host and a server

// --- the operator's commands ------------------------------------------------------------------
constexpr std::size_t audit_page_records_max = 1000;    // of one answer of the operator's route
constexpr std::size_t audit_page_bytes_max = 1 * MiB;   // a page grows beyond by 50 records at most
constexpr std::size_t audit_line_bytes_max = 16 * MiB;  // of an export; far above any record
constexpr std::size_t recorded_actions_max = 100'000;   // decided again by one simulation
constexpr std::size_t recorded_actions_bytes_max = 256 * MiB;  // of a file with them

}  // namespace colonnade::limits
