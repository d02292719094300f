#include "core/governance/permissions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/governance/action_records.hpp"

namespace colonnade::core {

using base::fail;
using base::Task;

bool Permissions::allow(const Scope& scope, const std::string& owner, const std::string& thread_id,
                        const ActionRequest& request) const {
  const auto standing = store_.permissions(scope, owner);
  if (!standing) {
    base::log::error("permissions_unreadable", {{"error", standing.error().message}});
    return false;
  }
  return std::ranges::any_of(*standing, [&](const Permission& one) {
    return one.tool == request.tool &&
           (one.operation.empty() || one.operation == request.operation) &&
           (one.thread_id.empty() || one.thread_id == thread_id) &&
           matches_pattern(request.params, one.pattern);
  });
}

Result<std::vector<Permission>> Permissions::list(const Principal& who) const {
  return store_.permissions(who.scope, who.user_id);
}

Task<Result<void>> Permissions::revoke(Principal who, std::string id) {
  const Time now = clock_.now();
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(RevokePermission{.id = id, .owner = who.user_id, .at = now});
  unit.changes.emplace_back(AppendAudit{{.kind = std::string(audit_kind::permission),
                                         .actor = who.user_id,
                                         .subject = id,
                                         .details = {{"revoked", true}},
                                         .at = now}});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

}  // namespace colonnade::core
