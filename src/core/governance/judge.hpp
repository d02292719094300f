// Where every call and every submission is judged: by the gate, and by what the agent demands in
// whose name it is made. Of the two the more restrictive one counts. Nothing else asks the gate.
#pragma once

#include <optional>
#include <string_view>

#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/governance/permission_rule.hpp"
#include "core/governance/policy_gate.hpp"
#include "core/governance/work_grant.hpp"

namespace colonnade::core {

constexpr std::string_view agent_requires_approval = "AGENT_REQUIRES_APPROVAL";
constexpr std::string_view thread_rule_asks = "THREAD_RULE_ASKS";
constexpr std::string_view thread_rule_denies = "THREAD_RULE_DENIES";

// The agent's own permission for a tool turns the policy's yes into a question to a human, and so
// may a rule of the thread, which may also deny, or answer a question. What the policy denies stays
// denied. Thread-safe; the gate and the agents must outlive it.
class Judge {
 public:
  Judge(PolicyGate& gate, const Agents& agents) : gate_(gate), agents_(agents) {}

  // A run's tool call, or a step of one: `agent` is as the run has it. PolicyGate::decide();
  // `grant` answers the agent's question too, and that of the thread's rules. `rule` is what those
  // say of the call (rule_for): it denies, asks, or answers what is asked, and never allows what is
  // denied or what only a human may answer. `work` is the grant that answers for the call
  // (grants()), in the same bounds; nullptr for none.
  Verdict decide(const Agent& agent, const ToolCall& call, ActionRequest request,
                 const std::optional<Grant>& grant, std::optional<RuleAction> rule = std::nullopt,
                 const WorkGrant* work = nullptr) const;

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
