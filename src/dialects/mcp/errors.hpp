// How the MCP endpoint says no: JSON-RPC errors in HTTP answers.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "dialects/mcp/message.hpp"
#include "net/http.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::mcp {

net::Response fault_response(int status, const std::optional<RequestId>& id, const RpcFault& fault);

// What is wrong with a request before any message of it counts; 401 says how to come in.
net::Response error_response(const base::Error& error);

// An internal error's words stay here; what a client can do about it goes out.
RpcFault fault_of(const base::Error& error);

// What is said where no route matches, below the endpoint.
net::ErrorEncoder error_encoder();

}  // namespace colonnade::dialects::mcp
