// What a server offers, decoded and bounded, and how it appears to a model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/models/model_provider.hpp"
#include "core/tools/tool_runner.hpp"
#include "tools/mcp/protocol.hpp"

namespace colonnade::tools::mcp {

// An argument that is repeated as a header of the HTTP request (2026-07-28
// transports/streamable-http, "Custom Headers from Tool Parameters").
struct ParameterHeader {
  std::string name{};               // without "Mcp-Param-"
  std::vector<std::string> path{};  // of property names
};

struct RemoteTool {
  std::string name{};  // as the server says it
  // For models: the description may be empty, the names are those that name_tools() gave.
  core::ToolDefinition definition{};
  std::string fingerprint{};  // of the whole definition, SHA-256 in hex
  std::vector<ParameterHeader> headers{};
};

// One page of tools/list. A tool that cannot be offered is left out and told about in `refused`.
struct ToolPage {
  std::vector<RemoteTool> tools{};
  std::vector<std::string> refused{};  // "name: reason"
  std::string next_cursor{};           // "" at the end
};
base::Result<ToolPage> read_tool_page(const base::Json& result);

// `<server>__<tool>` within what every provider accepts: [a-zA-Z0-9_-], at most
// limits::model_tool_name_bytes_max. A name that has to be changed for that ends in a few digits of
// its SHA-256, so that different names stay different.
std::string model_name(std::string_view server, std::string_view tool);

// Gives each tool of that server its name for models, and the one that Tandem clients have for it.
void name_tools(std::string_view server, std::vector<RemoteTool>& tools);

// The result of tools/call as a model reads it. Texts and texts of resources as they are; of
// anything else a line that says what it was. structuredContent when there is no content. Cut at
// limits::tool_output_bytes_max with a note.
core::ToolOutcome outcome_of(const base::Json& result);

struct HeaderText {
  std::string name{};
  std::string value{};
};
// The headers for these arguments. Absent and null arguments have none. ErrorKind::invalid for a
// value that no header may carry.
base::Result<std::vector<HeaderText>> parameter_headers(const std::vector<ParameterHeader>& wanted,
                                                        const base::Json& arguments);
// `text`, or its base64 form when no header may carry it as it is.
std::string header_value(std::string_view text);

}  // namespace colonnade::tools::mcp
