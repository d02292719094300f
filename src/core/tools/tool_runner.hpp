// The port to tools.
#pragma once

#include <functional>
#include <optional>
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
  // Of an error: a human has to open this before the tool can be used; "" for nothing of the kind.
  // For humans: no model is shown it.
  std::string authorization_url{};
};

// On whose behalf a tool runs.
struct ToolCaller {
  Scope scope;
  std::string user_id{};   // who started the run
  std::string agent_id{};  // "" for the default agent
  // Asks whether the call that is under way may go on with these arguments, such as where a
  // redirect leads. Errors say to the model why not. Empty: it may not.
  std::function<base::Task<base::Result<void>>(base::Json arguments)> judge_again{};
};

// The field of an error that is about the tool itself: it was not offered.
constexpr const char* tool_field = "tool";

// Whose arguments a call has. `record`: a model's, of a call that was made before.
enum class ArgumentsFrom { model, approver, record };

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
  // The arguments of `call` in the one form that is judged, shown, stored and run: they fit the
  // tool's schema, name nothing that the tool does not know, and say where the call will reach (a
  // path as it will be opened, a URL as it will be connected to). To prepare them again changes
  // nothing. `offered`: the tool as the run's model was offered it; nullopt for a tool that
  // it was not offered, and for who does not know; then it is looked up. An approver may give more
  // than a model may. On the calling lane. Errors say what to mend, with the field tool_field
  // where the tool was not offered; unavailable: the tool's server is away, so that nothing can be
  // said of an approver's arguments.
  virtual base::Task<base::Result<base::Json>> prepare(ToolCaller caller, ToolCall call,
                                                       std::optional<ToolDefinition> offered,
                                                       ArgumentsFrom from) = 0;
  // Whether a value fits a JSON Schema. invalid, in words for the model.
  virtual base::Result<void> check_value(const base::Json& schema,
                                         const base::Json& value) const = 0;
  // Runs the permitted call, whose arguments were prepared, on the calling lane. Every failure of
  // the tool itself is an outcome with is_error; an Error means that it was stopped or that there
  // is no such tool. Output is cut at limits::tool_output_bytes_max.
  virtual base::Task<base::Result<ToolOutcome>> run(base::Lane& lane, ToolCaller caller,
                                                    ExecutionPermit permit,
                                                    std::stop_token stop) = 0;
};

}  // namespace colonnade::core
