#include "tools/builtin/workspace_tool.hpp"

#include <nlohmann/json.hpp>

#include "core/access/account.hpp"
#include "tools/blocking.hpp"

namespace colonnade::tools {

WorkspaceTool::WorkspaceTool(base::Workers& workers, core::ToolDefinition definition, Effect effect,
                             Target target, Work work)
    : workers_(workers),
      definition_(std::move(definition)),
      effect_(effect),
      target_(target),
      work_(work) {}

base::Result<base::Json> WorkspaceTool::canonical(const ToolContext& context, base::Json arguments,
                                                  core::ArgumentsFrom /*from*/) const {
  auto workspace = Workspace::open(context.workspace);
  if (!workspace) return base::fail(std::move(workspace.error()));
  auto path = workspace->canonical(arguments.value("path", std::string(".")));
  if (!path) return base::fail(std::move(path.error()));
  if (target_ == Target::folder && *path != ".") *path += '/';
  arguments["path"] = std::move(*path);
  return arguments;
}

std::optional<std::vector<std::string>> WorkspaceTool::changed_files(
    const base::Json& arguments) const {
  if (effect_ != Effect::changes) return std::vector<std::string>();
  return std::vector{arguments.at("path").get<std::string>()};
}

base::Task<core::ToolOutcome> WorkspaceTool::run(ToolContext context, base::Json arguments,
                                                 std::stop_token stop) {
  auto account = core::account_of(context.scope, context.user_id);
  auto on_worker = [work = work_, folder = std::move(context.workspace),
                    arguments = std::move(arguments)](std::stop_token over) -> core::ToolOutcome {
    auto workspace = Workspace::open(folder, Workspace::Links::refused);
    if (!workspace) return failed(workspace.error().message);
    return work(*workspace, arguments, std::move(over));
  };
  auto outcome =
      co_await run_blocking(&workers_, std::move(account), std::move(stop), std::move(on_worker));
  co_return outcome;
}

}  // namespace colonnade::tools
