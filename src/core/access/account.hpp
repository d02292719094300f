// The account that work is counted against: a user within a scope.
#pragma once

#include <string>
#include <string_view>

#include "base/joined.hpp"
#include "core/access/principal.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// A name that no other user of any scope has, whatever characters the two are made of.
inline std::string account_of(const Scope& scope, std::string_view user_id) {
  return base::joined({scope.key(), user_id});
}
inline std::string account_of(const Principal& who) { return account_of(who.scope, who.user_id); }

}  // namespace colonnade::core
