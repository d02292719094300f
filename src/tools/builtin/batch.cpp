#include "tools/builtin/batch.hpp"

#include "core/runs/tool_batch.hpp"

namespace colonnade::tools {
namespace {

class BatchTool final : public Tool {
 public:
  const core::ToolDefinition& definition() const override { return definition_; }
  // Its calls are judged one by one.
  Effect effect() const override { return Effect::own_thread; }
  base::Task<core::ToolOutcome> run(ToolContext, base::Json, std::stop_token) override {
    co_return failed("a batch is made by an agent within a run; make its calls one by one");
  }

 private:
  core::ToolDefinition definition_ = core::batch_definition();
};

}  // namespace

std::unique_ptr<Tool> batch_tool() { return std::make_unique<BatchTool>(); }

}  // namespace colonnade::tools
