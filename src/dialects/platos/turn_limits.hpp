// Limits of turns over Platos' wire.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr auto platos_turn_time_max = std::chrono::seconds(300);      // platos §5.2
constexpr auto platos_approval_time_max = std::chrono::seconds(300);  // platos §5.3
constexpr auto platos_log_kept = std::chrono::seconds(120);           // platos §3.7: after its end
constexpr auto platos_resume_grace = std::chrono::seconds(60);        // platos §3.7
constexpr auto platos_key_kept = std::chrono::seconds(600);           // platos §5.2
constexpr auto platos_session_look_interval = std::chrono::minutes(10);  // at a token's end
constexpr auto platos_heartbeat_interval = std::chrono::seconds(15);     // platos §3.9

constexpr std::size_t platos_frame_bytes_max = 256 * KiB;  // platos §3.5
// JSON can make six bytes of one; a piece of this size never passes the frame.
constexpr std::size_t platos_delta_bytes_max = 40 * KiB;
constexpr std::size_t platos_details_bytes_max =
    16 * KiB;  // of an approval, and of an error's text
// Of a step's text that is kept to be compared with what a model says when it is asked again.
constexpr std::size_t platos_compared_bytes_max = 64 * KiB;
constexpr std::size_t platos_key_bytes_max = 128;        // a client's own idempotency key
constexpr std::size_t platos_key_lives_max = 16;         // uses of one key within a day
constexpr std::size_t platos_turns_per_socket_max = 16;  // streamed at a time, ended ones included
constexpr std::size_t platos_joined_threads_max = 64;    // by one socket
constexpr std::size_t platos_turn_body_bytes_max = 1 * MiB;
// Turns whose socket has gone: what it had been handed is kept for a resume.
constexpr std::size_t platos_left_turns_max = 16'384;

}  // namespace colonnade::limits
