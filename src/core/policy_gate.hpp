// The port that every tool call passes.
#pragma once

#include <string>
#include <variant>

#include "core/execution_permit.hpp"
#include "core/run.hpp"
#include "core/scope.hpp"

namespace colonnade::core {

struct PendingApproval {
  std::string approval_id{};
  std::string reason{};
};
struct Denial {
  std::string reason_code{};
  std::string reason{};  // shown to the model
};
using Verdict = std::variant<ExecutionPermit, PendingApproval, Denial>;

class PolicyGate {
 public:
  virtual ~PolicyGate() = default;
  // Thread-safe, fast, no I/O of its own. A fault inside denies.
  virtual Verdict decide(const Scope& scope, const ToolCall& call) = 0;
};

}  // namespace colonnade::core
