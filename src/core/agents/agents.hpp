// What can be done with agents.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/agents/agent.hpp"
#include "core/agents/agent_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

struct NewAgent {
  std::string name{};
  std::string description{};
  std::string instructions{};
  ModelSettings settings{};
  std::optional<std::vector<std::string>> tools{};
  AgentMemory memory = AgentMemory::none;
  std::vector<std::string> tool_servers{};
  std::string keyed_request_id{};  // linked to the agent in the same transaction; "" for none
};

// Unset members stay as they are.
struct AgentChange {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<std::string> instructions{};
};

// What the audit trail says of a change: created, changed or removed.
AuditEntry agent_entry(std::string_view change, const Agent& agent, std::string actor, Time at);

class Agents {
 public:
  // `fallback` is the default agent.
  Agents(AgentStore& store, EventFeed& feed, base::Clock& clock, NewAgent fallback);

  // It belongs to `who`. invalid for an empty name.
  base::Task<Result<Agent>> create(Principal who, NewAgent input);
  // Whoever owns it. "" and default_agent_id find the default agent, whose id is "".
  base::Task<Result<Agent>> get(Scope scope, std::string id) const;
  // not_found also when the caller may not see it.
  base::Task<Result<Agent>> get(Principal who, std::string id) const;
  // Those that the caller may see, newest first; without the default agent. With `before`, an
  // agent's id, only those behind it.
  base::Task<Result<std::vector<Agent>>> list(Principal who, std::size_t limit, std::size_t offset,
                                              std::string before = {}) const;
  // not_found, also when it is another user's; conflict for the default agent. Nothing is stored,
  // and the version stays, when nothing changes.
  base::Task<Result<Agent>> change(Principal who, std::string id, AgentChange change);
  // The same with any change. `alter` may be called more than once, each time with the agent as it
  // is then; it returns whether it changed anything, or why it may not.
  using Alter = std::move_only_function<Result<bool>(Agent&)>;
  base::Task<Result<Agent>> alter(Principal who, std::string id, Alter alter);

 private:
  Agent default_agent(const Scope& scope) const;
  base::Task<Result<Agent>> update(Principal who, Agent agent,
                                   std::vector<std::string> servers_needed);

  AgentStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  NewAgent fallback_;
};

}  // namespace colonnade::core
