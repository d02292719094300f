// One tool of the server's own.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::tools {

// What a tool does to the world; the gate's default rules go by it.
enum class Effect {
  none,        // computes; the same call may be repeated at will
  reads,       // looks at the workspace; may be repeated as well
  own_memory,  // changes what the agent itself has kept for this user, and nothing else
  own_thread,  // adds to what its conversation holds, and to nothing else
  changes,     // anything else
  asks,        // a human's answer is the point: always waits for one
};

// Who runs the tool, and where.
struct ToolContext {
  base::Lane* lane = nullptr;  // the run's; outlives the call
  core::Scope scope;
  std::string user_id{};   // who started the run
  std::string agent_id{};  // "" for the default agent
  std::string thread_id{};
  std::string run_id{};
  std::string tool_call_id{};
  std::string workspace{};  // absolute folder of the thread; "" when it cannot be made
  bool bound = false;       // that is a directory that somebody named, not the server's own
  // core::ToolCaller::judge_again
  std::function<base::Task<base::Result<void>>(base::Json arguments)> judge_again{};
};

// Stateless or thread-safe: one object serves all runs on all lanes.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const core::ToolDefinition& definition() const = 0;
  virtual Effect effect() const = 0;
  // Whether the agent's model is offered it at all, whatever Agent::tools says.
  virtual bool is_for(const core::Agent& agent) const {
    (void)agent;
    return true;
  }
  // Whether it works with files of the thread's workspace. Then it is not called while the
  // workspace cannot be used; the model hears why.
  virtual bool uses_workspace() const { return effect() == Effect::reads; }
  // The files of the workspace that a call with these arguments, which are canonical, may change,
  // make or remove: they are kept before it runs, so that it can be undone. nullopt: any of them.
  virtual std::optional<std::vector<std::string>> changed_files(const base::Json& arguments) const {
    (void)arguments;
    return std::vector<std::string>();
  }
  // Whether other runs do its work, in threads that share the directory of this one. Then all that
  // they may change there counts as changed by the call, too.
  virtual bool hands_on_work() const { return false; }
  // What arguments must look like to be run. Differs from the definition's schema, which the model
  // sees, where an approver may add what a model may not.
  virtual const base::Json& accepted_schema() const { return definition().input_schema; }
  // The arguments as they are judged and run: see core::ToolRunner::prepare(). They fit the schema
  // that counts for whose they are. On the run's lane, so it is short: a few system calls.
  virtual base::Result<base::Json> canonical(const ToolContext& context, base::Json arguments,
                                             core::ArgumentsFrom from) const {
    (void)context, (void)from;
    return arguments;
  }
  // `arguments` fits accepted_schema() and is canonical. Arguments that are bad nevertheless are an
  // outcome with is_error that tells the model how to do better. Ends soon after a stop.
  virtual base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                            std::stop_token stop) = 0;
};

// An outcome that reports an error to the model.
inline core::ToolOutcome failed(std::string message) {
  return {.content = std::move(message), .is_error = true};
}

}  // namespace colonnade::tools
