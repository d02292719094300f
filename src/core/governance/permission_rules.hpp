// What a thread's rules say of a call. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/governance/permission_rule.hpp"

namespace colonnade::core {

// A call as rules look at it.
struct RuledCall {
  std::string tool{};
  std::vector<std::string> aliases{};  // the tool's other names
  std::string directory{};             // of the thread; "" for none
};

// The whole text matches the pattern, in which `*` is any run of characters, and nothing else has a
// meaning.
bool wildcard_fits(std::string_view pattern, std::string_view text);

// Whether a pattern names the tool by one of its names: in lower case, with `-` as `_`.
bool names_tool(std::string_view pattern, std::string_view tool,
                const std::vector<std::string>& aliases);

// What the last rule that fits says; nullopt when none does.
//
// Of a shell each simple command (core/governance/shell_command.hpp) is looked at by itself, and
// the strictest word counts: what denies, what asks, that nothing is said of one, then what allows.
// Of a command line that cannot be taken apart nobody can say what it does not do: a rule about
// commands that denies or asks makes it ask, and one that allows does not count unless it is that
// text. A folder that a tool looks through counts as what is in it, likewise. A command that is
// written in another way (`/bin/rm` for `rm`) is another command: what must not happen belongs into
// a policy.
std::optional<RuleAction> rule_for(const std::vector<PermissionRule>& rules, const RuledCall& call,
                                   const base::Json& arguments);

}  // namespace colonnade::core
