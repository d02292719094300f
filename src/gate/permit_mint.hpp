// The only maker of execution permits. Include it in gate/ and nowhere else.
#pragma once

#include <utility>

#include "core/governance/execution_permit.hpp"

namespace colonnade::gate {

class PermitMint {
 public:
  static core::ExecutionPermit mint(core::ToolCall call) {
    return core::ExecutionPermit(std::move(call));
  }
};

}  // namespace colonnade::gate
