#include "dialects/fathom/wire.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/fathom/limits.hpp"

namespace colonnade::dialects::fathom {
namespace {

using base::ErrorKind;

const base::Time at = *base::parse_rfc3339("2026-05-24T05:33:40Z");
const base::Time later = *base::parse_rfc3339("2026-05-24T05:33:47.25Z");
constexpr std::string_view at_text = "2026-05-24T05:33:40.000000Z";

template <class T>
void expect_invalid(const base::Result<T>& result, std::string_view field) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_EQ(result.error().field, field);
  EXPECT_NE(result.error().message.find(field), std::string::npos) << result.error().message;
}

net::Request page_request(std::string query) {
  net::Request request;
  request.query = std::move(query);
  return request;
}

// --- in -----------------------------------------------------------------------------------------

TEST(FathomWire, ANewThreadsTitleIsOptionalAndTrimmed) {
  EXPECT_EQ(decode_new_thread(""), "");
  EXPECT_EQ(decode_new_thread(" \n"), "");
  EXPECT_EQ(decode_new_thread("{}"), "");
  EXPECT_EQ(decode_new_thread(R"({"title":null})"), "");
  EXPECT_EQ(decode_new_thread(R"({"title":"  Trip to\tNYC\n"})"), "Trip to\tNYC");
  EXPECT_EQ(decode_new_thread(R"({"title":"Trip","color":7})"), "Trip");
}

TEST(FathomWire, ANewThreadsWrongBodyIsRefused) {
  expect_invalid(decode_new_thread("{not json"), "body");
  expect_invalid(decode_new_thread("[]"), "body");
  expect_invalid(decode_new_thread("null"), "body");
  expect_invalid(decode_new_thread(R"({"title":7})"), "title");
}

TEST(FathomWire, ARenameNeedsATitle) {
  EXPECT_EQ(decode_rename(R"({"title":" NYC "})"), " NYC ");
  expect_invalid(decode_rename("{}"), "title");
  expect_invalid(decode_rename(R"({"title":["NYC"]})"), "title");
  expect_invalid(decode_rename(""), "body");
}

TEST(FathomWire, ATextIsTakenAsItIs) {
  const auto body = decode_send(R"({"text":"  hi\n","clientMessageId":"local-1","x":{}})");
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->text, "  hi\n");
  EXPECT_EQ(body->client_message_id, "local-1");
  EXPECT_EQ(decode_send(R"({"text":" "})")->text, " ");
  EXPECT_EQ(decode_send(R"({"text":"a","clientMessageId":null})")->client_message_id, "");
}

TEST(FathomWire, AMissingOrWrongTextIsRefused) {
  for (const char* body :
       {"{}", R"({"text":""})", R"({"text":null})", R"({"text":7})", R"({"text":{"a":1}})"}) {
    expect_invalid(decode_send(body), "text");
  }
  expect_invalid(decode_send(""), "body");
  expect_invalid(decode_send("\"text\""), "body");
  expect_invalid(decode_send("{\"text\":\"\xFF\"}"), "body");
}

TEST(FathomWire, AClientMessageIdHasALimit) {
  const auto with_id = [](std::size_t bytes) {
    return R"({"text":"a","clientMessageId":")" + std::string(bytes, 'x') + "\"}";
  };
  EXPECT_TRUE(decode_send(with_id(limits::fathom_client_message_id_bytes_max)).has_value());
  expect_invalid(decode_send(with_id(limits::fathom_client_message_id_bytes_max + 1)),
                 "clientMessageId");
  expect_invalid(decode_send(R"({"text":"a","clientMessageId":1})"), "clientMessageId");
}

TEST(FathomWire, AClaimNeedsItsCodeAsAString) {
  const auto claim = decode_claim(R"({"code":"042317","device_name":"ci-bot"})");
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->code, "042317");
  EXPECT_EQ(claim->device_name, "ci-bot");
  EXPECT_EQ(decode_claim(R"({"code":" 42 "})")->code, " 42 ");
  EXPECT_EQ(decode_claim(R"({"code":"1"})")->device_name, "");
  expect_invalid(decode_claim(R"({"code":42317})"), "code");
  expect_invalid(decode_claim("{}"), "code");
  expect_invalid(decode_claim(R"({"code":"1","device_name":false})"), "device_name");
}

TEST(FathomWire, APageIsCutByBookmarks) {
  const auto tail = decode_page(page_request(""));
  ASSERT_TRUE(tail.has_value());
  EXPECT_FALSE(tail->after || tail->before);
  EXPECT_EQ(tail->limit, 50U);
  const auto after = decode_page(page_request("after=2026-05-24T05%3A33%3A40Z&before=junk"));
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->after, at);
  EXPECT_FALSE(after->before.has_value());
  EXPECT_EQ(decode_page(page_request("before=2026-05-24T05:33:47.25Z&after="))->before, later);
}

TEST(FathomWire, ABookmarksOffsetMayBeUnescaped) {
  EXPECT_EQ(decode_page(page_request("after=2026-05-24T05:33:40+00:00"))->after, at);
  EXPECT_EQ(decode_page(page_request("after=2026-05-24T07:33:40%2B02:00"))->after, at);
  EXPECT_EQ(decode_page(page_request("after=2026-05-24T03:33:40-02:00"))->after, at);
  EXPECT_EQ(decode_page(page_request("after=2026-05-24+05:33:40Z"))->after, at);
}

TEST(FathomWire, AWrongBookmarkIsNamed) {
  expect_invalid(decode_page(page_request("after=yesterday")), "after");
  expect_invalid(decode_page(page_request("before=2026-13-01T00:00:00Z")), "before");
  expect_invalid(decode_page(page_request("before=+")), "before");
}

TEST(FathomWire, ALimitThatIsNoneIsTheDefault) {
  for (const char* junk : {"0", "201", "-1", "x", "", "10x", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(decode_page(page_request("limit=" + std::string(junk)))->limit, 50U) << junk;
  }
  EXPECT_EQ(decode_page(page_request("limit=1"))->limit, 1U);
  EXPECT_EQ(decode_page(page_request("limit=200"))->limit, 200U);
}

// --- out ----------------------------------------------------------------------------------------

TEST(FathomWire, AThreadOmitsWhatItLacks) {
  core::Thread thread{.id = "t1",
                      .scope = core::Scope::main(),
                      .owner = "admin",
                      .created_at = at,
                      .updated_at = later};
  EXPECT_EQ(encode_thread(thread),
            R"({"id":"t1","user_id":"admin","title":"","created_at":"2026-05-24T05:33:40.000000Z",)"
            R"("updated_at":"2026-05-24T05:33:47.250000Z"})");
  thread.title = "Trip";
  thread.settings.model = "local";
  thread.deleted_at = later;
  EXPECT_EQ(encode_thread(thread), R"({"id":"t1","user_id":"admin","title":"Trip","model":"local",)"
                                   R"("created_at":"2026-05-24T05:33:40.000000Z",)"
                                   R"("updated_at":"2026-05-24T05:33:47.250000Z",)"
                                   R"("deleted_at":"2026-05-24T05:33:47.250000Z"})");
}

std::string message_json(const core::Message& message) {
  std::string out;
  base::JsonWriter json(out);
  write_message(json, message);
  return out;
}

TEST(FathomWire, AUserMessageCarriesItsDeviceAndTheClientsId) {
  core::Message message{.id = "m1",
                        .thread_id = "t1",
                        .role = core::Role::user,
                        .user_id = "admin",
                        .device_id = "9f8e7d6c5b4a",
                        .created_at = at};
  message.parts.emplace_back(core::TextPart{.text = "hi"});
  message.metadata = {{"clientMessageId", "local-1"}, {"other", "kept out"}};
  EXPECT_EQ(message_json(message),
            R"({"id":"m1","thread_id":"t1","role":"user","content":"hi",)"
            R"("device_id":"9f8e7d6c5b4a","created_at":"2026-05-24T05:33:40.000000Z",)"
            R"("metadata":{"clientMessageId":"local-1"}})");
  message.device_id.clear();
  message.metadata = {{"other", 1}};
  EXPECT_EQ(message_json(message), R"({"id":"m1","thread_id":"t1","role":"user","content":"hi",)"
                                   R"("created_at":"2026-05-24T05:33:40.000000Z"})");
}

TEST(FathomWire, AnAgentMessageIsItsVisibleText) {
  core::Message message{
      .id = "m2", .thread_id = "t1", .role = core::Role::assistant, .created_at = at};
  message.parts = {core::ReasoningPart{.text = "secret"}, core::TextPart{.text = "Sun"},
                   core::ToolCallPart{.call_id = "c", .tool = "clock"},
                   core::TextPart{.text = "ny."}};
  EXPECT_EQ(message_json(message),
            R"({"id":"m2","thread_id":"t1","role":"agent","content":"Sunny.",)"
            R"("created_at":"2026-05-24T05:33:40.000000Z"})");
  message.model = "local";
  EXPECT_EQ(base::parse_json(message_json(message), "m")->at("metadata").dump(),
            R"({"model":"local"})");
  message.usage = core::Usage{.input_tokens = 3, .output_tokens = 4};
  EXPECT_EQ(base::parse_json(message_json(message), "m")->at("metadata").dump(),
            R"({"model":"local","usage":{"completion_tokens":4,"prompt_tokens":3}})");
}

TEST(FathomWire, EmptyListsAreArrays) {
  EXPECT_EQ(encode_threads({}), R"({"threads":[]})");
  EXPECT_EQ(encode_messages({}), R"({"messages":[]})");
  EXPECT_EQ(encode_devices({}), R"({"devices":[]})");
  EXPECT_EQ(encode_hits("q", {}), R"({"query":"q","hits":[]})");
}

TEST(FathomWire, AViewSaysWhetherARunIsActive) {
  core::ThreadDetail view{.thread = {.id = "t1",
                                     .scope = core::Scope::main(),
                                     .owner = "u",
                                     .created_at = at,
                                     .updated_at = at},
                          .running = true};
  EXPECT_EQ(encode_view(view),
            "{\"thread\":" + encode_thread(view.thread) + ",\"messages\":[],\"running\":true}");
}

TEST(FathomWire, ASentMessageIsAnsweredWithBothMessagesAndTheRun) {
  core::FinishedRun finished{.run = {.id = "r1", .scope = core::Scope::main()}};
  finished.user_message = {.id = "m1", .thread_id = "t1", .created_at = at};
  finished.reply =
      core::Message{.id = "m2", .thread_id = "t1", .role = core::Role::assistant, .created_at = at};
  EXPECT_EQ(encode_sent(finished), "{\"user_message\":" + message_json(finished.user_message) +
                                       ",\"agent_message\":" + message_json(*finished.reply) +
                                       ",\"session_id\":\"r1\"}");
  EXPECT_EQ(encode_one_shot(finished), R"({"response":"","sessionId":"r1"})");
}

TEST(FathomWire, UsageIsSummedUp) {
  const core::ThreadUsage usage{.message_count = 2,
                                .usage = {.input_tokens = 812, .output_tokens = 9}};
  EXPECT_EQ(encode_usage("t1", usage),
            R"({"thread_id":"t1","prompt_tokens":812,"completion_tokens":9,)"
            R"("total_tokens":821,"message_count":2})");
}

TEST(FathomWire, PairingReturnsTheTokenOnce) {
  const core::Credential device{.id = "9f8e7d6c5b4a",
                                .scope = core::Scope::main(),
                                .user_id = "admin",
                                .role = core::UserRole::member,
                                .name = "ci-bot",
                                .created_at = at,
                                .last_seen = later};
  EXPECT_EQ(encode_pairing_code({.code = "042317", .expires_at = at}),
            R"({"code":"042317","expires_at":")" + std::string(at_text) + "\"}");
  EXPECT_EQ(encode_claimed({.credential = device, .token = "tok"}),
            R"({"token":"tok","device_id":"9f8e7d6c5b4a","device_name":"ci-bot"})");
  EXPECT_EQ(encode_watched(device),
            R"({"claimed":true,"device":{"id":"9f8e7d6c5b4a","name":"ci-bot","user_id":"admin",)"
            R"("created_at":"2026-05-24T05:33:40.000000Z",)"
            R"("last_seen":"2026-05-24T05:33:47.250000Z"}})");
  EXPECT_EQ(encode_single("revoked", "9f8e7d6c5b4a"), R"({"revoked":"9f8e7d6c5b4a"})");
}

TEST(FathomWire, AHitNamesTheRoleInFathomsWord) {
  const core::SearchHit hit{.thread_id = "t1",
                            .thread_title = "Trip",
                            .message_id = "m2",
                            .role = core::Role::assistant,
                            .snippet = "<mark>Sunny</mark>.",
                            .created_at = at};
  EXPECT_EQ(encode_hits("sunny", std::vector{hit}),
            R"({"query":"sunny","hits":[{"thread_id":"t1","thread_title":"Trip",)"
            R"("message_id":"m2","role":"agent","snippet":"<mark>Sunny</mark>.",)"
            R"("created_at":"2026-05-24T05:33:40.000000Z"}]})");
}

}  // namespace
}  // namespace colonnade::dialects::fathom
