// Cases that a policy must decide as expected, in a YAML file:
//
//   cases:
//     - id: no recursive removal
//       tool: shell
//       operation: exec            # default: call
//       params: {cmd: "rm -rf /"}  # or args; default: {}
//       context: {}
//       agent_id: build-bot        # default: policy-test
//       expect: {effect: deny, reason_code: POLICY_DENY, risk_level: high}
//
// `effect` may also be called `outcome`. Its words are those of all Faramesh clients (faramesh
// §2.6), case ignored: permit, allow, execute; deny, halt, block; defer, abstain, pending,
// require_approval.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/action_request.hpp"
#include "gate/decision.hpp"
#include "gate/engine.hpp"

namespace colonnade::app {

struct PolicyExpectation {
  std::optional<gate::Outcome> outcome{};
  std::optional<std::string> reason_code{};
  std::optional<gate::Risk> risk{};
};

struct PolicyCase {
  std::string id{};
  int line = 0;
  gate::ActionRequest request;
  PolicyExpectation expect{};
};

// nullopt for a word that is none of the above.
std::optional<gate::Outcome> outcome_from(std::string_view word);

// Errors (ErrorKind::invalid) name file, line and key: an unknown key, an id that stands twice, an
// expectation of nothing, a request that no gate would decide on, no cases at all.
base::Result<std::vector<PolicyCase>> parse_cases(std::string_view text, std::string_view name);

// What was expected, or came, of what `expect` asks about: "HALT POLICY_DENY, risk high".
std::string to_text(const PolicyExpectation& expect);
std::string answer_to(const PolicyExpectation& expect, const gate::Decision& decision);
bool holds(const PolicyExpectation& expect, const gate::Decision& decision);

}  // namespace colonnade::app
