// An agent's tools by their names: a model that is not shown all of them has one that finds them
// and one that calls what was found (ToolMode::by_name). What it calls that way is a call of the
// named tool: the gate, humans and clients see nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::core {

constexpr std::string_view find_tools_name = "find_tools";
constexpr std::string_view execute_tool_name = "execute_tool";

// What the model is shown instead of the tools.
std::vector<ToolDefinition> tools_by_name();

// The answer to a call of find_tools: the tools whose names or descriptions hold words of the
// query, those that hold most of them first, with their schemas; for a query without words all of
// them. No more than limits::found_tools_bytes_max, but for the first. invalid, in words for the
// model, for arguments that do not fit.
base::Result<std::string> found_tools(const std::vector<ToolDefinition>& tools,
                                      const base::Json& arguments);

struct NamedCall {
  std::string tool{};
  base::Json arguments = base::Json::object();
};
// What a call of execute_tool asks for; invalid, in words for the model.
base::Result<NamedCall> named_call(const base::Json& arguments);

}  // namespace colonnade::core
