// `calculator`: arithmetic, exactly as written.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// Evaluates + - * / % ^, parentheses, unary signs, decimals with exponents, pi, e and sqrt, abs,
// ln, log10, sin, cos, tan, floor, ceil, round of one argument. Usual precedence; ^ binds to the
// right and tighter than a sign. ErrorKind::invalid says what is wrong and at which character (from
// 1).
base::Result<double> evaluate(std::string_view expression);

class CalculatorTool final : public Tool {
 public:
  CalculatorTool();

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::none; }
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
