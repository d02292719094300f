// request_approval: asks a human to approve something in the agent's own words. The answer is the
// result (core/governance/approval_request.hpp).
#pragma once

#include "tools/tool.hpp"

namespace colonnade::tools {

class RequestApprovalTool final : public Tool {
 public:
  RequestApprovalTool();

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::asks; }
  // Never called for a run, whose question the answer settles.
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
