#include "gate/read_only_gate.hpp"

#include "base/ids.hpp"
#include "gate/permit_mint.hpp"

namespace colonnade::gate {
namespace {

constexpr const char* code = "NO_POLICY";

// Equal requests have equal hashes; the parts cannot run into each other.
std::string hash_of(const core::ActionRequest& request) {
  std::string text;
  for (const std::string* part :
       {&request.agent_id, &request.tool, &request.operation, &request.params, &request.context}) {
    text.append(std::to_string(part->size())).append(":").append(*part);
  }
  return base::sha256_hex(text);
}

}  // namespace

ReadOnlyGate::ReadOnlyGate(Names harmless, Names others)
    : harmless_(std::move(harmless)), others_(std::move(others)) {}

core::Decision ReadOnlyGate::decision_on(const core::ActionRequest& request) const {
  core::Decision out{.reason_code = code, .request_hash = hash_of(request)};
  if (harmless_.contains(request.tool)) {
    out.outcome = core::Outcome::execute;
    out.reason = "the tool changes nothing";
    out.risk_level = "low";
  } else if (others_.contains(request.tool)) {
    out.outcome = core::Outcome::abstain;
    out.reason = "without a policy, a tool that changes something needs a human's approval";
    out.risk_level = "medium";
  } else {
    out.outcome = core::Outcome::halt;
    out.reason = "no policy allows the tool '" + request.tool + "'";
    out.risk_level = "high";
  }
  return out;
}

base::Result<core::Verdict> ReadOnlyGate::judge(core::ActionRequest request) {
  core::Decision decision = decision_on(request);
  return core::Verdict{.request = std::move(request), .decision = std::move(decision)};
}

core::Verdict ReadOnlyGate::decide(const core::ToolCall& call, core::ActionRequest request,
                                   const std::optional<core::Grant>& grant) {
  core::Verdict out{.decision = decision_on(request)};
  out.request = std::move(request);
  const auto outcome = out.decision.outcome;
  const bool answered =
      outcome == core::Outcome::abstain && grant &&
      (grant->request_hash.empty() || grant->request_hash == out.decision.request_hash);
  if (outcome == core::Outcome::execute || answered) out.permit = PermitMint::mint(call);
  return out;
}

}  // namespace colonnade::gate
