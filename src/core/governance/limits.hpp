// Limits of actions, approvals, permissions and the audit trail.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace colonnade::limits {

constexpr std::size_t actions_listed_max = 1000;              // faramesh §2.5
constexpr std::size_t end_reason_characters_max = 1000;       // faramesh §3.1: how it ended, cut
constexpr std::size_t answer_reason_characters_max = 20'000;  // what a human says to an approval
constexpr std::size_t audit_text_bytes_max = 4 * KiB;         // of one text in a record's details
constexpr std::size_t permission_pattern_bytes_max = 1 * KiB;
constexpr std::size_t permission_commands_max = 64;  // of one shell input; a human reads no more
// Of one agent and user, by the tool request_approval (platos §5.3).
constexpr std::size_t approval_requests_per_hour = 20;
constexpr auto approval_time_max = 24h;  // then nobody's answer is an answer

// Users' own calls of tools: under way at once, waiting for a human included where the caller does.
constexpr std::size_t user_calls_per_account = 16;
constexpr std::size_t user_calls_max = 256;
constexpr std::size_t user_call_questions_per_account = 100;  // open, of one user
constexpr auto user_call_wait_max = 10min;                    // that a caller waits for an answer
constexpr auto user_call_claim_time_max = 1h;                 // that an approval waits for its call
constexpr std::size_t user_calls_looked_through = 200;  // newest approved ones, for the same call

}  // namespace colonnade::limits
