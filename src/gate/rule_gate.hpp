// The gate of the engine: judges by the policy and the profile in force, and makes the permits.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/governance/policy_gate.hpp"
#include "gate/policy_source.hpp"

namespace colonnade::gate {

using ToolNames = std::set<std::string, std::less<>>;

// What an engine says of a request, without a permit. Errors: invalid, naming the field.
base::Result<core::Verdict> judge_by(const Engine& engine, const core::ActionRequest& request,
                                     core::RequestForm form);

class RuleGate final : public core::PolicyGate {
 public:
  // `source` must outlive the gate. `asking`: tools whose point is a human's answer; they ask even
  // where the policy allows them, and no standing permission answers for the human.
  // `attached` says whether a tool may be one of an agent's tool servers: without a policy file
  // such a tool asks a human. What clients submit asks as well then, unless it is a harmless tool
  // of the server's.
  explicit RuleGate(const PolicySource& source, ToolNames asking = {},
                    std::function<bool(std::string_view tool)> attached = {});

  base::Result<core::Verdict> judge(core::ActionRequest request, core::RequestForm form) override;
  core::Verdict decide(const core::ToolCall& call, core::ActionRequest request,
                       const std::optional<core::Grant>& grant) override;
  core::Verdict decide_submitted(const core::ToolCall& call, core::ActionRequest request,
                                 const std::optional<core::Grant>& grant) override;

 private:
  enum class Origin { run, client };  // who made the request

  base::Result<core::Verdict> judge_for(const core::ActionRequest& request, core::RequestForm form,
                                        Origin origin) const;
  core::Verdict decide_for(const core::ToolCall& call, core::ActionRequest request,
                           const std::optional<core::Grant>& grant, Origin origin);
  bool denies_for_want_of_a_policy(const core::Decision& decision) const;
  void ask_about_attached(std::string_view tool, core::Decision& decision) const;
  void ask_about_submitted(core::Decision& decision) const;
  void ask_for_asking(std::string_view tool, core::Decision& decision) const;

  const PolicySource& source_;
  ToolNames asking_;
  std::function<bool(std::string_view)> attached_;
};

// What counts on a server without a policy file: the harmless tools run and the others ask a human.
// What is no tool of the server's is denied here; RuleGate asks about it when a client submits it.
std::shared_ptr<const Policy> built_in_policy(const ToolNames& harmless, const ToolNames& others);

namespace reason_code {
constexpr std::string_view attached_tool = "TOOL_OF_SERVER_ASKS_HUMAN";
constexpr std::string_view tool_asks = "TOOL_ASKS_HUMAN";
constexpr std::string_view invalid_request = "INVALID_REQUEST";
}  // namespace reason_code

}  // namespace colonnade::gate
