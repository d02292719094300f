#include "providers/tool_prompt/provider.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/lane.hpp"
#include "core/models/tool_prompt.hpp"

namespace colonnade::providers::tool_prompt {
namespace {

using namespace core;
using base::Json;

class ToolPromptProvider : public ::testing::Test {
 protected:
  // What it says to a conversation that ends with these parts.
  ModelReply ask(std::vector<Part> parts, std::vector<ToolDefinition> tools = {},
                 Role role = Role::user) {
    ModelRequest request{.tools = std::move(tools)};
    request.messages.push_back({.role = role, .parts = std::move(parts)});
    auto stream = provider_->ask(lanes_[0], std::move(request), {});
    auto events = base::run_on(lanes_[0], stream->next());
    EXPECT_TRUE(events);
    deltas_.clear();
    for (const ModelEvent& event : *events) {
      if (const auto* delta = std::get_if<ModelTextDelta>(&event)) deltas_ += delta->text;
    }
    return std::get<ModelReply>(events->back());
  }

  base::Lanes lanes_{1};
  std::unique_ptr<ModelProvider> provider_ = make_provider();
  std::string deltas_;
};

TEST_F(ToolPromptProvider, CallsWhatThePromptNames) {
  const ModelReply reply = ask({TextPart{"/tool bash {\"command\":\"ls\"}"}}, {{.name = "shell"}});
  EXPECT_EQ(reply.stop_reason, StopReason::tool_use);
  ASSERT_EQ(reply.parts.size(), 1U);
  const auto& call = std::get<ToolCallPart>(reply.parts.front());
  EXPECT_EQ(call.tool, "bash");
  EXPECT_EQ(call.arguments, Json({{"command", "ls"}}));
  EXPECT_EQ(deltas_, "");
}

TEST_F(ToolPromptProvider, CallsByNameWhereToolsAreReachedSo) {
  const ModelReply reply = ask({TextPart{"/tool read {\"path\":\"a\"}"}},
                               {{.name = "find_tools"}, {.name = "execute_tool"}});
  const auto& call = std::get<ToolCallPart>(reply.parts.front());
  EXPECT_EQ(call.tool, "execute_tool");
  EXPECT_EQ(call.arguments, Json({{"tool", "read"}, {"params", {{"path", "a"}}}}));
}

TEST_F(ToolPromptProvider, AnswersWithTheResult) {
  const ModelReply reply =
      ask({ToolCallPart{.call_id = "1", .tool = "bash"},
           ToolResultPart{.call_id = "1", .tool = "bash", .content = "exit code: 0\n"}},
          {}, Role::assistant);
  EXPECT_EQ(reply.stop_reason, StopReason::end_turn);
  EXPECT_EQ(visible_text(reply.parts), "exit code: 0\n");
  EXPECT_EQ(deltas_, "exit code: 0\n");
}

TEST_F(ToolPromptProvider, AnythingElseIsToldHowToCall) {
  EXPECT_TRUE(visible_text(ask({TextPart{"hello"}}).parts).contains("/tool read {"));
  EXPECT_TRUE(visible_text(ask({}).parts).contains("/tool read {"));
}

TEST_F(ToolPromptProvider, AStoppedCallSaysNothing) {
  std::stop_source stop;
  stop.request_stop();
  auto stream = provider_->ask(lanes_[0], {}, stop.get_token());
  const auto events = base::run_on(lanes_[0], stream->next());
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().kind, base::ErrorKind::cancelled);
}

}  // namespace
}  // namespace colonnade::providers::tool_prompt
