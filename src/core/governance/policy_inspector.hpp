// The port that inspects policies: which one is in force, whether a text would be one, and
// what it would say of a request. Nothing here changes what is in force.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/governance/action.hpp"

namespace colonnade::core {

struct ActivePolicy {
  std::string path{};     // of the file; "" when the built-in rules count
  bool exists = true;     // the file is there just now
  std::string version{};  // as decisions name it; "none" or "error" without a usable policy
  std::string hash{};     // "" without a usable policy
};

// The check of a text as a policy.
struct PolicySyntaxCheck {
  std::optional<base::Error> error{};  // why it is not a policy; the message names line and key
  std::vector<std::string> warnings{};
  std::size_t rules = 0;
  std::size_t risk_rules = 0;
  std::string version{};
  std::string hash{};
};

// The decision of a policy alone on a request: no profile applies, nothing is stored.
struct PolicyEvaluation {
  Decision decision{};
  // The rule that decided; line 0 when none did.
  int rule_line = 0;
  std::string rule_name{};
};

// Thread-safe. read() and evaluate() parse up to limits::faramesh_policy_bytes_max of text, which
// may take long: call them on a worker.
class PolicyInspector {
 public:
  virtual ~PolicyInspector() = default;
  virtual ActivePolicy in_force() const = 0;
  virtual PolicySyntaxCheck read(std::string_view text) const = 0;
  // invalid: the text is no policy (field "policy"), or the request cannot be decided on.
  virtual base::Result<PolicyEvaluation> evaluate(std::string_view text,
                                                  ActionRequest request) const = 0;
};

}  // namespace colonnade::core
