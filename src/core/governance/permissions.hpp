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
  base::Task<bool> allow(Scope scope, std::string owner, std::string thread_id,
                         ActionRequest request) const;

  base::Task<Result<std::vector<Permission>>> list(Principal who) const;
  // not_found when there is no such live permission that the caller may see.
  base::Task<Result<void>> revoke(Principal who, std::string id);

 private:
  PermissionStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
};

}  // namespace colonnade::core
