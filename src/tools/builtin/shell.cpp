#include "tools/builtin/shell.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/access/account.hpp"
#include "core/tools/limits.hpp"
#include "tools/blocking.hpp"
#include "tools/limits.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {
namespace {

void add_stream(std::string& out, const char* name, const ChildOutput& stream) {
  if (stream.text.empty()) return;
  out += std::string("--- ") + name + " ---\n" + stream.text;
  if (!out.ends_with('\n')) out += '\n';
}

core::ToolOutcome outcome_of(const ChildResult& result) {
  std::string out;
  if (!result.ended_by_us.empty()) {
    out = "the command was ended: " + result.ended_by_us + "\n";
  } else if (result.signal != 0) {
    out = "ended by signal " + std::to_string(result.signal) + " (" +
          ::sigabbrev_np(result.signal) + ")\n";
  } else {
    out = "exit code: " + std::to_string(result.exit_code) + "\n";
  }
  add_stream(out, "stdout", result.out);
  add_stream(out, "stderr", result.err);
  return {.content = std::move(out), .is_error = result.exit_code != 0};
}

core::ToolOutcome run_command(const Sandbox& sandbox, const std::string& folder,
                              const std::string& command, std::chrono::seconds time_max,
                              std::stop_token stop) {
  auto workspace = Workspace::open(folder);
  if (!workspace) return failed(workspace.error().message);
  auto result = sandbox.run(folder, command, time_max, std::move(stop));
  if (!result) return failed(result.error().message);
  return outcome_of(*result);
}

}  // namespace

ShellTool::ShellTool(base::Workers& workers, SandboxOptions options)
    : workers_(workers),
      sandbox_(std::make_shared<const Sandbox>(std::move(options))),
      definition_{
          .name = "shell",
          .description = sandbox_->mode() == SandboxMode::required
                             ? "Runs a shell command in the workspace (/workspace), in a sandbox "
                               "without network. Nothing that it starts outlives it."
                             : "Runs a shell command in the workspace.",
          .input_schema = {
              {"type", "object"},
              {"properties",
               {{"command",
                 {{"type", "string"},
                  {"minLength", 1},
                  {"maxLength", limits::shell_command_bytes_max}}},
                {"timeout_seconds",
                 {{"type", "integer"},
                  {"minimum", 1},
                  {"maximum", std::chrono::seconds(limits::tool_time_max).count()},
                  {"description",
                   "Ended after this long; " +
                       std::to_string(std::chrono::seconds(limits::shell_time_default).count()) +
                       " by default"}}}}},
              {"required", {"command"}},
              {"additionalProperties", false}}} {}

base::Task<core::ToolOutcome> ShellTool::run(ToolContext context, base::Json arguments,
                                             std::stop_token stop) {
  auto command = arguments.at("command").get<std::string>();
  if (command.find('\0') != std::string::npos) {
    co_return failed("'command' holds a NUL character; leave it out");
  }
  const std::chrono::seconds time_max(
      arguments.value("timeout_seconds", std::chrono::seconds(limits::shell_time_default).count()));
  auto account = core::account_of(context.scope, context.user_id);
  auto on_worker = [sandbox = sandbox_, folder = std::move(context.workspace),
                    command = std::move(command), time_max](std::stop_token over) {
    return run_command(*sandbox, folder, command, time_max, std::move(over));
  };
  auto outcome =
      co_await run_blocking(&workers_, std::move(account), std::move(stop), std::move(on_worker));
  co_return outcome;
}

}  // namespace colonnade::tools
