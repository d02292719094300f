#include "dialects/tandem/services.hpp"

#include <iterator>

namespace colonnade::dialects::tandem {

Services::Services(ServiceDependencies deps, AnswerOnce& answer_once)
    : providers_(deps.catalog),
      token_(deps.token),
      mcp_servers_(deps.tool_servers),
      memory_(deps.memories, deps.clock),
      memory_import_(deps.imports, deps.clock),
      identity_(deps.identities),
      key_values_(deps.resources),
      routines_(RoutineFamily::routines,
                {.routines = deps.routines, .runs = deps.routine_runs, .answer_once = answer_once}),
      automations_(
          RoutineFamily::automations,
          {.routines = deps.routines, .runs = deps.routine_runs, .answer_once = answer_once}),
      packs_(deps.packs, answer_once),
      capabilities_(deps.capabilities),
      flows_({.flows = deps.flows, .runs = deps.flow_runs, .answer_once = answer_once}) {}

std::vector<net::Route> Services::routes(const Callers& in) {
  std::vector<net::Route> out;
  const auto add = [&out](std::vector<net::Route> rows) {
    std::move(rows.begin(), rows.end(), std::back_inserter(out));
  };
  add(providers_.routes(in));
  add(token_.routes(in));
  add(mcp_servers_.routes(in));
  add(memory_.routes(in));
  add(memory_import_.routes(in));
  add(identity_.routes(in));
  add(key_values_.routes(in));
  add(routines_.routes(in));
  add(automations_.routes(in));
  add(packs_.routes(in));
  add(capabilities_.routes(in));
  add(flows_.routes(in));
  return out;
}

}  // namespace colonnade::dialects::tandem
