// Adding to the audit trail what is no part of another change: a policy that was loaded. What
// changes with a record (a decision, a credential) commits the record in its own unit.
#pragma once

#include "core/access/scope.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

class BackgroundCommits;

// Thread-safe.
class AuditLog {
 public:
  explicit AuditLog(BackgroundCommits& commits) : commits_(commits) {}

  // Returns at once; the record is numbered when it is committed. One that the store cannot take is
  // tried again until it can.
  void record(Scope scope, AuditEntry entry);

 private:
  BackgroundCommits& commits_;
};

}  // namespace colonnade::core
