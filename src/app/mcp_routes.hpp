// Routes for the MCP servers that give agents tools. Those below /api/v1/operator answer to the
// operator's token only; the callback is where a human's browser comes back to from an
// authorization server, and only the state that was sent there opens it.
//
//   GET  /api/v1/operator/mcp-servers               {"servers":[{id,name,state,…}]}
//   POST /api/v1/operator/mcp-servers/{id}/accept   {"set"}  the held-back tools; {"accepted":id}
//   POST /api/v1/operator/mcp-servers/{id}/retry    {"retried":id}
//   GET  /api/v1/mcp/callback?code=…&state=…        text for a human
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "net/router.hpp"
#include "tools/mcp/servers.hpp"

namespace colonnade::app {

inline constexpr const char* mcp_callback_path = "/api/v1/mcp/callback";

class McpRoutes {
 public:
  McpRoutes(core::Credentials& credentials, tools::mcp::Servers& servers)
      : credentials_(credentials), servers_(servers) {}

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();

 private:
  using RequestPtr = std::shared_ptr<const net::Request>;
  base::Task<net::Reply> list(RequestPtr request);
  base::Task<net::Reply> accept(RequestPtr request);
  base::Task<net::Reply> retry(RequestPtr request);
  base::Task<net::Reply> callback(RequestPtr request);
  // By id, or by name where only one server has it.
  base::Result<std::string> id_of(const std::string& text) const;

  core::Credentials& credentials_;
  tools::mcp::Servers& servers_;
};

}  // namespace colonnade::app
