// `todo_write`: the model's plan of its work, kept in the conversation itself.
#pragma once

#include "tools/tool.hpp"

namespace colonnade::tools {

class TodoWriteTool final : public Tool {
 public:
  TodoWriteTool();

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::none; }
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
