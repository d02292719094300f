// `question`: asks the human something.
#pragma once

#include <nlohmann/json.hpp>

#include "tools/tool.hpp"

namespace colonnade::tools {

class QuestionTool final : public Tool {
 public:
  QuestionTool();

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::asks; }
  const base::Json& accepted_schema() const override { return accepted_; }
  // An approver has to give the answer: a text, or what a `form` of a tool server wants
  // (tools/form_answer.hpp).
  base::Result<base::Json> canonical(const ToolContext& context, base::Json arguments,
                                     core::ArgumentsFrom from) const override;
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  core::ToolDefinition definition_;
  base::Json accepted_;  // with the answer, which only an approver gives, and a server's form
};

}  // namespace colonnade::tools
