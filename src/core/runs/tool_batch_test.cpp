#include "core/runs/tool_batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/runs/limits.hpp"
#include "core/tools/limits.hpp"

namespace colonnade::core {
namespace {

using base::Json;
using ::testing::HasSubstr;

TEST(ToolBatch, HoldsCallsUnderTheUsualNames) {
  const auto calls = batched_calls(Json::parse(R"({"tool_calls":[
    {"tool":"read","args":{"path":"a"}}, {"tool":"bash","parameters":{"command":"ls"}},
    {"tool":"glob","arguments":{"pattern":"*"}}, {"tool":"grep","params":{"pattern":"x"}},
    {"tool":"clock"}, {"tool":"clock","args":null}]})"));
  ASSERT_TRUE(calls) << calls.error().message;
  ASSERT_EQ(calls->size(), 6U);
  EXPECT_EQ(calls->at(0).tool, "read");
  EXPECT_EQ(calls->at(0).arguments, Json({{"path", "a"}}));
  EXPECT_EQ(calls->at(1).arguments, Json({{"command", "ls"}}));
  EXPECT_EQ(calls->at(2).arguments, Json({{"pattern", "*"}}));
  EXPECT_EQ(calls->at(3).arguments, Json({{"pattern", "x"}}));
  EXPECT_EQ(calls->at(4).arguments, Json::object());
  EXPECT_EQ(calls->at(5).arguments, Json::object());
}

TEST(ToolBatch, WhatIsNoBatchIsRefusedWithTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "must be a list of calls"},
      {R"({"tool_calls":{}})", "must be a list of calls"},
      {R"({"tool_calls":[]})", "must be a list of calls"},
      {R"({"tool_calls":[{"tool":"read"},3]})", "'tool_calls[1]' must be an object"},
      {R"({"tool_calls":[{"args":{}}]})", "has no 'tool'"},
      {R"({"tool_calls":[{"tool":""}]})", "has no 'tool'"},
      {R"({"tool_calls":[{"tool":"read","args":[1]}]})", "'args' that is no object"},
      {R"({"tool_calls":[{"tool":"batch","args":{"tool_calls":[]}}]})", "is a batch itself"},
  };
  for (const auto& [text, why] : cases) {
    const auto calls = batched_calls(Json::parse(text));
    ASSERT_FALSE(calls) << text;
    EXPECT_THAT(calls.error().message, HasSubstr(why)) << text;
  }
  Json many = {{"tool_calls", Json::array()}};
  for (std::size_t i = 0; i <= limits::batch_calls_max; ++i) {
    many["tool_calls"].push_back({{"tool", "clock"}});
  }
  EXPECT_FALSE(batched_calls(many));
  many["tool_calls"].erase(0);
  EXPECT_TRUE(batched_calls(many));
}

TEST(ToolBatch, ItsCallsAreKnownByItsId) {
  EXPECT_TRUE(is_batched(batched_call_id("call_1", 1), "call_1"));
  EXPECT_TRUE(is_batched(batched_call_id("call_1", 20), "call_1"));
  for (const char* id : {"call_1", "call_1/", "call_1/x", "call_11/1", "call_2/1", ""}) {
    EXPECT_FALSE(is_batched(id, "call_1")) << id;
  }
}

TEST(ToolBatch, ItsResultIsThoseOfItsCalls) {
  const ToolCall batch{.call_id = "call_1", .tool = "batch"};
  ToolCall good{.tool = "read", .state = ToolCallState::succeeded, .result = "text"};
  ToolCall bad{.tool = "shell", .state = ToolCallState::denied, .result = "denied (X): no"};
  const ToolResultPart both = batch_result(batch, {&good, &bad});
  EXPECT_EQ(both.call_id, "call_1");
  EXPECT_EQ(both.tool, "batch");
  EXPECT_EQ(both.content, "[1] read: ok\ntext\n\n[2] shell: error\ndenied (X): no");
  EXPECT_FALSE(both.is_error);
  EXPECT_TRUE(batch_result(batch, {&bad}).is_error);
  good.result.assign(limits::tool_output_bytes_max, 'x');
  bad.result.assign(limits::tool_output_bytes_max, 'y');
  const ToolResultPart long_one = batch_result(batch, {&good, &bad});
  EXPECT_LT(long_one.content.size(), limits::tool_output_bytes_max + 200);
  EXPECT_THAT(long_one.content, HasSubstr("[output cut at"));
}

}  // namespace
}  // namespace colonnade::core
