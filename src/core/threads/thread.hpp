// A thread: one conversation with an agent. Fathom's thread, Phoson's conversation, Platos' thread
// and Tandem's session are all this.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
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
  std::vector<std::string> tags{};
  std::optional<base::Time> pinned_at{};
  std::optional<base::Time> archived_at{};  // out of the way, but whole; it can be written to
  bool completed = false;                   // a client's own mark
  int turns = 0;                            // answers in it
  // The version of its agent that its turns use (AgentVersion); "" until it is pinned to one.
  std::string version_id{};
  base::Json session_context = nullptr;  // what its turns' placeholders stand for; object or null
  // Of a fork: where it came from.
  std::string parent_id{};
  std::string forked_from_message_id{};
};

}  // namespace colonnade::core
