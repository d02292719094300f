#include "app/otlp_body.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace colonnade::app {
namespace {

using base::Json;

OtlpRun example() {
  core::TracedRun run{.id = "019a0000000040008000000000000001",
                      .trace_id = "019a0000000040008000000000000001",
                      .parent = {.trace_id = {}, .span_id = "00f067aa0ba902b7"},
                      .scope = core::Scope::main(),
                      .thread_id = "t1",
                      .owner = "ann",
                      .state = core::RunState::succeeded,
                      .created_at = {1'000'000},
                      .finished_at = base::Time{3'000'000},
                      .provider = "anthropic",
                      .model = "claude-x-1",
                      .usage = {.input_tokens = 10, .output_tokens = 5},
                      .cost_micros = 2'500'000,
                      .tool_calls = 1};
  const core::ModelCallSpan model{.provider = "anthropic",
                                  .model_asked = "claude-x",
                                  .model = "claude-x-1",
                                  .usage = {.input_tokens = 10, .output_tokens = 5},
                                  .stop_reason = "tool_use",
                                  .first_output_micros = 250'000};
  std::vector<core::Span> spans = {
      {.start = {1'000'100}, .end = {1'500'000}, .of = model},
      {.start = {1'500'001},
       .end = {1'500'050},
       .of = core::GateSpan{"grep", "c1", "EXECUTE", "RULE"}},
      {.start = {1'500'100},
       .end = {2'000'000},
       .error = "failed",
       .of = core::ToolSpan{"grep", "c1", "failed"}},
      {.start = {1'500'060}, .end = {1'500'090}, .of = core::WaitSpan{"grep", "c1", "approved"}},
  };
  return {.traced = {.run = std::move(run), .spans = std::move(spans)}};
}

std::vector<Json> spans_in(const std::string& body) {
  const Json tree = Json::parse(body);
  return tree.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans");
}

std::map<std::string, Json> attributes_of(const Json& span) {
  std::map<std::string, Json> out;
  for (const Json& one : span.at("attributes")) out[one.at("key")] = one.at("value");
  return out;
}

TEST(OtlpBody, ARunIsOneTraceBelowItsRoot) {
  const std::vector<OtlpRun> runs = {example()};
  const auto spans = spans_in(otlp_body(runs));
  ASSERT_EQ(spans.size(), 5U);
  const Json& root = spans.front();
  EXPECT_EQ(root["name"], "agent.turn");
  EXPECT_EQ(root["kind"], 2);
  EXPECT_EQ(root["parentSpanId"], "00f067aa0ba902b7") << "of the client's own trace";
  EXPECT_EQ(root["startTimeUnixNano"], "1000000000");
  EXPECT_EQ(root["endTimeUnixNano"], "3000000000");
  EXPECT_EQ(root["status"]["code"], 1);
  for (const Json& span : spans) {
    EXPECT_EQ(span["traceId"], runs[0].traced.run.trace_id);
    if (span != root) EXPECT_EQ(span["parentSpanId"], root["spanId"]) << span;
  }
  EXPECT_EQ(spans[1]["name"], "chat claude-x");
  EXPECT_EQ(spans[1]["kind"], 3);
  EXPECT_EQ(spans[2]["name"], "gate.decide");
  EXPECT_EQ(spans[3]["name"], "execute_tool grep");
  EXPECT_EQ(spans[4]["name"], "approval.wait");
}

TEST(OtlpBody, AttributesHaveTheConventionsNames) {
  const std::vector<OtlpRun> runs = {example()};
  const auto spans = spans_in(otlp_body(runs));
  const auto root = attributes_of(spans[0]);
  EXPECT_EQ(root.at("gen_ai.operation.name")["stringValue"], "invoke_agent");
  EXPECT_EQ(root.at("gen_ai.agent.id")["stringValue"], "default");
  EXPECT_EQ(root.at("gen_ai.conversation.id")["stringValue"], "t1");
  EXPECT_EQ(root.at("gen_ai.usage.input_tokens")["intValue"], "10");
  EXPECT_EQ(root.at("colonnade.cost_dollars")["doubleValue"], 2.5);
  const auto chat = attributes_of(spans[1]);
  EXPECT_EQ(chat.at("gen_ai.operation.name")["stringValue"], "chat");
  EXPECT_EQ(chat.at("gen_ai.provider.name")["stringValue"], "anthropic");
  EXPECT_EQ(chat.at("gen_ai.request.model")["stringValue"], "claude-x");
  EXPECT_EQ(chat.at("gen_ai.response.model")["stringValue"], "claude-x-1");
  EXPECT_EQ(chat.at("gen_ai.response.finish_reasons")["arrayValue"]["values"][0]["stringValue"],
            "tool_use");
  EXPECT_EQ(chat.at("gen_ai.server.time_to_first_token")["doubleValue"], 0.25);
  const auto tool = attributes_of(spans[3]);
  EXPECT_EQ(tool.at("gen_ai.tool.name")["stringValue"], "grep");
  EXPECT_EQ(tool.at("gen_ai.tool.call.id")["stringValue"], "c1");
  EXPECT_EQ(tool.at("error.type")["stringValue"], "failed");
  EXPECT_EQ(spans[3]["status"]["code"], 2);
  EXPECT_EQ(attributes_of(spans[2]).at("colonnade.gate.outcome")["stringValue"], "EXECUTE");
  EXPECT_EQ(attributes_of(spans[4]).at("colonnade.approval.answer")["stringValue"], "approved");
}

TEST(OtlpBody, WhatWasSaidIsThereOnlyWhenItIsGiven) {
  std::vector<OtlpRun> runs = {example()};
  EXPECT_EQ(otlp_body(runs).find("messages"), std::string::npos);
  runs[0].content = OtlpContent{.input_messages = "[\"in\"]",
                                .output_messages = "[\"out\"]",
                                .calls = {{"c1", {.arguments = "{\"a\":1}", .result = "found"}}}};
  const auto spans = spans_in(otlp_body(runs));
  EXPECT_EQ(attributes_of(spans[0]).at("gen_ai.input.messages")["stringValue"], "[\"in\"]");
  EXPECT_EQ(attributes_of(spans[0]).at("gen_ai.output.messages")["stringValue"], "[\"out\"]");
  EXPECT_EQ(attributes_of(spans[3]).at("gen_ai.tool.call.arguments")["stringValue"], "{\"a\":1}");
  EXPECT_EQ(attributes_of(spans[3]).at("gen_ai.tool.call.result")["stringValue"], "found");
}

TEST(OtlpBody, AFailedRunIsAnError) {
  std::vector<OtlpRun> runs = {example()};
  runs[0].traced.run.state = core::RunState::failed;
  runs[0].traced.run.error = "what the vendor said";
  const std::string body = otlp_body(runs);
  const auto spans = spans_in(body);
  EXPECT_EQ(spans[0]["status"]["code"], 2);
  EXPECT_EQ(attributes_of(spans[0]).at("error.type")["stringValue"], "run_failed");
  EXPECT_EQ(body.find("vendor said"), std::string::npos) << "somebody's words are content";
}

}  // namespace
}  // namespace colonnade::app
