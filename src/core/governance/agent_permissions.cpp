#include "core/governance/agent_permissions.hpp"

#include <string>

namespace colonnade::core {

void restrict_by_agent(Verdict& verdict, const std::map<std::string, ToolPermission>& permissions,
                       std::string_view tool, const std::optional<Grant>& grant) {
  const auto permission = permissions.find(std::string(tool));
  if (permission == permissions.end() || !permission->second.requires_approval) return;
  Decision& decision = verdict.decision;
  if (decision.outcome != Outcome::execute || !verdict.permit) return;
  decision.outcome = Outcome::abstain;
  decision.reason_code = std::string(agent_requires_approval);
  decision.reason = "the agent's own permissions ask a human about this tool";
  const bool answered =
      grant && (grant->request_hash.empty() || grant->request_hash == decision.request_hash);
  if (!answered) verdict.permit.reset();
}

}  // namespace colonnade::core
