// The operator's dialect: what its own commands ask of a running server. Everything below
// /api/v1/operator answers to an operator's token only, which is judged by the head of a request.
//
//   GET    /api/v1/operator/tokens?user=U&scope=S      {"tokens":[{id,name,user,scope,role,kind,
//                                                       created_at}]}
//   POST   /api/v1/operator/tokens {name,scope,user,role}  one of those, with its token
//   DELETE /api/v1/operator/tokens/{id}?scope=S        {"revoked":id}
// Without `scope` the one that the operator looks at. An operator of one scope has that one only.
//
//   GET    /api/v1/operator/access-keys?scope=S        {"access_keys":[{id,name,scope,origins,
//                                                       created_at}]}
//   POST   /api/v1/operator/access-keys?scope=S {name,origins?}  one of those, with its key
//   DELETE /api/v1/operator/access-keys/{id}?scope=S   {"removed":id}
//
//   GET    /api/v1/operator/jobs?scope=S&task=T&state=S&limit=N  {"jobs":[{id,task,user,kind,
//                                                       state,attempts,…,error}]}, newest first
//   GET    /api/v1/operator/jobs/{id}?scope=S          one, with payload, progress and output
//   POST   /api/v1/operator/jobs/{id}/cancel?scope=S   the same
//   POST   /api/v1/operator/jobs/{id}/replay?scope=S   the new one
//   GET    /api/v1/operator/tasks?scope=S              {"tasks":[{task_id,name,…}]}
//
// For operators of every scope:
//   GET    /api/v1/operator/entities                   {"entities":[{organization,project,entity,
//                                                       configured,second_secret,created_at,
//                                                       changed_at}]}
//   POST   /api/v1/operator/entities {organization,project,entity,secret?}  one, with its secret
//   POST   /api/v1/operator/entities/rotate, the same body       the same
//   POST   /api/v1/operator/entities/finish-rotation {organization,project,entity}
//                                                      {"finished":entity}
//   POST   /api/v1/operator/entities/remove, the same  {"removed":entity}
//   GET    /api/v1/operator/audit?after=N&limit=M      one record a line, oldest first
//   GET    /api/v1/operator/mcp-servers                {"servers":[{id,name,state,…}]}
//   POST   /api/v1/operator/mcp-servers/{id}/accept    {"set"}  the held-back tools;
//   {"accepted":id} POST   /api/v1/operator/mcp-servers/{id}/retry     {"retried":id}
// `after` is the seq that the caller has already. A page of the trail ends at `limit` records, or
// when its texts reach limits::audit_page_bytes_max; an empty one is the end. The header
// X-Colonnade-Audit-Newest names the newest seq there was.
//
// For anybody, as only the state that was sent to the authorization server opens it:
//   GET    /api/v1/mcp/callback?code=…&state=…         text for a human
#pragma once

#include <vector>

#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/tokens.hpp"
#include "core/governance/audit_reader.hpp"
#include "core/jobs/jobs.hpp"
#include "core/tasks/task_catalog.hpp"
#include "core/tools/tool_server_connections.hpp"
#include "dialects/operator/resources.hpp"
#include "net/router.hpp"

// `operator` is a keyword, so the namespace is in the plural.
namespace colonnade::dialects::operators {

inline constexpr const char* mcp_callback_path = "/api/v1/mcp/callback";

// The use cases that the dialect translates to. All must outlive it.
struct Dependencies {
  core::Credentials& credentials;
  core::Tokens& tokens;
  core::Entities& entities;
  core::AccessKeys& access_keys;
  core::AuditReader& audit;
  core::ToolServerConnections& connections;
  core::Jobs& jobs;
  core::TaskCatalog& tasks;
};

class Dialect {
 public:
  explicit Dialect(Dependencies deps);
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();
  void add_to(net::Router& router);

 private:
  core::Credentials& credentials_;
  TokenResource tokens_;
  EntityResource entities_;
  AccessKeyResource access_keys_;
  AuditResource audit_;
  McpServerResource mcp_servers_;
  JobResource jobs_;
};

}  // namespace colonnade::dialects::operators
