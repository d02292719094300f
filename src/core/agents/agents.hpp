// What can be done with agents.
#pragma once

#include <functional>
#include <map>
#include <mutex>
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
  bool shared = false;             // everybody in the scope may use it; else it is its maker's
  std::string slug{};              // "": made of the name
  AgentProfile profile{};
  bool active = true;
  bool open_to_guests = false;
};

// Unset members stay as they are.
struct AgentChange {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<std::string> instructions{};
};

// What is stored in the transaction that makes an agent, told which one.
using AlsoWithAgent = std::function<std::vector<Change>(const Agent&)>;

// What the audit trail says of a change: created, changed or removed.
AuditEntry agent_entry(std::string_view change, const Agent& agent, std::string actor, Time at);
// Lower case, letters and digits joined by dashes; "agent" when nothing is left.
std::string slug_of(std::string_view name);

class Agents {
 public:
  // `fallback` is the default agent.
  Agents(AgentStore& store, EventFeed& feed, base::Clock& clock, NewAgent fallback);

  // It belongs to `who`. invalid for an empty name.
  base::Task<Result<Agent>> create(Principal who, NewAgent input, AlsoWithAgent also = {});
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
  // Those that the caller may use: the caller's own and everybody's; all of the scope for an
  // operator. Newest first.
  base::Task<Result<std::vector<Agent>>> usable(Principal who, std::size_t limit,
                                                std::size_t offset) const;
  base::Task<Result<std::size_t>> count_usable(Principal who) const;
  // The scope's own agent named default_agent_id, made now when there is none: everybody's, and
  // working as the configured one does now.
  base::Task<Result<Agent>> make_default(Principal who);
  // Tool servers that the scope's default agent has besides the configured ones. Not stored:
  // whoever has them stored says them again after a start.
  void set_default_tool_servers(const Scope& scope, std::vector<std::string> ids);
  // One that is active and open to guests, whatever its scope; not_found otherwise.
  base::Task<Result<Agent>> open_to_guests(std::string id) const;

  // --- versions ---

  // Newest first. not_found as for get().
  base::Task<Result<std::vector<AgentVersion>>> versions(Principal who, std::string id,
                                                         AgentVersionPage page) const;
  // Makes a new version with the snapshot of an older one. not_found also for the version, with the
  // field "version_id". The version stays when it is what the agent is already.
  base::Task<Result<Agent>> roll_back(Principal who, std::string id, std::string version_id);
  // `version_id` "" ends the canary. invalid for a percentage outside 0 to 100, not_found for a
  // version that the agent does not have.
  base::Task<Result<Agent>> set_canary(Principal who, std::string id, std::string version_id,
                                       int percent);
  // The agent as that version of it was. "" is the agent as it is.
  base::Task<Result<Agent>> at_version(Agent agent, std::string version_id) const;

 private:
  Agent default_agent(const Scope& scope) const;
  base::Task<Result<Agent>> update(Principal who, Agent agent, AgentSnapshot before,
                                   std::vector<std::string> servers_needed, std::string note);
  base::Task<Result<Agent>> alter_noted(Principal who, std::string id, Alter alter,
                                        std::string note);
  base::Task<Result<AgentVersion>> version(Scope scope, std::string agent_id,
                                           std::string version_id) const;

  AgentStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  NewAgent fallback_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<Scope, std::vector<std::string>> default_tool_servers_;
};

}  // namespace colonnade::core
