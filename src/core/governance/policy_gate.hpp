// The port that every action passes: a run's tool calls and what clients submit alike.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/governance/action.hpp"
#include "core/governance/execution_permit.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

// A human's yes to what the gate would ask about. It answers a question, never a denial.
struct Grant {
  // Of the request that was approved; the yes is for exactly that. "" for a standing permission,
  // which its holder has matched already.
  std::string request_hash{};
};

struct Verdict {
  ActionRequest request{};  // as it was decided on: checked and trimmed
  Decision decision{};
  std::optional<ExecutionPermit> permit{};  // there when the call may run
};

// How a request is taken.
enum class RequestForm {
  submitted,  // checked and trimmed, within its limits (faramesh §2.5)
  exact,      // as it is: a run's tool call, whose arguments run as they were decided on
};

// Thread-safe, fast, no I/O of its own.
class PolicyGate {
 public:
  virtual ~PolicyGate() = default;
  // What is decided on a request; nothing follows from it here, so there is never a permit. An
  // exact request is judged by everything that decide() goes by. Errors: invalid, naming the field,
  // for what cannot be decided on.
  virtual base::Result<Verdict> judge(ActionRequest request, RequestForm form) = 0;
  // The same for a run's tool call. The params that are decided on are the call's own arguments,
  // whatever `request` has there, so the permit is for exactly what was judged. It comes with
  // EXECUTE, and with ABSTAIN when `grant` answers it. Never fails: what cannot be decided is
  // denied.
  virtual Verdict decide(const ToolCall& call, ActionRequest request,
                         const std::optional<Grant>& grant) = 0;
  // The same for what a client submitted and this server runs as `call`. The caller answers for
  // that `request` says everything that the call does, and nothing else.
  virtual Verdict decide_submitted(const ToolCall& call, ActionRequest request,
                                   const std::optional<Grant>& grant) = 0;
};

}  // namespace colonnade::core
