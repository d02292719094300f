#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "core/access/account.hpp"
#include "tools/builtin/edit.hpp"
#include "tools/builtin/glob.hpp"
#include "tools/builtin/grep.hpp"
#include "tools/builtin/question.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/todo_write.hpp"
#include "tools/builtin/write.hpp"
#include "tools/html_text.hpp"
#include "tools/schema_check.hpp"

namespace colonnade::tools {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    folder_ = ::testing::TempDir() + "colonnade-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~FilesTest() override { std::filesystem::remove_all(folder_); }

  core::ToolOutcome call(Tool& tool, base::Json arguments, std::stop_token stop = {}) {
    ToolContext context{.lane = &lanes_[0], .scope = core::Scope::main(), .workspace = folder_};
    return base::run_on(lanes_[0], tool.run(std::move(context), std::move(arguments), stop));
  }
  void write(const std::string& path, const std::string& content) {
    const auto tool = write_tool(workers_);
    ASSERT_FALSE(call(*tool, {{"path", path}, {"content", content}}).is_error);
  }
  std::string read(base::Json arguments) {
    const auto tool = read_tool(workers_);
    return call(*tool, std::move(arguments)).content;
  }

  std::string folder_;
  base::Lanes lanes_{1};
  base::Workers workers_{1};
};

TEST_F(FilesTest, ReadNumbersLinesAndGoesOnWhereItIsTold) {
  write("a.txt", "one\ntwo\r\nthree");
  EXPECT_EQ(read({{"path", "a.txt"}}), "     1\tone\n     2\ttwo\n     3\tthree\n");
  EXPECT_EQ(read({{"path", "a.txt"}, {"offset", 2}, {"limit", 1}}),
            "     2\ttwo\n[more lines follow; go on with offset 3]");
  EXPECT_NE(read({{"path", "a.txt"}, {"offset", 9}}).find("has only 3 lines"), std::string::npos);
  write("b.bin", std::string("a\0b", 3));
  EXPECT_NE(read({{"path", "b.bin"}}).find("is binary (3 bytes)"), std::string::npos);
  EXPECT_NE(read({{"path", "none"}}).find("'none' does not exist"), std::string::npos);
}

TEST_F(FilesTest, EditNeedsOneMatchUnlessToldOtherwise) {
  const auto tool = edit_tool(workers_);
  write("a.txt", "x y x");
  const auto edit = [&](base::Json more) {
    base::Json arguments = {{"path", "a.txt"}};
    arguments.update(more);
    return call(*tool, arguments);
  };
  auto outcome = edit({{"old_text", "z"}, {"new_text", "w"}});
  EXPECT_TRUE(outcome.is_error);
  EXPECT_NE(outcome.content.find("is not in 'a.txt'"), std::string::npos);
  outcome = edit({{"old_text", "x"}, {"new_text", "w"}});
  EXPECT_TRUE(outcome.is_error);
  EXPECT_NE(outcome.content.find("is 2 times in"), std::string::npos);
  EXPECT_FALSE(edit({{"old_text", "y"}, {"new_text", "yy"}}).is_error);
  EXPECT_FALSE(edit({{"old_text", "x"}, {"new_text", "xx"}, {"replace_all", true}}).is_error);
  EXPECT_EQ(read({{"path", "a.txt"}}), "     1\txx yy xx\n");
}

TEST_F(FilesTest, GlobAndGrepFindWhatIsThere) {
  write("src/a.cpp", "int main() {}\n");
  write("src/deep/b.hpp", "// Main\n");
  write("c.txt", std::string("main\0", 5));
  const auto glob = glob_tool(workers_);
  const auto grep = grep_tool(workers_);
  EXPECT_EQ(call(*glob, {{"pattern", "*.{cpp,hpp}"}}).content, "src/a.cpp\nsrc/deep/b.hpp\n");
  EXPECT_EQ(call(*glob, {{"pattern", "src/*"}}).content, "src/a.cpp\n");
  EXPECT_EQ(call(*glob, {{"pattern", "src/**/[!a].hpp"}}).content, "src/deep/b.hpp\n");
  EXPECT_EQ(call(*glob, {{"pattern", "*.py"}}).content, "[no file fits]\n");
  EXPECT_TRUE(call(*glob, {{"pattern", "*.{py"}}).is_error);
  EXPECT_EQ(call(*grep, {{"pattern", "main"}}).content, "src/a.cpp:1: int main() {}\n");
  EXPECT_EQ(call(*grep, {{"pattern", "main"}, {"ignore_case", true}, {"include", "*.hpp"}}).content,
            "src/deep/b.hpp:1: // Main\n");
}

TEST_F(FilesTest, AStopEndsWorkThatWaitsForAThread) {
  std::promise<void> free;
  const auto posted =
      workers_.post("", std::make_shared<base::JobTicket>(),
                    [held = free.get_future().share()](const std::stop_token&) { held.wait(); });
  ASSERT_TRUE(posted);
  std::stop_source stop;
  stop.request_stop();
  const auto tool = glob_tool(workers_);
  const auto outcome = call(*tool, {{"pattern", "*"}}, stop.get_token());
  EXPECT_EQ(outcome.content, "the tool was stopped");
  EXPECT_TRUE(outcome.is_error);
  free.set_value();
}

// As eight `sleep 100` of one user, when there are eight threads.
TEST_F(FilesTest, OneAccountsCommandsLeaveAThreadToAnothers) {
  base::Workers workers(
      {.what = "tools", .threads = 8, .running_per_account = 7, .queued_per_account = 1});
  std::promise<void> over;
  const std::shared_future<void> held = over.get_future().share();
  const std::string ann = core::account_of(core::Scope::main(), "ann");
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(workers.post(ann, std::make_shared<base::JobTicket>(),
                             [held](const std::stop_token&) { held.wait(); }));
  }
  const auto tool = glob_tool(workers);
  const auto by = [&](const std::string& user) {
    ToolContext context{
        .lane = &lanes_[0], .scope = core::Scope::main(), .user_id = user, .workspace = folder_};
    return base::run_on(lanes_[0], tool->run(std::move(context), {{"pattern", "*"}}, {}));
  };
  EXPECT_EQ(by("bob").content, "[no file fits]\n");
  const auto one_more = by("ann");
  EXPECT_TRUE(one_more.is_error);
  EXPECT_TRUE(one_more.content.contains("this account has 8 tools")) << one_more.content;
  over.set_value();
}

TEST_F(FilesTest, TodoAndQuestionSayWhatIsMissing) {
  TodoWriteTool todo;
  const base::Json one = {{"content", "a"}, {"status", "in_progress"}};
  EXPECT_EQ(call(todo, {{"todos", {one}}}).content, R"([{"content":"a","status":"in_progress"}])");
  EXPECT_TRUE(call(todo, {{"todos", {one, one}}}).is_error);
  QuestionTool question;
  EXPECT_EQ(question.effect(), Effect::asks);
  EXPECT_TRUE(call(question, {{"question", "Which?"}}).is_error);
  EXPECT_EQ(call(question, {{"question", "Which?"}, {"answer", "this"}}).content, "this");
  EXPECT_FALSE(schema_violation(question.accepted_schema(), {{"question", "a"}, {"answer", "b"}}));
  const auto approved = [&](const base::Json& arguments) {
    return question
        .canonical({.scope = core::Scope::main()}, arguments, core::ArgumentsFrom::approver)
        .has_value();
  };
  EXPECT_TRUE(approved({{"question", "a"}, {"answer", "b"}}));
  EXPECT_FALSE(approved({{"question", "a"}}));
  EXPECT_FALSE(approved({{"question", "a"}, {"answer", 1}}));
  EXPECT_TRUE(
      schema_violation(question.definition().input_schema, {{"question", "a"}, {"answer", "b"}}));
}

// Models write null for what they leave out.
TEST(SchemaCheck, ANullThatMayBeLeftOutIsLeftOut) {
  const base::Json schema =
      base::Json::parse(R"({"type":"object","required":["query"],"properties":{
      "query":{"type":"string"},"verbose":{"type":"boolean"},"note":{"type":["string","null"]}}})");
  const auto left = [&](const char* text) {
    return without_left_out(schema, base::Json::parse(text)).dump();
  };
  EXPECT_EQ(left(R"({"query":"q","verbose":null})"), R"({"query":"q"})");
  EXPECT_EQ(left(R"({"note":null,"query":null})"), R"({"note":null,"query":null})");
  EXPECT_EQ(left(R"({"other":null})"), R"({"other":null})");
  EXPECT_EQ(left("[null]"), "[null]");
}

TEST(SchemaCheck, NamesThePathAndTheRemedy) {
  const TodoWriteTool todo;
  const base::Json& schema = todo.definition().input_schema;
  const auto wrong = [&schema](const base::Json& value) {
    return schema_violation(schema, value).value_or("fits");
  };
  EXPECT_EQ(wrong({{"todos", base::Json::array()}}), "fits");
  EXPECT_EQ(wrong(base::Json::object()), "'todos' is missing; give it as array");
  EXPECT_EQ(wrong({{"todos", 1}}), "'todos' must be of type array, not number");
  EXPECT_EQ(wrong({{"todos", base::Json::array()}, {"x", 1}}),
            "'x' is unknown; allowed are 'todos'");
  EXPECT_EQ(wrong({{"todos", {{{"content", "a"}, {"status", "pending"}, {"priority", "soon"}}}}}),
            "'todos[0].priority' must be one of \"high\", \"medium\", \"low\"");
  EXPECT_EQ(wrong({{"todos", {{{"content", ""}, {"status", "pending"}}}}}),
            "'todos[0].content' must not be empty");
  EXPECT_TRUE(schema_violation({{"type", "integer"}, {"minimum", 1}}, 0));
  EXPECT_TRUE(schema_violation({{"type", "integer"}}, 1.5));
  EXPECT_FALSE(schema_violation({{"type", "integer"}}, 2.0));
}

TEST(SchemaCheck, ReadsAlternativesAndConstants) {
  const base::Json schema = {
      {"properties", {{"kind", {{"oneOf", {{{"const", "a"}}, {{"const", 2}}}}}}}},
      {"anyOf", {{{"required", {"x"}}}, {{"required", {"y"}}}}},
      {"allOf", {{{"properties", {{"x", {{"type", "integer"}}}}}}}}};
  EXPECT_FALSE(schema_violation(schema, {{"x", 1}, {"kind", "a"}}));
  EXPECT_FALSE(schema_violation(schema, {{"y", 1}, {"kind", 2}}));
  EXPECT_TRUE(schema_violation(schema, {{"x", 1}, {"kind", "b"}}));
  EXPECT_TRUE(schema_violation(schema, {{"z", 1}}));
  EXPECT_TRUE(schema_violation(schema, {{"x", "1"}}));
}

TEST(SchemaCheck, KnowsWhatAStrangersSchemaListsUnlessItSaysMore) {
  const base::Json listed = {{"properties", {{"a", {{"properties", {{"b", true}}}}}}}};
  const auto fits = [](const base::Json& schema, const base::Json& value) {
    return !schema_violation(schema, value, stranger_schema);
  };
  EXPECT_TRUE(fits(listed, {{"a", {{"other", 1}}}})) << "of the value itself only";
  EXPECT_FALSE(fits(listed, {{"cmd", 1}}));
  EXPECT_TRUE(fits(base::Json::object(), {{"cmd", 1}}));
  for (const char* more : {"additionalProperties", "patternProperties", "anyOf", "$ref"}) {
    base::Json schema = listed;
    schema[more] = more == std::string_view("anyOf") ? base::Json::array() : base::Json::object();
    EXPECT_TRUE(fits(schema, {{"cmd", 1}})) << more;
  }
}

// The schema of a stranger's tool may be anything.
TEST(SchemaCheck, WhatAKeywordCannotBeAllowsEverything) {
  const base::Json value = {{"name", "ä"}, {"list", {1, 2}}, {"number", 7}};
  for (const char* schema :
       {R"(5)", R"([])", R"({"type": 7})", R"({"type": "any"})", R"({"type": [1, null]})",
        R"({"required": true})", R"({"required": [1, {}]})", R"({"properties": []})",
        R"({"properties": {"name": true, "list": 5, "number": "x"}})", R"({"enum": {}})",
        R"({"properties": {"name": {"minLength": "2", "maxLength": {}}}})",
        R"({"properties": {"list": {"minItems": "3", "maxItems": [], "items": true}}})",
        R"({"properties": {"list": {"items": [{"type": "string"}]}}})",
        R"({"properties": {"number": {"minimum": "9", "maximum": null}}})",
        R"({"additionalProperties": {"type": "string"}})",
        R"({"additionalProperties": false, "patternProperties": {"": {}}})"}) {
    EXPECT_FALSE(schema_violation(base::Json::parse(schema), value)) << schema;
  }
}

TEST(SchemaCheck, CountsCharactersWhereTheSchemaIsNotOurs) {
  const base::Json two = {{"type", "string"}, {"minLength", 2}};
  const base::Json one = {{"type", "string"}, {"maxLength", 1}};
  EXPECT_FALSE(schema_violation(two, "ä"));
  EXPECT_TRUE(schema_violation(two, "ä", {.length = LengthIn::characters}));
  EXPECT_TRUE(schema_violation(one, "ä"));
  EXPECT_FALSE(schema_violation(one, "ä", {.length = LengthIn::characters}));
}

TEST(HtmlText, KeepsTheWords) {
  EXPECT_EQ(html_text("<p>a<br>b &lt;c&gt;<style>p{}</style> d</p><!-- x -->1 < 2"),
            "a\nb <c> d\n1 < 2");
}

}  // namespace
}  // namespace colonnade::tools
