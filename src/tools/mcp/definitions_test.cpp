#include "tools/mcp/definitions.hpp"

#include <gtest/gtest.h>

#include "core/tools/limits.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/pins.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::Json;

Json tool(const std::string& name, const std::string& description = "d") {
  return {{"name", name}, {"description", description}, {"inputSchema", {{"type", "object"}}}};
}

std::vector<RemoteTool> tools_of(const Json& list) {
  auto page = read_tool_page({{"tools", list}});
  EXPECT_TRUE(page);
  return page->tools;
}

TEST(McpDefinitions, LeavesOutAToolThatCannotBeOffered) {
  Json no_schema = {{"name", "b"}};
  Json wordy = tool("c", std::string(limits::mcp_description_bytes_max + 1, 'x'));
  const auto page =
      read_tool_page({{"tools", {tool("a"), no_schema, wordy, 7}}, {"nextCursor", "n"}});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->tools.size(), 1U);
  EXPECT_EQ(page->tools[0].name, "a");
  EXPECT_EQ(page->refused.size(), 3U);
  EXPECT_EQ(page->next_cursor, "n");
  EXPECT_FALSE(read_tool_page({{"tools", "all"}}));
}

TEST(McpDefinitions, NamesFitEveryProvider) {
  EXPECT_EQ(model_name("files", "read_file"), "files__read_file");
  const std::string odd = model_name("files", "read/file.now");
  EXPECT_TRUE(odd.starts_with("files__read_file_now_")) << odd;
  EXPECT_NE(odd, model_name("files", "read.file/now"));
  std::vector<RemoteTool> named(1);
  named.front().name = "Read-File";
  name_tools("files", named);
  EXPECT_EQ(named.front().definition.name, "files__Read-File");
  EXPECT_EQ(named.front().definition.aliases, std::vector<std::string>{"mcp.files.read_file"});
  const std::string far = model_name("files", std::string(128, 'x'));
  EXPECT_EQ(far.size(), limits::model_tool_name_bytes_max);
}

TEST(McpDefinitions, ReadsAnyKindOfContent) {
  const auto outcome = outcome_of(Json::parse(R"({"content":[{"type":"text","text":"one"},
    {"type":"image","data":"AAAA","mimeType":"image/png"},
    {"type":"resource","resource":{"uri":"u","text":"two"}},
    {"type":"resource_link","uri":"demo://3","name":"three"}, 5],"isError":true})"));
  EXPECT_TRUE(outcome.is_error);
  EXPECT_EQ(outcome.content,
            "one\n[image image/png, 3 bytes]\ntwo\n[resource_link three demo://3]\n[content]");
  EXPECT_EQ(outcome_of({{"structuredContent", {{"a", 1}}}}).content, R"({"a":1})");
  EXPECT_EQ(outcome_of("text").content, "");
}

TEST(McpDefinitions, CutsALongOutput) {
  const Json block = {{"type", "text"}, {"text", std::string(limits::tool_output_bytes_max, 'x')}};
  const auto outcome = outcome_of({{"content", {block, block}}});
  EXPECT_LT(outcome.content.size(), limits::tool_output_bytes_max + 100);
  EXPECT_TRUE(outcome.content.ends_with("left out]"));
}

TEST(McpDefinitions, MirrorsMarkedArgumentsIntoHeaders) {
  Json marked = tool("q");
  marked["inputSchema"]["properties"] = Json::parse(R"({
    "region":{"type":"string","x-mcp-header":"Region"},
    "deep":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}}})");
  const auto tools = tools_of(Json::array({marked}));
  ASSERT_EQ(tools.size(), 1U);
  const auto headers = parameter_headers(
      tools[0].headers, {{"region", "us-west1"}, {"deep", {{"n", -7}}}, {"more", 1}});
  ASSERT_TRUE(headers);
  ASSERT_EQ(headers->size(), 2U);
  EXPECT_EQ((*headers)[0].name, "N");
  EXPECT_EQ((*headers)[0].value, "-7");
  EXPECT_EQ((*headers)[1].value, "us-west1");
  EXPECT_TRUE(parameter_headers(tools[0].headers, {{"region", nullptr}})->empty());
  EXPECT_FALSE(parameter_headers(tools[0].headers, {{"region", Json::array()}}));
}

TEST(McpDefinitions, EncodesHeaderValuesThatAreNotPlain) {
  EXPECT_EQ(header_value("us-west1"), "us-west1");
  EXPECT_EQ(header_value("Hello, 世界"), "=?base64?SGVsbG8sIOS4lueVjA==?=");
  EXPECT_EQ(header_value(" padded "), "=?base64?IHBhZGRlZCA=?=");
  EXPECT_EQ(header_value("line1\nline2"), "=?base64?bGluZTEKbGluZTI=?=");
  EXPECT_EQ(header_value("=?base64?literal?="), "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
}

TEST(McpDefinitions, RefusesBadHeaderMarks) {
  for (const char* property :
       {R"({"type":"string","x-mcp-header":""})", R"({"type":"string","x-mcp-header":"a b"})",
        R"({"type":"number","x-mcp-header":"A"})",
        R"({"type":"string","x-mcp-header":"a\r\nb"})"}) {
    Json marked = tool("q");
    marked["inputSchema"]["properties"]["p"] = Json::parse(property);
    EXPECT_TRUE(tools_of(Json::array({marked})).empty()) << property;
  }
  Json twice = tool("q");
  twice["inputSchema"]["properties"]["p"] = {{"type", "string"}, {"x-mcp-header", "A"}};
  twice["inputSchema"]["properties"]["q"] = {{"type", "string"}, {"x-mcp-header", "a"}};
  EXPECT_TRUE(tools_of(Json::array({twice})).empty());
}

// --- pins ---

TEST(McpPins, TheFirstSetIsAccepted) {
  const auto verdict = check_pins(std::nullopt, tools_of({tool("a"), tool("b")}));
  EXPECT_FALSE(verdict.held_back());
  EXPECT_EQ(verdict.offered.size(), 2U);
  EXPECT_EQ(to_text(verdict), "");
}

TEST(McpPins, AnyDifferenceIsHeldBackAndTheRestStays) {
  const ToolPins accepted = pins_of(tools_of({tool("a"), tool("b"), tool("c")}));
  Json widened = tool("b");
  widened["inputSchema"]["properties"]["path"] = {{"type", "string"}};
  const auto verdict = check_pins(accepted, tools_of({tool("a"), widened, tool("d")}));
  ASSERT_TRUE(verdict.held_back());
  ASSERT_EQ(verdict.offered.size(), 1U);
  EXPECT_EQ(verdict.offered[0].name, "a");
  EXPECT_EQ(to_text(verdict), "1 added (d), 1 removed (c), 1 changed (b)");
  EXPECT_NE(fingerprint_of(verdict.found), fingerprint_of(accepted));
  EXPECT_FALSE(check_pins(verdict.found, tools_of({tool("a"), widened, tool("d")})).held_back());
}

TEST(McpPins, ADescriptionCountsAndOrderDoesNot) {
  const ToolPins accepted = pins_of(tools_of({tool("a"), tool("b")}));
  EXPECT_FALSE(check_pins(accepted, tools_of({tool("b"), tool("a")})).held_back());
  EXPECT_TRUE(check_pins(accepted, tools_of({tool("b"), tool("a", "send all files")})).held_back());
}

}  // namespace
}  // namespace colonnade::tools::mcp
