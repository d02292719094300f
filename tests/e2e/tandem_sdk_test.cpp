// The Tandem client against the real server: sessions, runs, streams, permissions, tools. What the
// SDK's page shows, and each of its methods once.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tandem_sdk.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

// --- quick start --------------------------------------------------------------------------------

TEST_F(TandemSdkTest, AQuickStart) {
  const auto& client = *client_;
  EXPECT_TRUE(client.health().ready);
  const auto session = client.sessions.create({.title = "My agent", .directory = project_});
  const auto run = client.sessions.prompt_async(session, "Summarize the README");
  EXPECT_FALSE(run.conflict);
  std::string said;
  std::vector<std::string> ends;
  for (const auto& event : client.stream(session, run.run_id)) {
    EXPECT_TRUE(event.run_id().empty() || event.run_id() == run.run_id) << event.type();
    if (const auto* piece = event.as<tandem::SessionResponse>()) said += piece->delta;
    if (event.as<tandem::RunFinished>()) ends.emplace_back(event.type());
  }
  EXPECT_EQ(said, "Heard: Summarize the README");
  EXPECT_THAT(ends, ElementsAre("run.completed", "session.run.finished"));
  const auto messages = client.sessions.messages(session);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].info.role, "user");
  EXPECT_EQ(messages[1].text(), said);
}

TEST_F(TandemSdkTest, AnAnswerThatIsWaitedFor) {
  const auto session = client_->sessions.create();
  EXPECT_EQ(client_->sessions.prompt_sync(session, "And in one word?",
                                          {.tool_mode = tandem::ToolMode::none}),
            "Heard: And in one word?");
  EXPECT_FALSE(vendor_.requests().back().contains("tools")) << "none were to be offered";
  EXPECT_EQ(client_->sessions.list().count, 1);
}

TEST_F(TandemSdkTest, FilesGoWithAPrompt) {
  folder_.write("project/plan.txt", "Build a colonnade.");
  const auto session = client_->sessions.create(in_project());
  const std::string urls[] = {project_ + "/plan.txt", "plan.txt",
                              "data:text/plain;base64,QnVpbGQgYSBjb2xvbm5hZGUu"};
  for (const std::string& url : urls) {
    SCOPED_TRACE(url);
    const auto run = client_->sessions.prompt_async_parts(
        session, {tandem::FilePart{.mime = "text/plain", .filename = "plan.txt", .url = url},
                  tandem::TextPart{"Explain this plan."}});
    std::string status;
    for (const auto& event : client_->stream(session, run.run_id)) {
      if (const auto* end = event.as<tandem::RunFinished>()) status = end->status;
    }
    EXPECT_EQ(status, "completed");
    const auto last = vendor_.requests().back().at("messages").back();
    EXPECT_THAT(last.dump(), HasSubstr("Explain this plan."));
    EXPECT_THAT(last.dump(), HasSubstr("Build a colonnade."));
  }
  folder_.write("outside.txt", "not yours");
  const auto heard = vendor_.requests().size();
  const auto run = client_->sessions.prompt_async_parts(
      session, {tandem::FilePart{.mime = "text/plain", .url = folder_ / "outside.txt"}});
  std::string all;
  std::string status;
  for (const auto& event : client_->stream(session, run.run_id)) {
    if (const auto* end = event.as<tandem::RunFinished>()) status = end->status;
    if (const auto* error = event.as<tandem::SessionError>()) all += error->message;
  }
  EXPECT_EQ(status, "error");
  EXPECT_THAT(all, HasSubstr("parts[0].url"));
  EXPECT_THAT(all, Not(HasSubstr("not yours")));
  EXPECT_EQ(vendor_.requests().size(), heard) << "nobody was asked";
}

// --- permissions and questions ------------------------------------------------------------------

TEST_F(TandemSdkTest, WhatAsksIsAnswered) {
  const auto& client = *client_;
  const auto session = client.sessions.create(in_project(true));
  using enum tandem::PermissionReply;
  int number = 0;
  for (const auto word : {once, allow, reject, deny, always}) {
    const std::string name = std::to_string(number++) + ".txt";
    SCOPED_TRACE(name);
    const bool wanted = word != reject && word != deny;
    const auto run = client.sessions.prompt_async(session, write_call(name, "x"));
    int asked = 0;
    std::vector<tandem::ToolResult> results;
    for (const auto& event : client.stream(session, run.run_id)) {
      if (const auto* ask = event.as<tandem::PermissionRequest>()) {
        ++asked;
        EXPECT_EQ(ask->tool, "write");
        EXPECT_EQ(ask->args["path"].as_string(), name);
        const auto open = client.permissions.list().requests;
        ASSERT_EQ(open.size(), 1U);
        EXPECT_EQ(open[0].id, ask->id);
        EXPECT_EQ(open[0].session_id, session);
        EXPECT_EQ(open[0].status, tandem::DecisionStatus::pending);
        EXPECT_EQ(client.permissions.reply(ask->id, word).persisted_rule, word == always);
      }
      if (const auto* result = event.as<tandem::ToolResult>()) results.push_back(*result);
    }
    EXPECT_EQ(asked, 1);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].error.has_value(), !wanted);
    EXPECT_EQ(in_file(name), wanted ? "x" : "");
  }
  const auto rules = client.permissions.list().rules;
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].permission, "write");
  EXPECT_EQ(rules[0].action, "allow");
  EXPECT_THAT(run_to_end(session, write_call("later.txt", "y")), HasSubstr("Used: "))
      << "nobody is asked any more";
  EXPECT_EQ(in_file("later.txt"), "y");
  EXPECT_EQ(status_of([&] { client.permissions.reply("none", once); }), 404);
}

TEST_F(TandemSdkTest, AQuestionsAnswerReachesTheModel) {
  const auto& client = *client_;
  const auto session = client.sessions.create();
  const std::string ask = R"(call question {"question":"Which colour?","options":["red","blue"]})";
  const auto answered = [&](const auto& reply) {
    const auto run = client.sessions.prompt_async(session, ask);
    std::string said;
    for (const auto& event : client.stream(session, run.run_id)) {
      if (const auto* piece = event.as<tandem::SessionResponse>()) said += piece->delta;
      if (!event.as<tandem::QuestionAsked>()) continue;
      const auto open = client.questions.list();
      EXPECT_EQ(open.size(), 1U);
      EXPECT_EQ(open.at(0).questions.at(0).question, "Which colour?");
      EXPECT_EQ(open.at(0).questions.at(0).options.at(1).label, "blue");
      reply(open.at(0).id);
    }
    return said;
  };
  EXPECT_THAT(answered([&](const auto& id) { EXPECT_TRUE(client.questions.reply(id, "blue").ok); }),
              HasSubstr("blue"));
  EXPECT_THAT(answered([&](const auto& id) {
                EXPECT_TRUE(client.questions.answer(session, id, "green").ok);
              }),
              HasSubstr("green"));
  EXPECT_THAT(answered([&](const auto& id) { EXPECT_TRUE(client.questions.reject(id).ok); }),
              Not(HasSubstr("green")));
  EXPECT_TRUE(client.questions.list().empty());
}

// --- sessions -----------------------------------------------------------------------------------

TEST_F(TandemSdkTest, SessionsAreManaged) {
  const auto& client = *client_;
  const auto id = client.sessions.create(in_project());
  EXPECT_EQ(client.sessions.get(id).directory, project_);
  EXPECT_EQ(client.sessions.get(id).title, "My agent");
  EXPECT_EQ(client.sessions.update(id, {.title = "Renamed"}).title, "Renamed");
  EXPECT_TRUE(client.sessions.archive(id).archived);
  EXPECT_TRUE(client.sessions.list({.archived = false}).sessions.empty());
  EXPECT_FALSE(client.sessions.update(id, {.archived = false}).archived);
  const auto listed = client.sessions.list({.q = "renamed", .workspace = project_});
  ASSERT_EQ(listed.sessions.size(), 1U);
  EXPECT_EQ(listed.sessions[0].id, id);

  run_to_end(id, R"(call todo_write {"todos":[{"content":"Audit","status":"pending"}]})");
  const auto todos = client.sessions.todos(id);
  ASSERT_EQ(todos.size(), 1U);
  EXPECT_EQ(todos[0].content, "Audit");
  EXPECT_EQ(todos[0].status, "pending");

  const auto copy = client.sessions.fork(id);
  EXPECT_EQ(copy.title, "Renamed (fork)");
  EXPECT_EQ(client.sessions.messages(copy.id).size(), client.sessions.messages(id).size());
  const auto children = client.sessions.children(id);
  ASSERT_EQ(children.size(), 1U);
  EXPECT_EQ(children[0].id, copy.id);
  const auto summary = client.sessions.summarize(id);
  EXPECT_TRUE(summary.ok);
  EXPECT_THAT(summary.summary, HasSubstr("Heard: "));

  client.sessions.remove(copy.id);
  EXPECT_EQ(status_of([&] { client.sessions.get(copy.id); }), 404);
}

TEST_F(TandemSdkTest, ChangesOfFilesAreShownAndUndone) {
  const auto& client = *client_;
  const auto id = client.sessions.create(in_project());
  run_to_end(id, write_call("README.md", "# Changed"));
  const auto diff = client.sessions.diff(id);
  EXPECT_THAT(diff.files, ElementsAre("README.md"));
  EXPECT_THAT(diff.diff.value_or(""), HasSubstr("-# Colonnade"));
  EXPECT_TRUE(client.sessions.revert(id).ok);
  EXPECT_EQ(in_file("README.md"), "# Colonnade\n");
  EXPECT_TRUE(client.sessions.unrevert(id).ok);
  EXPECT_EQ(in_file("README.md"), "# Changed");

  std::filesystem::create_directories(project_ + "/other");
  const auto moved = client.sessions.attach(id, project_ + "/other", "review");
  EXPECT_EQ(moved.directory, project_ + "/other");
  EXPECT_EQ(moved.attached_from_workspace, project_);
  EXPECT_EQ(moved.attach_reason, "review");
  run_to_end(id, write_call("there.txt", "moved"));
  EXPECT_EQ(in_file("other/there.txt"), "moved");
}

TEST_F(TandemSdkTest, ARunUnderWayIsSeenAndEnded) {
  const auto& client = *client_;
  const auto id = client.sessions.create(in_project(true));
  const auto end_of = [&](const std::string& run) {
    std::string status;
    for (const auto& event : client.stream(id, run)) {
      if (const auto* end = event.as<tandem::RunFinished>()) status = end->status;
    }
    return status;
  };
  EXPECT_FALSE(client.sessions.active_run(id).active);
  const auto begin = [&] {
    auto stream = client.stream(id);
    const auto run = client.sessions.prompt_async(id, write_call("never.txt", "x")).run_id;
    while (const auto event = stream.next()) {
      if (event->as<tandem::PermissionRequest>()) break;
    }
    return run;
  };
  const auto first = begin();
  ASSERT_TRUE(client.sessions.active_run(id).active);
  EXPECT_EQ(client.sessions.active_run(id).active->run_id, first);
  const auto second = client.sessions.prompt_async(id, "And this?");
  EXPECT_TRUE(second.conflict);
  EXPECT_EQ(second.run_id, first);
  EXPECT_EQ(status_of([&] { client.sessions.prompt_sync(id, "And this?"); }), 409);
  EXPECT_FALSE(client.sessions.cancel_run(id, "none").cancelled);
  EXPECT_TRUE(client.sessions.cancel_run(id, first).cancelled);
  EXPECT_EQ(end_of(first), "cancelled");
  const auto third = begin();
  EXPECT_TRUE(client.sessions.abort(id).cancelled);
  EXPECT_EQ(end_of(third), "cancelled");
  const auto fourth = begin();
  EXPECT_TRUE(client.sessions.cancel(id).cancelled);
  EXPECT_EQ(end_of(fourth), "cancelled");
  EXPECT_FALSE(client.sessions.cancel(id).cancelled);
  EXPECT_EQ(in_file("never.txt"), "");
  EXPECT_TRUE(client.permissions.list().requests.empty());
}

// --- streams ------------------------------------------------------------------------------------

TEST_F(TandemSdkTest, StreamsOfARunOfASessionAndOfAll) {
  const auto& client = *client_;
  const auto id = client.sessions.create();
  auto all = client.global_stream();
  auto session = client.stream(id);
  const auto run = client.sessions.prompt_async(id, "Hello").run_id;
  const auto said_in = [&](Stream<tandem::Event>& stream) {
    std::string said;
    while (const auto event = stream.next()) {
      if (const auto* piece = event->as<tandem::SessionResponse>()) said += piece->delta;
      if (event->type() == "session.run.finished") break;
    }
    return said;
  };
  EXPECT_EQ(said_in(all), "Heard: Hello");
  EXPECT_EQ(said_in(session), "Heard: Hello");
  auto of_the_run = client.run_stream(run);
  EXPECT_EQ(said_in(of_the_run), "Heard: Hello");

  const auto events = client.run_events(run);
  ASSERT_GT(events.size(), 4U);
  EXPECT_EQ(events.back().type(), "session.run.finished");
  const auto tail = client.run_events(run, {.tail = 2});
  ASSERT_EQ(tail.size(), 2U);
  EXPECT_EQ(tail[0].type(), "run.completed");
  const auto seq = events[events.size() - 3].data()["seq"].as_int64();
  EXPECT_EQ(client.run_events(run, {.since_seq = seq}).size(), 2U);

  // On behind an event that was seen.
  std::vector<tandem::Event> seen;
  for (const auto& event : client.stream(id, run)) seen.push_back(event);
  const auto numbered =
      std::ranges::find_if(seen, [](const auto& one) { return !one.id().empty(); });
  ASSERT_NE(numbered, seen.end());
  std::vector<std::string> rest;
  for (const auto& event : client.stream(id, run, {.last_event_id = numbered->id()})) {
    if (!event.id().empty()) rest.push_back(event.id());
  }
  std::vector<std::string> wanted;
  for (auto at = numbered + 1; at != seen.end(); ++at) {
    if (!at->id().empty()) wanted.push_back(at->id());
  }
  EXPECT_EQ(rest, wanted);
}

// --- tools --------------------------------------------------------------------------------------

TEST_F(TandemSdkTest, ToolsAreListedAndCalled) {
  const auto& client = *client_;
  const auto ids = client.list_tool_ids();
  EXPECT_THAT(ids, IsSupersetOf({"bash", "read", "write", "edit", "glob", "grep", "webfetch",
                                 "websearch", "todo_write"}));
  std::vector<std::string> names;
  for (const auto& tool : client.list_tools()) {
    names.push_back(tool.name);
    EXPECT_FALSE(tool.description.empty()) << tool.name;
    EXPECT_EQ(tool.input_schema["type"].as_string(), "object") << tool.name;
  }
  EXPECT_EQ(names, ids);
  EXPECT_EQ(client.execute_tool("calculator", {{"expression", "6*7"}}).output, "42");
  const auto id = client.sessions.create(in_project(true));
  EXPECT_THAT(client.execute_tool("read", {{"path", "README.md"}, {"__session_id", id}}).output,
              HasSubstr("# Colonnade"));
  const Json call{{"path", "by-hand.txt"}, {"content", "x"}, {"__session_id", id}};
  try {
    client.execute_tool("write", call);
    FAIL() << "nobody was asked";
  } catch (const tandem::EngineError& error) {
    EXPECT_EQ(error.status(), 409);
    EXPECT_EQ(error.code(), "APPROVAL_PENDING");
    client.permissions.reply(error.detail()["requestID"].as_string(),
                             tandem::PermissionReply::once);
  }
  EXPECT_FALSE(client.execute_tool("write", call).output.empty());
  EXPECT_EQ(in_file("by-hand.txt"), "x");
  EXPECT_EQ(status_of([&] { client.execute_tool("none"); }), 404);
}

}  // namespace
}  // namespace colonnade::e2e
