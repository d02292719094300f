// Standing permissions: answers that were given once and remembered.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/permission_store.hpp"

namespace colonnade::core {

// Thread-safe.
class Permissions {
 public:
  Permissions(PermissionStore& store, EventFeed& feed, base::Clock& clock)
      : store_(store), feed_(feed), clock_(clock) {}

  // Whether one of the owner's answers the question about this request. A store that cannot be read
  // permits nothing.
  bool allow(const Scope& scope, const std::string& owner, const std::string& thread_id,
             const ActionRequest& request) const;

  Result<std::vector<Permission>> list(const Principal& who) const;
  // not_found when there is no such live permission of the principal's.
  base::Task<Result<void>> revoke(Principal who, std::string id);

 private:
  PermissionStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
};

}  // namespace colonnade::core
