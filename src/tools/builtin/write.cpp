#include "tools/builtin/write.hpp"

#include <nlohmann/json.hpp>

#include "tools/builtin/workspace_tool.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

core::ToolOutcome write(const Workspace& workspace, const base::Json& arguments, std::stop_token) {
  const auto& path = arguments.at("path").get_ref<const std::string&>();
  const auto& content = arguments.at("content").get_ref<const std::string&>();
  if (auto written = workspace.write_file(path, content); !written) {
    return failed(written.error().message);
  }
  return {.content = "wrote " + std::to_string(content.size()) + " bytes to '" + path + "'"};
}

}  // namespace

std::unique_ptr<Tool> write_tool(base::Workers& workers) {
  core::ToolDefinition definition{
      .name = "write",
      .description =
          "Writes a text file of the workspace, whole; makes it and its folders when "
          "they are missing. To change a part of a file, use edit.",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Relative to the workspace"}}},
            {"content", {{"type", "string"}, {"maxLength", limits::workspace_write_bytes_max}}}}},
          {"required", {"path", "content"}},
          {"additionalProperties", false}}};
  return std::make_unique<WorkspaceTool>(workers, std::move(definition), Effect::changes,
                                         WorkspaceTool::Target::file, &write);
}

}  // namespace colonnade::tools
