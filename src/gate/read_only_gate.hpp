// The gate of a server without a policy file: tools that only look run, the others ask a human, and
// what is no tool of ours is denied.
#pragma once

#include <set>
#include <string>

#include "core/policy_gate.hpp"

namespace colonnade::gate {

class ReadOnlyGate final : public core::PolicyGate {
 public:
  using Names = std::set<std::string, std::less<>>;
  // `harmless`: tools that change nothing anywhere. `others`: tools that a human may allow.
  explicit ReadOnlyGate(Names harmless, Names others = {});

  base::Result<core::Verdict> judge(core::ActionRequest request) override;
  core::Verdict decide(const core::ToolCall& call, core::ActionRequest request,
                       const std::optional<core::Grant>& grant) override;

 private:
  core::Decision decision_on(const core::ActionRequest& request) const;
  Names harmless_;
  Names others_;
};

}  // namespace colonnade::gate
