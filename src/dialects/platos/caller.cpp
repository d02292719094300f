#include "dialects/platos/caller.hpp"

#include "dialects/platos/errors.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;

ScopeNames names_of(const core::Scope& scope) {
  const std::string& key = scope.key();
  const auto first = key.find('/');
  const auto second = key.find('/', first + 1);
  return {.organization = key.substr(0, first),
          .project = key.substr(first + 1, second - first - 1),
          .environment = key.substr(second + 1)};
}

base::Result<void> check_agent(const Caller& caller, std::string_view agent_id) {
  if (caller.agent_id.empty() || caller.agent_id == agent_id) return {};
  return fail(ErrorKind::forbidden,
              "This token is bound to another agent; use the agent that it names.",
              std::string(agent_binding_field));
}

base::Result<void> check_need(const Caller& caller, const Need& need, const net::Request& head) {
  if (need.agent_in_path && !head.path_parameters.empty()) {
    auto bound = check_agent(caller, head.path_parameters.front());
    if (!bound) return bound;
  }
  if (need.audience == Audience::operators && !caller.who.is_operator()) {
    return fail(ErrorKind::forbidden,
                "This is the operator's: it takes direct headers with the internal token, or a "
                "token of the platform's secret.");
  }
  if (need.audience == Audience::no_guests && caller.is_guest()) {
    return fail(ErrorKind::forbidden, "Guests may not do this.");
  }
  return {};
}

}  // namespace colonnade::dialects::platos
