#include "core/governance/audit_log.hpp"

#include <utility>

#include "core/events/background_commits.hpp"

namespace colonnade::core {

void AuditLog::record(Scope scope, AuditEntry entry) {
  Unit unit{.scope = std::move(scope)};
  unit.changes.emplace_back(AppendAudit{std::move(entry)});
  commits_.add(std::move(unit), "audit record");
}

}  // namespace colonnade::core
