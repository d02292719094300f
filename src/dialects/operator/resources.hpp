// The handlers of the operator's routes, one class per resource. Each decodes, calls a use case,
// encodes. All are thread-safe and serve every lane; they must outlive the server.
#pragma once

#include <string>
#include <utility>

#include "base/task.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/entities.hpp"
#include "core/access/tokens.hpp"
#include "core/governance/audit_reader.hpp"
#include "core/jobs/jobs.hpp"
#include "core/tasks/task_catalog.hpp"
#include "core/tools/tool_server_connections.hpp"
#include "dialects/route_handlers.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::operators {

using core::Principal;
using dialects::RequestPtr;

// An answer that no cache keeps: it has a token in it, or is about who may come in.
inline net::Response unstored(std::string body) {
  net::Response out{.body = std::move(body)};
  out.headers.push_back({"Cache-Control", "no-store"});
  return out;
}

// /api/v1/operator/tokens, of the scope that the query names or the operator looks at.
class TokenResource {
 public:
  explicit TokenResource(core::Tokens& tokens) : tokens_(tokens) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> create(Principal who, RequestPtr request);
  base::Task<net::Reply> revoke(Principal who, RequestPtr request);

 private:
  core::Tokens& tokens_;
};

// The scope that the query names, or the one that the operator looks at.
base::Result<Principal> looking_where_asked(Principal who, const net::Request& request);

// /api/v1/operator/entities: who signs tokens for end users.
class EntityResource {
 public:
  explicit EntityResource(core::Entities& entities) : entities_(entities) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> add(Principal who, RequestPtr request);
  base::Task<net::Reply> rotate(Principal who, RequestPtr request);
  base::Task<net::Reply> finish_rotation(Principal who, RequestPtr request);
  base::Task<net::Reply> remove(Principal who, RequestPtr request);

 private:
  core::Entities& entities_;
};

// /api/v1/operator/access-keys, of the scope that the query names or the operator looks at.
class AccessKeyResource {
 public:
  explicit AccessKeyResource(core::AccessKeys& access_keys) : access_keys_(access_keys) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> add(Principal who, RequestPtr request);
  base::Task<net::Reply> remove(Principal who, RequestPtr request);

 private:
  core::AccessKeys& access_keys_;
};

// /api/v1/operator/jobs and /tasks, of the scope that the query names or the operator looks at.
class JobResource {
 public:
  JobResource(core::Jobs& jobs, core::TaskCatalog& tasks) : jobs_(jobs), tasks_(tasks) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> get(Principal who, RequestPtr request);
  base::Task<net::Reply> cancel(Principal who, RequestPtr request);
  base::Task<net::Reply> replay(Principal who, RequestPtr request);
  base::Task<net::Reply> tasks(Principal who, RequestPtr request);

 private:
  core::Jobs& jobs_;
  core::TaskCatalog& tasks_;
};

// /api/v1/operator/audit: the trail as lines.
class AuditResource {
 public:
  explicit AuditResource(core::AuditReader& reader) : reader_(reader) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);

 private:
  core::AuditReader& reader_;
};

// /api/v1/operator/mcp-servers: the MCP servers that give agents tools.
class McpServerResource {
 public:
  explicit McpServerResource(core::ToolServerConnections& connections)
      : connections_(connections) {}

  base::Task<net::Reply> list(Principal who, RequestPtr request);
  base::Task<net::Reply> accept(Principal who, RequestPtr request);
  base::Task<net::Reply> retry(Principal who, RequestPtr request);
  // Where a human's browser comes back to from an authorization server; answers in plain text.
  base::Task<net::Reply> callback(RequestPtr request);

 private:
  core::ToolServerConnections& connections_;
};

}  // namespace colonnade::dialects::operators
