#include "core/agents.hpp"

#include "base/ids.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

Agents::Agents(AgentStore& store, EventFeed& feed, base::Clock& clock, NewAgent fallback)
    : store_(store), feed_(feed), clock_(clock), fallback_(std::move(fallback)) {}

Task<Result<Agent>> Agents::create(Principal who, NewAgent input) {
  if (input.name.empty()) co_return fail(ErrorKind::invalid, "name must not be empty", "name");
  const Time now = clock_.now();
  Agent agent{.id = base::new_id(now),
              .scope = who.scope,
              .name = std::move(input.name),
              .description = std::move(input.description),
              .instructions = std::move(input.instructions),
              .settings = std::move(input.settings),
              .tools = std::move(input.tools),
              .version = 1,
              .created_at = now,
              .updated_at = now};
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(PutAgent{agent});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return agent;
}

Result<Agent> Agents::get(const Scope& scope, std::string_view id) const {
  if (id.empty()) {
    return Agent{.id = {},
                 .scope = scope,
                 .name = fallback_.name,
                 .description = fallback_.description,
                 .instructions = fallback_.instructions,
                 .settings = fallback_.settings,
                 .tools = fallback_.tools};
  }
  auto agent = store_.agent(scope, id);
  if (!agent) return fail(std::move(agent.error()));
  if (!*agent) return fail(ErrorKind::not_found, "no such agent", "agent_id");
  return std::move(**agent);
}

Result<std::vector<Agent>> Agents::list(const Scope& scope) const { return store_.agents(scope); }

Task<Result<Agent>> Agents::update(Principal who, Agent agent) {
  agent.scope = who.scope;
  agent.version += 1;
  agent.updated_at = clock_.now();
  Unit unit{.scope = who.scope};
  unit.changes.emplace_back(PutAgent{agent});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return agent;
}

}  // namespace colonnade::core
