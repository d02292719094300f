#include "tools/builtin/read.hpp"

#include <nlohmann/json.hpp>

#include "tools/builtin/limits.hpp"
#include "tools/builtin/workspace_tool.hpp"
#include "tools/text.hpp"

namespace colonnade::tools {
namespace {

constexpr std::size_t number_width = 6;

std::string numbered(std::size_t number, std::string_view line) {
  std::string digits = std::to_string(number);
  if (digits.size() < number_width) digits.insert(0, number_width - digits.size(), ' ');
  return digits + "\t" + shown_line(line, limits::read_line_bytes_max) + "\n";
}

core::ToolOutcome read(const Workspace& workspace, const base::Json& arguments, std::stop_token) {
  const auto& path = arguments.at("path").get_ref<const std::string&>();
  const auto first = arguments.value("offset", std::size_t{1});
  const auto limit = arguments.value("limit", limits::read_lines_default);
  auto file = workspace.read_file(path);
  if (!file) return failed(file.error().message);
  if (is_binary(*file)) {
    return failed("'" + path + "' is binary (" + std::to_string(file->size()) +
                  " bytes); only text can be read");
  }
  if (file->empty()) return {.content = "[the file is empty]"};
  std::string out;
  std::size_t at = 0;
  std::size_t number = 0;
  std::size_t shown = 0;
  while (at < file->size()) {
    const std::string_view line = next_line(*file, at);
    if (++number < first) continue;
    if (shown == limit || out.size() > limits::read_output_bytes_max) {
      out += "[more lines follow; go on with offset " + std::to_string(number) + "]";
      return {.content = std::move(out)};
    }
    out += numbered(number, line);
    ++shown;
  }
  if (shown == 0) {
    return failed("'offset' is " + std::to_string(first) + ", but '" + path + "' has only " +
                  std::to_string(number) + " lines");
  }
  return {.content = std::move(out)};
}

}  // namespace

std::unique_ptr<Tool> read_tool(base::Workers& workers) {
  core::ToolDefinition definition{
      .name = "read",
      .description = "Reads a text file of the workspace. Every line comes with its number.",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Relative to the workspace"}}},
            {"offset",
             {{"type", "integer"}, {"minimum", 1}, {"description", "First line, from 1"}}},
            {"limit",
             {{"type", "integer"},
              {"minimum", 1},
              {"maximum", limits::read_lines_max},
              {"description",
               "Lines at most; " + std::to_string(limits::read_lines_default) + " by default"}}}}},
          {"required", {"path"}},
          {"additionalProperties", false}}};
  return std::make_unique<WorkspaceTool>(workers, std::move(definition), Effect::reads,
                                         WorkspaceTool::Target::file, &read);
}

}  // namespace colonnade::tools
