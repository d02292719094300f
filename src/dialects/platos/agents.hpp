// /api/v1/agent/agents (platos §2.1): agents and their versions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/threads/erasure.hpp"
#include "core/threads/threads.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/platos/agent_wire.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/route_handlers.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// Whoever may read is everyone in the scope; the writes are operators' (the routes' Need).
// Thread-safe; must outlive the server.
class AgentResource {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;  // counted
    core::Erasure& erasure;
    AnswerOnce& answer_once;
    // "provider:model" of agents without one of their own.
    std::function<std::string()> default_model = [] { return std::string(); };
  };
  explicit AgentResource(Dependencies deps) : deps_(std::move(deps)) {}

  base::Task<net::Reply> list(Caller caller, RequestPtr request);
  base::Task<net::Reply> create(Caller caller, RequestPtr request);
  base::Task<net::Reply> get(Caller caller, RequestPtr request);
  base::Task<net::Reply> update(Caller caller, RequestPtr request);
  base::Task<net::Reply> remove(Caller caller, RequestPtr request);
  base::Task<net::Reply> versions(Caller caller, RequestPtr request);
  base::Task<net::Reply> roll_back(Caller caller, RequestPtr request);
  base::Task<net::Reply> set_canary(Caller caller, RequestPtr request);

 private:
  base::Task<Attempted> create_once(core::Principal who, core::NewAgent input, Attempt attempt);
  base::Task<base::Result<AgentView>> view_of(core::Principal who, core::Agent agent);
  base::Task<net::Reply> answer(core::Principal who, base::Result<core::Agent> agent);
  base::Task<base::Result<core::Agent>> alterable(core::Principal who, std::string id);

  Dependencies deps_;
};

}  // namespace colonnade::dialects::platos
