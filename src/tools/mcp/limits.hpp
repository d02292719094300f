// The limits of MCP servers: what they may send, how long they may take, how they are restarted.
#pragma once

#include "base/limits.hpp"

namespace colonnade::limits {

// What a server may send. A message is held whole, so its size bounds memory per server.
constexpr std::size_t mcp_message_bytes_max = 8 * MiB;  // room for a base64 image
constexpr std::size_t mcp_batch_messages_max = 64;      // revision 2025-03-26 may send several
constexpr std::size_t mcp_receive_queue_bytes_max =
    mcp_message_bytes_max;  // read and not yet handled; then the server has to wait
constexpr std::size_t mcp_send_queue_bytes_max = 16 * MiB;  // a server that does not read is ended
constexpr std::size_t mcp_invalid_message_lines_max =
    100;  // lines on stdout that are no messages at all
constexpr std::size_t mcp_stderr_line_bytes_max = 2 * KiB;  // logged of one line
constexpr std::size_t mcp_stderr_lines_max = 1000;  // logged of one process; the rest is dropped

// Definitions. All of them go into every request to a model.
constexpr std::size_t mcp_tools_max = 512;  // of one server
constexpr std::size_t mcp_pages_max = 64;   // of one list
constexpr std::size_t mcp_cursor_bytes_max = 4 * KiB;
constexpr std::size_t mcp_tool_name_bytes_max = 128;
constexpr std::size_t mcp_description_bytes_max = 16 * KiB;
constexpr std::size_t mcp_schema_bytes_max = 128 * KiB;
constexpr std::size_t mcp_parameter_headers_max = 32;        // of one tool
constexpr std::size_t mcp_header_value_bytes_max = 4 * KiB;  // of one mirrored argument
constexpr std::size_t model_tool_name_bytes_max = 64;        // what every provider accepts

// Requests.
constexpr std::size_t mcp_outstanding_max = 256;  // of ours to one server
constexpr std::size_t mcp_tool_calls_per_account = mcp_outstanding_max / 4;  // under way, to all
constexpr std::size_t mcp_tool_calls_max = 4096;
constexpr std::size_t mcp_questions_per_account = 32;  // of servers, open: a human answers each
constexpr std::size_t mcp_questions_max = 1024;
constexpr std::size_t mcp_server_requests_max = 16;  // of a server to us, at once
constexpr int mcp_input_rounds_max = 8;  // times that one call may come back for more input
constexpr std::size_t mcp_input_requests_max = 16;  // in one such round
constexpr auto mcp_probe_time_max = 5s;       // silence that makes a stdio server an older one
constexpr auto mcp_handshake_time_max = 30s;  // starting may mean fetching a package
constexpr auto mcp_list_time_max = 30s;
constexpr auto mcp_elicitation_time_max = 10min;  // for a human's answer
constexpr auto mcp_start_wait_max = 10s;  // of a run or a call for a server that is just starting
constexpr auto mcp_relist_interval_min = 1s;  // between lists, however often a server says changed

// Supervision.
constexpr auto mcp_restart_delay_min = 500ms;  // doubles with each failure
constexpr auto mcp_restart_delay_max = 60s;
constexpr auto mcp_steady_time = 60s;   // ready for so long: the next failure is the first again
constexpr auto mcp_exit_time_max = 2s;  // from the end of its input to its own exit
constexpr auto mcp_terminate_time_max = 2s;  // from SIGTERM to SIGKILL

// Streamable HTTP.
constexpr auto mcp_resume_delay_default = 1s;  // when the server names no time to come back
constexpr auto mcp_resume_delay_max = 30s;     // whatever time it names
constexpr int mcp_resumes_max = 16;            // of one stream in a row without a new event
constexpr std::size_t mcp_session_id_bytes_max = 1 * KiB;
constexpr auto mcp_goodbye_time_max = 3s;  // for DELETE at the end

// OAuth.
constexpr int mcp_challenges_max = 3;                        // answered of one request
constexpr std::size_t mcp_oauth_body_bytes_max = 256 * KiB;  // of metadata and of tokens
constexpr std::size_t mcp_oauth_text_bytes_max = 16 * KiB;   // of a token, a scope, an id
constexpr auto mcp_assertion_time_max = 5min;  // that a signed statement of ours counts
constexpr std::size_t mcp_oauth_scopes_max = 256;
constexpr auto mcp_oauth_time_max = 30s;  // of one request to an authorization server

}  // namespace colonnade::limits
