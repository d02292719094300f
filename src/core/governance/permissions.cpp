#include "core/governance/permissions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/governance/action_records.hpp"

namespace colonnade::core {

using base::fail;
using base::Task;

Task<bool> Permissions::allow(Scope scope, std::string owner, std::string thread_id,
                              ActionRequest request) const {
  const auto standing = co_await store_.permissions(std::move(scope), std::move(owner));
  if (!standing) {
    base::log::error("permissions_unreadable", {{"error", standing.error().message}});
    co_return false;
  }
  co_return std::ranges::any_of(*standing, [&](const Permission& one) {
    return one.tool == request.tool &&
           (one.operation.empty() || one.operation == request.operation) &&
           (one.thread_id.empty() || one.thread_id == thread_id) &&
           matches_pattern(request.params, one.pattern);
  });
}

Task<Result<std::vector<Permission>>> Permissions::list(Principal who) const {
  auto owner = owner_seen_by(who);
  return store_.permissions(std::move(who.scope), std::move(owner));
}

Task<Result<void>> Permissions::revoke(Principal who, std::string id) {
  auto seen = co_await list(who);
  if (!seen) co_return fail(std::move(seen.error()));
  const auto found = std::ranges::find(*seen, id, &Permission::id);
  if (found == seen->end()) {
    co_return fail(base::ErrorKind::not_found, "there is no permission " + id);
  }
  const Time now = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RevokePermission{.id = id, .owner = found->owner, .at = now});
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
