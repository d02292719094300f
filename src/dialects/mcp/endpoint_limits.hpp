// What one account may take of the endpoint.
#pragma once

#include <cstddef>

namespace colonnade::limits {

// A client has one, a host some; then the account's own idlest ends.
constexpr std::size_t mcp_endpoint_sessions_per_account = 64;

constexpr std::size_t mcp_endpoint_calls_of_all = 8192;  // under way at once

}  // namespace colonnade::limits
