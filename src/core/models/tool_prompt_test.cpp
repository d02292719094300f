#include "core/models/tool_prompt.hpp"

#include <gtest/gtest.h>

namespace colonnade::core {
namespace {

using base::Json;

TEST(ToolPrompt, IsACommandANameAndAnObject) {
  struct Case {
    std::string text;
    std::string tool;
    Json arguments;
  };
  const Case cases[] = {
      {"/tool read {\"path\":\"README.md\"}", "read", {{"path", "README.md"}}},
      {"  /tool\tbash\n{\"command\":\n\"ls\"}\n", "bash", {{"command", "ls"}}},
      {"/tool glob", "glob", Json::object()},
      {"/tool glob   ", "glob", Json::object()},
      // No or broken JSON counts as {}.
      {"/tool glob {\"pattern\":", "glob", Json::object()},
      {"/tool glob *.cpp", "glob", Json::object()},
      {"/tool glob [1]", "glob", Json::object()},
      {"/tool mcp.files.list {}", "mcp.files.list", Json::object()},
  };
  for (const Case& one : cases) {
    const auto call = prompted_call(one.text);
    ASSERT_TRUE(call) << one.text;
    EXPECT_EQ(call->tool, one.tool) << one.text;
    EXPECT_EQ(call->arguments, one.arguments) << one.text;
  }
}

TEST(ToolPrompt, AnyOtherTextIsNone) {
  for (const char* text : {"", "/tool", "/tool  ", "/tools read {}", "use /tool read {}",
                           "tool read", "/Tool read {}", "/toolread {}"}) {
    EXPECT_FALSE(prompted_call(text)) << text;
  }
}

}  // namespace
}  // namespace colonnade::core
