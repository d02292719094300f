// Where every call and every submission is judged: by the gate, and by what the agent demands in
// whose name it is made. Of the two the more restrictive one counts. Nothing else asks the gate.
#pragma once

#include <optional>
#include <string_view>

#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/governance/policy_gate.hpp"

namespace colonnade::core {

constexpr std::string_view agent_requires_approval = "AGENT_REQUIRES_APPROVAL";

// The agent's own permission for a tool turns the policy's yes into a question to a human. What the
// policy asks about or denies stays as it is. Thread-safe; the gate and the agents must outlive it.
class Judge {
 public:
  Judge(PolicyGate& gate, const Agents& agents) : gate_(gate), agents_(agents) {}

  // A run's tool call, or a step of one: `agent` is as the run has it. PolicyGate::decide();
  // `grant` answers the agent's question too.
  Verdict decide(const Agent& agent, const ToolCall& call, ActionRequest request,
                 const std::optional<Grant>& grant) const;

  // The rest finds the agent of `scope` that the request names, as it is now; a name that is no
  // agent's demands nothing. Errors also: the store's.
  base::Task<Result<Verdict>> judge(Scope scope, ActionRequest request, RequestForm form) const;
  base::Task<Result<Verdict>> decide_submitted(Scope scope, ToolCall call, ActionRequest request,
                                               std::optional<Grant> grant) const;

  // What is on record, by the policy of now. What its agent demanded is taken from the record: the
  // agent may be another by now, or gone.
  Result<Verdict> judge_recorded(const ActionRequest& request, RequestForm form,
                                 const Decision& recorded) const;

 private:
  base::Task<Result<bool>> asks_human(Scope scope, const ActionRequest* request) const;

  PolicyGate& gate_;
  const Agents& agents_;
};

}  // namespace colonnade::core
