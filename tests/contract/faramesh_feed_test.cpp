// The feed of events (faramesh §3.4): what is told, to whom, and taking it up again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/limits.hpp"
#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using testing::ElementsAre;

class FarameshFeed : public testing::Test {
 protected:
  static std::vector<std::string> types(WireStream& stream, std::size_t count) {
    std::vector<std::string> out;
    while (out.size() < count) {
      const auto event = stream.next();
      if (!event) break;
      out.push_back(event->json()["type"]);
    }
    return out;
  }

  TemporaryFolder folder;
  FarameshServer server{folder};
};

TEST_F(FarameshFeed, TellsWhatBecomesOfAnAction) {
  auto stream = server.stream();
  const Json made = server.submit("shell", {{"cmd", "true"}});
  ASSERT_EQ(server.approve(made).status, 200);
  server.post("/v1/actions/" + made["id"].get<std::string>() + "/start");
  EXPECT_THAT(types(stream, 4), ElementsAre("action.created", "action.approved", "action.started",
                                            "action.succeeded"));
  const Json denied = server.submit("shell");
  ASSERT_EQ(server.approve(denied, false).status, 200);
  ASSERT_EQ(types(stream, 1), std::vector<std::string>{"action.created"});
  const auto last = stream.next();
  ASSERT_TRUE(last);
  const Json frame = last->json();
  EXPECT_EQ(frame["type"], "action.denied");
  EXPECT_EQ(frame["action_id"], denied["id"]);
  EXPECT_EQ(frame["data"]["status"], "denied");
  EXPECT_EQ(frame["data"]["decision"], "deny");
  EXPECT_EQ(frame["data"]["reason"], "Denied by human");
  EXPECT_FALSE(frame.contains("event_type"));
  EXPECT_FALSE(last->data.contains(denied["approval_token"].get<std::string>()));
}

TEST_F(FarameshFeed, ANewReaderIsToldOfTheLastTen) {
  std::vector<std::string> ids;
  for (int i = 0; i < 15; ++i) ids.push_back(server.submit("http")["id"]);
  auto stream = server.stream();
  for (int i = 5; i < 15; ++i) {
    const auto event = stream.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->json()["action_id"], ids[static_cast<std::size_t>(i)]);
  }
  const std::string next = server.submit("http")["id"];
  EXPECT_EQ(stream.next()->json()["action_id"], next);
}

TEST_F(FarameshFeed, AReaderThatReturnsGetsExactlyWhatItMissed) {
  std::string last_seen;
  {
    auto stream = server.stream();
    server.submit("http");
    last_seen = stream.next()->id;
  }
  std::vector<std::string> ids;
  const std::size_t count = 2 * limits::page_rows_max + 7;  // more than one page of a replay
  for (std::size_t i = 0; i < count; ++i) ids.push_back(server.submit("http")["id"]);
  auto by_header = server.stream("/v1/events", {{"Last-Event-ID", last_seen}});
  auto by_query = server.stream("/v1/events?after=" + last_seen);
  ids.push_back(server.submit("http")["id"]);
  std::int64_t previous = std::stoll(last_seen);
  for (const std::string& id : ids) {
    const auto event = by_header.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->json()["action_id"], id);
    EXPECT_GT(std::stoll(event->id), previous);
    previous = std::stoll(event->id);
    EXPECT_EQ(by_query.next()->json()["action_id"], id);
  }
  // A number that the trail has not reached is the end of it.
  auto ahead = server.stream("/v1/events?after=999999999");
  const std::string next = server.submit("http")["id"];
  EXPECT_EQ(ahead.next()->json()["action_id"], next);
}

TEST_F(FarameshFeed, UsersAreToldOfTheirOwnActionsOnly) {
  const std::string admin = server.token;
  const std::string other = server.token_of("somebody");
  server.submit("http");
  server.token = other;
  auto stream = server.stream();
  EXPECT_EQ(stream.head().status, 200);
  server.token = admin;
  server.submit("http");
  server.token = other;
  const std::string mine = server.submit("http")["id"];
  EXPECT_EQ(stream.next()->json()["action_id"], mine);
}

TEST_F(FarameshFeed, ManyReadersOnAllLanesHearTheSame) {
  std::vector<std::unique_ptr<WireStream>> readers;
  for (int i = 0; i < 12; ++i) {
    readers.push_back(std::make_unique<WireStream>(
        server.port(), Call{.target = "/v1/events", .token = server.token}));
  }
  std::vector<std::string> ids;
  for (int i = 0; i < 30; ++i) ids.push_back(server.submit("http")["id"]);
  for (auto& reader : readers) {
    for (const std::string& id : ids) {
      const auto event = reader->next();
      ASSERT_TRUE(event);
      EXPECT_EQ(event->json()["action_id"], id);
    }
  }
}

TEST_F(FarameshFeed, NeedsAToken) {
  const Answer answer = call(server.port(), {.target = "/v1/events"});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.json()["detail"], "Missing or invalid Authorization header");
}

}  // namespace
}  // namespace colonnade::tests
