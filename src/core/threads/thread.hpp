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
#include "core/governance/permission_rule.hpp"

namespace colonnade::core {

// Where the tools of a thread work.
struct Directory {
  std::string path{};  // absolute, see Directories::kept(); "" for the server's own workspace
  // An operator chose it, of every scope or of the main one: any folder that does not overlap the
  // server's own files. Else only those that the configuration lets users name.
  bool by_operator = false;

  bool operator==(const Directory&) const = default;
};

// That a thread was moved from one directory to another.
struct DirectoryMove {
  std::string origin{};  // the path of its first directory; "" for the server's own workspace
  std::string from{};    // of the one before the last move; the same
  std::string reason{};  // as given; "" for none
  base::Time at{};

  bool operator==(const DirectoryMove&) const = default;
};

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
  Directory directory{};
  std::optional<DirectoryMove> moved{};
  std::vector<PermissionRule> rules{};  // oldest first
};

}  // namespace colonnade::core
