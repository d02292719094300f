// Standing permissions: answers that were given once and remembered.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/permission_store.hpp"
#include "core/threads/thread_store.hpp"

namespace colonnade::core {

// Thread-safe.
class Permissions {
 public:
  // `threads` says which directory a thread is bound to; without it none is bound to any.
  Permissions(PermissionStore& store, EventFeed& feed, base::Clock& clock,
              ThreadStore* threads = nullptr)
      : store_(store), feed_(feed), clock_(clock), threads_(threads) {}

  // Whether one of the owner's answers the question about this request. A store that cannot be read
  // permits nothing.
  base::Task<bool> allow(Scope scope, std::string owner, std::string thread_id,
                         ActionRequest request) const;

  // The path of the directory that a thread is bound to now; "" for none.
  base::Task<Result<std::string>> directory_of(Scope scope, std::string thread_id) const;

  base::Task<Result<std::vector<Permission>>> list(Principal who) const;
  // not_found when there is no such live permission that the caller may see.
  base::Task<Result<void>> revoke(Principal who, std::string id);

 private:
  PermissionStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  ThreadStore* threads_;
};

}  // namespace colonnade::core
