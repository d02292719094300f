// An action: something an agent wants to do to the world, what the gate said of it, and how it
// ended. Every tool call of a run is one; so is everything that a client submits to be decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// Why nobody's answer counts any more: the reasons of actions that were denied by themselves.
constexpr std::string_view run_ended_reason = "the run ended before anybody answered";
constexpr std::string_view no_answer_reason = "no answer in time";
constexpr std::string_view thread_deleted_reason = "the thread was deleted";
// The reasons of humans who gave none.
constexpr std::string_view approved_by_human = "Approved by human";
constexpr std::string_view denied_by_human = "Denied by human";

// What is asked for. The two objects are JSON texts, because what is decided on, hashed and run
// must be the same to the last digit, members in the order they came.
struct ActionRequest {
  std::string agent_id{};
  std::string tool{};
  std::string operation{};
  std::string params{"{}"};
  std::string context{"{}"};
};

// The gate's words (faramesh §4.5).
enum class Outcome { execute, abstain, halt };
std::string_view to_string(Outcome outcome);  // EXECUTE, ABSTAIN, HALT
std::optional<Outcome> outcome_from(std::string_view text);

// What the gate said, and by what: with the same request and the same policy it says it again.
struct Decision {
  Outcome outcome = Outcome::halt;
  std::string reason_code{};
  std::string reason{};
  std::string risk_level{};  // low, medium, high
  bool by_profile = false;   // the execution profile decided; the policy was not asked
  std::string request_hash{};
  std::string policy_version{};  // "" for none, as are the next four
  std::string policy_hash{};
  std::string profile_id{};
  std::string profile_version{};
  std::string profile_hash{};
  std::string runtime_version{};
  std::string provenance_id{};
};

// pending_approval → approved | denied; allowed, approved → executing → succeeded | failed |
// timeout. What expires, or whose run is cancelled, is denied with a reason that says so.
enum class ActionState {
  pending_approval,
  allowed,
  approved,
  denied,
  executing,
  succeeded,
  failed,
  timeout,
};
// The reason of an action as long as it is executing (faramesh §3.1).
constexpr std::string_view executing_reason = "Executing";
std::string_view to_string(ActionState state);
std::optional<ActionState> action_state_from(std::string_view text);
constexpr bool is_terminal(ActionState s) {
  return s == ActionState::denied || s == ActionState::succeeded || s == ActionState::failed ||
         s == ActionState::timeout;
}

struct Action {
  std::string id{};  // a random UUID (faramesh §2.1)
  Scope scope;
  ActionRequest request{};
  Decision decision{};  // never changed by a human's verdict
  ActionState state = ActionState::denied;
  std::string reason{};          // the decision's, then the human's, then how it ended
  std::string approval_token{};  // shown to whoever may approve; "" once resolved
  std::int64_t version = 1;      // counts the changes, so that of two at once one loses
  // Of a tool call: a run's, or a user's own, which has no run and may have no thread. "" for what
  // a client submitted.
  std::string thread_id{};
  std::string run_id{};
  std::string tool_call_id{};
  std::string owner{};  // the user whose run or submission it is
  // Of the human's verdict.
  std::string resolved_by{};  // a user id, "" when nobody has
  // The params that were asked for, where whoever approved changed them; "" where nobody did.
  std::string asked_params{};
  std::optional<base::Time> resolved_at{};
  std::optional<base::Time> expires_at{};  // while pending
  base::Time created_at{};
  base::Time updated_at{};
};

// Whether it is a call of one of the server's tools, whose arguments fit that tool.
inline bool is_call(const Action& action) { return !action.tool_call_id.empty(); }

// A standing answer to a question that was asked before: what the gate would ask about is allowed.
// It never allows what the gate denies.
struct Permission {
  std::string id{};
  Scope scope;
  std::string owner{};      // whose actions it is for
  std::string agent_id{};   // only this agent's, as requests name it; "" for all
  std::string thread_id{};  // only in this thread; "" for all
  std::string tool{};       // any of its names (core/tools/tool_names.hpp)
  std::string operation{};  // exact; "" for all
  // Of the params' text: * any run of characters, ? one byte, a backslash before what is meant
  // literally. With a wildcard, a shell command matches when each of its simple commands does
  // (core/governance/shell_command.hpp); "*" alone matches everything.
  std::string pattern{"*"};
  std::string directory{};  // only in threads that are bound to this path; "" for all
  // Of a shell: each simple command that may run, as it is written; then `pattern` is of the other
  // arguments' text, without numbers. Empty: the pattern alone counts.
  std::vector<std::string> commands{};
  std::string created_by{};
  base::Time created_at{};
  std::optional<base::Time> revoked_at{};
};

}  // namespace colonnade::core
