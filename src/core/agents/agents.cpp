#include "core/agents/agents.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/limits.hpp"
#include "core/tools/tool_server.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

void put(std::string& member, const std::optional<std::string>& change) {
  if (change) member = *change;
}

// Those have to be there when it is stored.
std::vector<std::string> added_servers(const std::vector<std::string>& before,
                                       const std::vector<std::string>& after) {
  std::vector<std::string> out;
  for (const std::string& id : after) {
    const bool is_new = std::ranges::find(before, id) == before.end();
    if (is_new && !is_configured_tool_server(id)) out.push_back(id);
  }
  return out;
}

std::unexpected<base::Error> no_such_agent() {
  return fail(ErrorKind::not_found, "no such agent", "agent_id");
}

}  // namespace

Agents::Agents(AgentStore& store, EventFeed& feed, base::Clock& clock, NewAgent fallback)
    : store_(store), feed_(feed), clock_(clock), fallback_(std::move(fallback)) {}

Task<Result<Agent>> Agents::create(Principal who, NewAgent input) {
  if (input.name.empty()) co_return fail(ErrorKind::invalid, "name must not be empty", "name");
  const Time now = clock_.now();
  Agent agent{.id = base::new_uuid(),
              .scope = who.scope,
              .owner = who.user_id,
              .name = std::move(input.name),
              .description = std::move(input.description),
              .instructions = std::move(input.instructions),
              .settings = std::move(input.settings),
              .tools = std::move(input.tools),
              .memory = input.memory,
              .tool_servers = std::move(input.tool_servers),
              .version = 1,
              .created_at = now,
              .updated_at = now};
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      PutAgent{.agent = agent, .servers_needed = added_servers({}, agent.tool_servers)});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), agent.id});
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return agent;
}

Agent Agents::default_agent(const Scope& scope) const {
  return Agent{.id = {},
               .scope = scope,
               .name = fallback_.name,
               .description = fallback_.description,
               .instructions = fallback_.instructions,
               .settings = fallback_.settings,
               .tools = fallback_.tools,
               .memory = fallback_.memory,
               .tool_servers = fallback_.tool_servers};
}

Task<Result<Agent>> Agents::get(Scope scope, std::string id) const {
  if (id.empty() || id == default_agent_id) co_return default_agent(scope);
  auto agent = co_await store_.agent(std::move(scope), std::move(id));
  if (!agent) co_return fail(std::move(agent.error()));
  if (!*agent) co_return no_such_agent();
  co_return std::move(**agent);
}

Task<Result<Agent>> Agents::get(Principal who, std::string id) const {
  auto agent = co_await get(who.scope, std::move(id));
  // One without an owner is everybody's in the scope.
  if (agent && !agent->owner.empty() && !may_see(who, agent->scope, agent->owner)) {
    co_return no_such_agent();
  }
  co_return agent;
}

Task<Result<std::vector<Agent>>> Agents::list(Principal who, std::size_t limit, std::size_t offset,
                                              std::string before) const {
  AgentFilter filter{
      .owner = owner_seen_by(who), .limit = limit, .offset = offset, .before = std::move(before)};
  return store_.agents(std::move(who.scope), std::move(filter));
}

Task<Result<Agent>> Agents::change(Principal who, std::string id, AgentChange change) {
  Alter alter = [change = std::move(change)](Agent& agent) -> Result<bool> {
    const bool same = change.name.value_or(agent.name) == agent.name &&
                      change.description.value_or(agent.description) == agent.description &&
                      change.instructions.value_or(agent.instructions) == agent.instructions;
    if (same) return false;
    put(agent.name, change.name);
    put(agent.description, change.description);
    put(agent.instructions, change.instructions);
    if (agent.name.empty()) return fail(ErrorKind::invalid, "name must not be empty", "name");
    return true;
  };
  auto changed = co_await this->alter(std::move(who), std::move(id), std::move(alter));
  co_return changed;
}

Task<Result<Agent>> Agents::alter(Principal who, std::string id, Alter alter) {
  for (int attempt = 1;; ++attempt) {
    auto agent = co_await get(who, id);
    if (!agent) co_return agent;
    if (agent->id.empty()) {
      co_return fail(ErrorKind::conflict,
                     "the default agent is what the server's configuration says (agent.name, "
                     "agent.instructions); create an agent to have another");
    }
    const std::vector<std::string> servers = agent->tool_servers;
    const auto altered = alter(*agent);
    if (!altered) co_return fail(altered.error());
    if (!*altered) co_return agent;
    auto needed = added_servers(servers, agent->tool_servers);
    auto stored = co_await update(who, std::move(*agent), std::move(needed));
    const bool again = !stored && stored.error().kind == ErrorKind::conflict;
    if (!again || attempt == limits::change_attempts_max) co_return stored;
  }
}

// Stores the next version; conflict when somebody else was faster.
Task<Result<Agent>> Agents::update(Principal who, Agent agent,
                                   std::vector<std::string> servers_needed) {
  agent.scope = who.scope;
  agent.version += 1;
  agent.updated_at = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(PutAgent{.agent = agent, .servers_needed = std::move(servers_needed)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return agent;
}

}  // namespace colonnade::core
