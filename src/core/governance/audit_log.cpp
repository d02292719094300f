#include "core/governance/audit_log.hpp"

#include <utility>

#include "base/log.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

void AuditLog::record(Scope scope, AuditEntry entry) {
  Unit unit{.scope = std::move(scope)};
  unit.changes.emplace_back(AppendAudit{std::move(entry)});
  feed_.append(std::move(unit), [](const Result<std::int64_t>& stored) {
    if (!stored) base::log::error("audit_not_stored", {{"error", stored.error().message}});
  });
}

}  // namespace colonnade::core
