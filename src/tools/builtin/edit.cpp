#include "tools/builtin/edit.hpp"

#include <nlohmann/json.hpp>

#include "tools/builtin/workspace_tool.hpp"
#include "tools/limits.hpp"
#include "tools/text.hpp"

namespace colonnade::tools {
namespace {

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++out;
  }
  return out;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, done)) {
    out.append(text.substr(done, at - done)).append(to);
    done = at + from.size();
  }
  return out.append(text.substr(done));
}

core::ToolOutcome edit(const Workspace& workspace, const base::Json& arguments, std::stop_token) {
  const auto& path = arguments.at("path").get_ref<const std::string&>();
  const auto& from = arguments.at("old_text").get_ref<const std::string&>();
  const auto& to = arguments.at("new_text").get_ref<const std::string&>();
  if (from == to) return failed("'old_text' and 'new_text' are the same; nothing would change");
  auto file = workspace.read_file(path);
  if (!file) return failed(file.error().message);
  if (is_binary(*file)) return failed("'" + path + "' is binary; only text can be edited");
  const std::size_t count = count_of(*file, from);
  if (count == 0) {
    return failed("'old_text' is not in '" + path +
                  "'; read the file again and give the text exactly, white space included");
  }
  if (count > 1 && !arguments.value("replace_all", false)) {
    return failed("'old_text' is " + std::to_string(count) + " times in '" + path +
                  "'; give more of what is around it, or set replace_all");
  }
  const std::size_t size = file->size() + count * to.size() - count * from.size();
  if (size > limits::workspace_write_bytes_max) {
    return failed("'" + path + "' would be " + std::to_string(size) + " bytes long; the limit is " +
                  std::to_string(limits::workspace_write_bytes_max));
  }
  if (auto written = workspace.write_file(path, replaced(*file, from, to)); !written) {
    return failed(written.error().message);
  }
  return {.content = "replaced " + std::to_string(count) + " in '" + path + "'"};
}

}  // namespace

std::unique_ptr<Tool> edit_tool(base::Workers& workers) {
  core::ToolDefinition definition{
      .name = "edit",
      .description =
          "Replaces text in a file of the workspace. old_text must be in the file "
          "exactly once, unless replace_all is set.",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Relative to the workspace"}}},
            {"old_text",
             {{"type", "string"},
              {"minLength", 1},
              {"description", "Exactly as in the file, without line numbers"}}},
            {"new_text", {{"type", "string"}}},
            {"replace_all", {{"type", "boolean"}}}}},
          {"required", {"path", "old_text", "new_text"}},
          {"additionalProperties", false}}};
  return std::make_unique<WorkspaceTool>(workers, std::move(definition), Effect::changes,
                                         WorkspaceTool::Target::file, &edit);
}

}  // namespace colonnade::tools
