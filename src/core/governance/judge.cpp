#include "core/governance/judge.hpp"

#include <string>
#include <utility>

namespace colonnade::core {

using base::fail;
using base::Task;

namespace {

bool asks_human_for(const Agent& agent, const std::string& tool) {
  const auto permission = agent.profile.tool_permissions.find(tool);
  return permission != agent.profile.tool_permissions.end() && permission->second.requires_approval;
}

void ask_for_agent(Verdict& verdict, const std::optional<Grant>& grant) {
  Decision& decision = verdict.decision;
  if (decision.outcome != Outcome::execute) return;
  decision.outcome = Outcome::abstain;
  decision.reason_code = std::string(agent_requires_approval);
  decision.reason = "the agent's own permissions ask a human about this tool";
  const bool answered =
      grant && (grant->request_hash.empty() || grant->request_hash == decision.request_hash);
  if (!answered) verdict.permit.reset();
}

}  // namespace

Verdict Judge::decide(const Agent& agent, const ToolCall& call, ActionRequest request,
                      const std::optional<Grant>& grant) const {
  Verdict verdict = gate_.decide(call, std::move(request), grant);
  if (asks_human_for(agent, call.tool)) ask_for_agent(verdict, grant);
  return verdict;
}

Task<Result<bool>> Judge::asks_human(Scope scope, const ActionRequest* request) const {
  const std::string tool = request->tool;
  const auto agent = co_await agents_.get(std::move(scope), request->agent_id);
  if (agent) co_return asks_human_for(*agent, tool);
  if (agent.error().kind == base::ErrorKind::not_found) co_return false;
  co_return fail(agent.error());
}

Task<Result<Verdict>> Judge::judge(Scope scope, ActionRequest request, RequestForm form) const {
  auto verdict = gate_.judge(std::move(request), form);
  if (!verdict || verdict->decision.outcome != Outcome::execute) co_return verdict;
  const auto asks = co_await asks_human(std::move(scope), &verdict->request);
  if (!asks) co_return fail(asks.error());
  if (*asks) ask_for_agent(*verdict, std::nullopt);
  co_return verdict;
}

Task<Result<Verdict>> Judge::decide_submitted(Scope scope, ToolCall call, ActionRequest request,
                                              std::optional<Grant> grant) const {
  Verdict verdict = gate_.decide_submitted(call, std::move(request), grant);
  if (verdict.decision.outcome != Outcome::execute) co_return verdict;
  const auto asks = co_await asks_human(std::move(scope), &verdict.request);
  if (!asks) co_return fail(asks.error());
  if (*asks) ask_for_agent(verdict, grant);
  co_return verdict;
}

Result<Verdict> Judge::judge_recorded(const ActionRequest& request, RequestForm form,
                                      const Decision& recorded) const {
  auto verdict = gate_.judge(request, form);
  if (verdict && recorded.reason_code == agent_requires_approval) {
    ask_for_agent(*verdict, std::nullopt);
  }
  return verdict;
}

}  // namespace colonnade::core
