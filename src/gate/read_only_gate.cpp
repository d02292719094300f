#include "gate/read_only_gate.hpp"

#include "gate/permit_mint.hpp"

namespace colonnade::gate {

ReadOnlyGate::ReadOnlyGate(std::set<std::string, std::less<>> harmless)
    : harmless_(std::move(harmless)) {}

core::Verdict ReadOnlyGate::decide(const core::Scope&, const core::ToolCall& call) {
  if (harmless_.contains(call.tool)) return PermitMint::mint(call);
  return core::Denial{.reason_code = "NO_POLICY",
                      .reason = "no policy allows the tool '" + call.tool + "'"};
}

}  // namespace colonnade::gate
