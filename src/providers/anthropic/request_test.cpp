#include "providers/anthropic/request.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/conversations.hpp"
#include "core/models/limits.hpp"
#include "providers/upstream/transcript.hpp"

namespace colonnade::providers::anthropic {
namespace {

using base::Json;
using conformance::assistant;
using conformance::user;

constexpr auto current = "claude-sonnet-5-5";
constexpr auto older = "claude-sonnet-4-5-20250929";

Json body_of(const core::ModelRequest& request) {
  const std::string text = request_body(request, {});
  EXPECT_EQ(text, request_body(request, {})) << "the same request has the same bytes";
  auto parsed = base::parse_json(text, "body");
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Json());
}

Json text(const char* words) { return {{"type", "text"}, {"text", words}}; }

TEST(AnthropicRequest, ASimpleQuestion) {
  const Json expected = {{"cache_control", {{"type", "ephemeral"}}},
                         {"max_tokens", 8192},
                         {"messages", {{{"role", "user"}, {"content", {text("Hello")}}}}},
                         {"model", current},
                         {"stream", true},
                         {"system", Json::array({{{"cache_control", {{"type", "ephemeral"}}},
                                                  {"text", "Be brief."},
                                                  {"type", "text"}}})}};
  EXPECT_EQ(body_of(conformance::hello(current)), expected);
  const Json uncached =
      Json::parse(request_body(conformance::hello(current), {.prompt_cache = false}));
  EXPECT_FALSE(uncached.contains("cache_control"));
}

TEST(AnthropicRequest, ATurnIsSplitAtItsToolResults) {
  const Json body = body_of(conformance::tool_turns(current, "anthropic"));
  const Json expected = {
      {{"role", "user"}, {"content", {text("What is 2+2, and what time is it?")}}},
      {{"role", "assistant"},
       {"content",
        {{{"type", "thinking"}, {"thinking", "Two calls."}, {"signature", "c2ln"}},
         text("Let me see."),
         {{"type", "tool_use"},
          {"id", "c1"},
          {"name", "calculator"},
          {"input", {{"expression", "2+2"}}}},
         {{"type", "tool_use"}, {"id", "c2"}, {"name", "clock"}, {"input", Json::object()}}}}},
      {{"role", "user"},
       {"content",
        {{{"type", "tool_result"}, {"tool_use_id", "c1"}, {"content", "4"}},
         {{"type", "tool_result"},
          {"tool_use_id", "c2"},
          {"content", "no clock"},
          {"is_error", true}}}}},
      {{"role", "assistant"},
       {"content",
        {{{"type", "redacted_thinking"}, {"data", "b3BhcXVl"}},
         text("It is 4; the clock is broken.")}}},
      {{"role", "user"}, {"content", {text("Thanks. And 3+3?")}}}};
  EXPECT_EQ(body.at("messages"), expected);
  EXPECT_EQ(body.at("tools").at(1).at("input_schema"),
            Json({{"type", "object"}, {"properties", Json::object()}}));
  EXPECT_FALSE(body.at("tools").at(1).contains("description"));
}

TEST(AnthropicRequest, AReplyThatHasToCallAToolSaysSoAndDoesNotThink) {
  core::ModelRequest request = conformance::tool_turns(current, "anthropic");
  request.reasoning_effort = "high";
  EXPECT_FALSE(body_of(request).contains("tool_choice"));
  EXPECT_TRUE(body_of(request).contains("thinking"));
  request.tool_required = true;
  Json body = body_of(request);
  EXPECT_EQ(body.at("tool_choice"), Json({{"type", "any"}}));
  EXPECT_FALSE(body.contains("thinking")) << "the vendor refuses both together";
  EXPECT_FALSE(body.contains("output_config"));
  request.model = older;
  EXPECT_FALSE(body_of(request).contains("thinking"));
  request.tools.clear();
  EXPECT_FALSE(body_of(request).contains("tool_choice")) << "there is nothing to choose from";
}

TEST(AnthropicRequest, ReasoningGoesOnlyToWhoMadeIt) {
  const std::string body = request_body(conformance::tool_turns(current, "openrouter"), {});
  EXPECT_EQ(body.find("thinking"), std::string::npos);
  EXPECT_EQ(body.find("b3BhcXVl"), std::string::npos);
  core::ModelRequest unsigned_reasoning = conformance::hello(current);
  unsigned_reasoning.messages.push_back(assistant(
      {core::ReasoningPart{.provider = "anthropic", .text = "hm"}, core::TextPart{"Hi"}}));
  unsigned_reasoning.messages.push_back(user("?"));
  EXPECT_EQ(request_body(unsigned_reasoning, {}).find("hm"), std::string::npos)
      << "thinking without its signature is refused by the vendor";
}

TEST(AnthropicRequest, OwnBlocksGoBackUnchanged) {
  const Json search = {{"type", "server_tool_use"},
                       {"id", "s1"},
                       {"name", "web_search"},
                       {"input", {{"query", "q"}}}};
  const Json citations = {{{"type", "web_search_result_location"}, {"url", "https://example.org"}}};
  const Json extra = {{"type", "extra_fields"}, {"fields", {{"citations", citations}}}};
  const Json caller = {{"type", "extra_fields"},
                       {"fields", {{"caller", {{"type", "code_execution_20250825"}}}}}};
  core::ModelRequest request = conformance::hello(current);
  request.messages.push_back(assistant(
      {core::ProviderPart{"anthropic", search},
       core::ProviderPart{"openrouter", Json{{"type", "other"}}}, core::TextPart{"Cited."},
       core::ProviderPart{"anthropic", extra}, core::ToolCallPart{.call_id = "c", .tool = "f"},
       core::ProviderPart{"anthropic", caller},
       core::ToolResultPart{.call_id = "c", .tool = "f"}}));
  const Json messages = body_of(request).at("messages");
  const Json& blocks = messages.at(1).at("content");
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks.at(0), search);
  EXPECT_EQ(blocks.at(1), Json({{"type", "text"}, {"text", "Cited."}, {"citations", citations}}));
  EXPECT_EQ(blocks.at(2).at("caller").at("type"), "code_execution_20250825");
  EXPECT_EQ(messages.at(2).at("content").at(0),
            Json({{"type", "tool_result"}, {"tool_use_id", "c"}}))
      << "an empty result has no content";
}

TEST(AnthropicRequest, WhatIsNoBlockIsNotSent) {
  core::ModelRequest request = conformance::with_settings(older);
  for (const Json& block :
       {Json(nullptr), Json("text"), Json::object(), Json::array({1}),
        Json({{"type", "extra_fields"}, {"fields", 3}}), Json({{"type", "extra_fields"}})}) {
    request.messages.push_back(
        assistant({core::TextPart{"x"}, core::ProviderPart{"anthropic", block}}));
  }
  for (const auto& block : body_of(request).at("messages").at(1).at("content")) {
    EXPECT_EQ(block, text("x"));
  }
}

TEST(AnthropicRequest, NothingEmptyIsEverSent) {
  core::ModelRequest request{.model = current, .instructions = " \n"};
  request.messages = {user("  "), user("One"),
                      assistant({core::TextPart{""}, core::TextPart{" \n"}}),
                      user(std::vector<core::Part>{}), user("Two")};
  const Json body = body_of(request);
  EXPECT_FALSE(body.contains("system"));
  const Json expected = {{{"role", "user"}, {"content", {text("One"), text("Two")}}}};
  EXPECT_EQ(body.at("messages"), expected) << "neighbours of one role are one message";
}

TEST(AnthropicRequest, ARefusedAnswerIsNotSentBack) {
  core::ModelRequest request = conformance::hello(current);
  request.messages.push_back(assistant({core::RefusalPart{"No."}}));
  request.messages.push_back(user("Then something else."));
  const Json expected = {
      {{"role", "user"}, {"content", {text("Hello"), text("Then something else.")}}}};
  EXPECT_EQ(body_of(request).at("messages"), expected);
}

TEST(AnthropicRequest, EveryCallGetsExactlyOneResult) {
  core::ModelRequest request = conformance::hello(current);
  request.messages.push_back(assistant({core::ToolCallPart{.call_id = "a", .tool = "f"},
                                        core::ToolCallPart{.call_id = "b", .tool = "f"},
                                        core::ToolResultPart{.call_id = "b", .content = "done"},
                                        core::ToolResultPart{.call_id = "b", .content = "twice"},
                                        core::ToolResultPart{.call_id = "z", .content = "stray"}}));
  request.messages.push_back(user("Go on."));
  const Json content = body_of(request).at("messages").at(2).at("content");
  ASSERT_EQ(content.size(), 3u);
  EXPECT_EQ(content.at(0).at("content"), "done");
  EXPECT_EQ(content.at(1).at("tool_use_id"), "a");
  EXPECT_EQ(content.at(1).at("content"), std::string(upstream::missing_result));
  EXPECT_EQ(content.at(1).at("is_error"), true);
  EXPECT_EQ(content.at(2), text("Go on."));
}

TEST(AnthropicRequest, AHistoryThatWasCutBeginsWithTheUser) {
  core::ModelRequest request{.model = current};
  request.messages = {assistant({core::TextPart{"as I said"}}), user("Yes?")};
  const Json messages = body_of(request).at("messages");
  EXPECT_EQ(messages.at(0).at("role"), "user");
  EXPECT_EQ(messages.at(1).at("content"), Json::array({text("as I said")}));
}

TEST(AnthropicRequest, SystemMessagesJoinTheInstructions) {
  core::ModelRequest request = conformance::hello(current);
  request.messages.insert(request.messages.begin(),
                          {.role = core::Role::system, .parts = {core::TextPart{"Rhyme."}}});
  EXPECT_EQ(body_of(request).at("system").at(0).at("text"), "Be brief.\n\nRhyme.");
}

TEST(AnthropicRequest, FilesInTheFormThatTheVendorTakes) {
  const Json content = body_of(conformance::with_files(current)).at("messages").at(0).at("content");
  ASSERT_EQ(content.size(), 6u);
  EXPECT_EQ(content.at(1),
            Json({{"type", "image"},
                  {"source",
                   {{"type", "base64"}, {"media_type", "image/png"}, {"data", "iVBORw0KGgo="}}}}));
  EXPECT_EQ(content.at(2),
            Json({{"type", "image"},
                  {"source", {{"type", "url"}, {"url", "https://example.org/b.jpg"}}}}));
  EXPECT_EQ(content.at(3).at("type"), "document");
  EXPECT_EQ(content.at(4).at("source").at("data"), "one two");
  EXPECT_EQ(content.at(4).at("title"), "d.txt");
  EXPECT_EQ(content.at(5), text("[file \"e.zip\" (application/zip) at work/e.zip]"));
}

TEST(AnthropicRequest, CurrentModelsThinkAdaptively) {
  const Json body = body_of(conformance::with_settings(current));
  EXPECT_EQ(body.at("thinking"), Json({{"type", "adaptive"}, {"display", "summarized"}}));
  EXPECT_EQ(body.at("output_config"), Json({{"effort", "medium"}}));
  EXPECT_EQ(body.at("max_tokens"), 30'000);
  EXPECT_EQ(body.at("metadata"), Json({{"user_id", "user-7"}}));
  EXPECT_FALSE(body.contains("temperature")) << "these models refuse it";
}

TEST(AnthropicRequest, OlderModelsThinkWithinABudget) {
  core::ModelRequest request = conformance::with_settings(older);
  Json body = body_of(request);
  EXPECT_EQ(body.at("thinking"),
            Json({{"type", "enabled"}, {"budget_tokens", limits::thinking_tokens_medium}}));
  EXPECT_FALSE(body.contains("output_config"));
  EXPECT_FALSE(body.contains("temperature")) << "not together with thinking";

  request.max_output_tokens.reset();
  EXPECT_EQ(body_of(request).at("max_tokens"),
            limits::model_output_tokens_default + limits::thinking_tokens_medium);
  request.max_output_tokens = 3000;  // the answer keeps its room
  EXPECT_EQ(body_of(request).at("thinking").at("budget_tokens"),
            3000 - limits::thinking_tokens_min);
  request.max_output_tokens = 1500;  // too small to think in
  body = body_of(request);
  EXPECT_FALSE(body.contains("thinking"));
  EXPECT_EQ(body.at("temperature"), 0.5);
  EXPECT_EQ(body.at("max_tokens"), 1500);
  request.reasoning_effort = "none";
  EXPECT_FALSE(body_of(request).contains("thinking"));
}

TEST(AnthropicRequest, TemperatureGoesToModelsThatTakeIt) {
  for (const auto& [model, takes] :
       std::vector<std::pair<std::string, bool>>{{older, true},
                                                 {"claude-opus-4-6", true},
                                                 {"claude-opus-4-7", false},
                                                 {current, false},
                                                 {"qwen3:8b", true}}) {
    core::ModelRequest request = conformance::hello(model);
    request.temperature = 0.25;
    EXPECT_EQ(body_of(request).contains("temperature"), takes) << model;
  }
}

// Guards against the vendor's 400 "expected thinking, found tool_use".
TEST(AnthropicRequest, ATurnThatBeganWithoutThinkingGoesOnWithout) {
  core::ModelRequest request = conformance::with_settings(older);
  request.messages.push_back(assistant({core::ToolCallPart{.call_id = "a", .tool = "calculator"},
                                        core::ToolResultPart{.call_id = "a", .content = "4"}}));
  EXPECT_FALSE(body_of(request).contains("thinking"));
  request.messages.back().parts.insert(
      request.messages.back().parts.begin(),
      core::ReasoningPart{.provider = "anthropic", .text = "t", .signature = "s"});
  EXPECT_TRUE(body_of(request).contains("thinking"));
}

// --- prompt caching -----------------------------------------------------------------------------

std::size_t marks_in(const std::string& body) {
  std::size_t count = 0;
  for (auto at = body.find("cache_control"); at != std::string::npos;
       at = body.find("cache_control", at + 1)) {
    ++count;
  }
  return count;
}

TEST(AnthropicRequest, ToolsSystemAndTheWholeRequestAreMarkedForTheCache) {
  const Json mark = {{"type", "ephemeral"}};
  const Json body = body_of(conformance::tool_turns(current, "anthropic"));
  EXPECT_EQ(body.at("cache_control"), mark);
  EXPECT_EQ(body.at("system").at(0).at("cache_control"), mark);
  EXPECT_FALSE(body.at("tools").front().contains("cache_control"));
  EXPECT_EQ(body.at("tools").back().at("cache_control"), mark);
  EXPECT_EQ(marks_in(body.dump()), 3U);
  EXPECT_EQ(marks_in(request_body(conformance::tool_turns(current, "anthropic"),
                                  {.prompt_cache = false})),
            0U);
}

// One round of many parallel calls: the end of the request before is out of the vendor's sight.
core::ModelRequest many_calls(int calls) {
  core::ModelRequest out = conformance::tool_turns(current, "anthropic");
  std::vector<core::Part> turn;
  for (int i = 0; i < calls; ++i) {
    turn.emplace_back(core::ToolCallPart{.call_id = "p" + std::to_string(i), .tool = "clock"});
  }
  for (int i = 0; i < calls; ++i) {
    turn.emplace_back(core::ToolResultPart{
        .call_id = "p" + std::to_string(i), .tool = "clock", .content = "noon"});
  }
  out.messages.push_back(assistant(std::move(turn)));
  return out;
}

TEST(AnthropicRequest, TheEndOfTheRequestBeforeIsMarkedWhenItLiesFarBack) {
  EXPECT_EQ(marks_in(request_body(many_calls(3), {})), 3U);
  const Json body = body_of(many_calls(12));
  EXPECT_EQ(marks_in(body.dump()), 4U) << "the vendor allows four";
  const Json& messages = body.at("messages");
  const Json& before = messages.at(messages.size() - 3);
  EXPECT_EQ(before.at("role"), "user");
  EXPECT_TRUE(before.at("content").back().contains("cache_control"));
}

TEST(AnthropicRequest, ARequestBeginsWithTheBytesOfTheOneBefore) {
  core::ModelRequest request = conformance::tool_turns(current, "anthropic");
  const Json before = body_of(request);
  const std::string before_text = request_body(request, {});
  request.messages.push_back(assistant({core::TextPart{"6"}}));
  request.messages.push_back(user("And 4+4?"));
  const Json after = body_of(request);
  const std::string after_text = request_body(request, {});
  const std::size_t shared = static_cast<std::size_t>(
      std::ranges::mismatch(before_text, after_text).in1 - before_text.begin());
  EXPECT_EQ(before_text.substr(shared, 2), "],") << "where the messages of the first one end";
  EXPECT_EQ(before.at("tools").dump(), after.at("tools").dump());
  EXPECT_EQ(before.at("system").dump(), after.at("system").dump());
}

}  // namespace
}  // namespace colonnade::providers::anthropic
