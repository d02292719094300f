// `shell`: runs a command in the workspace, in a sandbox.
#pragma once

#include <memory>

#include "base/workers.hpp"
#include "tools/sandbox.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

class ShellTool final : public Tool {
 public:
  // `workers` outlives the tool. A command holds one of its threads while it runs.
  ShellTool(base::Workers& workers, SandboxOptions options);

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::changes; }
  bool uses_workspace() const override { return true; }
  std::optional<std::vector<std::string>> changed_files(
      const base::Json& /*arguments*/) const override {
    return std::nullopt;
  }
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  base::Workers& workers_;
  std::shared_ptr<const Sandbox> sandbox_;  // also held by commands that still run
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
