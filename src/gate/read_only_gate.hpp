// The gate of a server without a policy file: tools known to have no effect run, nothing else does.
#pragma once

#include <set>
#include <string>

#include "core/policy_gate.hpp"

namespace colonnade::gate {

class ReadOnlyGate final : public core::PolicyGate {
 public:
  // `harmless`: names of tools that change nothing anywhere.
  explicit ReadOnlyGate(std::set<std::string, std::less<>> harmless);

  core::Verdict decide(const core::Scope& scope, const core::ToolCall& call) override;

 private:
  std::set<std::string, std::less<>> harmless_;
};

}  // namespace colonnade::gate
