// The only issuer of execution permits. Include it in gate/ and nowhere else.
#pragma once

#include <utility>

#include "core/governance/execution_permit.hpp"

namespace colonnade::gate {

class PermitIssuer {
 public:
  static core::ExecutionPermit issue(core::ToolCall call) {
    return core::ExecutionPermit(std::move(call));
  }
};

}  // namespace colonnade::gate
