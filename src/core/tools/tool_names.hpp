// Tools and their arguments under the names that other engines' clients and models use
// (tandem §2.1). One table; everything behind it knows our names alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::core {

struct ToolDefinition;

// Our name of the tool that is called so ("bash" is "shell"; upper case and '-' for '_' count as
// written otherwise); the name itself when it is no other name of one of ours. The result lives as
// long as `name` or for ever.
std::string_view known_tool(std::string_view name);

// Whether both names are of one tool.
inline bool same_tool(std::string_view one, std::string_view other) {
  return one == other || known_tool(one) == known_tool(other);
}

// The name by which Tandem clients know our tool: "bash" for "shell", "mcp.files.read" for
// "files__Read" of the tool server "files" (tandem §4.8); the name itself for most.
std::string engine_tool(std::string_view tool);
// The same of a tool server's tool, by the server's own name for it, which may have characters that
// no model takes.
std::string engine_server_tool(std::string_view server, std::string_view tool);

// The names of our tool other than ours.
std::vector<std::string> other_names(std::string_view tool);

// Which of the tools is called so: by its name, or by one of its other names, where one tool alone
// has it. Errors: not_found with the field tool_field, in words for whoever calls it.
base::Result<const ToolDefinition*> find_tool(const std::vector<ToolDefinition>& tools,
                                              std::string_view name);

// Brings a call under another name into ours: the name, and what the name says by itself
// ("webfetch_html" is a fetch that returns HTML). Its other arguments are known_arguments()'s.
void translate_call(std::string& tool, base::Json& arguments);

// The arguments of our tool `tool` under our names ("old" of an edit is "old_text"). One that is
// there under both names stays as it is, and is then refused as unknown. Again changes nothing.
base::Json known_arguments(std::string_view tool, base::Json arguments);

}  // namespace colonnade::core
