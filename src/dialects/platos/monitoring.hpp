// What runs did and what they cost (platos §2.5, §5.5), in the paths of the real server and of the
// TypeScript client. A user sees their own runs, an operator the scope's; a token that is bound to
// an agent sees that agent's.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/governance/actions.hpp"
#include "core/spans/monitoring.hpp"
#include "core/threads/threads.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/monitoring_wire.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// Thread-safe; must outlive the server.
class MonitoringResource {
 public:
  struct Dependencies {
    core::Monitoring& monitoring;
    core::Threads& threads;
    core::Agents& agents;
    core::Actions& actions;
  };
  explicit MonitoringResource(Dependencies deps) : deps_(deps) {}

  // GET /monitoring/runs?agentId&threadId&status&limit&days
  base::Task<net::Reply> runs(Caller caller, RequestPtr request);
  // GET /monitoring/traces?agentId&threadId&status&limit&days: a row for each thread
  base::Task<net::Reply> trace_rows(Caller caller, RequestPtr request);
  // GET /monitoring/traces/{id}: the spans of a trace or of a thread
  base::Task<net::Reply> trace(Caller caller, RequestPtr request);
  // GET /monitoring/trace/{threadId}: a thread with its messages and spans
  base::Task<net::Reply> thread_trace(Caller caller, RequestPtr request);
  // GET /monitoring/cost?date and /monitoring/cost/by-agent?day: one day
  base::Task<net::Reply> day_cost(Caller caller, RequestPtr request);
  base::Task<net::Reply> day_cost_by_agent(Caller caller, RequestPtr request);
  // GET /monitoring/cost/by-scope?daysBack: day by day
  base::Task<net::Reply> cost_by_scope(Caller caller, RequestPtr request);
  // GET /monitoring/cost-by-agent, cost-by-model, cost-by-user ?days&limit
  base::Task<net::Reply> cost_by_agent(Caller caller, RequestPtr request);
  base::Task<net::Reply> cost_by_model(Caller caller, RequestPtr request);
  base::Task<net::Reply> cost_by_user(Caller caller, RequestPtr request);
  // GET /monitoring/summary?days
  base::Task<net::Reply> summary(Caller caller, RequestPtr request);
  // GET /monitoring/tool-audit?days&limit
  base::Task<net::Reply> tool_audit(Caller caller, RequestPtr request);
  // GET /monitoring/safety-events?detector&action&severity&threadId&agentId&userId&sinceDays&limit
  // &offset
  base::Task<net::Reply> safety_events(Caller caller, RequestPtr request);

 private:
  base::Task<net::Reply> agent_costs(Caller caller, RequestPtr request, core::CostQuery query,
                                     std::size_t limit);
  base::Task<base::Result<AgentNames>> names_of_agents(core::Principal who,
                                                       std::vector<core::CostSum> sums);

  Dependencies deps_;
};

std::vector<net::Route> monitoring_routes(Access& access, MonitoringResource& monitoring);

}  // namespace colonnade::dialects::platos
