// Tools that are not the server's own: what an agent's tool servers offer at the moment.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/agents/agent.hpp"
#include "core/runs/run.hpp"
#include "core/tools/tool_runner.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// Thread-safe.
class AttachedTools {
 public:
  virtual ~AttachedTools() = default;
  // What the agent's servers offer now. Servers that are starting for the first time are waited
  // for, as long as the implementation's limit and `stop` say; those of a server that is away are
  // missing.
  virtual base::Task<std::vector<core::ToolDefinition>> definitions(core::Agent agent,
                                                                    std::stop_token stop) = 0;
  // Whether a tool of any server may be called so.
  virtual bool may_be(std::string_view tool) const = 0;
  // The tool as it is offered to the agent now; nobody is waited for. nullopt: it is not offered,
  // or its server is away or just starting.
  virtual base::Task<std::optional<core::ToolDefinition>> definition(ToolContext context,
                                                                     std::string tool) = 0;
  // On `context.lane`, which is the calling one. Arguments that do not fit what the tool is now are
  // an outcome with is_error. Errors and outcomes as core::ToolRunner::run().
  virtual base::Task<base::Result<core::ToolOutcome>> run(ToolContext context, core::ToolCall call,
                                                          std::stop_token stop) = 0;
};

}  // namespace colonnade::tools
