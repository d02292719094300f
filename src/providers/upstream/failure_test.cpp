#include "providers/upstream/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/provider_fixtures.hpp"

namespace colonnade::providers::upstream {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using namespace std::chrono_literals;

// 1994-11-06T08:49:37Z
constexpr base::Time now{784'111'777'000'000};

Error answer(int status, std::string_view body, RetryAdvice advice = {}) {
  return failure_of_answer({.name = "acme", .key = "topsecretkey", .key_setting = "ACME_API_KEY"},
                           status, body, advice, now);
}

std::shared_ptr<const std::vector<std::string>> told(std::string text) {
  return std::make_shared<const std::vector<std::string>>(1, std::move(text));
}

TEST(Failure, RecordedErrorBodiesKeepTheVendorsWords) {
  const auto found =
      conformance::recordings([](const Json& row) { return !conformance::is_stream(row); });
  if (found.empty()) GTEST_SKIP() << "COLONNADE_FIXTURES/providers is absent";
  ASSERT_GE(found.size(), 5u);
  for (const auto& recording : found) {
    const Error error = answer(recording.http_status, recording.body);
    const std::string said = recording.expected.at("error").at("message");
    EXPECT_NE(error.message.find(said), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("acme answered " + std::to_string(recording.http_status)),
              std::string::npos);
    EXPECT_EQ(error.kind,
              recording.http_status == 429 ? ErrorKind::rate_limited : ErrorKind::invalid);
    EXPECT_EQ(error.retryable, recording.http_status == 429);
    if (recording.vendor == "openrouter") {
      EXPECT_NE(error.message.find("Google: google/gemini"), std::string::npos) << error.message;
    }
  }
}

TEST(Failure, EveryStatusHasAKind) {
  struct Row {
    int status;
    ErrorKind kind;
    bool retryable;
  };
  for (const auto& row : std::vector<Row>{{400, ErrorKind::invalid, false},
                                          {401, ErrorKind::unauthorized, false},
                                          {402, ErrorKind::unauthorized, false},
                                          {403, ErrorKind::unauthorized, false},
                                          {404, ErrorKind::invalid, false},
                                          {408, ErrorKind::timeout, true},
                                          {409, ErrorKind::unavailable, true},
                                          {413, ErrorKind::invalid, false},
                                          {422, ErrorKind::invalid, false},
                                          {429, ErrorKind::rate_limited, true},
                                          {500, ErrorKind::unavailable, true},
                                          {502, ErrorKind::unavailable, true},
                                          {503, ErrorKind::unavailable, true},
                                          {504, ErrorKind::timeout, true},
                                          {529, ErrorKind::unavailable, true},
                                          {307, ErrorKind::upstream, false},
                                          {204, ErrorKind::upstream, false}}) {
    const Error error = answer(row.status, R"({"error":{"message":"words"}})");
    EXPECT_EQ(error.kind, row.kind) << row.status;
    EXPECT_EQ(error.retryable, row.retryable) << row.status;
    EXPECT_NE(error.message.find("words"), std::string::npos);
  }
}

TEST(Failure, ReadsEveryShapeOfBody) {
  for (const std::string body :
       {R"({"error":{"message":"the words"}})",
        R"({"type":"error","error":{"message":"the words"}})", R"({"error":"the words"})",
        R"({"message":"the words"})", R"({"detail":"the words"})",
        R"({"detail":[{"msg":"the words"}]})", R"([{"error":{"message":"the words"}}])",
        "the words", R"(<html>the words</html>)"}) {
    EXPECT_NE(answer(400, body).message.find("the words"), std::string::npos) << body;
  }
  EXPECT_EQ(answer(503, "").message, "acme answered 503");
}

TEST(Failure, NamesTheSettingOfARefusedKey) {
  const Error error = answer(401, R"({"error":{"message":"invalid x-api-key"}})");
  EXPECT_EQ(error.field, "ACME_API_KEY");
  EXPECT_NE(error.message.find("check ACME_API_KEY"), std::string::npos);
}

TEST(Failure, AnExhaustedQuotaIsNotWorthWaitingFor) {
  const Error error =
      answer(429, R"({"error":{"message":"m","code":"insufficient_quota"}})", {.retry_after = "1"});
  EXPECT_EQ(error.kind, ErrorKind::rate_limited);
  EXPECT_FALSE(error.retryable);
}

TEST(Failure, ReadsWhenToAskAgain) {
  EXPECT_EQ(retry_delay({.retry_after = "31"}, now), 31s);
  EXPECT_EQ(retry_delay({.retry_after = "0"}, now), 0s);
  EXPECT_EQ(retry_delay({.retry_after = "1.5"}, now), 1500ms);
  EXPECT_EQ(retry_delay({.retry_after = "2", .retry_after_ms = "250"}, now), 250ms);
  EXPECT_EQ(retry_delay({.retry_after_ms = "12.2"}, now), 13ms);
  EXPECT_EQ(retry_delay({.retry_after = "Sun, 06 Nov 1994 08:49:40 GMT"}, now), 3s);
  EXPECT_EQ(retry_delay({.retry_after = "Sun, 06 Nov 1994 08:49:30 GMT"}, now), 0s) << "past";
  for (const std::string_view nonsense :
       {"", "soon", "-1", "1e300", "nan", "5 minutes", "Sun, 06 Nov 1994 08:49:40 CET",
        "Sun, 06 Foo 1994 08:49:40 GMT", "Sun, 99 Nov 1994 08:49:40 GMT"}) {
    EXPECT_EQ(retry_delay({.retry_after = nonsense}, now), std::nullopt) << nonsense;
  }
  EXPECT_EQ(answer(429, "", {.retry_after = "7"}).retry_after, 7s);
  EXPECT_EQ(answer(529, "", {.retry_after = "7"}).retry_after, 7s);
  EXPECT_EQ(answer(400, "", {.retry_after = "7"}).retry_after, std::nullopt);
}

TEST(Failure, TheVendorsOwnAdviceOnRetriesWins) {
  EXPECT_FALSE(answer(503, "", {.should_retry = "false"}).retryable);
  EXPECT_TRUE(answer(400, "", {.should_retry = "true"}).retryable);
}

TEST(Failure, NoKeyEverGetsIntoAMessage) {
  const Error own = answer(401, R"({"error":{"message":"bad key topsecretkey!"}})");
  EXPECT_EQ(own.message.find("topsecretkey"), std::string::npos) << own.message;
  const Error masked = answer(
      401,
      R"({"error":{"message":"Incorrect API key provided: sk-proj-ab***************yz. See"}})");
  EXPECT_EQ(masked.message.find("sk-proj"), std::string::npos) << masked.message;
  EXPECT_NE(masked.message.find("Incorrect API key provided: [key removed]"), std::string::npos);
  EXPECT_EQ(without_secrets("task-force-9 risk-averse-people sk-1", ""),
            "task-force-9 risk-averse-people sk-1");
}

TEST(Failure, WhatPeopleWroteIsLeftOutWhereTheVendorQuotesIt) {
  const Vendor vendor{.name = "acme", .told = told("buy \"tulips\" today")};
  const base::Json quoted = R"(cannot embed "buy \"tulips\" today")";
  for (const std::string& body :
       {std::string(R"({"error":{"message":"cannot embed buy \"tulips\" today"}})"),
        R"({"error":{"message":)" + base::to_text(quoted) + "}}",
        std::string("cannot embed buy \"tulips\" today")}) {
    const auto error = failure_of_answer(vendor, 400, body, {}, base::Time{});
    EXPECT_EQ(error.message.find("tulips"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("cannot embed"), std::string::npos) << error.message;
  }
}

TEST(Failure, TheOpenTurnIsWhatAVendorMayQuote) {
  core::ModelRequest request;
  request.messages = {
      {.role = core::Role::user, .parts = {core::TextPart{"an older question"}}},
      {.role = core::Role::assistant, .parts = {core::TextPart{"an older answer"}}},
      {.role = core::Role::user, .parts = {core::TextPart{"read my diary"}}},
      {.role = core::Role::assistant,
       .parts = {core::ToolCallPart{.call_id = "c1", .tool = "read"},
                 core::ToolResultPart{.call_id = "c1", .tool = "read", .content = "dear diary"}}}};
  EXPECT_THAT(*take_open_turn(request),
              testing::UnorderedElementsAre("read my diary", "dear diary"));
  const Vendor vendor{.name = "acme", .told = told("dear diary, today nothing happened")};
  const Json broken = {{"error", {{"message", "unsafe: 'diary, today nothing'"}}}};
  const Error error = failure_in_stream(vendor, broken, true);
  EXPECT_THAT(error.message, testing::HasSubstr("unsafe: '[redacted]'"));
}

TEST(Failure, LongWordsAreCutBetweenCharacters) {
  const std::string said = without_secrets(std::string(499, 'a') + "éé", "");
  EXPECT_EQ(said, std::string(499, 'a') + "…");
  // A key across the cut is gone before the cut is made.
  const std::string key(40, 'k');
  const std::string text = std::string(480, 'a') + key;
  EXPECT_EQ(without_secrets(text, key), std::string(480, 'a') + "[key removed]");
}

TEST(Failure, ARequestBeyondTheModelsWindowIsTooLarge) {
  for (
      const char* body :
      {R"({"error":{"message":"too many tokens","code":"context_length_exceeded"}})",
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})",
       R"({"error":{"message":"This model's maximum context length is 8192 tokens."}})",
       R"({"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}})"}) {
    const auto failure = answer(400, body);
    EXPECT_EQ(failure.kind, ErrorKind::too_large) << body;
    EXPECT_FALSE(failure.retryable) << body;
  }
  EXPECT_EQ(answer(400, R"({"error":{"message":"max_tokens is too large"}})").kind,
            ErrorKind::invalid);
}

// Older llama.cpp answers 500; LM Studio has words of its own, and says them in the stream, too.
TEST(Failure, ARequestBeyondTheWindowIsTooLargeInOtherWordsToo) {
  const char* llama =
      R"({"error":{"code":500,"message":"the request exceeds the available context size. try increasing the context size","type":"server_error"}})";
  EXPECT_EQ(answer(500, llama).kind, ErrorKind::too_large);
  EXPECT_FALSE(answer(500, llama).retryable);
  const Json studio = Json::parse(
      R"({"error":{"message":"The number of tokens to keep from the initial prompt is greater than the context length","type":"invalid_request_error","code":400}})");
  EXPECT_EQ(answer(400, studio.dump()).kind, ErrorKind::too_large);
  EXPECT_EQ(failure_in_stream({.name = "acme"}, studio, false).kind, ErrorKind::too_large);
  EXPECT_EQ(answer(500, R"({"error":{"message":"out of memory"}})").kind, ErrorKind::unavailable);
}

TEST(Failure, AModelThatTheVendorDoesNotHaveIsNamed) {
  struct Row {
    int status;
    const char* body;
  };
  for (
      const Row& row :
      {Row{404,
           R"({"error":{"message":"The model `x` does not exist","type":"invalid_request_error","code":"model_not_found"}})"},
       Row{404, R"({"type":"error","error":{"type":"not_found_error","message":"model: x"}})"},
       Row{404, R"({"error":"model 'x' not found, try pulling it first"})"},
       Row{400, R"({"error":{"message":"x is not a valid model ID","code":400}})"},
       Row{400, R"({"object":"error","message":"Invalid model: x","type":"invalid_model"})"},
       Row{400, R"({"error":{"message":"Model Not Exist","type":"invalid_request_error"}})"}}) {
    const Error error = answer(row.status, row.body);
    EXPECT_EQ(error.kind, ErrorKind::invalid) << row.body;
    EXPECT_EQ(error.field, core::unknown_model_field) << row.body;
    EXPECT_FALSE(error.retryable) << row.body;
  }
  for (const Row& row : {Row{404, R"({"error":{"message":"no such path"}})"},
                         Row{400, R"({"error":{"message":"the model takes no images"}})"},
                         Row{401, R"({"error":{"message":"invalid model access"}})"}}) {
    EXPECT_NE(answer(row.status, row.body).field, core::unknown_model_field) << row.body;
  }
}

}  // namespace
}  // namespace colonnade::providers::upstream
