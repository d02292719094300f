// What the agent itself demands of its tools' calls: a source of verdicts beside the policy, of
// which the most restrictive one counts.
#pragma once

#include <optional>
#include <string_view>

#include "core/agents/agent_profile.hpp"
#include "core/governance/policy_gate.hpp"

namespace colonnade::core {

constexpr std::string_view agent_requires_approval = "AGENT_REQUIRES_APPROVAL";

// Turns the policy's yes into a question when the permissions of the agent ask a human for this
// tool. `grant`, the answer to that question, leaves the permit where it is. What the policy asks
// about or denies stays as it is.
void restrict_by_agent(Verdict& verdict, const std::map<std::string, ToolPermission>& permissions,
                       std::string_view tool, const std::optional<Grant>& grant);

}  // namespace colonnade::core
