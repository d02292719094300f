// A second evaluator of policies, slow and obvious, written from the contract (faramesh §2.5, §4.2,
// §4.4, §4.5, §5) without a line of the first: what it says, src/gate must say too.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace colonnade::tests::reference {

using Tree = nlohmann::ordered_json;

struct Verdict {
  std::string outcome{};  // "REFUSED" for a request that is not decided on
  std::string reason_code{};
  std::string reason{};  // of a refusal: the field
  std::string risk_level{};
  bool by_policy = false;
  std::string canonical_request{};  // the text whose hash is the request's
  bool operator==(const Verdict&) const = default;
};

// `profile` may be null. `action` has agent_id, tool, operation, params, context, not yet trimmed.
// Texts have no control characters but U+007F, numbers are small. Rules that cannot be evaluated
// never match, as faramesh §4.2 has it.
Verdict decide(const Tree& policy, const Tree& profile, const Tree& action);

}  // namespace colonnade::tests::reference
