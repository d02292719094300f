// The rows of the dialect's table for agents and threads (platos §2.1, §2.2).
#pragma once

#include <vector>

#include "dialects/platos/access.hpp"
#include "dialects/platos/agents.hpp"
#include "dialects/platos/minting.hpp"
#include "dialects/platos/threads.hpp"
#include "net/router.hpp"

namespace colonnade::dialects::platos {

// The routes refer to both arguments.
std::vector<net::Route> agent_routes(Access& access, AgentResource& agents);
std::vector<net::Route> thread_routes(Access& access, ThreadResource& threads);

// For minting: the scope of an agent that guests may use. `agents` must outlive it.
GuestScopeOf guest_scopes(core::Agents& agents);

}  // namespace colonnade::dialects::platos
