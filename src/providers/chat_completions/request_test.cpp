#include "providers/chat_completions/request.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/conversations.hpp"
#include "providers/upstream/transcript.hpp"

namespace colonnade::providers::chat_completions {
namespace {

using base::Json;
using conformance::assistant;
using conformance::user;

Json body_of(const core::ModelRequest& request, const Options& options) {
  const std::string text = request_body(request, options);
  EXPECT_EQ(text, request_body(request, options)) << "the same request has the same bytes";
  auto parsed = base::parse_json(text, "body");
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Json());
}

TEST(ChatRequest, ASimpleQuestion) {
  const Json messages = {{{"role", "system"}, {"content", "Be brief."}},
                         {{"role", "user"}, {"content", "Hello"}}};
  EXPECT_EQ(body_of(conformance::hello("m"), openai_options()),
            Json({{"messages", messages},
                  {"model", "m"},
                  {"stream", true},
                  {"stream_options", {{"include_usage", true}}}}));
  EXPECT_EQ(body_of(conformance::hello("m"), openrouter_options()),
            Json({{"messages", messages},
                  {"model", "m"},
                  {"stream", true},
                  {"usage", {{"include", true}}}}));
}

TEST(ChatRequest, ADescriptionThatIsTooLongForTheVendorIsCut) {
  core::ModelRequest request = conformance::hello("m");
  std::string umlauts;
  for (int i = 0; i < 3000; ++i) umlauts += "\xC3\xA4";
  request.tools = {{.name = "a", .description = umlauts},
                   {.name = "b", .description = umlauts.substr(0, 2048)}};
  const auto description = [&](const Options& options, std::size_t tool) {
    return body_of(request, options)
        .at("tools")
        .at(tool)
        .at("function")
        .at("description")
        .get<std::string>();
  };
  EXPECT_EQ(description(openai_options(), 0), umlauts.substr(0, 2046) + "\xE2\x80\xA6");
  EXPECT_EQ(description(openai_options(), 1), umlauts.substr(0, 2048)) << "1024 characters";
  EXPECT_EQ(description(openrouter_options(), 0), umlauts);
}

TEST(ChatRequest, ATurnIsSplitAtItsToolResults) {
  const Json body = body_of(conformance::tool_turns("m", "openai"), openai_options());
  const Json expected = {
      {{"role", "system"}, {"content", "Use the tools."}},
      {{"role", "user"}, {"content", "What is 2+2, and what time is it?"}},
      {{"role", "assistant"},
       {"content", "Let me see."},
       {"tool_calls",
        {{{"id", "c1"},
          {"type", "function"},
          {"function", {{"name", "calculator"}, {"arguments", R"({"expression":"2+2"})"}}}},
         {{"id", "c2"},
          {"type", "function"},
          {"function", {{"name", "clock"}, {"arguments", "{}"}}}}}}},
      {{"role", "tool"}, {"tool_call_id", "c1"}, {"content", "4"}},
      {{"role", "tool"}, {"tool_call_id", "c2"}, {"content", "no clock"}},
      {{"role", "assistant"}, {"content", "It is 4; the clock is broken."}},
      {{"role", "user"}, {"content", "Thanks. And 3+3?"}}};
  EXPECT_EQ(body.at("messages"), expected);
  const Json& tool = body.at("tools").at(0);
  EXPECT_EQ(tool.at("type"), "function");
  EXPECT_EQ(tool.at("function").at("parameters").at("required"), Json::array({"expression"}));
}

TEST(ChatRequest, AReplyThatHasToCallAToolSaysSo) {
  core::ModelRequest request = conformance::tool_turns("m", "openai");
  for (const Options& options : {openai_options(), openrouter_options()}) {
    request.tool_required = false;
    EXPECT_FALSE(body_of(request, options).contains("tool_choice"));
    request.tool_required = true;
    EXPECT_EQ(body_of(request, options).at("tool_choice"), "required");
  }
  request.tools.clear();
  EXPECT_FALSE(body_of(request, openai_options()).contains("tool_choice"));
}

TEST(ChatRequest, EveryDialectHasItsOwnWords) {
  const auto request = conformance::with_settings("m");
  const Json openai = body_of(request, openai_options());
  EXPECT_EQ(openai.at("max_completion_tokens"), 30'000);
  EXPECT_EQ(openai.at("reasoning_effort"), "medium");
  EXPECT_EQ(openai.at("safety_identifier"), "user-7");
  EXPECT_FALSE(openai.contains("temperature")) << "its reasoning models refuse one";
  const Json openrouter = body_of(request, openrouter_options());
  EXPECT_EQ(openrouter.at("max_tokens"), 30'000);
  EXPECT_EQ(openrouter.at("reasoning"), Json({{"effort", "medium"}}));
  EXPECT_EQ(openrouter.at("user"), "user-7");
  EXPECT_EQ(openrouter.at("temperature"), 0.5);
  EXPECT_FALSE(openrouter.contains("stream_options"));
  const Json other = body_of(request, compatible_options("local", "http://127.0.0.1:1/v1"));
  EXPECT_EQ(other.at("max_tokens"), 30'000);
  EXPECT_EQ(other.at("temperature"), 0.5);
  EXPECT_FALSE(other.contains("reasoning_effort") || other.contains("reasoning") ||
               other.contains("user") || other.contains("safety_identifier"));
}

TEST(ChatRequest, ReasoningGoesOnlyToWhoMadeItAndWantsIt) {
  const Json details = {
      {{"type", "reasoning.text"}, {"text", "hm"}, {"signature", "s"}, {"index", 0}}};
  core::ModelRequest request = conformance::hello("m");
  request.messages.push_back(
      assistant({core::ReasoningPart{.provider = "openrouter", .text = "hm", .details = details},
                 core::ToolCallPart{.call_id = "c", .tool = "f"},
                 core::ToolResultPart{.call_id = "c", .content = "r"}}));
  EXPECT_EQ(body_of(request, openrouter_options()).at("messages").at(2).at("reasoning_details"),
            details);
  Options another = openrouter_options();
  another.name = "second-account";
  EXPECT_EQ(request_body(request, another).find("hm"), std::string::npos);
  EXPECT_EQ(request_body(request, openai_options()).find("hm"), std::string::npos);

  Options deepseek = compatible_options("openrouter", "");
  deepseek.dialect.reasoning_return = ReasoningReturn::reasoning_content;
  EXPECT_EQ(body_of(request, deepseek).at("messages").at(2).at("reasoning_content"), "hm");
  request.messages.push_back(user("Next."));
  EXPECT_EQ(request_body(request, deepseek).find("reasoning_content"), std::string::npos)
      << "only while the turn is under way";
}

TEST(ChatRequest, ARefusalIsNeverSentAsText) {
  core::ModelRequest request = conformance::hello("m");
  request.messages.push_back(assistant({core::RefusalPart{"No."}}));
  request.messages.push_back(user("Why?"));
  const Json openai = body_of(request, openai_options()).at("messages");
  EXPECT_EQ(openai.at(2), Json({{"role", "assistant"}, {"content", nullptr}, {"refusal", "No."}}));
  const std::string other = request_body(request, openrouter_options());
  EXPECT_EQ(other.find("No."), std::string::npos);
  EXPECT_EQ(Json::parse(other).at("messages").size(), 4u) << "something stands in its place";
}

// Templates of Gemma, Mistral and others refuse every later turn of a thread otherwise.
TEST(ChatRequest, UserAndAssistantAlternateWhateverTheAnswersWere) {
  const Json gap = {{"role", "assistant"}, {"content", "[No answer was given.]"}};
  const std::vector<std::vector<core::Part>> answers = {
      {},
      {core::TextPart{""}},
      {core::ReasoningPart{.provider = "local", .text = "hm"}},
      {core::RefusalPart{"No."}}};
  for (const auto& answer : answers) {
    core::ModelRequest request{.model = "m"};
    request.messages = {user("One"), assistant(answer), user("Two")};
    const Json messages = body_of(request, compatible_options("local", "http://l")).at("messages");
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages.at(1), gap);
  }
  core::ModelRequest request{.model = "m"};
  request.messages = {user("One"),
                      assistant({core::ToolCallPart{.call_id = "c", .tool = "f"},
                                 core::ToolResultPart{.call_id = "c", .content = "r"}})};
  const Options local = compatible_options("local", "http://l");
  EXPECT_EQ(body_of(request, local).at("messages").size(), 3U) << "the turn is under way";
  request.messages.push_back(user("Two"));
  const Json messages = body_of(request, local).at("messages");
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_EQ(messages.at(3), gap);
}

TEST(ChatRequest, NothingEmptyIsEverSent) {
  core::ModelRequest request{.model = "m"};
  request.messages = {user(""), user("One"), assistant({core::TextPart{""}}), assistant({}),
                      user(std::vector<core::Part>{})};
  EXPECT_EQ(body_of(request, openai_options()).at("messages"),
            Json::array({{{"role", "user"}, {"content", "One"}}}));
}

TEST(ChatRequest, ACallWithoutResultGetsOne) {
  core::ModelRequest request = conformance::hello("m");
  request.messages.push_back(assistant(
      {core::ToolCallPart{.call_id = "a", .tool = "f", .malformed_arguments = "{\"cut"}}));
  request.messages.push_back(user("Go on."));
  const Json messages = body_of(request, openai_options()).at("messages");
  EXPECT_EQ(messages.at(2).at("tool_calls").at(0).at("function").at("arguments"), "{}");
  EXPECT_EQ(messages.at(3), Json({{"role", "tool"},
                                  {"tool_call_id", "a"},
                                  {"content", std::string(upstream::missing_result)}}));
}

TEST(ChatRequest, FilesInTheFormThatTheServerTakes) {
  const auto content_for = [](const Options& options) {
    return body_of(conformance::with_files("m"), options).at("messages").at(0).at("content");
  };
  const Json content = content_for(openai_options());
  ASSERT_EQ(content.size(), 6u);
  EXPECT_EQ(content.at(1).at("image_url").at("url"), "data:image/png;base64,iVBORw0KGgo=");
  EXPECT_EQ(content.at(2).at("image_url").at("url"), "https://example.org/b.jpg");
  EXPECT_EQ(
      content.at(3),
      Json({{"type", "file"},
            {"file",
             {{"filename", "c.pdf"}, {"file_data", "data:application/pdf;base64,JVBERi0="}}}}));
  EXPECT_EQ(content.at(4).at("text"), "[file \"d.txt\"]\none two");
  EXPECT_EQ(content.at(5).at("text"), "[file \"e.zip\" (application/zip) at work/e.zip]");
  const Json other = content_for(compatible_options("local", ""));
  EXPECT_EQ(other.at(3).at("type"), "text") << "most servers refuse unknown pieces";
  EXPECT_EQ(other.at(3).at("text").get<std::string>().find("JVBERi0"), std::string::npos);
}

TEST(ChatRequest, TheCacheKeyGoesWhereAServerTakesOne) {
  core::ModelRequest request = conformance::hello("m");
  request.cache_key = "thread-1";
  EXPECT_EQ(body_of(request, openai_options()).at("prompt_cache_key"), "thread-1");
  for (const Options& options : {openrouter_options(), compatible_options("local", "http://l")}) {
    EXPECT_EQ(request_body(request, options).find("thread-1"), std::string::npos) << options.name;
  }
}

TEST(ChatRequest, ARequestBeginsWithTheBytesOfTheOneBefore) {
  for (const Options& options :
       {openai_options(), openrouter_options(), compatible_options("local", "http://l")}) {
    core::ModelRequest request = conformance::tool_turns("m", options.name);
    const std::string before = request_body(request, options);
    request.messages.push_back(assistant({core::TextPart{"6"}}));
    request.messages.push_back(user("And 4+4?"));
    const std::string after = request_body(request, options);
    const auto shared =
        static_cast<std::size_t>(std::ranges::mismatch(before, after).in1 - before.begin());
    EXPECT_EQ(before.substr(shared, 2), "],") << "where the messages of the first one end";
    EXPECT_EQ(after[shared], ',');
    const std::string rest = before.substr(shared + 1);
    EXPECT_TRUE(after.ends_with(rest)) << "nothing else differs: " << rest;
  }
}

}  // namespace
}  // namespace colonnade::providers::chat_completions
