// Proof that the gate allowed one tool call. Only a PolicyGate's implementation in gate/ can make
// one; running a tool consumes it. So nothing runs ungated, and nothing runs twice on one decision.
#pragma once

#include <utility>

#include "core/runs/run.hpp"

namespace colonnade::gate {
class PermitIssuer;  // the only maker, private to gate/
}

namespace colonnade::core {

class ExecutionPermit {
 public:
  ExecutionPermit(ExecutionPermit&&) noexcept = default;
  ExecutionPermit& operator=(ExecutionPermit&&) noexcept = default;
  ExecutionPermit(const ExecutionPermit&) = delete;
  ExecutionPermit& operator=(const ExecutionPermit&) = delete;

  // What was allowed, arguments included: a runner executes exactly this.
  const ToolCall& call() const { return call_; }

 private:
  friend class gate::PermitIssuer;
  explicit ExecutionPermit(ToolCall call) : call_(std::move(call)) {}
  ToolCall call_;
};

}  // namespace colonnade::core
