// The store port for agents: reads, and the changes that go through the journal
// (core/events/journal.hpp, which says what all stores and changes have in common).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::Result;

struct AgentFilter {  // empty members filter nothing
  std::optional<std::string> owner{};
  std::string tool_server{};  // those that have it
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
  std::string before{};  // only those behind this agent in the list
};

class AgentStore {
 public:
  virtual ~AgentStore() = default;
  virtual base::Task<Result<std::optional<Agent>>> agent(Scope scope, std::string id) = 0;
  // By created_at and id, newest first.
  virtual base::Task<Result<std::vector<Agent>>> agents(Scope scope, AgentFilter filter) = 0;
};

struct PutAgent {  // inserts, or replaces when `agent.version` is one more than stored: else
                   // conflict
  Agent agent;
};
struct DeleteAgent {  // with its older versions; not_found unless it exists
  std::string id{};
};

}  // namespace colonnade::core
