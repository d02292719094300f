// The store port for the audit trail, as core/events/journal.hpp says of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

using base::Result;

class AuditStore {
 public:
  virtual ~AuditStore() = default;
  // Records of every scope with seq > `after`, in order.
  virtual base::Task<Result<std::vector<AuditRecord>>> audit(std::int64_t after,
                                                             std::size_t limit) = 0;
  // Everything about one subject, in order.
  virtual base::Task<Result<std::vector<AuditRecord>>> audit_of(Scope scope,
                                                                std::string subject) = 0;
  // The newest about one subject; nullopt when there is none.
  virtual base::Task<Result<std::optional<AuditRecord>>> newest_audit_of(Scope scope,
                                                                         std::string subject) = 0;
  // Of the newest record; 0 when there is none.
  virtual base::Task<Result<std::int64_t>> last_audit_seq() = 0;
};

struct AppendAudit {  // given its number and its hash at commit
  AuditEntry entry{};
};

}  // namespace colonnade::core
