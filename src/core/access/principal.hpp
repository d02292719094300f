// Who asks: out of a credential, into every use case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// What a user may do in its scope. An operator sees all of it; a member sees what is the member's
// own. A guest is somebody else's end user: no token is made for one, a dialect lets it in (Platos
// does), and it sees what a member sees. What else it may not do is that dialect's to refuse.
enum class UserRole { operator_role = 1, member, guest };
std::string_view to_string(UserRole role);  // "operator", "member", "guest"
std::optional<UserRole> user_role_from(std::string_view text);

// Scope, user and role have no default: a forgotten one does not compile.
struct Principal {
  Principal(Scope scope_in, std::string user_in, UserRole role_in)
      : scope(std::move(scope_in)), user_id(std::move(user_in)), role(role_in) {}

  Scope scope;
  std::string user_id;
  UserRole role;
  std::string device_id{};      // "" unless a paired device's token was used
  std::string credential_id{};  // the row that let it in; "" for what is no row
  // May look at any scope that it names; `scope` is the one it looks at now.
  bool every_scope = false;

  bool is_operator() const { return role == UserRole::operator_role; }
  // May do what concerns the server as a whole.
  bool is_server_operator() const { return is_operator() && every_scope; }
};

// What the first operator's token looks at until it names another scope, and the scope of what the
// configuration sets up (tool servers, Faramesh's shared tokens).
inline Scope default_view() { return Scope::main(); }

// The same principal, looking at another scope. unauthorized when its credential does not count
// there, invalid when `scope` is no scope.
base::Result<Principal> looking_at(Principal who, std::string_view scope);

}  // namespace colonnade::core
