// A server that is our child process: one message a line on its standard input and output
// (2025-11-25 basic/transports, "stdio").
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/lane.hpp"
#include "tools/mcp/connection.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/server_process.hpp"

namespace colonnade::tools::mcp {

struct StdioOptions {
  std::string name{};  // of the server, for logs and errors
  ServerCommand command{};
  std::chrono::milliseconds exit_time_max = limits::mcp_exit_time_max;
  std::chrono::milliseconds terminate_time_max = limits::mcp_terminate_time_max;
};

// Each has a thread of its own that reads, writes and decodes, so that no lane ever waits for a
// pipe. A server that writes faster than the lane handles is made to wait. What it writes on
// standard error is logged, the values of its own variables left out.
// close(): the end of its input, then after exit_time_max SIGTERM and after terminate_time_max
// SIGKILL, both to its group; the group is gone afterwards. A process that has left the group is
// out of reach.
std::unique_ptr<Connection> make_stdio_connection(base::Lane& lane, StdioOptions options);

}  // namespace colonnade::tools::mcp
