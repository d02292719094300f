// The handlers of Platos' agents and threads on a real engine: statuses, who sees what, what is
// missing. Shapes are held against the contract's examples in src/dialects/platos/*_wire_test.cpp.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../engine/engine.hpp"
#include "core/access/account.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/threads/erasure.hpp"
#include "dialects/platos/agents.hpp"
#include "dialects/platos/threads.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using dialects::platos::AgentResource;
using dialects::platos::Caller;
using dialects::platos::ThreadResource;

const core::Scope garden("org_1", "prj_1", "env_1");

Caller caller_of(const std::string& user, core::UserRole role = core::UserRole::member,
                 core::Scope scope = garden) {
  return Caller(core::Principal(std::move(scope), user, role));
}

// What a request carries, and what is answered.
struct Call {
  std::vector<std::string> path{};
  std::string query{};
  std::string body{};
  std::string key{};  // Idempotency-Key
};
struct Said {
  int status = 0;
  Json body = nullptr;
};

class PlatosAgents : public ::testing::Test {
 protected:
  template <class Resource>
  Said call(Resource& resource,
            base::Task<net::Reply> (Resource::*handler)(Caller, dialects::RequestPtr),
            const Caller& who, Call call = {}) {
    auto request = std::make_shared<net::Request>();
    request->method_text = "POST";
    request->path = "/";
    request->path_parameters = std::move(call.path);
    request->query = std::move(call.query);
    request->body = std::move(call.body);
    if (!call.key.empty()) request->headers.push_back({"Idempotency-Key", call.key});
    auto reply = engine_.run((resource.*handler)(who, std::move(request)));
    const auto& response = std::get<net::Response>(reply);
    Said out{.status = response.status};
    if (!response.body.empty()) out.body = Json::parse(response.body);
    return out;
  }
  Said agents(base::Task<net::Reply> (AgentResource::*handler)(Caller, dialects::RequestPtr),
              Call with = {},
              const Caller& who = caller_of("root", core::UserRole::operator_role)) {
    return call(agents_, handler, who, std::move(with));
  }
  Said threads(base::Task<net::Reply> (ThreadResource::*handler)(Caller, dialects::RequestPtr),
               Call with = {}, const Caller& who = caller_of("usr_1")) {
    return call(threads_, handler, who, std::move(with));
  }
  std::string new_agent(const std::string& body = R"({"name": "Support"})") {
    const Said made = agents(&AgentResource::create, {.body = body});
    EXPECT_EQ(made.status, 201) << made.body;
    return made.body["id"];
  }
  std::string new_thread(const Caller& who = caller_of("usr_1"), const std::string& body = "") {
    const Said made = threads(&ThreadResource::create, {.body = body}, who);
    EXPECT_EQ(made.status, 201) << made.body;
    return made.body["id"];
  }
  std::vector<std::string> listed(const std::string& query,
                                  const Caller& who = caller_of("usr_1")) {
    std::vector<std::string> out;
    const Said list = threads(&ThreadResource::list, {.query = query}, who);
    for (const Json& thread : list.body["threads"]) out.push_back(thread["id"]);
    return out;
  }
  static void expect_missing(const Said& said, const std::string& message) {
    EXPECT_EQ(said.status, 404);
    EXPECT_EQ(said.body["statusCode"], 404);
    EXPECT_EQ(said.body["message"], message);
    EXPECT_EQ(said.body["error"], "Not Found");
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  core::KeyedRequests keyed_requests_{*engine_.store, engine_.feed, engine_.clock};
  dialects::AnswerOnce answer_once_{keyed_requests_};
  core::Erasure erasure_{{.store = *engine_.store,
                          .run_store = *engine_.store,
                          .feed = engine_.feed,
                          .agents = engine_.agents,
                          .threads = engine_.threads,
                          .runs = engine_.runs,
                          .clock = engine_.clock,
                          .memories = *engine_.store}};
  AgentResource agents_{{.agents = engine_.agents,
                         .threads = engine_.threads,
                         .erasure = erasure_,
                         .answer_once = answer_once_,
                         .default_model = [] { return std::string("scripted:scripted-1"); }}};
  ThreadResource threads_{
      {.agents = engine_.agents, .threads = engine_.threads, .answer_once = answer_once_}};
};

TEST_F(PlatosAgents, AnAgentIsMadeChangedAndDeleted) {
  const Said empty = agents(&AgentResource::list);
  EXPECT_EQ(empty.body, Json::parse(R"({"agents": [], "total": 0})"));
  const std::string id = new_agent();
  const Said got = agents(&AgentResource::get, {.path = {id}}, caller_of("usr_1"));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body["model"], "scripted:scripted-1");
  EXPECT_EQ(got.body["slug"], "support");
  const Said changed =
      agents(&AgentResource::update, {.path = {id}, .body = R"({"systemPrompt": "Hi"})"});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body["systemPrompt"], "Hi");
  EXPECT_NE(changed.body["currentVersionId"], got.body["currentVersionId"]);
  const Said same =
      agents(&AgentResource::update, {.path = {id}, .body = R"({"systemPrompt": "Hi"})"});
  EXPECT_EQ(same.body, changed.body);
  new_thread(caller_of("usr_1"), Json{{"agentId", id}}.dump());
  const Said list = agents(&AgentResource::list, {}, caller_of("usr_1"));
  EXPECT_EQ(list.body["total"], 1);
  EXPECT_EQ(list.body["agents"][0]["_count"]["threads"], 1);
  EXPECT_EQ(agents(&AgentResource::remove, {.path = {id}}).body, (Json{{"deleted", true}}));
  expect_missing(agents(&AgentResource::get, {.path = {id}}), "Agent not found");
  EXPECT_TRUE(listed("").empty()) << "its threads went along";
}

TEST_F(PlatosAgents, AThreadShowsTheSummaryOfItsOlderPart) {
  const std::string id = new_thread();
  const std::string other = new_thread();
  core::Unit unit{.scope = garden, .account = core::account_of(garden, "usr_1")};
  unit.changes.emplace_back(core::InsertSummary{{.id = "s1",
                                                 .thread_id = id,
                                                 .run_id = "r1",
                                                 .up_to_message_id = "m7",
                                                 .up_to = {7000},
                                                 .text = "They talked of roses.",
                                                 .created_at = {1'778'576'400'000'000}}});
  ASSERT_TRUE(engine_.run(engine_.feed.commit(std::move(unit))));
  const auto expect_shown = [](const Json& thread) {
    EXPECT_EQ(thread["compactedSummary"], "They talked of roses.");
    EXPECT_EQ(thread["compactedAt"], "2026-05-12T09:00:00.000Z");
    EXPECT_EQ(thread["compactedUpToMessageId"], "m7");
    EXPECT_EQ(thread["compactionInFlight"], false);
  };
  expect_shown(threads(&ThreadResource::get, {.path = {id}}).body);
  expect_shown(threads(&ThreadResource::archive, {.path = {id}}).body);
  const Said list = threads(&ThreadResource::list, {.query = "archived=true"});
  ASSERT_EQ(list.body["threads"].size(), 2U);
  for (const Json& thread : list.body["threads"]) {
    if (thread["id"] == id) expect_shown(thread);
    if (thread["id"] == other) {
      EXPECT_EQ(thread["compactedSummary"], nullptr);
    }
  }
}

TEST_F(PlatosAgents, WhatIsMissingOrWrongIsSaid) {
  const std::string id = new_agent();
  for (const auto handler : {&AgentResource::get, &AgentResource::update, &AgentResource::remove,
                             &AgentResource::versions, &AgentResource::set_canary}) {
    expect_missing(agents(handler, {.path = {"nope"}}), "Agent not found");
  }
  expect_missing(agents(&AgentResource::roll_back, {.path = {id, "nope"}}), "Version not found");
  EXPECT_EQ(agents(&AgentResource::create, {.body = "{}"}).status, 400);
  EXPECT_EQ(agents(&AgentResource::create, {.body = "["}).status, 400);
  EXPECT_EQ(agents(&AgentResource::update, {.path = {id}, .body = R"({"maxSteps": 0})"}).status,
            400);
  EXPECT_EQ(agents(&AgentResource::versions, {.path = {id}, .query = "cursor=x"}).status, 400);
  const Caller elsewhere =
      caller_of("root", core::UserRole::operator_role, core::Scope("org_1", "prj_1", "env_2"));
  expect_missing(agents(&AgentResource::get, {.path = {id}}, elsewhere), "Agent not found");
}

TEST_F(PlatosAgents, VersionsArePagedAndRolledBack) {
  const std::string id = new_agent(R"({"name": "S", "systemPrompt": "1"})");
  for (const char* prompt : {"2", "3"}) {
    agents(&AgentResource::update, {.path = {id}, .body = Json{{"systemPrompt", prompt}}.dump()});
  }
  const Said first = agents(&AgentResource::versions, {.path = {id}, .query = "take=2"});
  ASSERT_EQ(first.body["versions"].size(), 2U);
  EXPECT_EQ(first.body["versions"][0]["versionNumber"], 3);
  EXPECT_EQ(first.body["versions"][0]["isCurrent"], true);
  EXPECT_EQ(first.body["versions"][0]["createdBy"], "root");
  const std::string cursor = first.body["nextCursor"];
  const Said rest =
      agents(&AgentResource::versions, {.path = {id}, .query = "take=2&cursor=" + cursor});
  ASSERT_EQ(rest.body["versions"].size(), 1U);
  EXPECT_EQ(rest.body["nextCursor"], nullptr);
  const std::string oldest = rest.body["versions"][0]["id"];
  const Said back = agents(&AgentResource::roll_back, {.path = {id, oldest}});
  EXPECT_EQ(back.body["agent"]["systemPrompt"], "1");
  const Said canary = agents(
      &AgentResource::set_canary,
      {.path = {id}, .body = Json{{"canaryVersionId", oldest}, {"canaryPercent", 10}}.dump()});
  EXPECT_EQ(canary.body["canaryVersionId"], oldest);
  EXPECT_EQ(canary.body["canaryPercent"], 10);
}

TEST_F(PlatosAgents, OnlyTheDefaultAgentIsMadeOnDemand) {
  const Said made =
      threads(&ThreadResource::create, {.body = R"({"agentId": "default", "title": null})"});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["agentId"], "default");
  EXPECT_EQ(made.body["title"], nullptr);
  const Said list = agents(&AgentResource::list, {}, caller_of("usr_1"));
  EXPECT_EQ(list.body["agents"][0]["name"], "Default Agent");
  EXPECT_EQ(list.body["agents"][0]["_count"]["threads"], 1);
  expect_missing(threads(&ThreadResource::create, {.body = R"({"agentId": "nope"})"}),
                 "Agent not found");
  new_thread();  // an empty body is the default agent too
}

TEST_F(PlatosAgents, ACallerBoundToAnAgentUsesNoOther) {
  const std::string own = new_agent();
  const std::string other = new_agent(R"({"name": "Other"})");
  Caller bound = caller_of("usr_1");
  bound.agent_id = own;
  const Said list = agents(&AgentResource::list, {}, bound);
  ASSERT_EQ(list.body["total"], 1);
  EXPECT_EQ(list.body["agents"][0]["id"], own);
  new_thread(bound, Json{{"agentId", own}}.dump());
  const Said refused =
      threads(&ThreadResource::create, {.body = Json{{"agentId", other}}.dump()}, bound);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body["error"], "AGENT_SCOPE_MISMATCH");
  // Nor a copy of one.
  const std::string of_other = new_thread(caller_of("usr_1"), Json{{"agentId", other}}.dump());
  const Said copied = threads(&ThreadResource::fork, {.path = {of_other}, .body = "{}"}, bound);
  EXPECT_EQ(copied.status, 403) << copied.body;
  EXPECT_EQ(copied.body["error"], "AGENT_SCOPE_MISMATCH");
}

TEST_F(PlatosAgents, ThreadsAreArrangedWithEmptyBodies) {
  const std::string id = new_thread();
  const Said archived = threads(&ThreadResource::archive, {.path = {id}});
  EXPECT_EQ(archived.status, 201);
  EXPECT_EQ(archived.body["status"], "archived");
  EXPECT_TRUE(listed("").empty());
  EXPECT_EQ(listed("archived=true").size(), 1U);
  EXPECT_EQ(listed("archived=only").size(), 1U);
  const Said back = threads(&ThreadResource::unarchive, {.path = {id}});
  EXPECT_EQ(back.status, 201);
  EXPECT_EQ(back.body["archivedAt"], nullptr);
  const std::string second = new_thread();
  EXPECT_EQ(listed(""), (std::vector<std::string>{second, id}));
  EXPECT_EQ(threads(&ThreadResource::pin, {.path = {id}}).status, 201);
  EXPECT_EQ(listed(""), (std::vector<std::string>{id, second}));
  threads(&ThreadResource::tag, {.path = {id}, .body = R"({"tags": ["red"]})"});
  EXPECT_EQ(listed("tag=red"), std::vector<std::string>{id});
  threads(&ThreadResource::unpin, {.path = {id}});
  const Said renamed =
      threads(&ThreadResource::rename, {.path = {id}, .body = R"({"title": " R\u00e9\nunion "})"});
  EXPECT_EQ(renamed.body["title"], "R\u00e9 union");
  const Said deleted = threads(&ThreadResource::remove, {.path = {id}});
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body["archived"], true);
  EXPECT_EQ(threads(&ThreadResource::remove, {.path = {id}}).body, deleted.body) << "repeatable";
  EXPECT_EQ(threads(&ThreadResource::get, {.path = {id}}).body["status"], "archived");
}

TEST_F(PlatosAgents, AnotherUsersThreadIsMissingEverywhere) {
  const std::string id = new_thread(caller_of("usr_1"));
  const Caller other = caller_of("usr_2");
  const Caller guest = caller_of("guest-1", core::UserRole::guest);
  for (const Caller& who : {other, guest}) {
    for (const auto handler :
         {&ThreadResource::get, &ThreadResource::update, &ThreadResource::archive,
          &ThreadResource::unarchive, &ThreadResource::remove, &ThreadResource::messages,
          &ThreadResource::fork, &ThreadResource::pin, &ThreadResource::unpin}) {
      expect_missing(threads(handler, {.path = {id}}, who), "Thread not found");
    }
    EXPECT_TRUE(listed("allUsers=true", who).empty()) << "for operators alone";
  }
  const Caller root = caller_of("root", core::UserRole::operator_role);
  EXPECT_TRUE(listed("", root).empty());
  EXPECT_EQ(listed("allUsers=true", root).size(), 1U);
  EXPECT_EQ(threads(&ThreadResource::get, {.path = {id}}, root).status, 200);
}

TEST_F(PlatosAgents, MessagesArePagedWithTheirTotal) {
  const std::string id = new_thread();
  const core::Principal who = caller_of("usr_1").who;
  for (const char* said : {"one", "two"}) {
    engine_.model->script({reply({core::TextPart{std::string("re: ") + said}})});
    const auto run = engine_.start(who, id, said);
    ASSERT_TRUE(run) << run.error().message;
    ASSERT_TRUE(engine_.wait(who, *run));
  }
  const Said all = threads(&ThreadResource::messages, {.path = {id}});
  EXPECT_EQ(all.body["total"], 4);
  ASSERT_EQ(all.body["messages"].size(), 4U);
  EXPECT_EQ(all.body["messages"][1]["content"], "re: one");
  EXPECT_EQ(all.body["messages"][1]["responseJson"]["model"], "scripted:scripted-1");
  EXPECT_EQ(all.body["messages"][1]["authorAgentId"], "default");
  const Said page = threads(&ThreadResource::messages, {.path = {id}, .query = "limit=2&offset=1"});
  EXPECT_EQ(page.body["total"], 4);
  ASSERT_EQ(page.body["messages"].size(), 2U);
  EXPECT_EQ(page.body["messages"][1]["content"], "two");
  const std::string first = all.body["messages"][0]["id"];
  const Said replies = threads(&ThreadResource::replies, {.path = {id, first}});
  EXPECT_EQ(replies.body, Json::parse(R"({"messages": [], "total": 0})"));
  expect_missing(threads(&ThreadResource::replies, {.path = {id, "nope"}}), "Message not found");
  const Said fork =
      threads(&ThreadResource::fork, {.path = {id}, .body = Json{{"messageId", first}}.dump()});
  EXPECT_EQ(fork.status, 201);
  EXPECT_EQ(fork.body["parentThreadId"], id);
  EXPECT_EQ(fork.body["turnCount"], 0);
  EXPECT_EQ(threads(&ThreadResource::get, {.path = {id}}).body["turnCount"], 2);
}

TEST_F(PlatosAgents, ACreationWithAKeyHappensOnce) {
  const Said refused =
      threads(&ThreadResource::create, {.body = R"({"title": "T"})", .key = std::string(256, 'k')});
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(refused.body.at("message"), "Idempotency-Key must have 1 to 255 bytes");
  const Call keyed{.body = R"({"title": "T"})", .key = "k1"};
  const Said first = threads(&ThreadResource::create, keyed);
  const Said again = threads(&ThreadResource::create, keyed);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(listed("").size(), 1U);
}

}  // namespace
}  // namespace colonnade::tests
