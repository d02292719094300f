#include "tools/builtin/grep.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "tools/builtin/limits.hpp"
#include "tools/builtin/workspace_tool.hpp"
#include "tools/limits.hpp"
#include "tools/pattern.hpp"
#include "tools/text.hpp"

namespace colonnade::tools {
namespace {

// One search: what is looked for, and what was found so far.
struct Search {
  const Workspace& workspace;
  const Pattern& pattern;
  const std::optional<Pattern>& include;
  std::string out{};
  std::size_t matches = 0;
  std::size_t read_bytes = 0;

  // False: enough.
  bool look_into(const Workspace::Entry& entry) {
    if (include && !include->found_in(entry.path)) return true;
    const auto size = static_cast<std::size_t>(entry.status.st_size);
    if (size > limits::workspace_file_bytes_max) return true;
    read_bytes += size;
    if (read_bytes > limits::grep_read_bytes_max) return false;
    const auto file = workspace.read_file(entry.path);
    if (!file || is_binary(*file)) return true;  // gone meanwhile, or nothing to show
    std::size_t at = 0;
    for (std::size_t number = 1; at < file->size(); ++number) {
      const std::string_view line = next_line(*file, at);
      if (!pattern.found_in(line)) continue;
      if (++matches > limits::grep_matches_max) return false;
      out += entry.path + ":" + std::to_string(number) + ": " +
             shown_line(line, limits::grep_line_bytes_max) + "\n";
    }
    return true;
  }
};

core::ToolOutcome grep(const Workspace& workspace, const base::Json& arguments,
                       std::stop_token stop) {
  auto pattern = Pattern::regular(arguments.at("pattern").get_ref<const std::string&>(),
                                  arguments.value("ignore_case", false));
  if (!pattern) return failed(pattern.error().message);
  std::optional<Pattern> include;
  if (arguments.contains("include")) {
    auto files = Pattern::file_name(arguments.at("include").get_ref<const std::string&>());
    if (!files) return failed("'include': " + files.error().message);
    include = std::move(*files);
  }
  Search search{.workspace = workspace, .pattern = *pattern, .include = include};
  const auto visit = [&search](const Workspace::Entry& entry) { return search.look_into(entry); };
  auto whole = workspace.each_file(arguments.value("path", std::string(".")), stop, visit);
  if (!whole) return failed(whole.error().message);
  if (!*whole) search.out += "[there may be more; narrow the pattern, the path or include]\n";
  if (search.out.empty()) search.out = "[nothing found]\n";
  return {.content = std::move(search.out)};
}

}  // namespace

std::unique_ptr<Tool> grep_tool(base::Workers& workers) {
  core::ToolDefinition definition{
      .name = "grep",
      .description = "Finds lines of the workspace's text files by a regular expression (RE2).",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"pattern",
             {{"type", "string"}, {"minLength", 1}, {"maxLength", limits::pattern_bytes_max}}},
            {"path", {{"type", "string"}, {"description", "The folder to look in"}}},
            {"include",
             {{"type", "string"},
              {"maxLength", limits::pattern_bytes_max},
              {"description", "Only files that fit this pattern, such as *.cpp"}}},
            {"ignore_case", {{"type", "boolean"}}}}},
          {"required", {"pattern"}},
          {"additionalProperties", false}}};
  return std::make_unique<WorkspaceTool>(workers, std::move(definition), Effect::reads,
                                         WorkspaceTool::Target::folder, &grep);
}

}  // namespace colonnade::tools
