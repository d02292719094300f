#include "core/governance/permissions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/shell_command.hpp"
#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::fail;
using base::Task;

namespace {

bool is_for(const Permission& one, const ActionRequest& request, std::string_view thread_id) {
  return same_tool(one.tool, request.tool) &&
         (one.operation.empty() || one.operation == request.operation) &&
         (one.agent_id.empty() || one.agent_id == request.agent_id) &&
         (one.thread_id.empty() || one.thread_id == thread_id);
}

bool covers(const Permission& one, const ActionRequest& request) {
  return remembered_covers({.pattern = one.pattern, .commands = one.commands}, request.params);
}

}  // namespace

Task<bool> Permissions::allow(Scope scope, std::string owner, std::string thread_id,
                              ActionRequest request) const {
  const auto standing = co_await store_.permissions(scope, std::move(owner));
  if (!standing) {
    base::log::error("permissions_unreadable", {{"error", standing.error().message}});
    co_return false;
  }
  std::optional<std::string> directory;  // asked for once one counts in a directory
  for (const Permission& one : *standing) {
    if (!is_for(one, request, thread_id) || !covers(one, request)) continue;
    if (one.directory.empty()) co_return true;
    if (!directory) {
      auto bound = co_await directory_of(scope, thread_id);
      if (!bound) {
        base::log::error("permissions_unreadable", {{"error", bound.error().message}});
        co_return false;
      }
      directory = std::move(*bound);
    }
    if (one.directory == *directory) co_return true;
  }
  co_return false;
}

Task<Result<std::string>> Permissions::directory_of(Scope scope, std::string thread_id) const {
  if (threads_ == nullptr || thread_id.empty()) co_return std::string();
  auto thread = co_await threads_->thread(std::move(scope), std::move(thread_id));
  if (!thread) co_return fail(std::move(thread.error()));
  co_return *thread ? std::move((*thread)->directory.path) : std::string();
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
