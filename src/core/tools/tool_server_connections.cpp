#include "core/tools/tool_server_connections.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/operators.hpp"
#include "core/governance/audit_log.hpp"

namespace colonnade::core {

using base::fail;

Result<std::vector<ToolServerConnection>> ToolServerConnections::list(const Principal& who) const {
  if (auto allowed = check_server_operator(who); !allowed) return fail(std::move(allowed.error()));
  return connector_.connections();
}

Result<std::string> ToolServerConnections::find(const Principal& who,
                                                const std::string& server) const {
  const auto all = list(who);
  if (!all) return fail(all.error());
  std::vector<std::string> of_that_name;
  for (const ToolServerConnection& one : *all) {
    if (one.id == server) return server;
    if (one.name == server) of_that_name.push_back(one.id);
  }
  if (of_that_name.size() == 1) return of_that_name.front();
  return fail(base::ErrorKind::not_found,
              of_that_name.empty() ? "there is no MCP server '" + server + "'"
                                   : "several MCP servers are named '" + server + "'; use the id");
}

Result<std::string> ToolServerConnections::accept(const Principal& who, const std::string& server,
                                                  const std::string& set) {
  auto id = find(who, server);
  if (!id) return id;
  if (auto accepted = connector_.accept(*id, set); !accepted) {
    return fail(std::move(accepted.error()));
  }
  if (audit_ != nullptr) {
    audit_->record(Scope::whole_server(), {.kind = std::string(audit_kind::tool_server),
                                           .actor = who.user_id,
                                           .subject = *id,
                                           .details = {{"change", "tools accepted"}, {"set", set}},
                                           .at = clock_->now()});
  }
  return id;
}

Result<std::string> ToolServerConnections::retry(const Principal& who, const std::string& server) {
  auto id = find(who, server);
  if (!id) return id;
  if (auto tried = connector_.retry(*id); !tried) return fail(std::move(tried.error()));
  return id;
}

base::Task<Result<void>> ToolServerConnections::complete_authorization(std::string query) {
  return connector_.complete_authorization("", std::move(query));
}

}  // namespace colonnade::core
