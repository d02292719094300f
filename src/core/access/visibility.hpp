// Who sees what. Every use case asks here, for what it shows, changes, lists, searches, waits for
// and follows. What somebody may not see is missing for them, never forbidden.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/access/principal.hpp"

namespace colonnade::core {

// Whose things a list holds: an owner's own, all of the scope for an operator (nullopt).
inline std::optional<std::string> owner_seen_by(const Principal& who) {
  if (who.is_operator()) return std::nullopt;
  return who.user_id;
}

// Whether what belongs to `owner` in that scope is there for them.
inline bool may_see(const Principal& who, const Scope& scope, std::string_view owner) {
  if (scope != who.scope) return false;
  const auto own = owner_seen_by(who);
  return !own || *own == owner;
}

// Whether it is the caller's own: of what nobody else sees, an operator included (uploaded files).
inline bool is_own(const Principal& who, const Scope& scope, std::string_view owner) {
  return scope == who.scope && owner == who.user_id;
}

// Whether an agent may begin what lists the agents that may, by their ids ("default" for the
// default one). An empty list leaves it to all.
inline bool may_begin(const std::vector<std::string>& agents, std::string_view agent_id) {
  return agents.empty() || std::ranges::find(agents, agent_id) != agents.end();
}

}  // namespace colonnade::core
