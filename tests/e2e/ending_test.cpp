// SIGTERM while clients hold streams, waits and half requests open: none of them is waited for. The
// drain time is an hour, so whatever is waited for fails the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <memory>

#include "../contract/platos_socket.hpp"
#include "../contract/wire_client.hpp"
#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using Json = nlohmann::json;
using net::testing::RawClient;
using tests::Answer;
using tests::Call;
using tests::WireConnection;
using tests::WireStream;

class Ending : public testing::Test {
 protected:
  Ending() : server_(folder_, {"--drain-seconds", "3600"}) {
    if (!server_.ready().is_object()) throw std::runtime_error(server_.stop().err);
    token_ = server_.ready()["first_token"];
  }
  Call call_of(const std::string& method, const std::string& target, const Json& body = {}) {
    Call out{.method = method, .target = target, .token = token_};
    if (!body.is_null()) out.body = body.dump();
    return out;
  }
  Json ask(const std::string& method, const std::string& target, const Json& body = {}) {
    const Answer answer = tests::call(server_.port(), call_of(method, target, body));
    EXPECT_LT(answer.status, 300) << target << ": " << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }
  std::string new_thread() { return ask("POST", "/api/v1/threads", Json::object())["id"]; }

  // SIGTERM, then the end, with all that was opened still held.
  void expect_to_end() {
    const auto ended = server_.stop();
    EXPECT_EQ(ended.code, 0) << ended.err;
  }
  // Of a stream that was open, and has ended cleanly.
  static void expect_end(WireStream& stream) {
    while (stream.next()) {
    }
  }

  Folder folder_;
  ServerProcess server_;
  std::string token_;
};

// A turn that nobody sees the end of: 4,000 words, a second apart.
constexpr const char* long_turn = "/slow 1000\n/tokens 4000";

TEST_F(Ending, OfAThreadsStream) {
  WireStream stream(server_.port(), call_of("GET", "/api/v1/threads/" + new_thread() + "/stream"));
  ASSERT_EQ(stream.head().status, 200);
  expect_to_end();
  expect_end(stream);
}

TEST_F(Ending, OfAOneShotStream) {
  WireStream stream(server_.port(), call_of("POST", "/api/v1/stream", {{"text", long_turn}}));
  ASSERT_EQ(stream.head().status, 200);
  ASSERT_TRUE(stream.next());
  expect_to_end();
  expect_end(stream);
}

TEST_F(Ending, OfAMessageThatWaitsForItsAnswer) {
  const std::string thread = new_thread();
  WireStream events(server_.port(), call_of("GET", "/api/v1/threads/" + thread + "/stream"));
  WireConnection sending(server_.port());
  sending.send(call_of("POST", "/api/v1/threads/" + thread + "/messages", {{"text", long_turn}}));
  events.until("agent_delta");  // it is under way
  expect_to_end();
  EXPECT_EQ(sending.read_answer().status, 503);
}

TEST_F(Ending, OfAWaitForAPairingCode) {
  const std::string code = ask("POST", "/api/v1/pair/start", Json::object())["code"];
  WireConnection watching(server_.port());
  // Behind another on one connection: once that is answered, this one is being worked on.
  const std::string authorization = "Authorization: Bearer " + token_ + "\r\n\r\n";
  watching.send_text("GET /api/v1/threads HTTP/1.1\r\nHost: localhost\r\n" + authorization +
                     "GET /api/v1/pair/watch?code=" + code + " HTTP/1.1\r\nHost: localhost\r\n" +
                     authorization);
  EXPECT_EQ(watching.read_answer().status, 200);
  ask("GET", "/api/v1/threads");
  expect_to_end();
  const Answer told = watching.read_answer();
  EXPECT_EQ(told.status, 503);
  EXPECT_THAT(told.body, testing::HasSubstr("the server is stopping"));
}

TEST_F(Ending, OfAConversationsStream) {
  const std::string agent = ask("POST", "/v1/agents", {{"name", "a"}, {"description", "d"}})["id"];
  const std::string conversation = ask("POST", "/v1/conversations", {{"agent_id", agent}})["id"];
  WireStream stream(server_.port(),
                    call_of("POST", "/v1/conversations/" + conversation + "/messages",
                            {{"content", long_turn}, {"stream", true}}));
  ASSERT_EQ(stream.head().status, 200);
  ASSERT_TRUE(stream.next());
  expect_to_end();
  expect_end(stream);
}

// Its client has gone, and may come back for it.
TEST_F(Ending, OfATurnWhoseSocketIsGone) {
  const net::Headers direct = {{"Authorization", "Bearer " + token_},
                               {"X-Platos-Organization-Id", "main"},
                               {"X-Platos-Project-Id", "main"},
                               {"X-Platos-Environment-Id", "main"}};
  const Answer made = tests::call(
      server_.port(),
      {.method = "POST", .target = "/api/v1/agent/threads", .body = "{}", .headers = direct});
  ASSERT_EQ(made.status, 201) << made.body;
  tests::PlatosSocket socket(server_.port(), direct);
  socket.emit("message", {{"message", long_turn}, {"threadId", made.json()["id"]}});
  socket.until("token");
  socket.close();
  EXPECT_TRUE(net::testing::eventually([this] {
    const Answer metrics = tests::call(server_.port(), call_of("GET", "/metrics"));
    return metrics.body.contains("\ncolonnade_http_streams_open 0\n");
  }));
  expect_to_end();
}

TEST_F(Ending, OfTheFeedOfActions) {
  WireStream stream(server_.port(), call_of("GET", "/v1/events"));
  ASSERT_EQ(stream.head().status, 200);
  expect_to_end();
  expect_end(stream);
}

class EndingOfMcp : public Ending {
 protected:
  EndingOfMcp() {
    Call call = message(1, "initialize",
                        {{"protocolVersion", "2025-11-25"},
                         {"capabilities", Json::object()},
                         {"clientInfo", {{"name", "test"}, {"version", "1"}}}});
    session_ = tests::call(server_.port(), call).header("Mcp-Session-Id");
  }
  Call in_session(Call call) {
    call.headers.push_back({"Accept", "application/json, text/event-stream"});
    if (session_.empty()) return call;
    call.headers.push_back({"Mcp-Session-Id", session_});
    call.headers.push_back({"MCP-Protocol-Version", "2025-11-25"});
    return call;
  }
  Call message(int id, const std::string& method, const Json& params) {
    return in_session(
        call_of("POST", "/api/mcp",
                {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}));
  }

  std::string session_;
};

TEST_F(EndingOfMcp, OfASessionsStream) {
  WireStream stream(server_.port(), in_session(call_of("GET", "/api/mcp")));
  ASSERT_EQ(stream.head().status, 200);
  expect_to_end();
  expect_end(stream);
}

TEST_F(EndingOfMcp, OfACallThatWaits) {
  WireStream stream(server_.port(), message(2, "tools/call",
                                            {{"name", "ask_agent"},
                                             {"arguments", {{"message", long_turn}}},
                                             {"_meta", {{"progressToken", 1}}}}));
  ASSERT_EQ(stream.head().status, 200);
  ASSERT_TRUE(stream.next());  // its progress: it is under way
  expect_to_end();
  expect_end(stream);
}

TEST_F(Ending, OfHalfRequests) {
  RawClient head(server_.port());
  head.send("GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api/v1/he");
  EXPECT_NE(head.read_response(), "");
  RawClient body(server_.port());
  body.send(
      "POST /api/v1/threads HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 100\r\nAuthorization: Bearer " +
      token_ + "\r\n\r\n");
  EXPECT_NE(body.read_until("100 Continue\r\n\r\n"), "");
  body.send("{\"title\":");
  expect_to_end();
  EXPECT_EQ(head.read_to_end(), "");
  EXPECT_EQ(net::testing::status_of(body.read_to_end()), 503);
}

}  // namespace
}  // namespace colonnade::e2e
