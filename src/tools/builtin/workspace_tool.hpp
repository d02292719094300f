// A tool whose whole work is with files of the workspace.
#pragma once

#include "base/workers.hpp"
#include "tools/tool.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {

class WorkspaceTool final : public Tool {
 public:
  // Called on a worker thread with arguments that fit the schema; may outlive the tool itself.
  using Work = core::ToolOutcome (*)(const Workspace& workspace, const base::Json& arguments,
                                     std::stop_token stop);

  WorkspaceTool(base::Workers& workers, core::ToolDefinition definition, Effect effect, Work work);

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return effect_; }
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  base::Workers& workers_;
  core::ToolDefinition definition_;
  Effect effect_;
  Work work_;
};

}  // namespace colonnade::tools
