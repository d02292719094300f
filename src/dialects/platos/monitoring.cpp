#include "dialects/platos/monitoring.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/governance/limits.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;

constexpr Need monitoring_need{.audience = Audience::no_guests};

// A bound caller asks about its agent, whether or not it says so.
Result<void> keep_to_agent(const Caller& caller, std::optional<std::string>& agent_id) {
  if (agent_id) {
    if (auto may = check_agent(caller, *agent_id); !may) return may;
  } else if (!caller.agent_id.empty()) {
    agent_id = caller.agent_id;
  }
  return {};
}

net::Response monitoring_refusal(base::Error error) {
  if (error.kind == ErrorKind::timeout) {
    error.message = "this took too long; ask for fewer days, one agent, or one thread";
  }
  return error_response(error);
}

// Of an agent that a bound caller may not ask about, nothing is there.
void drop_others(const Caller& caller, std::vector<core::RunTraced>& runs) {
  if (caller.agent_id.empty()) return;
  std::erase_if(runs, [&](const core::RunTraced& traced) {
    return wire_agent_id(traced.run.agent_id) != caller.agent_id;
  });
}

net::Response no_trace() {
  return error_response({.kind = ErrorKind::not_found, .message = "Trace not found"});
}

// How many rows of costs.
Result<std::size_t> cost_rows(const net::Request& request) {
  return query_number(request, "limit", limits::platos_cost_agents_default,
                      limits::platos_monitoring_rows_max);
}

}  // namespace

// --- runs and traces ----------------------------------------------------------------------------

Task<net::Reply> MonitoringResource::runs(Caller caller, RequestPtr request) {
  auto filter = decode_runs_query(*request, deps_.monitoring.now());
  if (!filter) co_return error_response(filter.error());
  const auto may = keep_to_agent(caller, filter->agent_id);
  if (!may) co_return error_response(may.error());
  const auto page = co_await deps_.monitoring.runs(std::move(caller.who), std::move(*filter),
                                                   request->disconnected);
  if (!page) co_return monitoring_refusal(page.error());
  co_return net::Response{.body = encode_runs(*page)};
}

Task<net::Reply> MonitoringResource::trace_rows(Caller caller, RequestPtr request) {
  auto filter = decode_traces_query(*request, deps_.monitoring.now());
  if (!filter) co_return error_response(filter.error());
  const auto may = keep_to_agent(caller, filter->agent_id);
  if (!may) co_return error_response(may.error());
  const auto rows = co_await deps_.monitoring.threads(std::move(caller.who), std::move(*filter),
                                                      request->disconnected);
  if (!rows) co_return monitoring_refusal(rows.error());
  co_return net::Response{.body = encode_trace_rows(*rows)};
}

Task<net::Reply> MonitoringResource::trace(Caller caller, RequestPtr request) {
  auto runs = co_await deps_.monitoring.traces(caller.who, request->path_parameters.front(),
                                               request->disconnected);
  if (!runs && runs.error().kind == ErrorKind::not_found) co_return no_trace();
  if (!runs) co_return monitoring_refusal(runs.error());
  drop_others(caller, *runs);
  if (runs->empty()) co_return no_trace();
  co_return net::Response{.body = encode_spans(*runs, deps_.monitoring.now())};
}

Task<net::Reply> MonitoringResource::thread_trace(Caller caller, RequestPtr request) {
  const std::string id = request->path_parameters.front();
  const base::Error missing{.kind = ErrorKind::not_found, .message = "Thread not found"};
  const auto thread = co_await deps_.threads.get(caller.who, id);
  if (!thread && thread.error().kind == ErrorKind::not_found) co_return error_response(missing);
  if (!thread) co_return error_response(thread.error());
  const bool others =
      !caller.agent_id.empty() && wire_agent_id(thread->agent_id) != caller.agent_id;
  if (thread->deleted_at || others) co_return error_response(missing);
  const core::MessagePage page{.from = 0, .limit = limits::platos_trace_messages_max};
  const auto messages = co_await deps_.threads.message_list(caller.who, id, page);
  if (!messages) co_return error_response(messages.error());
  auto runs = co_await deps_.monitoring.traces(caller.who, id, request->disconnected);
  if (!runs && runs.error().kind == ErrorKind::not_found) runs = std::vector<core::RunTraced>();
  if (!runs) co_return monitoring_refusal(runs.error());
  co_return net::Response{
      .body = encode_thread_trace(*thread, *messages, *runs, deps_.monitoring.now())};
}

// --- costs --------------------------------------------------------------------------------------

Task<net::Reply> MonitoringResource::day_cost(Caller caller, RequestPtr request) {
  auto query = decode_day_query(*request, "date", deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto may = keep_to_agent(caller, query->agent_id);
  if (!may) co_return error_response(may.error());
  const auto sums = co_await deps_.monitoring.costs(std::move(caller.who), std::move(*query),
                                                    request->disconnected);
  if (!sums) co_return monitoring_refusal(sums.error());
  co_return net::Response{.body = encode_day_total(*sums)};
}

Task<net::Reply> MonitoringResource::day_cost_by_agent(Caller caller, RequestPtr request) {
  auto query = decode_day_query(*request, "day", deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  auto reply = co_await agent_costs(std::move(caller), std::move(request), std::move(*query),
                                    limits::platos_monitoring_rows_max);
  co_return reply;
}

Task<net::Reply> MonitoringResource::cost_by_agent(Caller caller, RequestPtr request) {
  auto query = decode_days_query(*request, "days", limits::platos_monitoring_days_default,
                                 deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto limit = cost_rows(*request);
  if (!limit) co_return error_response(limit.error());
  auto reply =
      co_await agent_costs(std::move(caller), std::move(request), std::move(*query), *limit);
  co_return reply;
}

Task<net::Reply> MonitoringResource::agent_costs(Caller caller, RequestPtr request,
                                                 core::CostQuery query, std::size_t limit) {
  const auto may = keep_to_agent(caller, query.agent_id);
  if (!may) co_return error_response(may.error());
  query.by = core::CostsBy::agent;
  auto sums = co_await deps_.monitoring.costs(caller.who, std::move(query), request->disconnected);
  if (!sums) co_return monitoring_refusal(sums.error());
  sums->resize(std::min(sums->size(), limit));
  const auto names = co_await names_of_agents(std::move(caller.who), *sums);
  if (!names) co_return error_response(names.error());
  co_return net::Response{.body = encode_agent_costs(*sums, *names, limit, deps_.monitoring.now())};
}

// Those that are not there any more have no name.
Task<Result<AgentNames>> MonitoringResource::names_of_agents(core::Principal who,
                                                             std::vector<core::CostSum> sums) {
  AgentNames names;
  for (const core::CostSum& sum : sums) {
    const auto agent = co_await deps_.agents.get(who, sum.key);
    if (agent) {
      names.insert_or_assign(wire_agent_id(sum.key), agent->name);
    } else if (agent.error().kind != ErrorKind::not_found) {
      co_return fail(agent.error());
    }
  }
  co_return names;
}

Task<net::Reply> MonitoringResource::cost_by_scope(Caller caller, RequestPtr request) {
  auto query = decode_days_query(*request, "daysBack", limits::platos_cost_days_default,
                                 deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto may = keep_to_agent(caller, query->agent_id);
  if (!may) co_return error_response(may.error());
  const auto sums =
      co_await deps_.monitoring.costs(std::move(caller.who), *query, request->disconnected);
  if (!sums) co_return monitoring_refusal(sums.error());
  co_return net::Response{.body = encode_day_costs(*sums, *query)};
}

Task<net::Reply> MonitoringResource::cost_by_model(Caller caller, RequestPtr request) {
  auto query = decode_days_query(*request, "days", limits::platos_monitoring_days_default,
                                 deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto limit = cost_rows(*request);
  if (!limit) co_return error_response(limit.error());
  const auto may = keep_to_agent(caller, query->agent_id);
  if (!may) co_return error_response(may.error());
  query->by = core::CostsBy::model;
  const auto sums = co_await deps_.monitoring.costs(std::move(caller.who), std::move(*query),
                                                    request->disconnected);
  if (!sums) co_return monitoring_refusal(sums.error());
  co_return net::Response{.body = encode_model_costs(*sums, *limit, deps_.monitoring.now())};
}

Task<net::Reply> MonitoringResource::cost_by_user(Caller caller, RequestPtr request) {
  auto query = decode_days_query(*request, "days", limits::platos_monitoring_days_default,
                                 deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto limit = cost_rows(*request);
  if (!limit) co_return error_response(limit.error());
  const auto may = keep_to_agent(caller, query->agent_id);
  if (!may) co_return error_response(may.error());
  query->by = core::CostsBy::user;
  const auto sums = co_await deps_.monitoring.costs(std::move(caller.who), std::move(*query),
                                                    request->disconnected);
  if (!sums) co_return monitoring_refusal(sums.error());
  co_return net::Response{.body = encode_user_costs(*sums, *limit, deps_.monitoring.now())};
}

Task<net::Reply> MonitoringResource::summary(Caller caller, RequestPtr request) {
  auto query = decode_days_query(*request, "days", limits::platos_monitoring_days_default,
                                 deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto may = keep_to_agent(caller, query->agent_id);
  if (!may) co_return error_response(may.error());
  const auto sums = co_await deps_.monitoring.costs(caller.who, *query, request->disconnected);
  if (!sums) co_return monitoring_refusal(sums.error());
  const auto tools =
      co_await deps_.monitoring.tool_uses(std::move(caller.who), *query, request->disconnected);
  if (!tools) co_return monitoring_refusal(tools.error());
  co_return net::Response{.body = encode_summary(*sums, *tools, *query, deps_.monitoring.now())};
}

Task<net::Reply> MonitoringResource::tool_audit(Caller caller, RequestPtr request) {
  auto query = decode_days_query(*request, "days", limits::platos_monitoring_days_default,
                                 deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto limit = query_number(*request, "limit", limits::platos_monitoring_rows_default,
                                  limits::platos_monitoring_rows_max);
  if (!limit) co_return error_response(limit.error());
  const auto may = keep_to_agent(caller, query->agent_id);
  if (!may) co_return error_response(may.error());
  const core::ActionFilter filter{.agent_id = query->agent_id.value_or(""), .limit = *limit};
  auto actions = co_await deps_.actions.list(caller.who, filter);
  if (!actions) co_return error_response(actions.error());
  const base::Time since = query->from;
  std::erase_if(*actions, [since](const core::Action& one) { return one.created_at < since; });
  const auto tools = co_await deps_.monitoring.tool_uses(std::move(caller.who), std::move(*query),
                                                         request->disconnected);
  if (!tools) co_return monitoring_refusal(tools.error());
  co_return net::Response{.body = encode_tool_audit(*actions, *tools, deps_.monitoring.now())};
}

Task<net::Reply> MonitoringResource::safety_events(Caller caller, RequestPtr request) {
  auto query = decode_safety_query(*request, deps_.monitoring.now());
  if (!query) co_return error_response(query.error());
  const auto may = keep_to_agent(caller, query->filter.agent_id);
  if (!may) co_return error_response(may.error());
  Result<core::SafetyEventPage> page;
  if (!query->finds_nothing) {
    page = co_await deps_.monitoring.safety_events(std::move(caller.who), query->filter,
                                                   request->disconnected);
  }
  if (!page) co_return monitoring_refusal(page.error());
  co_return net::Response{.body =
                              encode_safety_events(*page, query->filter, deps_.monitoring.now())};
}

std::vector<net::Route> monitoring_routes(Access& access, MonitoringResource& monitoring) {
  using enum net::Method;
  using M = MonitoringResource;
  const std::string root = "/api/v1/agent/monitoring";
  std::vector<net::Route> out;
  const auto add = [&](const char* path, auto member) {
    out.push_back({get, root + path, access.guard(monitoring, member, monitoring_need)});
    out.back().long_running = true;  // it may look through many runs
  };
  add("/runs", &M::runs);
  add("/traces", &M::trace_rows);
  add("/traces/{id}", &M::trace);
  add("/trace/{id}", &M::thread_trace);
  add("/cost", &M::day_cost);
  add("/cost/by-agent", &M::day_cost_by_agent);
  add("/cost/by-scope", &M::cost_by_scope);
  add("/cost-by-agent", &M::cost_by_agent);
  add("/cost-by-model", &M::cost_by_model);
  add("/cost-by-user", &M::cost_by_user);
  add("/summary", &M::summary);
  add("/tool-audit", &M::tool_audit);
  add("/safety-events", &M::safety_events);
  return out;
}

}  // namespace colonnade::dialects::platos
