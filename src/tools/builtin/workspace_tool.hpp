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

  // What `path` names: a file, or a folder to look in, which is the workspace when it is left out.
  enum class Target { file, folder };

  WorkspaceTool(base::Workers& workers, core::ToolDefinition definition, Effect effect,
                Target target, Work work);

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return effect_; }
  bool uses_workspace() const override { return true; }
  std::optional<std::vector<std::string>> changed_files(const base::Json& arguments) const override;
  // `path` as it will be opened. A folder ends in a slash: everything below it is meant, and a rule
  // about what begins with "secrets/" has to see that.
  base::Result<base::Json> canonical(const ToolContext& context, base::Json arguments,
                                     core::ArgumentsFrom from) const override;
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  base::Workers& workers_;
  core::ToolDefinition definition_;
  Effect effect_;
  Target target_;
  Work work_;
};

}  // namespace colonnade::tools
