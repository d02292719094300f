// The port to tools.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/agents/agent.hpp"
#include "core/governance/execution_permit.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::core {

struct ToolOutcome {
  std::string content{};
  bool is_error = false;
};

// On whose behalf a tool runs.
struct ToolCaller {
  Scope scope;
  std::string user_id{};   // who started the run
  std::string agent_id{};  // "" for the default agent
};

class ToolRunner {
 public:
  virtual ~ToolRunner() = default;
  // What the model of this agent may be offered, always in the same order. A run asks once, at its
  // start, on its lane; it may wait a little for tools that are about to be there, no longer than
  // until it is stopped.
  virtual base::Task<std::vector<ToolDefinition>> definitions(Agent agent,
                                                              std::stop_token stop) = 0;
  // Whether a call that was interrupted may simply be made again.
  virtual bool is_idempotent(std::string_view tool) const = 0;
  // Whether a model may ask for a call with these arguments at all. The tool is as it was offered,
  // or has its name alone when it was not. Errors: invalid, saying what to mend. Looked at before a
  // human is asked; whoever approves may give more than a model may.
  virtual base::Result<void> check(const ToolDefinition& tool, const base::Json& arguments) const {
    (void)tool, (void)arguments;
    return {};
  }
  // Runs the permitted call on the calling lane. Every failure of the tool
  // itself is an outcome with is_error; an Error means that it was stopped or that there is no such
  // tool. Output is cut at limits::tool_output_bytes_max.
  virtual base::Task<base::Result<ToolOutcome>> run(base::Lane& lane, ToolCaller caller,
                                                    ExecutionPermit permit,
                                                    std::stop_token stop) = 0;
};

}  // namespace colonnade::core
