#include "providers/anthropic/stream_decoder.hpp"

#include <gtest/gtest.h>

#include "conformance/provider_fixtures.hpp"

namespace colonnade::providers::anthropic {
namespace {

using base::ErrorKind;
using base::Json;
using conformance::Outcome;
using conformance::Recording;
using core::StopReason;

std::unique_ptr<upstream::StreamDecoder> make() {
  return make_stream_decoder(
      {.name = "anthropic", .key = "sk-ant-secret", .key_setting = "ANTHROPIC_API_KEY"});
}

std::string sse(std::initializer_list<std::string_view> events) {
  std::string out;
  for (const auto event : events) {
    // The type is the first member of each.
    const auto begin = event.find(':') + 2;
    const auto type = event.substr(begin, event.find('"', begin) - begin);
    out += "event: " + std::string(type) + "\ndata: " + std::string(event) + "\n\n";
  }
  return out;
}

constexpr std::string_view start =
    R"({"type":"message_start","message":{"model":"m","content":[],"usage":{"input_tokens":5,"output_tokens":1}}})";
constexpr std::string_view text_block =
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})";
constexpr std::string_view hello =
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})";
constexpr std::string_view stop_block = R"({"type":"content_block_stop","index":0})";
constexpr std::string_view stop = R"({"type":"message_stop"})";

std::string message_delta(std::string_view reason) {
  return R"({"type":"message_delta","delta":{"stop_reason":")" + std::string(reason) +
         R"("},"usage":{"output_tokens":7}})";
}

// --- recordings ---------------------------------------------------------------------------------

StopReason stop_reason_of(const std::string& text) {
  if (text == "end_turn") return StopReason::end_turn;
  if (text == "tool_use") return StopReason::tool_use;
  if (text == "stop_sequence") return StopReason::stop_sequence;
  ADD_FAILURE() << "the recordings have a new stop reason: " << text;
  return StopReason::end_turn;
}

// The vendor's name of the block that a part came from; "" for what only annotates another part.
std::string block_name(const core::Part& part) {
  if (std::holds_alternative<core::TextPart>(part)) return "text";
  if (std::holds_alternative<core::ToolCallPart>(part)) return "tool_use";
  if (const auto* reasoning = std::get_if<core::ReasoningPart>(&part)) {
    return reasoning->redacted.empty() ? "thinking" : "redacted_thinking";
  }
  const auto& block = std::get<core::ProviderPart>(part).block;
  return block.at("type") == "extra_fields" ? "" : std::string(block.at("type"));
}

void expect_recorded(const Outcome& outcome, const Json& expected) {
  conformance::expect_consistent(outcome);
  if (::testing::Test::HasFailure()) return;
  const auto& reply = outcome.replies.front();
  EXPECT_EQ(outcome.text, expected.at("text").get<std::string>());
  EXPECT_EQ(outcome.reasoning, expected.at("thinking").get<std::string>());
  EXPECT_EQ(reply.stop_reason, stop_reason_of(expected.at("stop_reason")));
  EXPECT_FALSE(reply.model.empty());

  std::vector<std::string> blocks;
  Json calls = Json::array();
  for (const auto& part : reply.parts) {
    if (auto name = block_name(part); !name.empty()) blocks.push_back(name);
    if (const auto* call = std::get_if<core::ToolCallPart>(&part)) {
      EXPECT_EQ(call->malformed_arguments, "");
      calls.push_back({{"id", call->call_id}, {"name", call->tool}, {"input", call->arguments}});
    }
    if (const auto* reasoning = std::get_if<core::ReasoningPart>(&part)) {
      EXPECT_FALSE(reasoning->signature.empty() && reasoning->redacted.empty());
    }
  }
  EXPECT_EQ(Json(blocks), expected.at("blocks"));
  EXPECT_EQ(calls, expected.at("tool_calls"));

  const Json& usage = expected.at("usage");
  const auto count = [&](const char* key) { return usage.value(key, std::int64_t{0}); };
  EXPECT_EQ(reply.usage.input_tokens, count("input_tokens") + count("cache_read_input_tokens") +
                                          count("cache_creation_input_tokens"));
  EXPECT_EQ(reply.usage.cached_input_tokens, count("cache_read_input_tokens"));
  EXPECT_EQ(reply.usage.cache_write_tokens, count("cache_creation_input_tokens"));
  EXPECT_EQ(reply.usage.output_tokens, count("output_tokens"));
  EXPECT_EQ(reply.usage.reasoning_tokens,
            usage.value("/output_tokens_details/thinking_tokens"_json_pointer, std::int64_t{0}));
}

class AnthropicRecording : public ::testing::TestWithParam<Recording> {};

TEST_P(AnthropicRecording, DecodesAsRecorded) {
  expect_recorded(conformance::decode_whole(make, GetParam().body), GetParam().expected);
}

TEST_P(AnthropicRecording, DoesNotDependOnCuts) {
  conformance::expect_independent_of_cuts(make, GetParam().body);
}

bool is_single_message(const Json& row) {
  return row.at("vendor") == "anthropic" && conformance::is_stream(row) &&
         row.at("expected").at("sdk_error").is_null();
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AnthropicRecording);
INSTANTIATE_TEST_SUITE_P(Fixtures, AnthropicRecording,
                         ::testing::ValuesIn(conformance::recordings(is_single_message)),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(AnthropicDecoder, RecordingsArePresent) {
  if (conformance::recordings(is_single_message).empty()) {
    GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent: recorded streams were not judged";
  }
  EXPECT_GE(conformance::recordings(is_single_message).size(), 13u);
}

// One file holds a whole exchange of messages one after the other; each is one answer.
TEST(AnthropicDecoder, DecodesTheMessagesOfProgrammaticToolCalling) {
  const auto found = conformance::recordings(
      [](const Json& row) { return row.at("case") == "tool-call-from-code-execution"; });
  if (found.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent";
  std::vector<std::string> messages;
  const std::string& body = found.front().body;
  for (std::size_t at = body.find("event: message_start"); at != std::string::npos;) {
    const auto next = body.find("event: message_start", at + 1);
    messages.push_back(body.substr(at, next == std::string::npos ? next : next - at));
    at = next;
  }
  ASSERT_GT(messages.size(), 2u);
  for (const auto& message : messages) {
    const Outcome outcome = conformance::decode_whole(make, message);
    conformance::expect_consistent(outcome);
    conformance::expect_independent_of_cuts(make, message);
    if (&message == &messages.back()) {
      EXPECT_EQ(outcome.replies.front().stop_reason, StopReason::end_turn);
      continue;
    }
    // Each of the others calls the tool from inside the vendor's code execution.
    const auto& parts = outcome.replies.front().parts;
    ASSERT_GE(parts.size(), 2u);
    const auto* call = std::get_if<core::ToolCallPart>(&parts[parts.size() - 2]);
    const auto* extra = std::get_if<core::ProviderPart>(&parts.back());
    ASSERT_NE(call, nullptr);
    ASSERT_NE(extra, nullptr);
    EXPECT_EQ(call->tool, "rollDie");
    EXPECT_TRUE(call->arguments.contains("player"));
    EXPECT_EQ(extra->block.at("fields").at("caller").at("type"), "code_execution_20250825");
    EXPECT_EQ(outcome.replies.front().stop_reason, StopReason::tool_use);
  }
  // The same bytes as one stream: the first message is the answer, the rest is not ours.
  const Outcome together = conformance::decode_whole(make, body);
  ASSERT_EQ(together.replies.size(), 1u);
  EXPECT_TRUE(together.errors.empty());
}

TEST(AnthropicDecoder, KeepsCitationsBesideTheTextTheyBelongTo) {
  const auto found = conformance::recordings(
      [](const Json& row) { return row.at("case") == "web-search-citations"; });
  if (found.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent";
  const Outcome outcome = conformance::decode_whole(make, found.front().body);
  ASSERT_EQ(outcome.replies.size(), 1u);
  const auto& parts = outcome.replies.front().parts;
  std::size_t cited = 0;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto* part = std::get_if<core::ProviderPart>(&parts[i]);
    if (part == nullptr || part->block.at("type") != "extra_fields") continue;
    ++cited;
    EXPECT_TRUE(std::holds_alternative<core::TextPart>(parts[i - 1]));
    EXPECT_TRUE(part->block.at("fields").at("citations").front().contains("encrypted_index"));
  }
  EXPECT_GT(cited, 2u);
  const auto& citations = outcome.replies.front().citations;
  ASSERT_EQ(citations.size(), 5u);
  EXPECT_EQ(citations.front().url, "https://www.wunderground.com/hourly/us/ca/san-francisco");
  EXPECT_EQ(citations.front().title,
            "San Francisco, CA Hourly Weather Forecast | Weather Underground");
  EXPECT_TRUE(citations[1].text.starts_with("Winds W at 10"));
  const auto& search = std::get<core::ProviderPart>(parts.front()).block;
  EXPECT_EQ(search.at("input"), Json({{"query", "San Francisco weather today"}}));
}

// --- what no recording shows --------------------------------------------------------------------

TEST(AnthropicDecoder, CountsCachedTokensAsInput) {
  const std::string body = sse(
      {R"({"type":"message_start","message":{"model":"m","usage":{"input_tokens":3,"cache_read_input_tokens":20,"cache_creation_input_tokens":100,"output_tokens":1}}})",
       R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9,"cache_read_input_tokens":null,"output_tokens_details":{"thinking_tokens":4}}})",
       stop});
  const Outcome outcome = conformance::decode_whole(make, body);
  ASSERT_EQ(outcome.replies.size(), 1u);
  const core::Usage expected{.input_tokens = 123,
                             .output_tokens = 9,
                             .cached_input_tokens = 20,
                             .cache_write_tokens = 100,
                             .reasoning_tokens = 4};
  EXPECT_EQ(outcome.replies.front().usage, expected);
}

TEST(AnthropicDecoder, KeepsRedactedThinking) {
  const std::string body = sse(
      {start,
       R"({"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"b3BhcXVl"}})",
       stop_block, message_delta("end_turn"), stop});
  const Outcome outcome = conformance::decode_whole(make, body);
  ASSERT_EQ(outcome.replies.size(), 1u);
  const core::ReasoningPart expected{.provider = "anthropic", .redacted = "b3BhcXVl"};
  EXPECT_EQ(outcome.replies.front().parts, std::vector<core::Part>{expected});
}

TEST(AnthropicDecoder, MapsEveryStopReason) {
  const std::vector<std::pair<std::string, StopReason>> rows = {
      {"end_turn", StopReason::end_turn},
      {"max_tokens", StopReason::max_tokens},
      {"model_context_window_exceeded", StopReason::max_tokens},
      {"stop_sequence", StopReason::stop_sequence},
      {"pause_turn", StopReason::pause},
      {"refusal", StopReason::refusal},
      {"tool_use", StopReason::end_turn},  // without a call there is nothing to run
      {"something_new", StopReason::end_turn},
  };
  for (const auto& [vendor, ours] : rows) {
    const std::string body =
        sse({start, text_block, hello, stop_block, message_delta(vendor), stop});
    const Outcome outcome = conformance::decode_whole(make, body);
    conformance::expect_consistent(outcome);
    ASSERT_EQ(outcome.replies.size(), 1u);
    EXPECT_EQ(outcome.replies.front().stop_reason, ours) << vendor;
  }
}

TEST(AnthropicDecoder, ReportsARefusalAsRefusal) {
  const std::string spoken =
      sse({start, text_block, hello, stop_block, message_delta("refusal"), stop});
  const Outcome partial = conformance::decode_whole(make, spoken);
  ASSERT_EQ(partial.replies.size(), 1u);
  EXPECT_EQ(partial.replies.front().parts, std::vector<core::Part>{core::RefusalPart{"Hello"}});

  const std::string silent = sse(
      {start,
       R"({"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","category":"bio","explanation":"Not this."}}})",
       stop});
  const Outcome explained = conformance::decode_whole(make, silent);
  conformance::expect_consistent(explained);
  EXPECT_EQ(explained.text, "Not this.");
  EXPECT_EQ(explained.replies.front().stop_reason, StopReason::refusal);
}

TEST(AnthropicDecoder, KeepsArgumentsThatAreNotAnObject) {
  for (const std::string arguments : {R"([1])", R"("x")", R"({\"a\": )", "null"}) {
    std::string quoted = arguments;
    if (arguments.find('\\') == std::string::npos)
      quoted = Json(arguments).dump().substr(1, Json(arguments).dump().size() - 2);
    const std::string body = sse(
        {start,
         R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":")" +
             quoted + R"("}})",
         message_delta("tool_use"), stop});
    const Outcome outcome = conformance::decode_whole(make, body);
    ASSERT_EQ(outcome.replies.size(), 1u);
    const auto& call = std::get<core::ToolCallPart>(outcome.replies.front().parts.front());
    EXPECT_EQ(call.arguments, Json::object());
    EXPECT_FALSE(call.malformed_arguments.empty()) << arguments;
    EXPECT_EQ(outcome.replies.front().stop_reason, StopReason::tool_use);
  }
}

TEST(AnthropicDecoder, PassesOverUnknownEventsAndKeepsUnknownBlocks) {
  const std::string body = sse(
      {start, R"({"type":"a_new_event","x":1})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"compaction","content":null,"depth":2}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"compaction_delta","content":"the "}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"compaction_delta","content":"story"}})",
       R"({"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"of no block"}})",
       stop_block, message_delta("end_turn"), stop});
  const Outcome outcome = conformance::decode_whole(make, body);
  ASSERT_EQ(outcome.replies.size(), 1u);
  const core::ProviderPart expected{
      "anthropic", Json{{"type", "compaction"}, {"content", "the story"}, {"depth", 2}}};
  EXPECT_EQ(outcome.replies.front().parts, std::vector<core::Part>{expected});
  EXPECT_EQ(outcome.text, "");
}

TEST(AnthropicDecoder, JoinsSeveralDataLines) {
  const std::string body =
      sse({start}) +
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\ndata: "
      "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"hi\"}}\n\n" +
      sse({message_delta("end_turn"), stop});
  EXPECT_EQ(conformance::decode_whole(make, body).text, "hi");
}

TEST(AnthropicDecoder, AnErrorInTheStreamEndsIt) {
  struct Row {
    std::string type;
    ErrorKind kind;
    bool retryable;
  };
  const std::vector<Row> rows = {{"overloaded_error", ErrorKind::unavailable, true},
                                 {"rate_limit_error", ErrorKind::rate_limited, true},
                                 {"api_error", ErrorKind::unavailable, true},
                                 {"timeout_error", ErrorKind::timeout, true},
                                 {"invalid_request_error", ErrorKind::invalid, false},
                                 {"authentication_error", ErrorKind::unauthorized, false},
                                 {"never_seen_error", ErrorKind::upstream, true}};
  for (const auto& row : rows) {
    const std::string error =
        R"({"type":"error","error":{"type":")" + row.type + R"(","message":"Told so"}})";
    const Outcome before = conformance::decode_whole(make, sse({start, error}));
    ASSERT_EQ(before.errors.size(), 1u);
    EXPECT_EQ(before.errors.front().kind, row.kind) << row.type;
    EXPECT_EQ(before.errors.front().retryable, row.retryable) << row.type;
    EXPECT_NE(before.errors.front().message.find("Told so"), std::string::npos);
    const Outcome after =
        conformance::decode_whole(make, sse({start, text_block, hello, error, hello, stop}));
    ASSERT_EQ(after.errors.size(), 1u);
    EXPECT_EQ(after.errors.front().kind, row.kind);
    EXPECT_FALSE(after.errors.front().retryable) << "deltas are out already";
    EXPECT_EQ(after.text, "Hello");
    EXPECT_TRUE(after.replies.empty());
  }
}

TEST(AnthropicDecoder, ATruncatedStreamIsAFailure) {
  const std::string whole =
      sse({start, text_block, hello, stop_block, message_delta("end_turn"), stop});
  const std::string said = "event: content_block_stop";
  const Outcome late = conformance::decode_whole(make, whole.substr(0, whole.find(said)));
  ASSERT_EQ(late.errors.size(), 1u);
  EXPECT_EQ(late.errors.front().kind, ErrorKind::upstream);
  EXPECT_FALSE(late.errors.front().retryable);
  EXPECT_EQ(late.text, "Hello");
  const Outcome early = conformance::decode_whole(make, sse({start, text_block}));
  ASSERT_EQ(early.errors.size(), 1u);
  EXPECT_EQ(early.errors.front().kind, ErrorKind::upstream);
  EXPECT_TRUE(early.errors.front().retryable);
  EXPECT_EQ(conformance::decode_whole(make, "").errors.size(), 1u);
  const Outcome almost =
      conformance::decode_whole(make, whole.substr(0, whole.find("event: message_stop")));
  EXPECT_TRUE(almost.replies.empty());
  EXPECT_EQ(almost.errors.size(), 1u);
}

TEST(AnthropicDecoder, WhatIsNotTheWireIsAFailure) {
  const std::string page = "data: <html>\n\n";
  const Outcome html = conformance::decode_whole(make, sse({start}) + page);
  ASSERT_EQ(html.errors.size(), 1u);
  EXPECT_EQ(html.errors.front().kind, ErrorKind::upstream);
  EXPECT_EQ(conformance::decode_whole(make, sse({start, start})).errors.size(), 1u);
  EXPECT_EQ(conformance::decode_whole(make, sse({stop})).errors.size(), 1u);
}

// Guards against a server that cuts an emoji in two, and one that sends Latin-1.
TEST(AnthropicDecoder, RepairsBrokenText) {
  const std::string half =
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d"}})";
  const std::string latin =
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
      "\"\xE9\"}}";
  const std::string body = sse({start, text_block, half}) +
                           "event: content_block_delta\ndata: " + latin + "\n\n" +
                           sse({message_delta("end_turn"), stop});
  const Outcome outcome = conformance::decode_whole(make, body);
  conformance::expect_consistent(outcome);
  EXPECT_EQ(outcome.text, "a\uFFFD\uFFFD");
}

// Guards against blocks that are no objects, and against counts that would overflow a sum.
TEST(AnthropicDecoder, InvalidEventsAreSkipped) {
  const std::string body = sse(
      {R"({"type":"message_start","message":{"content":["x",7],"usage":{"input_tokens":9223372036854775807,"cache_read_input_tokens":9223372036854775807,"output_tokens":-3}}})",
       R"({"type":"content_block_start","index":0,"content_block":"none"})",
       R"({"type":"content_block_start","index":1,"content_block":{}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}})",
       message_delta("end_turn"), stop});
  const Outcome outcome = conformance::decode_whole(make, body);
  conformance::expect_consistent(outcome);
  EXPECT_EQ(outcome.replies.front().usage, core::Usage{.output_tokens = 7});
}

TEST(AnthropicDecoder, StopsAReplyThatGrowsBeyondTheLimit) {
  const std::string piece(1 << 20, 'x');
  const std::string delta =
      sse({R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" +
           piece + R"("}})"});
  auto decoder = make();
  std::vector<core::ModelEvent> events;
  ASSERT_TRUE(decoder->feed(sse({start, text_block}), events));
  base::Result<void> fed;
  int pieces = 0;
  while (fed && pieces < 40) {
    fed = decoder->feed(delta, events);
    ++pieces;
  }
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().kind, ErrorKind::too_large);
  EXPECT_EQ(pieces, 16);  // of 1 MiB each; the block that holds them has its weight, too
}

}  // namespace
}  // namespace colonnade::providers::anthropic
