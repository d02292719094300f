#include "core/governance/judge.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::fail;
using base::Task;

namespace {

bool asks_human_for(const Agent& agent, const std::string& tool) {
  return std::ranges::any_of(agent.profile.tool_permissions, [&tool](const auto& permission) {
    return permission.second.requires_approval && same_tool(permission.first, tool);
  });
}

void ask_instead(Verdict& verdict, const std::optional<Grant>& grant, std::string_view code,
                 std::string reason) {
  Decision& decision = verdict.decision;
  if (decision.outcome != Outcome::execute) return;
  decision.outcome = Outcome::abstain;
  decision.reason_code = std::string(code);
  decision.reason = std::move(reason);
  const bool answered =
      grant && (grant->request_hash.empty() || grant->request_hash == decision.request_hash);
  if (!answered) verdict.permit.reset();
}

void ask_for_agent(Verdict& verdict, const std::optional<Grant>& grant) {
  ask_instead(verdict, grant, agent_requires_approval,
              "the agent's own permissions ask a human about this tool");
}

void ask_for_thread(Verdict& verdict, const std::optional<Grant>& grant) {
  ask_instead(verdict, grant, thread_rule_asks,
              "a rule of this thread asks a human about this call");
}

void deny_for_thread(Verdict& verdict, const std::string& tool) {
  verdict.permit.reset();
  if (verdict.decision.outcome == Outcome::halt) return;
  verdict.decision.outcome = Outcome::halt;
  verdict.decision.reason_code = std::string(thread_rule_denies);
  verdict.decision.reason = "a rule of this thread denies this call of " + tool +
                            "; do without it, or do what the rule leaves allowed";
}

// Who reads the decision sees what has answered its question.
void name_grant(Verdict& verdict, const WorkGrant& work) {
  const bool answered = verdict.permit && verdict.decision.outcome == Outcome::abstain;
  if (answered) verdict.decision.reason += "; allowed unasked by the grant of " + work.by;
}

}  // namespace

Verdict Judge::decide(const Agent& agent, const ToolCall& call, ActionRequest request,
                      const std::optional<Grant>& grant, std::optional<RuleAction> rule,
                      const WorkGrant* work) const {
  std::optional<Grant> answer = grant;
  if (!answer && (rule == RuleAction::allow || work != nullptr)) answer = Grant{};
  Verdict verdict = gate_.decide(call, std::move(request), answer);
  if (asks_human_for(agent, call.tool)) ask_for_agent(verdict, answer);
  if (rule == RuleAction::ask) ask_for_thread(verdict, work != nullptr ? answer : grant);
  if (rule == RuleAction::deny) deny_for_thread(verdict, call.tool);
  if (work != nullptr && !grant) name_grant(verdict, *work);
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
  if (verdict && recorded.reason_code == thread_rule_asks) ask_for_thread(*verdict, std::nullopt);
  return verdict;
}

}  // namespace colonnade::core
