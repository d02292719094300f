// What can be done with agents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/agent.hpp"
#include "core/event_feed.hpp"
#include "core/stores.hpp"

namespace colonnade::core {

struct NewAgent {
  std::string name{};
  std::string description{};
  std::string instructions{};
  ModelSettings settings{};
  std::optional<std::vector<std::string>> tools{};
};

class Agents {
 public:
  // `fallback` is what a thread without an agent talks to; it is configuration, not a row.
  Agents(AgentStore& store, EventFeed& feed, base::Clock& clock, NewAgent fallback);

  base::Task<Result<Agent>> create(Principal who, NewAgent input);
  // "" finds the default agent.
  Result<Agent> get(const Scope& scope, std::string_view id) const;
  Result<std::vector<Agent>> list(const Scope& scope) const;
  // Stores the next version; conflict when somebody else was faster.
  base::Task<Result<Agent>> update(Principal who, Agent agent);

 private:
  AgentStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  NewAgent fallback_;
};

}  // namespace colonnade::core
