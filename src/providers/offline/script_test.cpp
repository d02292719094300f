#include "providers/offline/script.hpp"

#include <gtest/gtest.h>

#include "conformance/conversations.hpp"
#include "providers/offline/limits.hpp"

namespace colonnade::providers::offline {
namespace {

using base::ErrorKind;
using base::Json;
using conformance::assistant;
using conformance::user;
using namespace std::chrono_literals;

ScriptedReply play_text(std::string text) {
  core::ModelRequest request{.model = "offline", .messages = {user(std::move(text))}};
  request.tools = {conformance::calculator()};
  return play_script(request);
}

std::string text_of(const ScriptedReply& scripted_reply) {
  std::string out;
  for (const auto& event : scripted_reply.deltas) {
    if (const auto* delta = std::get_if<core::ModelTextDelta>(&event)) out += delta->text;
  }
  return out;
}

TEST(OfflineScript, SaysWhichFilesItSaw) {
  core::Message message = user("/say Here.");
  message.parts.emplace_back(core::FilePart{
      .mime = "image/png", .filename = "a.png", .url = "data:image/png;base64,iVBORw0KGgo="});
  message.parts.emplace_back(core::FilePart{
      .mime = "text/plain", .filename = "b.txt", .url = "data:text/plain;base64,aGk="});
  const auto out = play_script({.model = "offline", .messages = {user("before"), message}});
  EXPECT_EQ(text_of(out),
            "Here.\n[offline] Files seen: 2: a.png (image/png, 8 bytes), b.txt (text/plain, 2 "
            "bytes).");
}

TEST(OfflineScript, SaysWhatItIsAndHowToGetAModel) {
  const auto out = play_text("What is a colonnade?");
  const std::string text = text_of(out);
  for (const auto* words : {"[offline]", "No model is configured", "ANTHROPIC_API_KEY",
                            "OPENAI_API_KEY", "OPENROUTER_API_KEY", "What is a colonnade?"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(out.reply.parts, std::vector<core::Part>{core::TextPart{text}});
  EXPECT_EQ(out.reply.stop_reason, core::StopReason::end_turn);
  EXPECT_EQ(out.reply.usage.input_tokens, 4);
  EXPECT_EQ(out.reply.usage.output_tokens, static_cast<std::int64_t>(out.deltas.size()));
}

TEST(OfflineScript, IsDeterministic) {
  EXPECT_EQ(text_of(play_text("hi")), text_of(play_text("hi")));
}

TEST(OfflineScript, LongWordsAreNotEchoedWhole) {
  const std::string text = text_of(play_text(std::string(100'000, 'x')));
  EXPECT_LT(text.size(), limits::offline_echo_bytes_max + 500);
}

TEST(OfflineScript, SaysThinksAndCounts) {
  EXPECT_EQ(text_of(play_text("/say two  words")), "two  words");
  const auto thought = play_text("/think hm hm\n/say ok");
  const std::vector<core::Part> expected = {
      core::ReasoningPart{.provider = "offline", .text = "hm hm"}, core::TextPart{"ok"}};
  EXPECT_EQ(thought.reply.parts, expected);
  EXPECT_EQ(thought.reply.usage.reasoning_tokens, 2);
  const auto counted = play_text("/tokens 32");
  EXPECT_EQ(counted.deltas.size(), 32u);
  EXPECT_EQ(counted.reply.usage.output_tokens, 32);
  EXPECT_EQ(play_text("/tokens 99999999").deltas.size(),
            static_cast<std::size_t>(limits::offline_tokens_max));
}

TEST(OfflineScript, CallsToolsAndReportsTheirResults) {
  const std::string script = R"(please
/tool calculator {"expression":"2+2"}
/tool calculator not json
/tool rocket {})";
  const auto first = play_text(script);
  const std::vector<core::Part> expected = {
      core::TextPart{"[offline] There is no tool \"rocket\" here. Offered: calculator."},
      core::ToolCallPart{
          .call_id = "offline_call_1", .tool = "calculator", .arguments = {{"expression", "2+2"}}},
      core::ToolCallPart{
          .call_id = "offline_call_2", .tool = "calculator", .malformed_arguments = "not json"}};
  EXPECT_EQ(first.reply.parts, expected);
  EXPECT_EQ(first.reply.stop_reason, core::StopReason::tool_use);

  core::ModelRequest second{.model = "offline", .messages = {user(script)}};
  auto turn = first.reply.parts;
  turn.push_back(
      core::ToolResultPart{.call_id = "offline_call_1", .tool = "calculator", .content = "4"});
  turn.push_back(core::ToolResultPart{.call_id = "offline_call_2",
                                      .tool = "calculator",
                                      .content = "bad arguments",
                                      .is_error = true});
  second.messages.push_back(assistant(turn));
  const auto out = play_script(second);
  EXPECT_EQ(text_of(out),
            "[offline] calculator answered: 4\n[offline] calculator failed: bad arguments");
  EXPECT_EQ(out.reply.stop_reason, core::StopReason::end_turn);

  second.messages.push_back(user("/say new turn"));
  EXPECT_EQ(text_of(play_script(second)), "new turn") << "results of an earlier turn are history";
}

TEST(OfflineScript, FailsDeclinesAndSlowsDown) {
  ASSERT_TRUE(play_text("/fail").failure.has_value());
  EXPECT_EQ(play_text("/fail").failure->kind, ErrorKind::upstream);
  EXPECT_FALSE(play_text("/fail").failure->retryable);
  EXPECT_EQ(play_text("/fail rate_limited").failure->kind, ErrorKind::rate_limited);
  EXPECT_TRUE(play_text("/fail rate_limited").failure->retry_after.has_value());
  EXPECT_EQ(play_text("/refuse").reply.stop_reason, core::StopReason::refusal);
  EXPECT_TRUE(std::holds_alternative<core::RefusalPart>(play_text("/refuse").reply.parts.at(0)));
  EXPECT_EQ(play_text("/slow 25\n/say a b").delay, 25ms);
  EXPECT_EQ(play_text("/slow never\n/say a b").delay, 0ms);
}

TEST(OfflineScript, AnUnknownCommandIsJustText) {
  EXPECT_NE(text_of(play_text("/etc/passwd is a file")).find("You said: /etc/passwd"),
            std::string::npos);
  EXPECT_NE(text_of(play_script({.model = "offline"})).find("[offline]"), std::string::npos);
}

}  // namespace
}  // namespace colonnade::providers::offline
