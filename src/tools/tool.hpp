// One tool of the server's own.
#pragma once

#include <stop_token>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/tool_runner.hpp"

namespace colonnade::tools {

// What a tool does to the world; the gate's default rules go by it.
enum class Effect {
  none,     // computes; the same call may be repeated at will
  reads,    // looks at the workspace
  changes,  // anything else
};

// Stateless or thread-safe: one object serves all runs on all lanes.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const core::ToolDefinition& definition() const = 0;
  virtual Effect effect() const = 0;
  // `arguments` is a JSON object as the model gave it, not yet checked against the schema. Bad
  // arguments are an outcome with is_error that tells the model how to do better. Ends soon after a
  // stop.
  virtual base::Task<core::ToolOutcome> run(base::Lane& lane, base::Json arguments,
                                            std::stop_token stop) = 0;
};

}  // namespace colonnade::tools
