// Revoked means now: whatever a token or a device holds open ends when it is revoked, in every
// dialect, and nobody else's does.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "dialects/mcp/limits.hpp"
#include "faramesh_server.hpp"
#include "mcp_client.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

// A run that goes on for longer than any test: a word a minute.
constexpr const char* endless = "/slow 60000\n/say one two three four five";

struct Token {
  std::string id{};
  std::string value{};
};

class Revocation : public ::testing::Test {
 protected:
  Token token_for(const std::string& user) {
    const Answer made = server_.post_json(
        "/api/v1/operator/tokens",
        Json{{"name", "t"}, {"user", user}, {"scope", "main/main/main"}, {"role", "member"}});
    EXPECT_EQ(made.status, 200) << made.body;
    return {made.json()["id"], made.json()["token"]};
  }
  Answer ask(const std::string& token, const std::string& method, const std::string& target,
             const Json& body = nullptr, net::Headers headers = {}) {
    return call(server_.port(), call_of(token, method, target, body, std::move(headers)));
  }
  static Call call_of(const std::string& token, const std::string& method,
                      const std::string& target, const Json& body = nullptr,
                      net::Headers headers = {}) {
    return {.method = method,
            .target = target,
            .body = body.is_null() ? std::string() : body.dump(),
            .token = token,
            .headers = std::move(headers)};
  }
  using Stream = std::shared_ptr<WireStream>;
  Stream stream(const std::string& token, const std::string& method, const std::string& target,
                const Json& body = nullptr, net::Headers headers = {}) {
    return std::make_shared<WireStream>(server_.port(),
                                        call_of(token, method, target, body, std::move(headers)));
  }
  std::string new_thread(const std::string& token) {
    return ask(token, "POST", "/api/v1/threads", Json::object()).json()["id"];
  }
  std::string new_conversation(const std::string& token) {
    return ask(token, "POST", "/v1/conversations", {{"agent_id", "default"}}).json()["id"];
  }
  void revoke(const Token& token) {
    const Answer revoked = server_.ask("DELETE", "/api/v1/operator/tokens/" + token.id);
    ASSERT_EQ(revoked.status, 200) << revoked.body;
  }
  // Waits until a run of that thread has said something.
  void await_output(const std::string& watcher, const std::string& thread) {
    auto events = stream(watcher, "GET", "/api/v1/threads/" + thread + "/stream", nullptr,
                         {{"Last-Event-ID", "0"}});
    events->until("agent_delta");
  }

  TemporaryFolder folder_;
  FarameshServer server_{folder_, {.policy = mcp_policy, .tokens = {"shared-secret"}}};
};

// Something that is open, and how to see that it has ended.
using Ended = std::function<void()>;

Ended stream_ends(std::shared_ptr<WireStream> open) {
  EXPECT_EQ(open->head().status, 200);
  return [open] {
    while (const auto event = open->next()) {
      EXPECT_FALSE(event->name.ends_with("done")) << event->data;
    }
  };
}

Ended refused(std::unique_ptr<WireConnection> connection) {
  auto open = std::shared_ptr<WireConnection>(std::move(connection));
  return [open] { EXPECT_EQ(open->read_answer().status, 401); };
}

TEST_F(Revocation, EndsWhatTheTokenHoldsOpenInEveryDialect) {  // long: a row for each open thing
  struct Row {
    const char* what;
    std::function<Ended(const std::string& token, const std::string& watcher)> open;
  };
  const auto sent = [&](const Call& call) {
    auto connection = std::make_unique<WireConnection>(server_.port());
    connection->send(call);
    return connection;
  };
  const Row rows[] = {
      {"fathom: a thread's stream",
       [&](const std::string& token, const std::string& /*watcher*/) {
         auto open = stream(token, "GET", "/api/v1/threads/" + new_thread(token) + "/stream");
         EXPECT_EQ(open->next()->name, "ready");
         return stream_ends(std::move(open));
       }},
      {"fathom: a stream that is replayed",
       [&](const std::string& token, const std::string& /*watcher*/) {
         auto open = stream(token, "GET", "/api/v1/threads/" + new_thread(token) + "/stream",
                            nullptr, {{"Last-Event-ID", "0"}});
         EXPECT_EQ(open->next()->name, "ready");
         return stream_ends(std::move(open));
       }},
      {"fathom: a question's stream",
       [&](const std::string& token, const std::string& /*watcher*/) {
         auto open = stream(token, "POST", "/api/v1/stream", {{"text", endless}});
         EXPECT_TRUE(open->next().has_value());
         return stream_ends(std::move(open));
       }},
      {"fathom: who waits for an answer",
       [&](const std::string& token, const std::string& watcher) {
         const std::string thread = new_thread(token);
         auto waiting = sent(call_of(token, "POST", "/api/v1/threads/" + thread + "/messages",
                                     {{"text", endless}}));
         await_output(watcher, thread);
         return refused(std::move(waiting));
       }},
      {"fathom: who waits for the answer to a question",
       [&](const std::string& token, const std::string& /*watcher*/) {
         return refused(sent(call_of(token, "POST", "/api/v1/message", {{"text", endless}})));
       }},
      {"fathom: who waits for a device",
       [&](const std::string& token, const std::string& /*watcher*/) {
         const std::string code = ask(token, "POST", "/api/v1/pair/start").json()["code"];
         return refused(sent(call_of(token, "GET", "/api/v1/pair/watch?code=" + code)));
       }},
      {"phoson: a message's stream",
       [&](const std::string& token, const std::string& /*watcher*/) {
         auto open =
             stream(token, "POST", "/v1/conversations/" + new_conversation(token) + "/messages",
                    {{"content", endless}, {"stream", true}});
         EXPECT_EQ(open->next()->name, "token");
         return stream_ends(std::move(open));
       }},
      {"phoson: who waits for an answer",
       [&](const std::string& token, const std::string& watcher) {
         const std::string id = new_conversation(token);
         auto waiting = sent(call_of(token, "POST", "/v1/conversations/" + id + "/messages",
                                     {{"content", endless}}));
         std::string thread = id;
         std::erase(thread, '-');  // as core has it
         await_output(watcher, thread);
         return refused(std::move(waiting));
       }},
      {"faramesh: the feed",
       [&](const std::string& token, const std::string& /*watcher*/) {
         return stream_ends(stream(token, "GET", "/v1/events"));
       }},
      {"mcp: a session's stream, and the session",
       [&](const std::string& token, const std::string& /*watcher*/) -> Ended {
         McpClient client(server_.port(), token);
         client.initialize();
         net::Headers headers = client.session_headers();
         headers.push_back({"Accept", "text/event-stream"});
         return stream_ends(stream(token, "GET", "/api/mcp", nullptr, std::move(headers)));
       }},
      {"mcp: a call that is answered with a stream",
       [&](const std::string& token, const std::string& watcher) {
         const std::string thread = new_thread(token);
         McpClient client(server_.port(), token);
         Json params = {{"name", "ask_agent"},
                        {"arguments", {{"message", endless}, {"thread_id", thread}}}};
         net::Headers headers = McpClient::modern_headers("tools/call", params);
         params["_meta"].update(McpClient::modern_meta());
         headers.push_back({"Accept", "application/json, text/event-stream"});
         auto open = stream(token, "POST", "/api/mcp", McpClient::request(1, "tools/call", params),
                            std::move(headers));
         await_output(watcher, thread);
         return stream_ends(std::move(open));
       }},
      {"mcp: a call that is answered with a body",
       [&](const std::string& token, const std::string& watcher) {
         const std::string thread = new_thread(token);
         McpClient client(server_.port(), token);
         client.initialize();
         net::Headers headers = client.session_headers();
         headers.push_back({"Accept", "application/json"});
         auto waiting = sent(call_of(
             token, "POST", "/api/mcp",
             McpClient::request(7, "tools/call",
                                {{"name", "ask_agent"},
                                 {"arguments", {{"message", endless}, {"thread_id", thread}}}}),
             std::move(headers)));
         await_output(watcher, thread);
         return refused(std::move(waiting));
       }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const Token revoked = token_for("eve");
    const Token other = token_for("eve");
    const std::string others_thread = new_thread(other.value);
    auto others = stream(other.value, "GET", "/api/v1/threads/" + others_thread + "/stream");
    EXPECT_EQ(others->next()->name, "ready");
    const Ended has_ended = row.open(revoked.value, other.value);
    revoke(revoked);
    has_ended();
    EXPECT_EQ(ask(revoked.value, "GET", "/api/v1/threads").status, 401);
    // The other token's stream goes on.
    EXPECT_EQ(ask(other.value, "POST", "/api/v1/threads/" + others_thread + "/messages",
                  {{"text", "/say still here"}})
                  .status,
              200);
    EXPECT_EQ(others->next()->name, "user_message");
  }
}

// The session's own token cannot tell: it is refused either way. A session that stays would take a
// place of the user's, and the next one would end another of theirs.
TEST_F(Revocation, EndsTheMcpSessionsOfTheTokenAndNotTheUsersOthers) {
  const Token revoked = token_for("eve");
  const Token other = token_for("eve");
  McpClient first(server_.port(), other.value);
  first.initialize();
  for (int i = 0; i < 2; ++i) {
    McpClient of_revoked(server_.port(), revoked.value);
    of_revoked.initialize();
  }
  revoke(revoked);
  McpClient more(server_.port(), other.value);
  for (std::size_t i = 1; i < limits::mcp_endpoint_sessions_per_account; ++i) more.initialize();
  EXPECT_EQ(first.older("ping").status, 200);
  more.initialize();  // takes the place of the idlest, which is not the one just used
  EXPECT_EQ(first.older("ping").status, 200);
}

TEST_F(Revocation, EndsTheStreamsOfADevice) {
  const Token owner = token_for("eve");
  const std::string code = ask(owner.value, "POST", "/api/v1/pair/start").json()["code"];
  const Json device =
      ask("", "POST", "/api/v1/pair/claim", {{"code", code}, {"device_name", "phone"}}).json();
  const std::string token = device["token"];
  auto open = stream(token, "GET", "/api/v1/threads/" + new_thread(token) + "/stream");
  EXPECT_EQ(open->next()->name, "ready");
  const Json devices = ask(owner.value, "GET", "/api/v1/devices").json()["devices"];
  const std::string id = devices[0]["id"];
  EXPECT_EQ(ask(owner.value, "DELETE", "/api/v1/devices/" + id).status, 200);
  EXPECT_FALSE(open->next().has_value());
}

// A token of the configuration counts as long as the server runs with it.
TEST_F(Revocation, LeavesStreamsOfTheConfigurationsTokensOpen) {
  auto open = stream("shared-secret", "GET", "/v1/events");
  EXPECT_EQ(open->head().status, 200);
  revoke(token_for("eve"));
  const Answer action = ask("shared-secret", "POST", "/v1/actions",
                            {{"agent_id", "a"},
                             {"tool", "calculator"},
                             {"operation", "call"},
                             {"params", Json::object()}});
  EXPECT_EQ(action.status, 200) << action.body;
  EXPECT_TRUE(open->next().has_value());
}

}  // namespace
}  // namespace colonnade::tests
