// The store port for agents: reads, and the changes that go through the journal
// (core/events/journal.hpp, which says what all stores and changes have in common).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

struct AgentFilter {  // empty members filter nothing
  std::optional<std::string> owner{};
  std::string tool_server{};  // those that have it
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
  std::string before{};  // only those behind this agent in the list
  bool shared = false;   // with `owner`: those too that everybody in the scope may use
};

struct AgentVersionPage {
  std::optional<int> before{};  // only those with a smaller number
  std::size_t limit = limits::page_rows_default;
};

class AgentStore {
 public:
  virtual ~AgentStore() = default;
  virtual base::Task<Result<std::optional<Agent>>> agent(Scope scope, std::string id) = 0;
  // By created_at and id, newest first.
  virtual base::Task<Result<std::vector<Agent>>> agents(Scope scope, AgentFilter filter) = 0;
  // How many there are, whatever `limit`, `offset` and `before` say.
  virtual base::Task<Result<std::size_t>> count_agents(Scope scope, AgentFilter filter) = 0;
  // Newest first.
  virtual base::Task<Result<std::vector<AgentVersion>>> agent_versions(Scope scope,
                                                                       std::string agent_id,
                                                                       AgentVersionPage page) = 0;
  virtual base::Task<Result<std::optional<AgentVersion>>> agent_version(Scope scope,
                                                                        std::string agent_id,
                                                                        std::string version_id) = 0;
  // One that is active and open to guests, of whichever scope; with the oldest one when several
  // scopes have that id.
  virtual base::Task<Result<std::optional<Agent>>> agent_open_to_guests(std::string id) = 0;
};

// A version that an agent gets with a change. Its id is the agent's version_id, its number the
// agent's version_number.
struct NewAgentVersion {
  std::string created_by{};
  std::string note{};
};

// Version 1 is inserted: conflict when the id is taken. Any other replaces the version before it:
// conflict when that is not what is stored, also when the agent was deleted.
struct PutAgent {
  Agent agent;
  // Tool servers that have to exist in the scope: not_found, with the field "tool_server", when one
  // does not.
  std::vector<std::string> servers_needed{};
  // Its snapshot is a new version. conflict when there is one of that id.
  std::optional<NewAgentVersion> new_version{};
};
// With its older versions and its threads, of whoever and deleted ones too: they are erased, as
// EraseThread does it, and each is told by a ThreadChanged event. not_found unless it exists.
struct DeleteAgent {
  std::string id{};
  Time at{};
};

}  // namespace colonnade::core
