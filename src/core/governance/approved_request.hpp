// What an approval is for: the request as it was made, or with the approver's arguments.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/governance/action.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

// On whose behalf the action's tool runs.
ToolCaller caller_of(const Action& action);

// What would run if this pending action were approved, with the params of `edit` where it is set.
// Of a run's tool call, its arguments have to fit the tool, and come back as they would run; of a
// question, they have to answer it. What else a client submitted is that client's own. `tools`
// outlives the call. Errors, with the field "params": invalid, saying what to mend; unavailable for
// edited arguments of a tool whose server is away.
base::Task<base::Result<ActionRequest>> approved_request(ToolRunner* tools, Action action,
                                                         std::optional<std::string> edit);

}  // namespace colonnade::core
