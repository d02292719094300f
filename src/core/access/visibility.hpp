// Who sees what. Every use case asks here, for what it shows, changes, lists, searches, waits for
// and follows. What somebody may not see is missing for them, never forbidden.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

}  // namespace colonnade::core
