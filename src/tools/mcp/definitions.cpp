#include "tools/mcp/definitions.hpp"

#include <algorithm>
#include <set>

#include "base/base64.hpp"
#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_names.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/oauth_metadata.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// What a model sees or a call depends on; the rest (icons, _meta) may change freely.
std::string fingerprint_of(const Json& tool) {
  Json pinned = Json::object();
  for (const char* name :
       {"name", "title", "description", "inputSchema", "outputSchema", "annotations"}) {
    if (tool.contains(name)) pinned[name] = tool.at(name);
  }
  return base::sha256_hex(base::to_text(pinned));  // keys are sorted
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (is_name_character(c)) || marks.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Walks the properties of a schema; "" or what is wrong with its headers.
std::string collect_headers(const Json& schema, std::vector<std::string>& path,
                            std::set<std::string>& seen, std::vector<ParameterHeader>& out) {
  const Json& properties = member(schema, "properties");
  if (!properties.is_object()) return {};
  for (const auto& [name, property] : properties.items()) {
    path.push_back(name);
    if (property.is_object() && property.contains("x-mcp-header")) {
      const std::string header = text_member(property, "x-mcp-header");
      const std::string type = text_member(property, "type");
      if (!is_token(header)) return "its x-mcp-header of '" + name + "' is not a header name";
      if (!seen.insert(lower(header)).second)
        return "its x-mcp-header '" + header + "' is repeated";
      if (type != "string" && type != "integer" && type != "boolean") {
        return "its x-mcp-header of '" + name + "' is not on a string, integer or boolean";
      }
      if (out.size() == limits::mcp_parameter_headers_max) return "it has too many x-mcp-headers";
      out.push_back({header, path});
    }
    if (auto problem = collect_headers(property, path, seen, out); !problem.empty()) return problem;
    path.pop_back();
  }
  return {};
}

// "" or why the tool cannot be offered.
std::string read_tool(const Json& from, RemoteTool& out) {
  out.name = text_member(from, "name");
  if (out.name.empty()) return "it has no name";
  if (out.name.size() > limits::mcp_tool_name_bytes_max) return "its name is too long";
  out.definition.description = text_member(from, "description");
  if (out.definition.description.empty()) out.definition.description = text_member(from, "title");
  if (out.definition.description.size() > limits::mcp_description_bytes_max) {
    return "its description is longer than " + std::to_string(limits::mcp_description_bytes_max) +
           " bytes";
  }
  const Json& schema = member(from, "inputSchema");
  if (!schema.is_object()) return "its inputSchema is not an object";
  if (base::to_text(schema).size() > limits::mcp_schema_bytes_max) {
    return "its inputSchema is larger than " + std::to_string(limits::mcp_schema_bytes_max) +
           " bytes";
  }
  std::vector<std::string> path;
  std::set<std::string> seen;
  if (auto problem = collect_headers(schema, path, seen, out.headers); !problem.empty()) {
    return problem;
  }
  out.definition.input_schema = schema;
  out.fingerprint = fingerprint_of(from);
  return {};
}

void append_line(std::string& out, std::string_view text) {
  if (!out.empty()) out += '\n';
  out += text;
}

std::string described(const Json& block, std::string_view type) {
  std::string out = "[" + std::string(type);
  for (const char* name : {"name", "uri", "mimeType"}) {
    if (const auto text = text_member(block, name); !text.empty()) out += " " + text;
  }
  const Json& data = member(block, type == "resource" ? "blob" : "data");
  if (data.is_string()) {
    out += ", " + std::to_string(data.get_ref<const std::string&>().size() / 4 * 3) + " bytes";
  }
  return out + "]";
}

std::string text_of(const Json& block) {
  const std::string type = text_member(block, "type");
  if (type == "text") return text_member(block, "text");
  if (type != "resource") return described(block, type.empty() ? "content" : type);
  const Json& resource = member(block, "resource");
  if (member(resource, "text").is_string()) return text_member(resource, "text");
  return described(resource, "resource");
}

std::optional<std::string> plain_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  constexpr std::int64_t exact_max = (std::int64_t{1} << 53) - 1;  // JavaScript's safe range
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (number >= -exact_max && number <= exact_max) return std::to_string(number);
  }
  return std::nullopt;
}

}  // namespace

Result<ToolPage> read_tool_page(const Json& result) {
  const Json& list = member(result, "tools");
  if (!list.is_array()) {
    return base::fail(ErrorKind::upstream, "the MCP server's tools/list has no array 'tools'");
  }
  ToolPage out;
  out.next_cursor = text_member(result, "nextCursor");
  if (out.next_cursor.size() > limits::mcp_cursor_bytes_max) {
    return base::fail(ErrorKind::upstream, "the MCP server's 'nextCursor' is too long");
  }
  if (list.size() > limits::mcp_tools_max) {
    return base::fail(ErrorKind::too_large, "the MCP server offers more than " +
                                                std::to_string(limits::mcp_tools_max) + " tools");
  }
  for (const Json& one : list) {
    RemoteTool tool;
    if (auto problem = read_tool(one, tool); problem.empty()) {
      out.tools.push_back(std::move(tool));
    } else {
      std::string line(base::cut_utf8(tool.name, limits::mcp_tool_name_bytes_max));
      line.append(": ").append(problem);
      out.refused.push_back(std::move(line));
    }
  }
  return out;
}

std::string model_name(std::string_view server, std::string_view tool) {
  std::string out = std::string(server) + "__" + std::string(tool);
  const std::string incoming = out;
  for (char& c : out) {
    if (!is_name_character(c)) c = '_';
  }
  if (out == incoming && out.size() <= limits::model_tool_name_bytes_max) return out;
  constexpr std::size_t digits = 8;
  out.resize(std::min(out.size(), limits::model_tool_name_bytes_max - digits - 1));
  return out + "_" + base::sha256_hex(incoming).substr(0, digits);
}

void name_tools(std::string_view server, std::vector<RemoteTool>& tools) {
  for (RemoteTool& tool : tools) {
    tool.definition.name = model_name(server, tool.name);
    tool.definition.aliases = {core::engine_server_tool(server, tool.name)};
  }
}

core::ToolOutcome outcome_of(const Json& result) {
  core::ToolOutcome out;
  out.is_error = member(result, "isError") == Json(true);
  const Json& content = member(result, "content");
  if (content.is_array()) {
    for (const Json& block : content) {
      append_line(out.content, text_of(block));
      if (out.content.size() > limits::tool_output_bytes_max) break;
    }
  }
  const Json& structured = member(result, "structuredContent");
  if (out.content.empty() && !structured.is_null()) out.content = base::to_text(structured);
  if (out.content.size() > limits::tool_output_bytes_max) {
    out.content = base::cut_utf8(out.content, limits::tool_output_bytes_max);
    out.content += "\n[the rest of the output is left out]";
  }
  return out;
}

std::string header_value(std::string_view text) {
  const bool visible =
      std::ranges::all_of(text, [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\t'; });
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  const bool padded = !text.empty() && (is_space(text.front()) || is_space(text.back()));
  const bool sentinel = text.starts_with("=?base64?") && text.ends_with("?=");
  if (visible && !padded && !sentinel) return std::string(text);
  return "=?base64?" + base::to_base64(text) + "?=";
}

Result<std::vector<HeaderText>> parameter_headers(const std::vector<ParameterHeader>& wanted,
                                                  const Json& arguments) {
  std::vector<HeaderText> out;
  for (const ParameterHeader& header : wanted) {
    const Json* value = &arguments;
    for (const std::string& name : header.path) value = &member(*value, name);
    if (value->is_null()) continue;
    const auto text = plain_text(*value);
    if (!text || text->size() > limits::mcp_header_value_bytes_max) {
      return base::fail(ErrorKind::invalid,
                        "the argument '" + header.path.back() +
                            "' goes into a header: it must be a string of at most " +
                            std::to_string(limits::mcp_header_value_bytes_max) +
                            " bytes, an integer within 53 bits or a boolean",
                        header.path.back());
    }
    out.push_back({header.name, header_value(*text)});
  }
  return out;
}

}  // namespace colonnade::tools::mcp
