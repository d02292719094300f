// Limits of HTTP, as a server and as a client.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t http_header_bytes_max = 16 * KiB;
constexpr std::size_t http_headers_max = 100;
constexpr std::size_t http_target_bytes_max = 8 * KiB;
constexpr std::size_t http_body_bytes_max = 16 * MiB;  // a route's own limit is usually far lower
constexpr std::size_t http_connections_max = 20'000;
// Requests under way and open streams of one account, of the connections that may be open: it takes
// two accounts to fill them. The same for one address, of what needs no credential.
constexpr std::size_t http_account_requests_percent = 80;
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
constexpr std::size_t stream_queue_events_max = 256;     // fathom §4.5
constexpr std::size_t stream_queue_bytes_max = 8 * MiB;  // each: an artifact's JSON may have 6 MiB
constexpr int stream_send_buffer_bytes = 64 * 1024;      // SO_SNDBUF: what a stalled reader can pin
constexpr auto stream_keepalive_interval = 20s;          // fathom §4.2 allows at most 25 s
constexpr auto stream_stall_time_max = 60s;  // no byte accepted for so long: the reader is gone
constexpr std::size_t stream_gather_events_max = 64;  // queued events sent with one system call
constexpr int stream_discard_reads_max = 16;  // reads of unwanted input before other work's turn
// WebSockets.
constexpr std::size_t websocket_message_bytes_max = 1 * MiB;  // of one message that is read
constexpr std::size_t websocket_read_bytes = 64 * KiB;     // one read; shared by a lane's sockets
constexpr std::size_t websocket_tls_read_bytes = 2 * KiB;  // one read; of each connection
constexpr int websocket_reads_per_wakeup = 16;             // then other work of the lane
constexpr auto websocket_heartbeat_interval = 25s;         // platos §3.2
constexpr int websocket_pings_unanswered_max = 2;          // platos §7.2: then the peer is gone
// What readers have not taken yet. One large answer fits in an account's share; readers that do not
// read take it from nobody else.
constexpr std::size_t answers_account_bytes_max = 64 * MiB;
constexpr std::size_t answers_bytes_max = 512 * MiB;
constexpr std::size_t answer_piece_bytes = 64 * KiB;  // of an answer that is made while it is sent
constexpr std::size_t answer_count_bytes = 16 * KiB;  // what a stream holds is counted in these
constexpr std::size_t answer_rate_bytes_min = 16 * KiB;  // a second: a slower reader is cut off
constexpr auto answer_retry_after = 1s;  // said to whom may not have a large answer just now
constexpr std::size_t client_buffer_bytes_max =
    256 * KiB;                                             // unread of one transfer; then it pauses
constexpr std::size_t client_header_bytes_max = 64 * KiB;  // of one response
constexpr long client_connections_kept_max = 256;          // for reuse, per lane
constexpr auto client_drain_time_max = 1s;  // for the end of a body that nobody reads any more
constexpr std::size_t client_drain_bytes_max = 64 * KiB;
constexpr std::size_t client_handles_kept_max = 16;       // for reuse, per lane; each about 10 KB
constexpr std::size_t client_reply_bytes_max = 64 * MiB;  // one whole reply
constexpr std::size_t client_stream_buffer_bytes_max =
    1 * MiB;  // unread; then the sender is held up
// Unsent bytes of a WebSocket beyond which pings are not answered at once.
constexpr std::size_t client_websocket_pong_bytes_waiting = 4 * KiB;
constexpr std::size_t client_websocket_message_bytes_max =
    16 * MiB;                                // a server may send a whole artifact at once
constexpr auto client_idle_time_max = 120s;  // silence on a model stream
constexpr auto client_first_byte_time_max = 120s;
constexpr std::size_t upstream_message_bytes_max = 500;  // of a vendor's own words in our errors
constexpr std::size_t upstream_error_body_bytes_max =
    64 * KiB;  // of a failed answer, read to explain it

}  // namespace colonnade::limits
