#include "tools/builtin/glob.hpp"

#include <nlohmann/json.hpp>

#include "tools/builtin/limits.hpp"
#include "tools/builtin/workspace_tool.hpp"
#include "tools/pattern.hpp"

namespace colonnade::tools {
namespace {

core::ToolOutcome glob(const Workspace& workspace, const base::Json& arguments,
                       std::stop_token stop) {
  auto pattern = Pattern::file_name(arguments.at("pattern").get_ref<const std::string&>());
  if (!pattern) return failed(pattern.error().message);
  std::string out;
  std::size_t matches = 0;
  const auto visit = [&](const Workspace::Entry& entry) {
    if (!pattern->found_in(entry.path)) return true;
    if (++matches > limits::glob_matches_max) return false;
    out += entry.path + "\n";
    return true;
  };
  auto whole = workspace.each_file(arguments.value("path", std::string(".")), stop, visit);
  if (!whole) return failed(whole.error().message);
  if (!*whole) out += "[there may be more; narrow the pattern or the path]\n";
  if (out.empty()) out = "[no file fits]\n";
  return {.content = std::move(out)};
}

}  // namespace

std::unique_ptr<Tool> glob_tool(base::Workers& workers) {
  core::ToolDefinition definition{
      .name = "glob",
      .description =
          "Lists files of the workspace whose path fits a pattern such as *.cpp or "
          "src/**/*_test.{cpp,hpp}.",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"pattern",
             {{"type", "string"}, {"minLength", 1}, {"maxLength", limits::pattern_bytes_max}}},
            {"path", {{"type", "string"}, {"description", "The folder to look in"}}}}},
          {"required", {"pattern"}},
          {"additionalProperties", false}}};
  return std::make_unique<WorkspaceTool>(workers, std::move(definition), Effect::reads,
                                         WorkspaceTool::Target::folder, &glob);
}

}  // namespace colonnade::tools
