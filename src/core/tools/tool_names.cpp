#include "core/tools/tool_names.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/models/model_provider.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

struct ToolName {
  std::string_view other;  // lower case, with '_'
  std::string_view ours;
  bool shown = false;  // to Tandem clients, in place of ours
};

constexpr std::array tool_names = {
    ToolName{"bash", "shell", true},
    ToolName{"webfetch", "fetch", true},
    ToolName{"webfetch_html", "fetch"},
    ToolName{"todowrite", "todo_write"},
    ToolName{"update_todos", "todo_write"},
    ToolName{"update_todo_list", "todo_write"},
    ToolName{"memory_search", "memory_recall", true},
    ToolName{"memory_store", "memory_remember", true},
};
constexpr std::size_t name_bytes_max = 16;  // of the table's first column

constexpr std::string_view server_gap = "__";  // between a tool server's name and its tool's

struct ArgumentName {
  std::string_view tool;
  const char* other;
  const char* ours;
};

constexpr std::array argument_names = {
    ArgumentName{"edit", "old", "old_text"},
    ArgumentName{"edit", "new", "new_text"},
    ArgumentName{"edit", "oldString", "old_text"},
    ArgumentName{"edit", "newString", "new_text"},
    ArgumentName{"edit", "replaceAll", "replace_all"},
    ArgumentName{"edit", "filePath", "path"},
    ArgumentName{"read", "filePath", "path"},
    ArgumentName{"write", "filePath", "path"},
    ArgumentName{"apply_patch", "patch", "patchText"},
    ArgumentName{"task", "task", "prompt"},
    ArgumentName{"memory_remember", "content", "text"},
};

// "Web-Fetch" → "web_fetch"; too long a name is none of the table's.
std::string_view plain(std::string_view name, std::array<char, name_bytes_max>& out) {
  if (name.size() > out.size()) return name;
  std::ranges::transform(name, out.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return {out.data(), name.size()};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// "Gmail_SendEmail" → "gmail_sendemail", "a..b" → "a_b".
std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_letter_or_digit(c)) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  while (out.ends_with('_')) out.pop_back();
  return out.empty() ? "tool" : out;
}

struct ServerTool {
  std::string_view server;
  std::string_view tool;
};

// nullopt for a tool that is no tool server's. A server's name has letters, digits and dashes.
std::optional<ServerTool> server_tool(std::string_view name) {
  const auto gap = name.find(server_gap);
  if (gap == std::string_view::npos || gap == 0) return std::nullopt;
  const ServerTool out{.server = name.substr(0, gap), .tool = name.substr(gap + server_gap.size())};
  const bool is_server =
      std::ranges::all_of(out.server, [](char c) { return is_letter_or_digit(c) || c == '-'; });
  if (!is_server || out.tool.empty()) return std::nullopt;
  return out;
}

void rename(Json& object, const char* other, const char* ours) {
  const auto found = object.find(other);
  if (found == object.end() || object.contains(ours)) return;
  Json value = std::move(*found);
  object.erase(other);
  object[ours] = std::move(value);
}

// An item may be {"text"} alone (tandem §4.1).
void complete_todos(Json& arguments) {
  const auto todos = arguments.find("todos");
  if (todos == arguments.end() || !todos->is_array()) return;
  for (Json& item : *todos) {
    if (!item.is_object()) continue;
    rename(item, "text", "content");
    if (!item.contains("status")) item["status"] = "pending";
  }
}

// {"questions":[{"question","options":[{"label"}]}]} (tandem §3.5), of which one can be asked.
void take_only_question(Json& arguments) {
  const auto questions = arguments.find("questions");
  const bool is_one = questions != arguments.end() && questions->is_array() &&
                      questions->size() == 1 && questions->front().is_object();
  if (!is_one || arguments.contains("question")) return;
  const Json asked = std::move(questions->front());
  arguments.erase("questions");
  if (const auto text = asked.find("question"); text != asked.end()) arguments["question"] = *text;
  const auto options = asked.find("options");
  if (options == asked.end() || !options->is_array() || arguments.contains("options")) return;
  Json labels = Json::array();
  for (const Json& option : *options) {
    const bool is_labelled = option.is_object() && option.contains("label");
    labels.push_back(is_labelled ? option.at("label") : option);
  }
  arguments["options"] = std::move(labels);
}

}  // namespace

std::string_view known_tool(std::string_view name) {
  std::array<char, name_bytes_max> room;
  const std::string_view wanted = plain(name, room);
  const auto found = std::ranges::find(tool_names, wanted, &ToolName::other);
  return found == tool_names.end() ? name : found->ours;
}

std::string engine_tool(std::string_view tool) {
  if (const auto of_server = server_tool(tool)) {
    return engine_server_tool(of_server->server, of_server->tool);
  }
  const auto found = std::ranges::find_if(
      tool_names, [tool](const ToolName& one) { return one.shown && one.ours == tool; });
  return std::string(found == tool_names.end() ? tool : found->other);
}

std::string engine_server_tool(std::string_view server, std::string_view tool) {
  return "mcp." + collapsed(server) + "." + collapsed(tool);
}

std::vector<std::string> other_names(std::string_view tool) {
  std::vector<std::string> out;
  if (server_tool(tool)) out.push_back(engine_tool(tool));
  for (const ToolName& one : tool_names) {
    if (one.ours == tool) out.emplace_back(one.other);
  }
  return out;
}

Result<const ToolDefinition*> find_tool(const std::vector<ToolDefinition>& tools,
                                        std::string_view name) {
  const auto exact = std::ranges::find(tools, name, &ToolDefinition::name);
  if (exact != tools.end()) return &*exact;
  const ToolDefinition* found = nullptr;
  std::string several;
  for (const ToolDefinition& one : tools) {
    if (std::ranges::find(one.aliases, name) == one.aliases.end()) continue;
    several += (several.empty() ? "" : ", ") + one.name;
    if (found != nullptr) {
      return fail(
          ErrorKind::not_found,
          "several tools are named '" + std::string(name) + "'; use the name of one: " + several,
          tool_field);
    }
    found = &one;
  }
  if (found != nullptr) return found;
  return fail(ErrorKind::not_found, "there is no tool named '" + std::string(name) + "'",
              tool_field);
}

void translate_call(std::string& tool, Json& arguments) {
  std::array<char, name_bytes_max> room;
  const bool wants_html = plain(tool, room) == "webfetch_html";
  tool = std::string(known_tool(tool));
  if (wants_html && arguments.is_object() && !arguments.contains("return")) {
    arguments["return"] = "html";
  }
}

Json known_arguments(std::string_view tool, Json arguments) {
  if (!arguments.is_object()) return arguments;
  for (const ArgumentName& name : argument_names) {
    if (name.tool == tool) rename(arguments, name.other, name.ours);
  }
  if (tool == "todo_write") complete_todos(arguments);
  if (tool == "question") take_only_question(arguments);
  return arguments;
}

}  // namespace colonnade::core
