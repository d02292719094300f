#include "dialects/fathom/events.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects::fathom {
namespace {

const base::Time at = *base::parse_rfc3339("2026-05-24T05:33:44.601602Z");

core::Event event(core::EventBody body, std::int64_t cursor = 7) {
  return {.cursor = cursor,
          .seq = 1,
          .scope = core::Scope::main(),
          .thread_id = "t1",
          .run_id = "r1",
          .at = at,
          .body = body};
}

core::Message user_message() {
  core::Message message{.id = "m1", .thread_id = "t1", .role = core::Role::user, .created_at = at};
  message.parts.emplace_back(core::TextPart{.text = "Hi\nthere"});
  return message;
}

constexpr std::string_view user_json =
    R"({"id":"m1","thread_id":"t1","role":"user","content":"Hi\nthere",)"
    R"("created_at":"2026-05-24T05:33:44.601602Z"})";

TEST(FathomEvents, AMessageIsToldOnceStoredAndOnceStarted) {
  EXPECT_EQ(
      encode_event(event(core::MessageStored{user_message()}), false),
      "event: user_message\ndata: {\"type\":\"user_message\",\"thread_id\":\"t1\",\"message\":" +
          std::string(user_json) + "}\n\n");
  EXPECT_EQ(encode_event(event(core::RunStarted{user_message()}), false),
            "event: agent_thinking\ndata: "
            "{\"type\":\"agent_thinking\",\"thread_id\":\"t1\",\"message\":" +
                std::string(user_json) + "}\n\n");
}

TEST(FathomEvents, ADeltaIsText) {
  EXPECT_EQ(encode_event(event(core::TextDelta{"Sunny,\n "}), false),
            "event: agent_delta\n"
            "data: {\"type\":\"agent_delta\",\"thread_id\":\"t1\",\"delta\":\"Sunny,\\n \"}\n\n");
}

TEST(FathomEvents, ASucceededRunCarriesTheAgentsMessage) {
  core::Message reply{.id = "m2",
                      .thread_id = "t1",
                      .role = core::Role::assistant,
                      .created_at = at,
                      .model = "local",
                      .usage = core::Usage{.input_tokens = 812, .output_tokens = 9}};
  reply.parts.emplace_back(core::TextPart{.text = "Sunny."});
  EXPECT_EQ(encode_event(event(core::RunFinished{.message = reply}), false),
            "event: agent_done\ndata: {\"type\":\"agent_done\",\"thread_id\":\"t1\",\"message\":"
            "{\"id\":\"m2\",\"thread_id\":\"t1\",\"role\":\"agent\",\"content\":\"Sunny.\","
            "\"created_at\":\"2026-05-24T05:33:44.601602Z\",\"metadata\":{\"usage\":"
            "{\"prompt_tokens\":812,\"completion_tokens\":9},\"model\":\"local\"}}}\n\n");
}

TEST(FathomEvents, AFailedOrCancelledRunIsAnError) {
  const core::RunFinished failed{.state = core::RunState::failed, .error = "model unreachable"};
  EXPECT_EQ(encode_event(event(failed), false),
            "event: agent_error\ndata: {\"type\":\"agent_error\",\"thread_id\":\"t1\","
            "\"error\":\"model unreachable\"}\n\n");
  const core::RunFinished cancelled{.state = core::RunState::cancelled};
  EXPECT_EQ(encode_event(event(cancelled), false),
            "event: agent_error\ndata: {\"type\":\"agent_error\",\"thread_id\":\"t1\","
            "\"error\":\"the run was cancelled\"}\n\n");
}

TEST(FathomEvents, OtherKindsAreNotSent) {
  EventEncoder encoder;
  for (const core::EventBody& body : std::initializer_list<core::EventBody>{
           core::ReasoningDelta{"hm"}, core::OutputRestarted{}, core::ToolCallRequested{},
           core::ToolCallStarted{}, core::ToolCallFinished{}, core::ApprovalRequested{},
           core::ThreadChanged{}}) {
    EXPECT_EQ(encode_event(event(body), false), "");
    EXPECT_EQ(encoder.encode(event(body), false), nullptr);
    EXPECT_EQ(encoder.encode(event(body), true), nullptr);
  }
}

TEST(FathomEvents, OnlyAStreamThatAskedToResumeHasIds) {
  EXPECT_EQ(encode_event(event(core::TextDelta{"a"}), false).find("id:"), std::string::npos);
  EXPECT_TRUE(encode_event(event(core::TextDelta{"a"}, 9'000'000'000), true)
                  .starts_with("event: agent_delta\nid: 9000000000\ndata: {"));
}

TEST(FathomEvents, ReadyComesWithTypeAndTime) {
  EXPECT_EQ(encode_ready({.thread_id = "t1", .server_time = at}),
            "event: ready\ndata: {\"type\":\"ready\",\"thread_id\":\"t1\","
            "\"server_time\":\"2026-05-24T05:33:44.601602Z\"}\n\n");
  EXPECT_EQ(encode_ready({.thread_id = "t1", .server_time = at, .with_id = true, .cursor = 12}),
            "event: ready\nid: 12\ndata: {\"type\":\"ready\",\"thread_id\":\"t1\","
            "\"server_time\":\"2026-05-24T05:33:44.601602Z\",\"cursor\":12}\n\n");
}

TEST(FathomEvents, AOneShotsDeltasHaveNoName) {
  EXPECT_EQ(encode_one_shot_delta("a"), "data: {\"delta\":\"a\"}\n\n");
  EXPECT_EQ(encode_one_shot_done("r1", "ab"),
            "event: done\ndata: {\"session_id\":\"r1\",\"reply\":\"ab\"}\n\n");
  EXPECT_EQ(encode_one_shot_error("no"), "event: error\ndata: {\"error\":\"no\"}\n\n");
}

TEST(FathomEvents, AnEventIsEncodedOnceForAllSubscribers) {
  EventEncoder encoder;
  const auto first = encoder.encode(event(core::TextDelta{"a"}, 1), false);
  EXPECT_EQ(encoder.encode(event(core::TextDelta{"a"}, 1), false).get(), first.get());
  // The form with ids is another one, and does not push the first out.
  const auto with_id = encoder.encode(event(core::TextDelta{"a"}, 1), true);
  EXPECT_NE(*with_id, *first);
  EXPECT_EQ(encoder.encode(event(core::TextDelta{"a"}, 1), false).get(), first.get());
  EXPECT_EQ(*encoder.encode(event(core::TextDelta{"b"}, 2), false),
            encode_event(event(core::TextDelta{"b"}, 2), false));
}

}  // namespace
}  // namespace colonnade::dialects::fathom
