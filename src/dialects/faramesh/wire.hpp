// Faramesh's JSON: bodies in, objects out (faramesh §2). The only place that knows its keys.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/governance/action.hpp"
#include "core/governance/action_store.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/policy_inspector.hpp"
#include "dialects/faramesh/body.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::faramesh {

// --- in -----------------------------------------------------------------------------------------

// What is submitted or decided on (§2.2). `op` stands for `operation` too (§9.1).
Decoded<core::ActionRequest> decode_action(const net::Request& request);
Decoded<core::ActionRequest> decode_action(std::string_view json, const std::string& location);

// The items of {"actions": [...]}, as JSON texts. The views point into the request.
Decoded<std::vector<std::string_view>> decode_batch(const net::Request& request);

// An approval (§2.2); the token is required. Ours beside the contract's: `params` to run with
// instead, `remember` ("once", "thread", "always", "everywhere") and the `pattern` of what is
// remembered.
Decoded<core::HumanAnswer> decode_approval(const net::Request& request);

struct ResultBody {
  bool success = false;
  std::string error{};
};
Decoded<ResultBody> decode_result(const net::Request& request);  // §2.3

// What a later client asks (§2.6): `tool_id` is "tool/operation", `args` are the params.
Decoded<core::ActionRequest> decode_evaluation(const net::Request& request);

// Which decision is made again: one of the two is not "".
struct ReplayBody {
  std::string action_id{};
  std::string provenance_id{};
};
Decoded<ReplayBody> decode_replay(const net::Request& request);

// {"policy": text[, "action": {...}]}; `action` is required for a trial.
struct PolicyBody {
  std::string policy{};
  core::ActionRequest action{};
};
Decoded<PolicyBody> decode_policy(const net::Request& request, bool with_action);

// The filter of a list (§2.5); nullopt inside: a status that no action has, so nothing matches.
Decoded<std::optional<core::ActionFilter>> decode_filter(const net::Request& request);

// --- out ----------------------------------------------------------------------------------------

// UTC, six digits behind the second, none when they are all 0; without the Z (§2.1, §3.3).
std::string wire_time_without_zone(base::Time time);
std::string wire_time(base::Time time);

// "allow", "deny", "require_approval": what the outcome means while nobody has answered, and after.
std::string_view decision_word(core::Outcome outcome);
std::string_view decision_word(const core::Action& action);

// The decision as the wire says it. Without a usable policy every request is told that no rule
// matched, as the contract's server does (its recorded answers; §4.1).
core::Decision wire_decision(core::Decision decision);

// The words of an action's end: of a shell command its output alone (§3.1).
std::string wire_reason(const core::Action& action, std::string_view reason);

// The 24 members of §2.1; without the token they are 23 (rows of a list).
enum class Token { shown, absent };
void write_action(base::JsonWriter& json, const core::Action& action, Token token);
std::string encode_action(const core::Action& action);
std::string encode_listed(const core::Action& action);

// The 11 members of a gate's answer (§2.2), without the braces.
void write_decision(base::JsonWriter& json, const core::Decision& decision);
std::string encode_decision(const core::Decision& decision);

// {"permissions": [...]}: the answers that are remembered.
std::string encode_permissions(std::span<const core::Permission> permissions);

std::string encode_policy_in_force(const core::ActivePolicy& policy);
std::string encode_policy_reading(const core::PolicySyntaxCheck& reading);
std::string encode_policy_trial(const core::PolicyEvaluation& trial);

// A decision that was made again (§6.3).
std::string encode_replay(const core::Action& original, const core::Decision& replayed);

// The answer to an evaluation (§2.6). `pending` is the action that waits for a human, if one does.
std::string encode_evaluation(const core::Decision& decision, const core::Action* pending,
                              bool allowed);

}  // namespace colonnade::dialects::faramesh
