// The store port for agents: reads, and the changes that go through the journal
// (core/events/journal.hpp, which says what all stores and changes have in common).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
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
};

class AgentStore {
 public:
  virtual ~AgentStore() = default;
  virtual Result<std::optional<Agent>> agent(const Scope& scope, std::string_view id) = 0;
  // By created_at and id, newest first.
  virtual Result<std::vector<Agent>> agents(const Scope& scope, const AgentFilter& filter) = 0;
};

struct PutAgent {  // inserts, or replaces when `agent.version` is one more than stored: else
                   // conflict
  Agent agent{};
};
struct DeleteAgent {  // with its older versions; not_found unless it exists
  std::string id{};
};

}  // namespace colonnade::core
