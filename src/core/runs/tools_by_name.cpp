#include "core/runs/tools_by_name.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/runs/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  auto at = text.begin();
  while (at != text.end()) {
    const auto begin = std::find_if(at, text.end(), is_word_byte);
    const auto end = std::find_if_not(begin, text.end(), is_word_byte);
    if (begin != end) out.push_back(lower(std::string_view(begin, end)));
    at = end;
  }
  return out;
}

// How many of the words the tool's name and description hold.
std::size_t hits(const ToolDefinition& tool, const std::vector<std::string>& words) {
  const std::string text = lower(tool.name + " " + tool.description);
  return static_cast<std::size_t>(
      std::ranges::count_if(words, [&](const std::string& word) { return text.contains(word); }));
}

// Those that fit, the best first, else in their order.
std::vector<const ToolDefinition*> fitting(const std::vector<ToolDefinition>& tools,
                                           const std::vector<std::string>& words) {
  std::vector<std::pair<std::size_t, std::size_t>> found;  // words that are missing, place
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::size_t count = hits(tools[i], words);
    if (count > 0 || words.empty()) found.emplace_back(words.size() - count, i);
  }
  std::ranges::sort(found);
  std::vector<const ToolDefinition*> out;
  for (const auto& [missing, place] : found) out.push_back(&tools[place]);
  return out;
}

}  // namespace

std::vector<ToolDefinition> tools_by_name() {
  return {
      {.name = std::string(find_tools_name),
       .description = "Finds tools that you may use, by words that describe what you need. Answers "
                      "with their names, descriptions and parameters.",
       .input_schema =
           {{"type", "object"},
            {"properties",
             {{"query", {{"type", "string"}}},
              {"limit",
               {{"type", "integer"}, {"minimum", 1}, {"maximum", limits::found_tools_max}}}}},
            {"required", {"query"}},
            {"additionalProperties", false}}},
      {.name = std::string(execute_tool_name),
       .description = "Calls one of the tools that find_tools finds, with parameters that fit it.",
       .input_schema = {
           {"type", "object"},
           {"properties",
            {{"tool", {{"type", "string"}, {"minLength", 1}}}, {"params", {{"type", "object"}}}}},
           {"required", {"tool"}},
           {"additionalProperties", false}}}};
}

Result<std::string> found_tools(const std::vector<ToolDefinition>& tools, const Json& arguments) {
  const auto query = arguments.find("query");
  if (query == arguments.end() || !query->is_string()) {
    return fail(ErrorKind::invalid, "query must be a string that says what you need", "query");
  }
  std::size_t limit = limits::found_tools_default;
  if (const auto most = arguments.find("limit"); most != arguments.end()) {
    const bool fits = most->is_number_integer() && *most >= 1 && *most <= limits::found_tools_max;
    if (!fits) {
      return fail(
          ErrorKind::invalid,
          "limit must be a whole number from 1 to " + std::to_string(limits::found_tools_max),
          "limit");
    }
    limit = most->get<std::size_t>();
  }
  const auto found = fitting(tools, words_of(query->get_ref<const std::string&>()));
  Json results = Json::array();
  std::size_t bytes = 0;
  for (const ToolDefinition* tool : found) {
    Json one = {{"name", tool->name},
                {"description", tool->description},
                {"parameters", tool->input_schema.get()}};
    bytes += base::to_text(one).size();
    const bool full =
        results.size() == limit || (!results.empty() && bytes > limits::found_tools_bytes_max);
    if (full) break;
    results.push_back(std::move(one));
  }
  Json out = {{"results", std::move(results)}, {"total", found.size()}};
  if (found.empty()) {
    out["message"] = "No tool fits these words. Try others once; after that, say what is missing.";
  }
  return base::to_text(out);
}

Result<NamedCall> named_call(const Json& arguments) {
  const auto tool = arguments.find("tool");
  const bool named =
      tool != arguments.end() && tool->is_string() && !tool->get_ref<const std::string&>().empty();
  if (!named) {
    return fail(ErrorKind::invalid, "tool must be the name of a tool that find_tools finds",
                "tool");
  }
  NamedCall out{.tool = tool->get<std::string>()};
  const auto params = arguments.find("params");
  if (params == arguments.end() || params->is_null()) return out;
  if (!params->is_object()) {
    return fail(ErrorKind::invalid, "params must be an object that fits the tool's parameters",
                "params");
  }
  out.arguments = *params;
  return out;
}

}  // namespace colonnade::core
