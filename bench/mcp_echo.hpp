// The cheapest MCP server that a client can talk to: one tool, `echo`, that says its text again.
// Nothing is remembered, so every message is answered by itself.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::bench {

// The answer to one JSON-RPC message in revision 2025-11-25 or 2026-07-28, without a line end; ""
// when there is none to give: for a notification, and for what is no JSON object.
std::string echo_answer(std::string_view revision, std::string_view message);

}  // namespace colonnade::bench
