// Events of memory, MCP servers and resources on Tandem's streams (tandem §3.1, §3.4, §3.6), and
// who hears them: what nobody else may read nobody else hears of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tandem_services_fixture.hpp"

namespace colonnade::tests {
namespace {

using testing::ElementsAre;

class TandemNotices : public TandemServicesTest {
 protected:
  // A stream whose greeting was read: it misses nothing from then on.
  std::unique_ptr<WireStream> follow(const std::string& token, const std::string& target) {
    auto out = std::make_unique<WireStream>(server_.port(), Call{.target = target, .token = token});
    EXPECT_EQ(out->head().status, 200) << target << out->head().body;
    const bool of_resources = target.starts_with("/resource");
    for (int i = 0; i < (of_resources ? 1 : 2); ++i) greetings_.push_back(out->next()->json());
    return out;
  }
  static std::vector<std::string> types_of(const std::vector<Json>& events) {
    std::vector<std::string> out;
    for (const Json& one : events) out.push_back(one.at("type"));
    return out;
  }
  std::string put(const std::string& token, Json body) {
    const Answer stored = as(token, "POST", "/memory/put", body);
    EXPECT_EQ(stored.status, 200) << stored.body;
    return stored.json().at("id");
  }
  // Every member of the contract's example is there, with a value of its type.
  static void is_like_the_example(const std::string& name, const Json& event) {
    std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/tandem-examples.jsonl");
    for (std::string line; std::getline(file, line);) {
      const Json row = line.empty() ? Json::object() : Json::parse(line);
      if (row.value("name", "") != name) continue;
      for (const auto& [member, value] : row.at("event").items()) {
        ASSERT_TRUE(event.contains(member)) << name << " lacks " << member << event;
        EXPECT_EQ(event.at(member).type(), value.type()) << member;
      }
      for (const auto& [member, value] : row.at("event").at("properties").items()) {
        ASSERT_TRUE(event.at("properties").contains(member)) << name << " lacks " << member;
        const Json& got = event.at("properties").at(member);
        EXPECT_TRUE(got.type() == value.type() || (got.is_number() && value.is_number())) << member;
      }
      return;
    }
    ADD_FAILURE() << "the contract has no " << name;
  }
  // Something that a reader of its own events hears last.
  void end(const std::string& token) {
    EXPECT_EQ(as(token, "PUT", "/resource/the-end", {{"value", 1}}).status, 200);
    EXPECT_EQ(as(token, "DELETE", "/resource/the-end").status, 200);
  }

  const std::string bob_ = server_.new_token("bob");
  const std::string carol_ = server_.new_token("carol");
  std::vector<Json> greetings_{};
};

TEST_F(TandemNotices, MemoriesAreToldToTheirOwner) {
  const auto stream = follow(bob_, "/event");
  const std::string id = put(bob_, {{"text", "Deploys happen on Tuesdays."}, {"run_id", "run-1"}});
  auto events = events_until(*stream, "memory.updated");
  ASSERT_THAT(types_of(events), ElementsAre("memory.write.attempted", "memory.write.succeeded",
                                            "memory.put", "memory.updated"));
  for (const Json& one : events) {
    EXPECT_EQ(one.at("runID"), "run-1");
    EXPECT_EQ(one.at("properties").at("runID"), "run-1");
    EXPECT_FALSE(one.contains("sessionID")) << "absent, not null";
  }
  EXPECT_EQ(events[2].at("properties").at("memoryID"), id);
  EXPECT_EQ(events[2].at("properties").at("partitionKey"), "local/default/default/session");

  put(bob_, {{"text", "Deploys happen on Tuesdays."}});
  events = events_until(*stream, "memory.write.skipped");
  EXPECT_EQ(events.back().at("properties").at("deduped"), true);
  EXPECT_EQ(events.back().at("properties").at("memoryID"), id);
  as(bob_, "POST", "/memory/search", {{"query", "deploys"}});
  EXPECT_EQ(events_until(*stream, "memory.search").back().at("properties").at("resultCount"), 1);
  as(bob_, "POST", "/memory/promote", {{"id", id}});
  events = events_until(*stream, "memory.updated");
  ASSERT_THAT(types_of(events), ElementsAre("memory.promote", "memory.updated"));
  EXPECT_EQ(events[0].at("properties").at("toTier"), "project");
  EXPECT_EQ(events[0].at("properties").at("sourceMemoryID"), id);
  as(bob_, "POST", "/memory/demote", {{"id", id}});
  EXPECT_EQ(events_until(*stream, "memory.updated").back().at("properties").at("action"), "demote");
  as(bob_, "DELETE", "/memory/" + id);
  EXPECT_EQ(events_until(*stream, "memory.deleted").back().at("properties").at("memoryID"), id);
  as(bob_, "POST", "/memory/put", {{"text", "-----BEGIN RSA PRIVATE KEY-----"}});
  EXPECT_EQ(events_until(*stream, "memory.write.skipped").back().at("properties").at("reason"),
            "blocked");
}

TEST_F(TandemNotices, NobodyElseHearsOfMemoriesAndResources) {
  const std::string elsewhere = server_.new_token("bob", core::Scope("acme", "shop", "live"));
  struct Listener {
    std::string name;
    std::string token;
    std::unique_ptr<WireStream> stream{};
  };
  Listener others[] = {{"another user", carol_},
                       {"the scope's operator", server_.token},
                       {"the same name in another scope", elsewhere}};
  for (Listener& one : others) one.stream = follow(one.token, "/global/event");
  const std::string id = put(bob_, {{"text", "A secret of Bob's."}});
  as(bob_, "POST", "/memory/search", {{"query", "secret"}});
  as(bob_, "POST", "/memory/promote", {{"id", id}});
  as(bob_, "DELETE", "/memory/" + id);
  as(bob_, "PUT", "/resource/plan", {{"value", "a secret of Bob's"}});
  as(bob_, "DELETE", "/resource/plan");
  for (Listener& one : others) {
    end(one.token);
    const auto events = events_until(*one.stream, "resource.deleted");
    EXPECT_THAT(types_of(events), ElementsAre("resource.updated", "resource.deleted")) << one.name;
    for (const Json& event : events) {
      EXPECT_EQ(event.at("properties").at("key"), "the-end") << one.name;
    }
  }
}

TEST_F(TandemNotices, AreFilteredAsEverythingElse) {
  const std::string mine = as(bob_, "POST", "/session", {{"title", "mine"}}).json().at("id");
  const std::string other = as(bob_, "POST", "/session", {{"title", "other"}}).json().at("id");
  const auto stream = follow(bob_, "/event?sessionID=" + mine);
  put(bob_, {{"text", "Of no session."}});
  put(bob_, {{"text", "Of another session."}, {"session_id", other}});
  as(bob_, "PUT", "/resource/plan", {{"value", 1}});
  const std::string id = put(bob_, {{"text", "Of this session."}, {"session_id", mine}});
  for (const Json& one : events_until(*stream, "memory.updated")) {
    EXPECT_EQ(one.at("sessionID"), mine) << one;
    EXPECT_EQ(one.at("properties").value("memoryID", id), id);
  }
}

// What memory.ingest_runs makes of a run is told in the run's session.
TEST_F(TandemNotices, MemoriesOfRunsAreTheSessions) {
  Engine& engine = server_.engine;
  server_.ingest_runs();
  const std::string session = as(bob_, "POST", "/session", {{"title", "t"}}).json().at("id");
  const auto stream = follow(bob_, "/event?sessionID=" + session);
  const auto operators = follow(server_.token, "/event?sessionID=" + session);
  engine.model->script({reply({core::TextPart{"It is four."}})});
  const Answer started = as(bob_, "POST", "/session/" + session + "/prompt_async?return=run",
                            {{"text", "Add 2 and 2"}});
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string run = started.json().at("runID");
  std::vector<Json> kept;
  while (kept.size() < 2) {
    kept.push_back(events_until(*stream, "memory.write.succeeded").back());
    EXPECT_EQ(kept.back().at("runID"), run);
    EXPECT_EQ(kept.back().at("sessionID"), session);
  }
  const Json messages = as(bob_, "GET", "/session/" + session + "/message").json();
  EXPECT_EQ(kept[0].at("properties").at("sourceType"), "user_message");
  EXPECT_EQ(kept[0].at("properties").at("messageID"), messages[0].at("info").at("id"));
  EXPECT_EQ(kept[1].at("properties").at("sourceType"), "assistant_final");
  EXPECT_EQ(kept[1].at("properties").at("messageID"), messages[1].at("info").at("id"));
  is_like_the_example("event.memory.write.succeeded", kept[1]);
  as(bob_, "PATCH", "/session/" + session, {{"title", "the end"}});
  std::vector<Json> heard;
  do {
    heard.push_back(operators->next()->json());
  } while (heard.back().at("properties").value("title", "") != "the end");
  EXPECT_THAT(types_of(heard), testing::Contains("session.run.finished"));
  for (const std::string& type : types_of(heard)) {
    EXPECT_FALSE(type.starts_with("memory.")) << "Bob's memories are not the operator's";
  }
}

// --- MCP servers --------------------------------------------------------------------------------

TEST_F(TandemNotices, ToolServersAreToldToEverybodyInTheScope) {
  const std::string elsewhere = server_.new_token("dan", core::Scope("acme", "shop", "live"));
  const auto stream = follow(bob_, "/global/event");
  const auto others = follow(elsewhere, "/global/event");
  const auto of_session = follow(
      bob_, "/event?sessionID=" + as(bob_, "POST", "/session").json().at("id").get<std::string>());
  events_until(*stream, "session.created");
  send("POST", "/mcp",
       {{"name", "arcade"},
        {"transport", "https://mcp.example.com/mcp"},
        {"headers", {{"Authorization", "Bearer s3cret-value"}}}});
  EXPECT_EQ(events_until(*stream, "mcp.server.updated").back().at("properties").at("name"),
            "arcade");
  ASSERT_EQ(server_.post("/mcp/arcade/connect").json().at("ok"), true);
  // The connection's holder tells that it is ready.
  const auto told = [&](const std::string& name) {
    const auto server = server_.services.tool_host.server(name);
    ASSERT_TRUE(server);
    server_.engine.run(
        server_.services.scope_tool_servers.note(core::Scope::main(), server->server.id));
  };
  told("arcade");
  const auto events = events_until(*stream, "mcp.tools.updated");
  ASSERT_THAT(types_of(events), ElementsAre("mcp.server.connected", "mcp.tools.updated"));
  EXPECT_EQ(events[1].at("properties"), (Json{{"name", "arcade"}, {"count", 1}}));
  EXPECT_FALSE(events[1].contains("sessionID"));
  is_like_the_example("event.mcp.tools.updated", events[1]);
  send("PATCH", "/mcp/arcade", {{"enabled", false}});
  const Json disabled = events_until(*stream, "mcp.server.updated").back().at("properties");
  EXPECT_EQ(disabled, (Json{{"name", "arcade"}, {"enabled", false}, {"removedToolCount", 1}}));
  send("PATCH", "/mcp/arcade", {{"enabled", true}});
  server_.post("/mcp/arcade/disconnect");
  EXPECT_EQ(events_until(*stream, "mcp.server.disconnected").back().at("properties"),
            (Json{{"name", "arcade"}, {"removedToolCount", 1}}));
  send("DELETE", "/mcp/arcade", {});
  EXPECT_EQ(events_until(*stream, "mcp.server.deleted").back().at("properties").at("name"),
            "arcade");

  end(elsewhere);
  EXPECT_THAT(types_of(events_until(*others, "resource.deleted")),
              ElementsAre("resource.updated", "resource.deleted"))
      << "another scope's servers are not theirs";
  for (const WireEvent& one : of_session->arrived()) {
    EXPECT_FALSE(one.json().at("type").get<std::string>().starts_with("mcp.")) << one.data;
  }
}

TEST_F(TandemNotices, AServerThatFailsSaysWhatWasTried) {
  const auto stream = follow(bob_, "/event");
  const auto note = [&](const std::string& name) {
    const auto server = server_.services.tool_host.server(name);
    ASSERT_TRUE(server);
    server_.engine.run(
        server_.services.scope_tool_servers.note(core::Scope::main(), server->server.id));
  };
  send("POST", "/mcp", {{"name", "dead"}, {"transport", "http://127.0.0.1:9/mcp"}});
  server_.post("/mcp/dead/connect");
  note("dead");
  EXPECT_EQ(events_until(*stream, "mcp.server.disconnected").back().at("properties"),
            (Json{{"name", "dead"}, {"reason", "connect_failed"}}));
  server_.post("/mcp/dead/refresh");
  note("dead");
  EXPECT_EQ(events_until(*stream, "mcp.server.disconnected").back().at("properties"),
            (Json{{"name", "dead"}, {"reason", "refresh_failed"}, {"removedToolCount", 0}}));
  note("dead");
  EXPECT_EQ(events_until(*stream, "mcp.server.disconnected").back().at("properties").at("reason"),
            "connect_failed")
      << "a refresh is over with its first outcome";
  send("POST", "/mcp", {{"name", "mail"}, {"transport", "https://locked.example.com/mcp"}});
  server_.post("/mcp/mail/connect");
  note("mail");
  const Json asks = events_until(*stream, "mcp.auth.required").back().at("properties");
  EXPECT_EQ(asks.at("server"), "mail");
  EXPECT_EQ(asks.at("authorizationUrl"), "https://auth.example.com/authorize?state=s1");
}

// --- resources ----------------------------------------------------------------------------------

TEST_F(TandemNotices, ResourcesHaveAStreamOfTheirOwn) {
  const auto stream = follow(bob_, "/resource/events");
  const auto plans = follow(bob_, "/resource/events?prefix=plan%2F");
  const auto carols = follow(carol_, "/resource/events");
  ASSERT_EQ(greetings_.size(), 3U);
  for (const Json& greeting : greetings_) {
    EXPECT_EQ(greeting.at("status"), "ready");
    EXPECT_EQ(greeting.at("stream"), "resource");
    EXPECT_TRUE(greeting.at("timestamp_ms").is_number_integer());
    EXPECT_FALSE(greeting.contains("type")) << "clients drop it";
  }
  EXPECT_EQ(stream->head().header("Content-Type"), "text/event-stream");
  put(bob_, {{"text", "No resource."}});
  as(bob_, "POST", "/session", {{"title", "no resource"}});
  as(bob_, "PUT", "/resource/other", {{"value", "hidden"}});
  as(bob_, "PUT", "/resource/plan/today", {{"value", 1}, {"updated_by", "robot"}});
  as(bob_, "PATCH", "/resource/plan/today", {{"a", 1}});
  as(bob_, "DELETE", "/resource/plan/today");
  const auto events = events_until(*stream, "resource.deleted");
  ASSERT_THAT(types_of(events), ElementsAre("resource.updated", "resource.updated",
                                            "resource.updated", "resource.deleted"));
  EXPECT_EQ(events[0].at("properties").at("key"), "other");
  EXPECT_FALSE(events[0].at("properties").contains("value"));
  EXPECT_EQ(events[1].at("properties").at("key"), "plan/today");
  EXPECT_EQ(events[1].at("properties").at("rev"), 1);
  EXPECT_EQ(events[1].at("properties").at("updatedBy"), "robot");
  EXPECT_EQ(events[2].at("properties").at("rev"), 2);
  EXPECT_EQ(events[3].at("properties").at("key"), "plan/today");
  EXPECT_THAT(types_of(events_until(*plans, "resource.deleted")),
              ElementsAre("resource.updated", "resource.updated", "resource.deleted"));
  end(carol_);
  for (const Json& one : events_until(*carols, "resource.deleted")) {
    EXPECT_EQ(one.at("properties").at("key"), "the-end") << "Bob's are not Carol's";
  }
  EXPECT_EQ(as(bob_, "PUT", "/resource/events", {{"value", 1}}).status, 200)
      << "the stream takes nothing else from a resource of that key";
  EXPECT_EQ(as(bob_, "GET", "/resource?prefix=events").json().at("count"), 1);
}

TEST_F(TandemNotices, AStreamOfResourcesEndsWithItsToken) {
  EXPECT_EQ(call(server_.port(), {.target = "/resource/events"}).status, 401);
  const core::Principal dan(core::Scope::main(), "dan", core::UserRole::member);
  const auto made =
      *server_.engine.run(server_.credentials.create(dan, core::CredentialKind::api_token, "test"));
  const auto stream = follow(made.token, "/resource/events");
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  ASSERT_TRUE(server_.engine.run(server_.credentials.revoke(admin, core::CredentialKind::api_token,
                                                            made.credential.id, "admin")));
  EXPECT_FALSE(stream->next()) << "it has ended";
}

}  // namespace
}  // namespace colonnade::tests
