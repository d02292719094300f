#include "dialects/platos/turn_request.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

using base::Json;

// frame.message of the examples.
TEST(PlatosTurnRequestTest, ReadsWhatThePythonClientSends) {
  const auto minimal = decode_turn(
      Json::parse(R"({"message": "Summarise today's inbox.", "threadId": "cmthread0000000001"})"));
  ASSERT_TRUE(minimal);
  EXPECT_EQ(minimal->message, "Summarise today's inbox.");
  EXPECT_EQ(minimal->thread_id, "cmthread0000000001");
  EXPECT_EQ(minimal->agent_id, "");
  const auto full = decode_turn(Json::parse(
      R"({"message": "R\u00e9sum\u00e9", "threadId": "cmthread0000000001",)"
      R"( "agentId": "cmagent0000support", "contextType": "ticket", "contextId": "T-17",)"
      R"( "dynamicBlocks": {"notes": "VIP"}, "attachmentIds": ["att_1"]})"));
  ASSERT_TRUE(full);
  EXPECT_EQ(full->message, "Résumé");
  EXPECT_EQ(full->agent_id, "cmagent0000support");
  EXPECT_EQ(full->context_type, "ticket");
  EXPECT_EQ(full->context_id, "T-17");
  EXPECT_EQ(full->dynamic_blocks.at("notes"), "VIP");
  EXPECT_EQ(full->attachment_ids, std::vector<std::string>{"att_1"});
}

TEST(PlatosTurnRequestTest, IgnoresNullsAndWhatItDoesNotKnow) {
  const auto turn =
      decode_turn(Json::parse(R"({"message":"hi","threadId":"t","agentId":null,"newThing":[1]})"));
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->agent_id, "");
}

TEST(PlatosTurnRequestTest, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {R"([])", "message"},
      {R"({"threadId":"t"})", "message"},
      {R"({"message":7})", "message"},
      {R"({"message":"hi","threadId":7})", "threadId"},
      {R"({"message":"hi","dynamicBlocks":{"a":1}})", "dynamicBlocks"},
      {R"({"message":"hi","attachmentIds":"att_1"})", "attachmentIds"},
      {R"({"message":"hi","outputSchema":"x"})", "outputSchema"}};
  for (const auto& [payload, field] : rows) {
    const auto turn = decode_turn(Json::parse(payload));
    ASSERT_FALSE(turn) << payload;
    EXPECT_EQ(turn.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(turn.error().field, field);
  }
  const auto long_key =
      decode_turn(Json{{"message", "hi"}, {"idempotencyKey", std::string(200, 'k')}});
  EXPECT_EQ(long_key.error().field, "idempotencyKey");
}

// The event.error rows of the examples.
TEST(PlatosTurnRequestTest, SaysWhyNoTurnBegan) {
  TurnRefusal over = refusal(base::ErrorKind::rate_limited, "rate_limit", "");
  over.over = core::OverLimit{.bucket = core::RateBucket::user_per_minute,
                              .limit = 20,
                              .retry_after = std::chrono::seconds(12)};
  EXPECT_EQ(Json::parse(encode_refusal(over, "t1")),
            Json::parse(R"({"type":"error","code":"rate_limit",)"
                        R"("message":"Rate limit reached. Try again in 12 seconds.",)"
                        R"("retryAfterSeconds":12,"scope":"user_per_minute","limit":20,)"
                        R"("threadId":"t1"})"));
  TurnRefusal flagged = refusal(base::ErrorKind::invalid, "", "Message flagged by safety filters");
  flagged.findings.push_back({.type = core::SafetyType::injection,
                              .severity = core::SafetySeverity::high,
                              .name = "ignore_previous",
                              .detail = "ignore_previous",
                              .matched_text = "igno***"});
  EXPECT_EQ(Json::parse(encode_refusal(flagged, "t1")),
            Json::parse(R"({"type":"error","message":"Message flagged by safety filters",)"
                        R"("flags":[{"type":"injection","severity":"high",)"
                        R"("detail":"ignore_previous","matchedText":"igno***",)"
                        R"("injectionPattern":"ignore_previous"}],"threadId":"t1"})"));
  EXPECT_EQ(Json::parse(encode_refusal(refusal(base::ErrorKind::conflict, "turn_in_progress",
                                               "A turn is already running on this thread"),
                                       "t1")),
            Json::parse(R"({"type":"error","message":"A turn is already running on this thread",)"
                        R"("code":"turn_in_progress","threadId":"t1"})"));
  EXPECT_EQ(Json::parse(encode_refusal(refusal(base::ErrorKind::unauthorized, "unauthorized",
                                               "Invalid or expired session token."),
                                       "")),
            Json::parse(R"({"type":"error","code":"unauthorized","status":401,)"
                        R"("message":"Invalid or expired session token."})"));
}

}  // namespace
}  // namespace colonnade::dialects::platos
