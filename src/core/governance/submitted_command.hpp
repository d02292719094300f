// The command of a client's submission that this server runs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/governance/action.hpp"
#include "core/runs/run.hpp"

namespace colonnade::core {

constexpr const char* submitted_shell = "shell";  // the one tool of submissions that runs here

struct SubmittedCommand {
  // The request as if nothing but the command had been submitted, under the name that the client
  // gave it. A token that a profile wants (faramesh §4.4) is no part of what runs; it is in the
  // context, where profiles look for it as well.
  ActionRequest request{};
  ToolCall call{};  // as the shell is called, in the owner's own workspace
};

// The name of the folder that a user works in outside of all threads.
std::string own_workspace(std::string_view owner);

// The shell takes `cmd`, as Faramesh names it, or `command`, and nothing else of the params.
// Errors: invalid with the field "params", for both at once and for one that is no text.
base::Result<SubmittedCommand> submitted_command(const Action& action);

}  // namespace colonnade::core
