// The store port for entities, as core/events/journal.hpp says of all.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/entity.hpp"
#include "core/access/every_scope.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class EntityStore {
 public:
  virtual ~EntityStore() = default;
  // By scope and id.
  virtual base::Task<Result<std::vector<Entity>>> entities(EveryScopePage page) = 0;
};

struct InsertEntity {  // conflict when there is one of that id in the scope
  Entity entity;
};
struct ChangeEntitySecrets {  // conflict when it is gone or was changed since `unchanged_since`
  std::string id{};
  Time unchanged_since{};  // its changed_at, as it was read
  std::string sealed_secret{};
  std::string sealed_second{};
  Time at{};
};
struct DeleteEntity {  // not_found
  std::string id{};
};

}  // namespace colonnade::core
