// MCP servers (tandem §2.9, §4.8).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/tools/scope_tool_servers.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// The words of a command line: blanks part them, quotes and backslashes keep them together.
std::vector<std::string> command_words(std::string_view line);

// /mcp
class McpServerResource {
 public:
  explicit McpServerResource(core::ScopeToolServers& servers) : servers_(servers) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> tools(core::Principal who, RequestPtr request);
  base::Task<net::Reply> resources(core::Principal who, RequestPtr request);
  base::Task<net::Reply> add(core::Principal who, RequestPtr request);
  base::Task<net::Reply> change(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);
  base::Task<net::Reply> connect(core::Principal who, RequestPtr request);
  base::Task<net::Reply> disconnect(core::Principal who, RequestPtr request);
  base::Task<net::Reply> refresh(core::Principal who, RequestPtr request);
  base::Task<net::Reply> authorize(core::Principal who, RequestPtr request);
  base::Task<net::Reply> complete(core::Principal who, RequestPtr request);
  base::Task<net::Reply> forget(core::Principal who, RequestPtr request);
  base::Task<net::Reply> catalog(core::Principal who, RequestPtr request);

  core::ScopeToolServers& servers_;
};

}  // namespace colonnade::dialects::tandem
