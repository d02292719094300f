// Turns as server-sent events, one stream for each: in a thread, and of an agent (platos §2.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "net/testing.hpp"
#include "platos_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::ElementsAre;

class PlatosStreams : public ::testing::Test {
 protected:
  ScriptedProvider& model() { return *server_.engine.model; }
  WireStream stream_in(const std::string& thread_id) {
    return stream("POST", PlatosServer::thread_path(thread_id) + "/stream",
                  Json{{"message", "hi"}}.dump());
  }
  WireStream stream(const std::string& method, const std::string& target,
                    const std::string& body = {}) {
    net::Headers headers = server_.as();
    headers.push_back({"Content-Type", "application/json"});
    return {server_.port(),
            {.method = method, .target = target, .body = body, .headers = std::move(headers)}};
  }
  // All events to the end, which have no name, and numbers from 1 without a gap.
  std::vector<Json> events_of(WireStream& stream) {
    EXPECT_EQ(stream.head().status, 200) << stream.head().body;
    EXPECT_EQ(stream.head().header("Content-Type"), "text/event-stream; charset=utf-8");
    EXPECT_EQ(stream.head().header("Cache-Control"), "no-cache");
    std::vector<Json> out;
    while (const auto event = stream.next()) {
      EXPECT_EQ(event->name, "");
      out.push_back(event->json());
      EXPECT_EQ(event->id, std::to_string(out.size()));
      EXPECT_EQ(out.back().at("_seq"), out.size());
      if (out.back().at("type") == "token") model().release();  // it was sent while the model spoke
    }
    return out;
  }
  static std::vector<std::string> types_of(const std::vector<Json>& events) {
    std::vector<std::string> out;
    for (const Json& one : events) out.push_back(one.at("type"));
    return out;
  }
  static std::string said_in(const std::vector<Json>& events) {
    std::string out;
    for (const Json& one : events) {
      if (one.at("type") == "token") out += one.at("text").get<std::string>();
    }
    return out;
  }

  TemporaryFolder folder_;
  PlatosServer server_{folder_.file("colonnade.db")};
};

TEST_F(PlatosStreams, ATurnInAThreadHasItsEventsInOrder) {
  const std::string thread_id = server_.new_thread();
  model().script({text("Hel"), Hold{}, text("lo"), reply({core::TextPart{"Hello"}})});
  WireStream open = stream_in(thread_id);
  const auto events = events_of(open);
  ASSERT_THAT(types_of(events),
              ElementsAre("meta", "status", "token", "token", "meta", "message_persisted", "done"));
  EXPECT_EQ(events[0].at("threadId"), thread_id);
  EXPECT_EQ(events[0].at("agent_id"), "default");
  EXPECT_EQ(events[1].at("status"), "connected");
  EXPECT_EQ(said_in(events), "Hello");
  EXPECT_TRUE(events[4].contains("usage")) << events[4];
  EXPECT_TRUE(events[6].contains("usage")) << events[6];
  const Json stored = server_.messages(thread_id)["messages"];
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[1].at("content"), "Hello");
  EXPECT_EQ(events[5].at("messageId"), stored[1].at("id"));
}

TEST_F(PlatosStreams, AToolsEventsComeBetweenTheWords) {
  const std::string thread_id = server_.new_thread();
  model().script({text("Let me see. "), tool_call("call_1", "clock", Json::object())});
  model().script({text("It is noon."), reply({core::TextPart{"It is noon."}})});
  WireStream open = stream_in(thread_id);
  const auto events = events_of(open);
  EXPECT_THAT(types_of(events), ElementsAre("meta", "status", "token", "tool_call", "status",
                                            "tool_result", "message_boundary", "status", "status",
                                            "token", "meta", "message_persisted", "done"));
  EXPECT_EQ(said_in(events), "Let me see. It is noon.");
  std::vector<std::string> statuses;
  for (const Json& one : events) {
    if (one.at("type") == "status") statuses.push_back(one.at("status"));
  }
  EXPECT_THAT(statuses, ElementsAre("connected", "executing", "thinking", "generating"));
}

TEST_F(PlatosStreams, AnAgentIsAskedInAThreadOfItsOwn) {
  const std::string agent_id = server_.new_agent();
  const std::string path = "/api/v1/agent/agents/" + agent_id + "/chat/stream";
  model().script({text("Hel"), Hold{}, text("lo"), reply({core::TextPart{"Hello"}})});
  WireStream open = stream("GET", path + "?message=Good%20morning");
  const auto events = events_of(open);
  ASSERT_THAT(types_of(events),
              ElementsAre("meta", "status", "token", "token", "meta", "message_persisted", "done"));
  EXPECT_EQ(events[0].at("agent_id"), agent_id);
  EXPECT_EQ(said_in(events), "Hello");
  EXPECT_TRUE(events[6].contains("usage")) << events[6];
  const std::string thread_id = events[0].at("threadId");
  const Json stored = server_.messages(thread_id)["messages"];
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].at("content"), "Good morning");
  EXPECT_EQ(stored[1].at("content"), "Hello");

  // And goes on in it.
  model().script({text("Again"), reply({core::TextPart{"Again"}})});
  WireStream again = stream("GET", path + "?message=more&threadId=" + thread_id);
  EXPECT_EQ(said_in(events_of(again)), "Again");
  EXPECT_EQ(server_.messages(thread_id)["total"], 4);
  EXPECT_EQ(server_.get(path).status, 400) << "without a message";
}

TEST_F(PlatosStreams, AModelThatFailsEndsWithAnErrorAndDone) {
  const std::string thread_id = server_.new_thread();
  model().script({text("Half"), Break{{.kind = base::ErrorKind::upstream, .message = "529"}}});
  WireStream open = stream_in(thread_id);
  const auto events = events_of(open);
  ASSERT_THAT(types_of(events),
              ElementsAre("meta", "status", "token", "error", "meta", "message_persisted", "done"));
  EXPECT_EQ(events[3].at("code"), "provider_unavailable");
}

// Nobody resumes such a stream: its turn ends with it.
TEST_F(PlatosStreams, AStreamWhoseClientLeavesStopsItsTurn) {
  const std::string thread_id = server_.new_thread();
  model().script({text("Half"), Hold{}});
  WireStream open = stream_in(thread_id);
  while (open.next()->json().at("type") != "token") {
  }
  open.close();
  const auto answered = [&] { return server_.messages(thread_id)["total"] == 2; };
  ASSERT_TRUE(net::testing::eventually(answered));
  EXPECT_EQ(server_.messages(thread_id)["messages"][1].at("content"), "Half");
}

}  // namespace
}  // namespace colonnade::tests
