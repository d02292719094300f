// One rule of a thread about the calls that its runs make: it narrows or widens what is asked of a
// human, never what the policy denies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace colonnade::core {

enum class RuleAction {
  allow,  // runs unasked what would be asked
  ask,    // asks although the call would run unasked
  deny,   // the call is not made
};
std::string_view to_string(RuleAction action);  // "allow", "ask", "deny"
std::optional<RuleAction> rule_action_from(std::string_view text);

// Of a thread's rules the last one that fits a call counts. `*` in both texts is any run of
// characters; nothing else has a meaning.
struct PermissionRule {
  // The tool, by any of its names; compared in lower case with `-` as `_`. 1 to
  // limits::rule_text_bytes_max bytes, as is the pattern.
  std::string permission{};
  // What the call is about: the command of a shell, the path of a file tool, the URL of one that
  // fetches, else the arguments' text. "*", and the tool's own name, fit every call of it.
  std::string pattern{"*"};
  RuleAction action = RuleAction::ask;

  bool operator==(const PermissionRule&) const = default;
};

}  // namespace colonnade::core
