// Who asks over Platos' wire: a principal, and what its token says beside.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/access/principal.hpp"
#include "core/access/scope.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// The end user as the token's maker knows them (platos §1.6).
struct UserMeta {
  std::string name{};
  std::string email{};
};

struct Caller {
  explicit Caller(core::Principal who_in) : who(std::move(who_in)) {}

  // An end user is a member, whoever has the platform's secret or direct headers an operator.
  core::Principal who;
  std::string entity_id{};  // of the token; "" for none
  // The one agent that may be used; "" for any of the scope. Never empty for a guest.
  std::string agent_id{};
  UserMeta user_meta{};
  std::string user_token{};   // a secret: for tool back ends alone
  std::string traceparent{};  // as it was sent, not checked
  // When the token ends; none for a caller without one. Asked again before each event of a socket
  // (Access::recheck).
  std::optional<base::Time> expires_at{};

  bool is_guest() const { return who.role == core::UserRole::guest; }
};

// The three names in a scope.
struct ScopeNames {
  std::string organization{};
  std::string project{};
  std::string environment{};
};
ScopeNames names_of(const core::Scope& scope);

// Who may use a route at all (platos §1.5).
enum class Audience {
  everyone,   // whoever was let in, guests too
  no_guests,  // approvals, budgets, monitoring, bgo
  operators,  // writes of agents, budgets and tasks
};

// What a route asks of its caller.
struct Need {
  Audience audience = Audience::everyone;
  // The first path parameter is an agent's id, which must be the one that the caller is bound to.
  bool agent_in_path = false;
};

// The one place that says what a caller may do. Both: forbidden.
base::Result<void> check_need(const Caller& caller, const Need& need, const net::Request& head);
// Before a thread is made for an agent, and before an agent is asked: 403 AGENT_SCOPE_MISMATCH when
// the caller is bound to another one.
base::Result<void> check_agent(const Caller& caller, std::string_view agent_id);

}  // namespace colonnade::dialects::platos
