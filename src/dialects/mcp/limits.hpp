// Limits of the MCP server. Its clients are programs that other people's models steer.
#pragma once

#include <cstddef>

#include "base/limits.hpp"
#include "core/runs/limits.hpp"

namespace colonnade::limits {

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
constexpr auto mcp_store_look_interval = 100ms;             // whether it takes the end of a run
constexpr std::size_t mcp_listed_default = 20;              // rows that suit a model's window
constexpr std::size_t mcp_run_questions_max = 50;           // of one run's report
constexpr std::size_t mcp_argument_bytes_max = 512 * KiB;   // of one text
constexpr std::size_t mcp_name_echo_bytes_max = 100;        // of a client's word, in our errors

// A client has one, a host some; then the account's own idlest ends.
constexpr std::size_t mcp_endpoint_sessions_per_account = 64;

constexpr std::size_t mcp_endpoint_calls_of_all = 8192;  // under way at once

}  // namespace colonnade::limits
