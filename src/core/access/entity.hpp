// An entity: whoever signs tokens for end users of its own, such as a customer's back end.
#pragma once

#include <compare>
#include <string>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// An entity is an organization's and a project's, whatever the environment.
struct EntityName {
  std::string organization{};
  std::string project{};
  std::string entity{};
  auto operator<=>(const EntityName&) const = default;
};

// The scope in which an entity's row stands: the project's, of no environment. No credential can
// name it.
inline Scope project_scope(const std::string& organization, const std::string& project) {
  return {organization, project, "*"};
}

// The secrets are sealed under a key that is not in the store.
struct Entity {
  std::string id{};  // EntityName::entity
  Scope scope;       // of project_scope()
  std::string sealed_secret{};
  std::string sealed_second{};  // "" for none
  base::Time created_at{};
  base::Time changed_at{};
};

}  // namespace colonnade::core
