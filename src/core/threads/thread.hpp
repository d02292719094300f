// A thread: one conversation with an agent. Fathom's thread, Phoson's conversation, Platos' thread
// and Tandem's session are all this.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent.hpp"

namespace colonnade::core {

struct Thread {
  std::string id{};
  Scope scope;
  std::string owner{};  // user id
  std::string agent_id{};
  std::string title{};       // "" until titled
  std::string label{};       // a client's own name for it, which nobody interprets; "" for none
  ModelSettings settings{};  // overrides of the agent's
  base::Time created_at{};
  base::Time updated_at{};  // bumped by messages, renames and restores, not by deletion
  std::optional<base::Time> deleted_at{};
};

}  // namespace colonnade::core
