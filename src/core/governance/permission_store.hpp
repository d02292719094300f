// The store port for standing permissions, as core/events/journal.hpp says of all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/governance/action.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class PermissionStore {
 public:
  virtual ~PermissionStore() = default;
  // Not revoked, of that owner (nullopt: of everybody), oldest first.
  virtual base::Task<Result<std::vector<Permission>>> permissions(
      Scope scope, std::optional<std::string> owner) = 0;
};

struct InsertPermission {
  Permission permission;
};
struct RevokePermission {  // not_found unless it exists, belongs to `owner` and is live
  std::string id{};
  std::string owner{};
  Time at{};
};

}  // namespace colonnade::core
