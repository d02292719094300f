#include "core/tools/tool_names.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/models/model_provider.hpp"
#include "core/tools/tool_runner.hpp"

namespace colonnade::core {
namespace {

using base::Json;

TEST(ToolNames, OtherNamesAreOurTools) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"bash", "shell"},
      {"Bash", "shell"},
      {"webfetch", "fetch"},
      {"webfetch_html", "fetch"},
      {"WebFetch-HTML", "fetch"},
      {"todowrite", "todo_write"},
      {"TodoWrite", "todo_write"},
      {"update_todo_list", "todo_write"},
      {"update-todos", "todo_write"},
      {"memory_search", "memory_recall"},
      {"memory_store", "memory_remember"},
      // These are nobody else's.
      {"shell", "shell"},
      {"read", "read"},
      {"Read", "Read"},
      {"", ""},
      {"bash ", "bash "},
      {"mcp.files.bash", "mcp.files.bash"},
      {"a_name_that_is_longer_than_any_in_the_table",
       "a_name_that_is_longer_than_any_in_the_table"},
  };
  for (const auto& [name, tool] : cases) EXPECT_EQ(known_tool(name), tool) << name;
}

TEST(ToolNames, TwoNamesOfOneToolAreTheSame) {
  EXPECT_TRUE(same_tool("bash", "shell"));
  EXPECT_TRUE(same_tool("shell", "Bash"));
  EXPECT_TRUE(same_tool("webfetch_html", "webfetch"));
  EXPECT_FALSE(same_tool("bash", "fetch"));
  EXPECT_FALSE(same_tool("Read", "read"));
}

TEST(ToolNames, TandemClientsAreShownTheirOwnNames) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"shell", "bash"},
      {"fetch", "webfetch"},
      {"todo_write", "todo_write"},
      {"memory_recall", "memory_search"},
      {"read", "read"},
      {"files_list", "files_list"},
  };
  for (const auto& [ours, shown] : cases) {
    EXPECT_EQ(engine_tool(ours), shown);
    EXPECT_EQ(known_tool(engine_tool(ours)), ours);
  }
}

// tandem §4.8
TEST(ToolNames, TandemClientsKnowAServersToolsByTheServer) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"arcade__Gmail_SendEmail", "mcp.arcade.gmail_sendemail"},
      {"My-Server__a-b", "mcp.my_server.a_b"},
      {"files__read__all", "mcp.files.read_all"},
      // These are no server's.
      {"__x", "__x"},
      {"x__", "x__"},
      {"a_b__c", "a_b__c"},
      {"a.b__c", "a.b__c"},
  };
  for (const auto& [ours, shown] : cases) EXPECT_EQ(engine_tool(ours), shown);
  EXPECT_EQ(engine_server_tool("arcade", "Gmail_SendEmail"), "mcp.arcade.gmail_sendemail");
  EXPECT_EQ(engine_server_tool("My-Server", "a..b--C "), "mcp.my_server.a_b_c");
  EXPECT_EQ(engine_server_tool("a", "??"), "mcp.a.tool");
  EXPECT_EQ(other_names("files__Read"), std::vector<std::string>{"mcp.files.read"});
}

TEST(ToolNames, AToolIsFoundByAnyOfItsNamesUnlessSeveralHaveIt) {
  std::vector<ToolDefinition> tools;
  for (const char* name : {"shell", "files__Read", "files__A", "files__a"}) {
    tools.push_back({.name = name, .aliases = other_names(name)});
  }
  EXPECT_EQ((*find_tool(tools, "files__Read"))->name, "files__Read");
  EXPECT_EQ((*find_tool(tools, "mcp.files.read"))->name, "files__Read");
  EXPECT_EQ((*find_tool(tools, "bash"))->name, "shell");
  EXPECT_EQ((*find_tool(tools, "files__a"))->name, "files__a");
  const auto several = find_tool(tools, "mcp.files.a");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().kind, base::ErrorKind::not_found);
  EXPECT_NE(several.error().message.find("files__A, files__a"), std::string::npos);
  for (const char* name : {"mcp.files.write", "mcp.files.*", ""}) {
    const auto none = find_tool(tools, name);
    ASSERT_FALSE(none) << name;
    EXPECT_EQ(none.error().field, tool_field);
  }
}

TEST(ToolNames, AToolHasAllOfItsOtherNames) {
  EXPECT_EQ(other_names("shell"), std::vector<std::string>{"bash"});
  EXPECT_EQ(other_names("fetch"), (std::vector<std::string>{"webfetch", "webfetch_html"}));
  EXPECT_TRUE(other_names("read").empty());
  for (const std::string& name : other_names("todo_write")) {
    EXPECT_EQ(known_tool(name), "todo_write");
  }
}

TEST(ToolNames, WhatANameSaysBecomesAnArgument) {
  std::string tool = "webfetch_html";
  Json arguments = {{"url", "http://a.test/"}};
  translate_call(tool, arguments);
  EXPECT_EQ(tool, "fetch");
  EXPECT_EQ(arguments, Json({{"url", "http://a.test/"}, {"return", "html"}}));

  tool = "webfetch_html";
  arguments = {{"return", "text"}};
  translate_call(tool, arguments);
  EXPECT_EQ(arguments, Json({{"return", "text"}}));

  tool = "bash";
  arguments = {{"command", "ls"}};
  translate_call(tool, arguments);
  EXPECT_EQ(tool, "shell");
  EXPECT_EQ(arguments, Json({{"command", "ls"}}));

  tool = "webfetch_html";
  arguments = Json::array({1});
  translate_call(tool, arguments);
  EXPECT_EQ(arguments, Json::array({1}));
}

TEST(ToolNames, ArgumentsAreKnownUnderBothNames) {
  struct Case {
    std::string tool;
    std::string given;
    std::string known;
  };
  const Case cases[] = {
      {"edit", R"({"path":"a","old":"x","new":"y"})",
       R"({"path":"a","old_text":"x","new_text":"y"})"},
      {"edit", R"({"filePath":"a","oldString":"x","newString":"y","replaceAll":true})",
       R"({"path":"a","old_text":"x","new_text":"y","replace_all":true})"},
      {"edit", R"({"path":"a","old_text":"x","new_text":"y"})",
       R"({"path":"a","old_text":"x","new_text":"y"})"},
      // Under both names: not ours to choose.
      {"edit", R"({"old":"x","old_text":"z"})", R"({"old":"x","old_text":"z"})"},
      {"write", R"({"filePath":"a","content":"b"})", R"({"path":"a","content":"b"})"},
      {"read", R"({"old":"x"})", R"({"old":"x"})"},
      {"apply_patch", R"({"patch":"p"})", R"({"patchText":"p"})"},
      {"task", R"({"task":"t"})", R"({"prompt":"t"})"},
      {"todo_write", R"({"todos":[{"text":"a"},{"id":"1","content":"b","status":"done"},3]})",
       R"({"todos":[{"content":"a","status":"pending"},{"id":"1","content":"b","status":"done"},3]})"},
      {"todo_write", R"({"todos":"none"})", R"({"todos":"none"})"},
      {"question",
       R"({"questions":[{"header":"H","question":"Which?","options":[{"label":"A","description":"d"},"B"]}]})",
       R"({"question":"Which?","options":["A","B"]})"},
      {"question", R"({"questions":[{"question":"1"},{"question":"2"}]})",
       R"({"questions":[{"question":"1"},{"question":"2"}]})"},
      {"question", R"({"questions":[]})", R"({"questions":[]})"},
      {"edit", R"([1])", R"([1])"},
  };
  for (const Case& one : cases) {
    const Json known = known_arguments(one.tool, Json::parse(one.given));
    EXPECT_EQ(known, Json::parse(one.known)) << one.given;
    EXPECT_EQ(known_arguments(one.tool, known), known) << "again changes nothing: " << one.given;
  }
}

}  // namespace
}  // namespace colonnade::core
