// Adding to the audit trail what is no part of another change: a policy that was loaded. What
// changes with a record (a decision, a credential) commits the record in its own unit.
#pragma once

#include "core/access/scope.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

class EventFeed;

// Thread-safe.
class AuditLog {
 public:
  explicit AuditLog(EventFeed& feed) : feed_(feed) {}

  // Returns at once; the record is numbered when it is committed. A record that the store refuses
  // is logged as an error.
  void record(Scope scope, AuditEntry entry);

 private:
  EventFeed& feed_;
};

}  // namespace colonnade::core
