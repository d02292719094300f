#include "storage/span_codec.hpp"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

namespace colonnade::storage {
namespace {

using core::GateSpan;
using core::ModelCallSpan;
using core::Span;
using core::ToolSpan;
using core::WaitSpan;

std::vector<Span> read_back(const std::string& text) {
  std::vector<Span> out;
  const auto read = read_spans(text, out);
  EXPECT_TRUE(read) << read.error().message;
  return out;
}

TEST(SpanCodec, EveryKindComesBackWhole) {
  const ModelCallSpan model{.provider = "anthropic",
                            .model_asked = "claude \"x\"\n",
                            .model = "claude-x-1",
                            .usage = {.input_tokens = 10,
                                      .output_tokens = 5,
                                      .cached_input_tokens = 4,
                                      .cache_write_tokens = 3,
                                      .reasoning_tokens = 2},
                            .cost_micros = 77,
                            .stop_reason = "tool_use",
                            .tool_calls = 2,
                            .first_output_micros = 1500};
  const std::vector<Span> written = {
      {.start = {1'000'000}, .end = {1'002'000}, .of = model},
      {.start = {2}, .end = {3}, .error = "timeout", .of = ModelCallSpan{.of_summary = true}},
      {.start = {4}, .end = {9}, .error = "failed", .of = ToolSpan{"grep", "c1", "failed"}},
      {.start = {5}, .end = {6}, .of = GateSpan{"grep", "c1", "EXECUTE", "RULE"}},
      {.start = {7}, .end = {8}, .of = WaitSpan{"grep", "c1", "approved"}},
  };
  const std::vector<Span> read = read_back(spans_text(written));
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].start, written[i].start);
    EXPECT_EQ(read[i].end, written[i].end);
    EXPECT_EQ(read[i].error, written[i].error);
    EXPECT_EQ(read[i].of.index(), written[i].of.index());
  }
  const auto& call = std::get<ModelCallSpan>(read[0].of);
  EXPECT_EQ(call.provider, model.provider);
  EXPECT_EQ(call.model_asked, model.model_asked);
  EXPECT_EQ(call.model, model.model);
  EXPECT_EQ(call.usage, model.usage);
  EXPECT_EQ(call.cost_micros, model.cost_micros);
  EXPECT_EQ(call.stop_reason, model.stop_reason);
  EXPECT_EQ(call.tool_calls, model.tool_calls);
  EXPECT_EQ(call.first_output_micros, model.first_output_micros);
  EXPECT_FALSE(call.of_summary);
  EXPECT_TRUE(std::get<ModelCallSpan>(read[1].of).of_summary);
  EXPECT_FALSE(std::get<ModelCallSpan>(read[1].of).first_output_micros);
  EXPECT_EQ(std::get<ToolSpan>(read[2].of).state, "failed");
  EXPECT_EQ(std::get<GateSpan>(read[3].of).outcome, "EXECUTE");
  EXPECT_EQ(std::get<GateSpan>(read[3].of).reason_code, "RULE");
  EXPECT_EQ(std::get<WaitSpan>(read[4].of).answer, "approved");
}

TEST(SpanCodec, ANameThatIsTheSameIsWrittenOnce) {
  const Span span{.start = {1},
                  .end = {2},
                  .of = ModelCallSpan{
                      .model_asked = "a-long-name", .model = "a-long-name", .stop_reason = "stop"}};
  const std::string text = spans_text(std::vector<Span>{span});
  EXPECT_EQ(text.find("a-long-name"), text.rfind("a-long-name"));
  EXPECT_EQ(std::get<ModelCallSpan>(read_back(text)[0].of).model, "a-long-name");
}

TEST(SpanCodec, TextsCanBePutBehindEachOther) {
  const std::vector<Span> one = {
      {.start = {1}, .end = {2}, .of = ToolSpan{"a", "c1", "succeeded"}}};
  EXPECT_EQ(spans_text({}), "");
  EXPECT_EQ(read_back(spans_text(one) + spans_text(one)).size(), 2U);
}

TEST(SpanCodec, WhatIsNoSpanIsAnError) {
  for (const char* text : {"x", "{}", "[]", R"(["t",1])", R"(["?",1,2,"","a","b","c"])",
                           R"(["t","1",2,"","a","b","c"])"}) {
    std::vector<Span> out;
    const auto read = read_spans(text, out);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, base::ErrorKind::internal) << text;
  }
}

}  // namespace
}  // namespace colonnade::storage
