// Artifacts: the agent's tools make them, whoever may see the thread sees them, and their events
// are stored with their rows.
#include "core/artifacts/artifacts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/threads/erasure.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using base::Json;
using testing::HasSubstr;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);
const Principal afar(Scope("a", "b", "c"), "alice", UserRole::operator_role);

template <class Body>
std::vector<const Body*> bodies(const std::vector<Event>& events) {
  std::vector<const Body*> out;
  for (const Event& event : events) {
    if (const auto* body = std::get_if<Body>(&event.body)) out.push_back(body);
  }
  return out;
}

class ArtifactsTest : public ::testing::Test {
 protected:
  // A thread with an agent that asks for the tools.
  Thread thread_of(const Principal& who) {
    const auto agent = engine_.run(engine_.agents.create(
        who, {.name = "writer", .tools = {{"generate_artifact", "revise_artifact"}}}));
    EXPECT_TRUE(agent);
    return *engine_.run(engine_.threads.create(who, {.agent_id = agent->id}));
  }
  // What the tool answers when the model calls it.
  Json call(const Thread& thread, const std::string& tool, Json arguments) {
    engine_.model->script({tool_call("c1", tool, std::move(arguments))});
    engine_.model->script({reply({TextPart{"Done."}})});
    const auto run = engine_.start(alice, thread.id, "go");
    EXPECT_TRUE(run) << run.error().message;
    const auto finished = engine_.wait(alice, *run);
    EXPECT_TRUE(finished) << finished.error().message;
    const auto result =
        std::get<ToolResultPart>(engine_.model->requests().back().messages.back().parts.at(1));
    const Json parsed = Json::parse(result.content, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << result.content;
    EXPECT_EQ(result.is_error, parsed.value("status", "") == "failed");
    return parsed;
  }
  // Without a model: a long content would not fit its window.
  Artifacts::Made generate(const Thread& thread, std::string content) {
    return engine_.run(engine_.artifacts.generate(
        {.scope = Scope::main(), .user_id = "alice", .thread_id = thread.id, .run_id = "r"},
        {.kind = "markdown", .content = std::move(content)}));
  }
  std::vector<Artifact> listed(const Principal& who, const Thread& thread) {
    const auto found = engine_.run(
        engine_.artifacts.list(who, thread.id, {.as_of = engine_.artifacts.now(), .limit = 100}));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<Artifact>{});
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("data.db")};
};

TEST_F(ArtifactsTest, AreMadeUnaskedStoredAndTold) {
  const Thread thread = thread_of(alice);
  const Json made = call(thread, "generate_artifact",
                         {{"kind", "markdown"},
                          {"content", "# Digest\n"},
                          {"title", "Inbox digest"},
                          {"metadata", {{"tone", "dry"}}}});
  EXPECT_EQ(made.at("status"), "created");
  EXPECT_EQ(made.at("revision"), 1);
  EXPECT_EQ(made.at("kind"), "markdown");
  EXPECT_THAT(made.at("createdAt").get<std::string>(),
              testing::MatchesRegex("[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_FALSE(made.contains("priorRevisionId"));
  const std::string key = made.at("artifactKey");

  const auto artifacts = listed(alice, thread);
  ASSERT_EQ(artifacts.size(), 1U);
  EXPECT_EQ(Json(artifacts[0].id), made.at("artifactId"));
  EXPECT_EQ(artifacts[0].key, key);
  EXPECT_EQ(artifacts[0].content, "# Digest\n");
  EXPECT_EQ(artifacts[0].metadata, Json({{"tone", "dry"}}));

  const auto events = engine_.events(thread.id);
  const auto started = bodies<ArtifactStarted>(events);
  const auto deltas = bodies<ArtifactDelta>(events);
  const auto committed = bodies<ArtifactCommitted>(events);
  ASSERT_EQ(started.size(), 1U);
  ASSERT_EQ(deltas.size(), 1U);
  ASSERT_EQ(committed.size(), 1U);
  EXPECT_EQ(started[0]->artifact_id, key) << "provisional: the key";
  EXPECT_EQ(started[0]->title, "Inbox digest");
  EXPECT_EQ(deltas[0]->text, "# Digest\n");
  EXPECT_EQ(Json(committed[0]->artifact_id), made.at("artifactId"));
  EXPECT_EQ(committed[0]->content, "# Digest\n");
  EXPECT_TRUE(bodies<ArtifactFailed>(events).empty());

  // Between the call's start and its end.
  std::vector<std::size_t> order;
  for (const Event& event : events) {
    if (std::holds_alternative<ToolCallStarted>(event.body)) order.push_back(1);
    if (std::holds_alternative<ArtifactStarted>(event.body)) order.push_back(2);
    if (std::holds_alternative<ArtifactCommitted>(event.body)) order.push_back(3);
    if (std::holds_alternative<ToolCallFinished>(event.body)) order.push_back(4);
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 2, 3, 4}));
  EXPECT_TRUE(bodies<ApprovalRequested>(events).empty());
}

TEST_F(ArtifactsTest, AreRevisedByKeyOrById) {
  const Thread thread = thread_of(alice);
  const Json first = call(thread, "generate_artifact",
                          {{"kind", "code"}, {"content", "1"}, {"language", "python"}});
  const Json second = call(thread, "revise_artifact",
                           {{"artifactKey", first.at("artifactKey")},
                            {"newContent", "2"},
                            {"reason", "it was one"},
                            {"title", "Two"}});
  EXPECT_EQ(second.at("status"), "revised");
  EXPECT_EQ(second.at("revision"), 2);
  EXPECT_EQ(second.at("kind"), "code");
  EXPECT_EQ(second.at("priorRevisionId"), first.at("artifactId"));
  // By the id of a revision that is not the newest, and by the provisional id.
  const Json third = call(thread, "revise_artifact",
                          {{"artifactId", first.at("artifactId")}, {"newContent", "3"}});
  EXPECT_EQ(third.at("revision"), 3);
  EXPECT_EQ(third.at("priorRevisionId"), second.at("artifactId"));
  const Json fourth = call(thread, "revise_artifact",
                           {{"artifactId", first.at("artifactKey")}, {"newContent", "4"}});
  EXPECT_EQ(fourth.at("revision"), 4);

  const auto artifacts = listed(alice, thread);
  ASSERT_EQ(artifacts.size(), 1U);
  EXPECT_EQ(artifacts[0].revision, 4);
  EXPECT_EQ(artifacts[0].content, "4");
  EXPECT_EQ(artifacts[0].title, "Two") << "as before";
  EXPECT_EQ(artifacts[0].language, "python");
  const auto prior = engine_.run(
      engine_.store->artifact(Scope::main(), second.at("artifactId").get<std::string>()));
  ASSERT_TRUE(prior && *prior);
  EXPECT_EQ((*prior)->metadata, Json({{"prior_revision_id", first.at("artifactId")},
                                      {"revision_reason", "it was one"}}));
  EXPECT_EQ(bodies<ArtifactStarted>(engine_.events(thread.id)).size(), 4U);
}

TEST_F(ArtifactsTest, ARevisionIsAnnouncedUnderTheOneBefore) {
  const Thread thread = thread_of(alice);
  const Json first = call(thread, "generate_artifact", {{"kind", "csv"}, {"content", "a"}});
  call(thread, "revise_artifact", {{"artifactKey", first.at("artifactKey")}, {"newContent", "b"}});
  const auto events = engine_.events(thread.id);
  const auto started = bodies<ArtifactStarted>(events);
  ASSERT_EQ(started.size(), 2U);
  EXPECT_EQ(Json(started[1]->artifact_id), first.at("artifactId"));
  EXPECT_EQ(started[1]->revision, 2);
}

TEST_F(ArtifactsTest, WhatMayNotBeIsAFailedResultAndAnEvent) {
  struct Refused {
    std::string tool;
    Json arguments;
    ArtifactFault fault;
  };
  const Thread thread = thread_of(alice);
  const Json json = call(thread, "generate_artifact", {{"kind", "json"}, {"content", "{}"}});
  const std::vector<Refused> refused = {
      {"generate_artifact", {{"kind", "word"}, {"content", "x"}}, ArtifactFault::invalid_kind},
      {"generate_artifact", {{"kind", "json"}, {"content", "{"}}, ArtifactFault::invalid_content},
      {"generate_artifact",
       {{"kind", "html"}, {"content", "<script>"}},
       ArtifactFault::invalid_content},
      {"generate_artifact",
       {{"kind", "csv"}, {"content", "x"}, {"title", std::string(5000, 't')}},
       ArtifactFault::invalid_content},
      {"revise_artifact",
       {{"artifactKey", json.at("artifactKey")}, {"newContent", "no json"}},
       ArtifactFault::invalid_content},
      {"revise_artifact",
       {{"artifactKey", "nothing"}, {"newContent", "x"}},
       ArtifactFault::not_found},
      {"revise_artifact", {{"newContent", "x"}}, ArtifactFault::not_found}};
  for (const Refused& each : refused) {
    const std::size_t before = bodies<ArtifactFailed>(engine_.events(thread.id)).size();
    const Json result = call(thread, each.tool, each.arguments);
    EXPECT_EQ(result.at("status"), "failed");
    EXPECT_FALSE(result.at("error").get<std::string>().empty());
    const auto events = engine_.events(thread.id);
    const auto failed = bodies<ArtifactFailed>(events);
    ASSERT_EQ(failed.size(), before + 1);
    EXPECT_EQ(failed.back()->fault, each.fault) << failed.back()->message;
    EXPECT_EQ(Json(failed.back()->message), result.at("error"));
  }
  EXPECT_EQ(listed(alice, thread).size(), 1U);
}

// Somebody's own other thread is named as such; another user's is not there at all.
TEST_F(ArtifactsTest, ThoseOfOtherThreadsCannotBeRevised) {
  const Thread own = thread_of(alice);
  const Thread other = thread_of(alice);
  const Thread bobs = thread_of(bob);
  const Json made = call(own, "generate_artifact", {{"kind", "csv"}, {"content", "a"}});
  const auto of_bob = engine_.run(engine_.artifacts.generate(
      {.scope = Scope::main(), .user_id = "bob", .thread_id = bobs.id, .run_id = "r"},
      {.kind = "csv", .content = "b"}));
  ASSERT_TRUE(of_bob);
  call(other, "revise_artifact", {{"artifactId", made.at("artifactId")}, {"newContent", "x"}});
  call(other, "revise_artifact", {{"artifactId", of_bob->artifact.id}, {"newContent", "x"}});
  call(other, "revise_artifact", {{"artifactKey", made.at("artifactKey")}, {"newContent", "x"}});
  const auto events = engine_.events(other.id);
  const auto failed = bodies<ArtifactFailed>(events);
  ASSERT_EQ(failed.size(), 3U);
  EXPECT_EQ(failed[0]->fault, ArtifactFault::scope_mismatch);
  EXPECT_EQ(failed[1]->fault, ArtifactFault::not_found);
  EXPECT_EQ(failed[2]->fault, ArtifactFault::not_found);
}

TEST_F(ArtifactsTest, ALongOneComesInPiecesAndOnce) {
  const Thread thread = thread_of(alice);
  std::string content(limits::artifact_event_content_bytes_max + 1, 'x');
  content += "é";
  ASSERT_TRUE(generate(thread, content));
  const auto events = engine_.events(thread.id);
  std::string joined;
  for (const auto* delta : bodies<ArtifactDelta>(events)) {
    EXPECT_LE(delta->text.size(), limits::artifact_delta_bytes_max);
    joined += delta->text;
  }
  EXPECT_EQ(joined, content);
  const auto committed = bodies<ArtifactCommitted>(events);
  ASSERT_EQ(committed.size(), 1U);
  EXPECT_TRUE(committed[0]->content_left_out);
  EXPECT_EQ(committed[0]->content, "");
  EXPECT_EQ(listed(alice, thread).at(0).content, content);
}

TEST_F(ArtifactsTest, TheContentHasALimit) {
  const Thread thread = thread_of(alice);
  const std::string most(limits::artifact_content_bytes_max, 'x');
  EXPECT_TRUE(generate(thread, most));
  const auto refused = generate(thread, most + "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, ArtifactFault::invalid_content);
  EXPECT_EQ(bodies<ArtifactFailed>(engine_.events(thread.id)).size(), 1U);
}

TEST_F(ArtifactsTest, AreSeenAsTheirThreadIs) {
  const Thread thread = thread_of(alice);
  call(thread, "generate_artifact", {{"kind", "csv"}, {"content", "a"}});
  EXPECT_EQ(listed(alice, thread).size(), 1U);
  EXPECT_EQ(listed(root, thread).size(), 1U);
  for (const Principal& who : {bob, afar}) {
    const auto refused =
        engine_.run(engine_.artifacts.list(who, thread.id, {.as_of = engine_.artifacts.now()}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
  }
}

TEST_F(ArtifactsTest, AreErasedWithTheirThread) {
  const Thread thread = thread_of(alice);
  const Json made = call(thread, "generate_artifact", {{"kind", "csv"}, {"content", "a"}});
  Erasure erasure({.store = *engine_.store,
                   .run_store = *engine_.store,
                   .feed = engine_.feed,
                   .agents = engine_.agents,
                   .threads = engine_.threads,
                   .runs = engine_.runs,
                   .clock = engine_.clock,
                   .memories = *engine_.store});
  ASSERT_TRUE(engine_.run(erasure.erase_thread(alice, thread.id)));
  const auto gone =
      engine_.run(engine_.store->artifact(Scope::main(), made.at("artifactId").get<std::string>()));
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
}

// Tools are offered to agents that name them, and to no others.
TEST_F(ArtifactsTest, TheToolsAreOfferedToThoseWhoAskForThem) {
  const auto offers = [&](std::optional<std::vector<std::string>> tools) {
    Agent agent{.scope = Scope::main(), .tools = std::move(tools)};
    std::vector<std::string> names;
    for (const auto& one : engine_.run(engine_.catalog.definitions(std::move(agent), {}))) {
      if (one.name.ends_with("_artifact")) names.push_back(one.name);
    }
    return names;
  };
  EXPECT_TRUE(offers(std::nullopt).empty());
  EXPECT_TRUE(offers({{"calculator"}}).empty());
  EXPECT_THAT(offers({{"generate_artifact"}}),
              testing::ElementsAre("generate_artifact", "revise_artifact"));
  EXPECT_EQ(engine_.catalog.effect_of("generate_artifact"), tools::Effect::own_thread);
  EXPECT_TRUE(engine_.catalog.harmless().contains("revise_artifact"));
  EXPECT_FALSE(engine_.catalog.is_idempotent("generate_artifact"));
}

// Two revisions of one artifact at once: both come to be, one behind the other.
TEST_F(ArtifactsTest, RevisionsSideBySideFollowEachOther) {
  const Thread thread = thread_of(alice);
  const Json made = call(thread, "generate_artifact", {{"kind", "csv"}, {"content", "a"}});
  const Json revise = {{"artifactKey", made.at("artifactKey")}, {"newContent", "b"}};
  engine_.model->script(
      {reply({ToolCallPart{.call_id = "c1", .tool = "revise_artifact", .arguments = revise},
              ToolCallPart{.call_id = "c2", .tool = "revise_artifact", .arguments = revise}},
             StopReason::tool_use)});
  engine_.model->script({reply({TextPart{"Done."}})});
  const auto run = engine_.start(alice, thread.id, "twice");
  ASSERT_TRUE(engine_.wait(alice, *run));
  EXPECT_EQ(listed(alice, thread).at(0).revision, 3);
  EXPECT_TRUE(bodies<ArtifactFailed>(engine_.events(thread.id)).empty());
}

}  // namespace
}  // namespace colonnade::tests
