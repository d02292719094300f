#include "providers/chat_completions/stream_decoder.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "conformance/provider_fixtures.hpp"

namespace colonnade::providers::chat_completions {
namespace {

using base::ErrorKind;
using base::Json;
using conformance::Outcome;
using conformance::Recording;
using core::StopReason;

std::unique_ptr<upstream::StreamDecoder> make() {
  return make_stream_decoder({.name = "openrouter", .key = "sk-or-secret"});
}

std::string sse(std::initializer_list<std::string> chunks) {
  std::string out;
  for (const auto& chunk : chunks) out += "data: " + chunk + "\n\n";
  return out;
}

std::string delta(const std::string& fields) {
  return R"({"model":"m","choices":[{"index":0,"delta":{)" + fields + "}}]}";
}

std::string finish(const std::string& reason) {
  return R"({"model":"m","choices":[{"index":0,"delta":{},"finish_reason":")" + reason + R"("}]})";
}

const core::ModelReply& only_reply(const Outcome& outcome) {
  static const core::ModelReply none;
  conformance::expect_consistent(outcome);
  return outcome.replies.size() == 1 ? outcome.replies.front() : none;
}

// --- recordings ---------------------------------------------------------------------------------

StopReason stop_reason_of(const Json& choice) {
  const std::string text = choice.at("finish_reason");
  if (text == "stop" && choice.at("refusal") != "") return StopReason::refusal;
  if (text == "stop") return StopReason::end_turn;
  if (text == "tool_calls") return StopReason::tool_use;
  if (text == "length") return StopReason::max_tokens;
  ADD_FAILURE() << "the recordings have a new finish reason: " << text;
  return StopReason::end_turn;
}

void expect_usage(const core::Usage& usage, const Json& expected) {
  if (expected.is_null()) {
    EXPECT_EQ(usage, core::Usage{});
    return;
  }
  const auto count = [&](const std::string& pointer) {
    return expected.value(Json::json_pointer(pointer), std::int64_t{0});
  };
  EXPECT_EQ(usage.input_tokens, count("/prompt_tokens"));
  EXPECT_EQ(usage.cached_input_tokens, count("/prompt_tokens_details/cached_tokens"));
  EXPECT_EQ(usage.reasoning_tokens, count("/completion_tokens_details/reasoning_tokens"));
  // Every vendor's total is all that went in and all that came out.
  EXPECT_EQ(usage.output_tokens, count("/total_tokens") - count("/prompt_tokens"));
  EXPECT_GE(usage.output_tokens, count("/completion_tokens"));
  if (expected.contains("cost")) {
    EXPECT_EQ(usage.reported_cost_micros, std::llround(expected.at("cost").get<double>() * 1e6));
  } else if (expected.contains("cost_in_usd_ticks")) {
    EXPECT_EQ(usage.reported_cost_micros, 133);  // 1,330,500 ticks of 10^-10 dollars
  } else {
    EXPECT_FALSE(usage.reported_cost_micros.has_value());
  }
}

void expect_recorded(const Outcome& outcome, const Json& expected) {
  const auto& reply = only_reply(outcome);
  const Json& choice = expected.at("choices").at(0);
  std::string text;
  std::string refusal;
  Json calls = Json::array();
  for (const auto& part : reply.parts) {
    if (const auto* p = std::get_if<core::TextPart>(&part)) text += p->text;
    if (const auto* p = std::get_if<core::RefusalPart>(&part)) refusal += p->text;
    if (const auto* p = std::get_if<core::ToolCallPart>(&part)) {
      EXPECT_EQ(p->malformed_arguments, "");
      calls.push_back({{"id", p->call_id}, {"name", p->tool}, {"arguments", p->arguments}});
    }
  }
  Json expected_calls = Json::array();
  for (const auto& call : choice.at("tool_calls")) {
    expected_calls.push_back({{"id", call.at("id")},
                              {"name", call.at("name")},
                              {"arguments", Json::parse(std::string(call.at("arguments")))}});
  }
  EXPECT_EQ(Json(text), choice.at("text"));
  EXPECT_EQ(Json(refusal), choice.at("refusal"));
  EXPECT_EQ(Json(outcome.reasoning), choice.at("reasoning"));
  EXPECT_EQ(calls, expected_calls);
  EXPECT_EQ(reply.stop_reason, stop_reason_of(choice));
  EXPECT_EQ(Json(reply.model), expected.at("model"));
  expect_usage(reply.usage, expected.at("usage"));
}

class ChatRecording : public ::testing::TestWithParam<Recording> {};

TEST_P(ChatRecording, DecodesAsRecorded) {
  expect_recorded(conformance::decode_whole(make, GetParam().body), GetParam().expected);
}

TEST_P(ChatRecording, DoesNotDependOnCuts) {
  conformance::expect_independent_of_cuts(make, GetParam().body);
}

bool is_chat_stream(const Json& row) {
  return row.at("vendor") != "anthropic" && conformance::is_stream(row);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ChatRecording);
INSTANTIATE_TEST_SUITE_P(Fixtures, ChatRecording,
                         ::testing::ValuesIn(conformance::recordings(is_chat_stream)),
                         [](const auto& info) {
                           std::string name = info.param.vendor + "_" + info.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ChatDecoder, RecordingsArePresent) {
  const auto found = conformance::recordings(is_chat_stream);
  if (found.empty()) {
    GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent: recorded streams were not judged";
  }
  EXPECT_GE(found.size(), 19u);
}

Outcome decode_recording(const std::string& name) {
  const auto found =
      conformance::recordings([&](const Json& row) { return row.at("case") == name; });
  return found.empty() ? Outcome{} : conformance::decode_whole(make, found.front().body);
}

TEST(ChatDecoder, JoinsReasoningDetailsIntoWhatTheVendorWantsBack) {
  const Outcome claude = decode_recording("reasoning-claude");
  if (claude.replies.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent";
  const auto& part = std::get<core::ReasoningPart>(only_reply(claude).parts.front());
  ASSERT_EQ(part.details.size(), 1u);
  const Json& detail = part.details.front();
  EXPECT_EQ(detail.at("text"), part.text);
  EXPECT_EQ(detail.at("type"), "reasoning.text");
  EXPECT_EQ(detail.at("format"), "anthropic-claude-v1");
  EXPECT_TRUE(std::string(detail.at("signature")).starts_with("Et0BCkg"));

  const Outcome grok = decode_recording("reasoning-grok");
  const auto& sealed = std::get<core::ReasoningPart>(only_reply(grok).parts.front());
  EXPECT_EQ(sealed.text, "");
  EXPECT_EQ(sealed.details.front().at("type"), "reasoning.encrypted");
  EXPECT_TRUE(std::holds_alternative<core::TextPart>(only_reply(grok).parts.at(1)));
}

TEST(ChatDecoder, KeepsAnnotations) {
  const Outcome outcome = decode_recording("web-annotations");
  if (outcome.replies.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent";
  const auto& part = std::get<core::ProviderPart>(only_reply(outcome).parts.back());
  EXPECT_EQ(part.block.at("type"), "annotations");
  EXPECT_EQ(part.block.at("annotations").front().at("type"), "url_citation");
  const auto& citations = only_reply(outcome).citations;
  ASSERT_EQ(citations.size(), 5U);
  EXPECT_EQ(citations.front().url, "https://github.com/pydantic/pydantic-ai");
  EXPECT_EQ(citations.front().title, "AI Agent Framework, the Pydantic way - GitHub");
  EXPECT_TRUE(citations.front().text.starts_with("# pydantic/pydantic-ai"));
  EXPECT_EQ(citations[1].title, "");
}

// --- what no recording shows --------------------------------------------------------------------

TEST(ChatDecoder, TellsCallsApartWithoutAnIndex) {
  const std::string body =
      sse({delta(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}])"),
           delta(R"("tool_calls":[{"function":{"arguments":"1}"}}])"),
           delta(R"("tool_calls":[{"id":"b","function":{"name":"g","arguments":""}}])"),
           delta(R"("tool_calls":[{"id":"a","function":{"arguments":" "}}])"), finish("tool_calls"),
           "[DONE]"});
  const Outcome outcome = conformance::decode_whole(make, body);
  const std::vector<core::Part> expected = {
      core::ToolCallPart{.call_id = "a", .tool = "f", .arguments = {{"x", 1}}},
      core::ToolCallPart{.call_id = "b", .tool = "g"}};
  EXPECT_EQ(only_reply(outcome).parts, expected);
}

TEST(ChatDecoder, TellsCallsApartThatAllHaveIndexZero) {
  const std::string body = sse(
      {delta(
           R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{\"y\":2}"}}])"),
       finish("stop")});
  const Outcome outcome = conformance::decode_whole(make, body);
  const auto& reply = only_reply(outcome);
  ASSERT_EQ(reply.parts.size(), 2u);
  EXPECT_EQ(std::get<core::ToolCallPart>(reply.parts[1]).arguments, Json({{"y", 2}}));
  EXPECT_EQ(reply.stop_reason, StopReason::tool_use) << "calls are calls, whatever it says";
}

// Gemini's compatible endpoint, older Ollama: each call whole, and nothing that tells them apart.
TEST(ChatDecoder, TellsWholeCallsApartWithoutIds) {
  const auto call = [](const std::string& more, int x) {
    return "{" + more + R"("function":{"name":"f","arguments":"{\"x\":)" + std::to_string(x) +
           R"(}"}})";
  };
  const std::string zero = R"("index":0,"id":"",)";
  for (const std::string& body :
       {sse({delta(R"("tool_calls":[)" + call(zero, 1) + "]"),
             delta(R"("tool_calls":[)" + call(zero, 2) + "]"), finish("tool_calls"), "[DONE]"}),
        sse({delta(R"("tool_calls":[)" + call("", 1) + "]"),
             delta(R"("tool_calls":[)" + call("", 2) + "]"), finish("tool_calls"), "[DONE]"}),
        sse({delta(R"("tool_calls":[)" + call("", 1) + "," + call("", 2) + "]"),
             finish("tool_calls"), "[DONE]"})}) {
    const Outcome outcome = conformance::decode_whole(make, body);
    const auto& parts = only_reply(outcome).parts;
    ASSERT_EQ(parts.size(), 2U) << body;
    for (int i = 0; i < 2; ++i) {
      const auto& one = std::get<core::ToolCallPart>(parts[static_cast<std::size_t>(i)]);
      EXPECT_EQ(one.arguments, Json({{"x", i + 1}})) << body;
      EXPECT_TRUE(one.call_id.starts_with("call_"));
    }
  }
  // A name that is said again in the middle of one call's arguments begins no other.
  const std::string pieces =
      sse({delta(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"x\":"}}])"),
           delta(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":"1}"}}])"),
           finish("tool_calls"), "[DONE]"});
  const Outcome whole = conformance::decode_whole(make, pieces);
  EXPECT_EQ(only_reply(whole).parts.size(), 1U);
}

TEST(ChatDecoder, GivesACallWithoutIdOneOfOurs) {
  const std::string body =
      sse({delta(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":{"z":3}}}])"),
           finish("tool_calls"), "[DONE]"});
  const Outcome outcome = conformance::decode_whole(make, body);
  const auto& call = std::get<core::ToolCallPart>(only_reply(outcome).parts.front());
  EXPECT_TRUE(call.call_id.starts_with("call_"));
  EXPECT_GT(call.call_id.size(), 20u);
  EXPECT_EQ(call.arguments, Json({{"z", 3}}));
}

TEST(ChatDecoder, KeepsArgumentsThatAreNotAnObject) {
  const std::string body = sse(
      {delta(
           R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"cut\": "}}])"),
       finish("length"), "[DONE]"});
  const Outcome outcome = conformance::decode_whole(make, body);
  const auto& reply = only_reply(outcome);
  const auto& call = std::get<core::ToolCallPart>(reply.parts.front());
  EXPECT_EQ(call.malformed_arguments, "{\"cut\": ");
  EXPECT_EQ(call.arguments, Json::object());
  EXPECT_EQ(reply.stop_reason, StopReason::max_tokens);
}

TEST(ChatDecoder, KeepsTheOrderOfReasoningTextAndCalls) {
  const std::string body =
      sse({delta(R"("reasoning":"one ")"), delta(R"("reasoning":"two","content":"A")"),
           delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}])"),
           delta(R"("content":"B")"), finish("tool_calls")});
  const Outcome outcome = conformance::decode_whole(make, body);
  const std::vector<core::Part> expected = {
      core::ReasoningPart{.provider = "openrouter", .text = "one two"}, core::TextPart{"A"},
      core::ToolCallPart{.call_id = "a", .tool = "f"}, core::TextPart{"B"}};
  EXPECT_EQ(only_reply(outcome).parts, expected);
}

TEST(ChatDecoder, ReadsContentInPieces) {
  const std::string body = sse(
      {delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}])"),
       delta(
           R"("content":[{"type":"text","text":"yes"},{"type":"reference","reference_ids":[1]}])"),
       finish("stop"), "[DONE]"});
  const Outcome outcome = conformance::decode_whole(make, body);
  only_reply(outcome);
  EXPECT_EQ(outcome.reasoning, "hm");
  EXPECT_EQ(outcome.text, "yes");
}

TEST(ChatDecoder, ReadsUsageByEveryName) {
  struct Row {
    std::string usage;
    core::Usage expected;
  };
  const std::vector<Row> rows = {
      {R"({"prompt_tokens":10,"completion_tokens":4,"prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":4})",
       {.input_tokens = 10, .output_tokens = 4, .cached_input_tokens = 6}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"cached_tokens":5,"total_tokens":14})",
       {.input_tokens = 10, .output_tokens = 4, .cached_input_tokens = 5}},
      {R"({"input_tokens":10,"output_tokens":4,"input_tokens_details":{"cached_tokens":3},"output_tokens_details":{"reasoning_tokens":2},"total_tokens":14})",
       {.input_tokens = 10, .output_tokens = 4, .cached_input_tokens = 3, .reasoning_tokens = 2}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":7},"cost":0.0000125})",
       {.input_tokens = 10,
        .output_tokens = 4,
        .cached_input_tokens = 2,
        .cache_write_tokens = 7,
        .reported_cost_micros = 13}},
      {R"({"prompt_tokens":1,"completion_tokens":1,"cost":0.001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.002}})",
       {.input_tokens = 1, .output_tokens = 1, .reported_cost_micros = 3000}},
      {R"({"prompt_tokens":10.0,"completion_tokens":null})", {.input_tokens = 10}},
      {R"({"prompt_tokens":9223372036854775807,"completion_tokens":-1,"cost_in_usd_ticks":1e300,"cost":1e300})",
       {}},
  };
  for (const auto& row : rows) {
    const std::string body = sse({delta(R"("content":"x")"), finish("stop"),
                                  R"({"choices":[],"usage":)" + row.usage + "}", "[DONE]"});
    const Outcome outcome = conformance::decode_whole(make, body);
    EXPECT_EQ(only_reply(outcome).usage, row.expected) << row.usage;
  }
}

TEST(ChatDecoder, TellsAFilteredAnswerAsRefusal) {
  const Outcome silent = conformance::decode_whole(make, sse({finish("content_filter"), "[DONE]"}));
  EXPECT_EQ(only_reply(silent).stop_reason, StopReason::refusal);
  EXPECT_NE(silent.text, "") << "somebody waits for an answer";
  const Outcome spoken = conformance::decode_whole(
      make, sse({delta(R"("content":"So far")"), finish("content_filter"), "[DONE]"}));
  EXPECT_EQ(only_reply(spoken).stop_reason, StopReason::refusal);
  EXPECT_EQ(spoken.text, "So far");
}

TEST(ChatDecoder, AnErrorInTheStreamEndsIt) {
  struct Row {
    std::string event;
    ErrorKind kind;
    bool retryable;
    std::string said;
  };
  const std::vector<Row> rows = {
      {R"({"error":{"message":"Overworked","type":"server_error","code":null}})",
       ErrorKind::unavailable, true, "Overworked"},
      {R"({"error":{"message":"Slow down","type":"tokens","code":"rate_limit_exceeded"}})",
       ErrorKind::rate_limited, true, "Slow down"},
      {R"({"error":{"message":"No money","type":"insufficient_quota","code":"insufficient_quota"}})",
       ErrorKind::rate_limited, false, "No money"},
      {R"({"id":"gen","object":"chat.completion.chunk","error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})",
       ErrorKind::unavailable, true, "Provider disconnected"},
      {R"({"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"busy","provider_name":"P"}}})",
       ErrorKind::rate_limited, true, "(P: busy)"},
      {R"({"error":{"code":400,"message":"Too long","type":"invalid_request_error"}})",
       ErrorKind::invalid, false, "Too long"},
      {R"({"object":"error","message":"EngineDead","type":"InternalServerError","code":500})",
       ErrorKind::unavailable, true, "EngineDead"},
      {R"({"error":"model runner has stopped"})", ErrorKind::upstream, true, "runner has stopped"},
      {R"({"choices":[{"index":0,"delta":{},"finish_reason":"error"}]})", ErrorKind::upstream, true,
       "finish_reason error"},
      {R"({"choices":[{"index":0,"delta":{},"error":{"code":503,"message":"Gone"}}]})",
       ErrorKind::unavailable, true, "Gone"},
  };
  for (const auto& row : rows) {
    const Outcome before = conformance::decode_whole(make, sse({row.event, "[DONE]"}));
    ASSERT_EQ(before.errors.size(), 1u) << row.event;
    EXPECT_EQ(before.errors.front().kind, row.kind) << row.event;
    EXPECT_EQ(before.errors.front().retryable, row.retryable) << row.event;
    EXPECT_NE(before.errors.front().message.find(row.said), std::string::npos)
        << before.errors.front().message;
    const Outcome after = conformance::decode_whole(
        make, sse({delta(R"("content":"Hello")"), row.event, delta(R"("content":"?")"), "[DONE]"}));
    ASSERT_EQ(after.errors.size(), 1u);
    EXPECT_FALSE(after.errors.front().retryable) << "deltas are out already";
    EXPECT_EQ(after.text, "Hello");
    EXPECT_TRUE(after.replies.empty());
  }
}

TEST(ChatDecoder, ATruncatedStreamIsAFailure) {
  const Outcome late = conformance::decode_whole(make, sse({delta(R"("content":"Hello")")}));
  ASSERT_EQ(late.errors.size(), 1u);
  EXPECT_EQ(late.errors.front().kind, ErrorKind::upstream);
  EXPECT_FALSE(late.errors.front().retryable);
  const Outcome early = conformance::decode_whole(make, ": OPENROUTER PROCESSING\n\n");
  ASSERT_EQ(early.errors.size(), 1u);
  EXPECT_EQ(early.errors.front().kind, ErrorKind::upstream);
  EXPECT_TRUE(early.errors.front().retryable);
  const Outcome empty = conformance::decode_whole(make, sse({"[DONE]"}));
  ASSERT_EQ(empty.errors.size(), 1u);
  EXPECT_TRUE(empty.errors.front().retryable);
}

TEST(ChatDecoder, AFinishReasonOrTheEndMarkerMakesAnAnswerWhole) {
  const Outcome unmarked =
      conformance::decode_whole(make, sse({delta(R"("content":"Hi")"), finish("stop")}));
  EXPECT_EQ(only_reply(unmarked).stop_reason, StopReason::end_turn);
  const Outcome unfinished =
      conformance::decode_whole(make, sse({delta(R"("content":"Hi")"), "[DONE]"}));
  EXPECT_EQ(only_reply(unfinished).stop_reason, StopReason::end_turn);
}

TEST(ChatDecoder, OnlyTheFirstChoiceCounts) {
  const std::string body = sse(
      {R"({"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"mine"}}]})",
       R"({"choices":[{"index":1,"delta":{},"finish_reason":"length"}]})", finish("stop")});
  const Outcome outcome = conformance::decode_whole(make, body);
  EXPECT_EQ(only_reply(outcome).stop_reason, StopReason::end_turn);
  EXPECT_EQ(outcome.text, "mine");
}

TEST(ChatDecoder, ReadsAnAnswerThatWasNotStreamed) {
  const std::string body = sse(
      {R"({"object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"All at once","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":3}})"});
  const Outcome outcome = conformance::decode_whole(make, body);
  EXPECT_EQ(only_reply(outcome).parts, std::vector<core::Part>{core::TextPart{"All at once"}});
  EXPECT_EQ(outcome.replies.front().usage.output_tokens, 3);
}

TEST(ChatDecoder, StopsAReplyThatGrowsBeyondTheLimit) {
  const std::string piece = sse({delta(R"("content":")" + std::string(1 << 20, 'x') + "\"")});
  auto decoder = make();
  std::vector<core::ModelEvent> events;
  base::Result<void> fed;
  int pieces = 0;
  while (fed && pieces < 40) {
    fed = decoder->feed(piece, events);
    ++pieces;
  }
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().kind, ErrorKind::too_large);
  EXPECT_EQ(pieces, 17);  // 16 MiB fit, and not a byte more
}

}  // namespace
}  // namespace colonnade::providers::chat_completions
