// `clock`: what time it is.
#pragma once

#include "base/clock.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

class ClockTool final : public Tool {
 public:
  explicit ClockTool(base::Clock& clock);

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::none; }
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  base::Clock& clock_;
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
