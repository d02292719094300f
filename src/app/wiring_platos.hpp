// What the Platos dialect is built from, as the settings want it. Part of the wiring.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "app/settings.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/entities.hpp"
#include "core/access/rate_limits.hpp"
#include "core/access/scope.hpp"

namespace colonnade::app {

// The settings' secrets are resolved and checked.
core::ConfiguredSecrets configured_secrets(const Settings& settings);
core::RateLimitOptions rate_limit_options(const Settings& settings);

// The scope of an agent that guests may use; nullopt for every other id. No agent is open to guests
// in a core that does not know of them.
template <class Agents>
base::Task<base::Result<std::optional<core::Scope>>> guest_scope(const Agents* agents,
                                                                 std::string agent_id) {
  if constexpr (requires { agents->open_to_guests(agent_id); }) {
    auto agent = co_await agents->open_to_guests(std::move(agent_id));
    if (agent) co_return agent->scope;
    if (agent.error().kind != base::ErrorKind::not_found) co_return base::fail(agent.error());
  }
  co_return std::nullopt;
}

}  // namespace colonnade::app
