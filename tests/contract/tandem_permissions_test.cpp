// Permissions and questions (tandem §2.3, §4.2, §4.3 as §6 changes them).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tandem_server.hpp"
#include "tools/builtin/question.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

// A tool that changes something, which the gate asks about.
class SendTool final : public tools::Tool {
 public:
  SendTool() {
    definition_.name = "send";
    definition_.description = "Sends.";
    definition_.input_schema = {{"type", "object"}, {"properties", {{"to", {{"type", "string"}}}}}};
  }
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  bool uses_workspace() const override { return false; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, base::Json arguments,
                                    std::stop_token) override {
    co_return core::ToolOutcome{.content = "sent to " + arguments.value("to", std::string("?"))};
  }

 private:
  core::ToolDefinition definition_;
};

EngineOptions with_tools(const TemporaryFolder& folder) {
  EngineOptions out;
  out.workspaces = folder.file("workspaces");
  out.extra_tools.push_back(std::make_unique<SendTool>());
  out.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
  return out;
}

class TandemPermissions : public ::testing::Test {
 protected:
  ScriptedProvider& model() { return *server_.engine.model; }
  struct Asked {
    std::string session{};
    std::string run{};
    Json event{};  // of the type that was waited for
  };
  std::string new_session() { return server_.post("/session").json().at("id"); }
  // A run that calls the tool and waits for what a human says.
  Asked ask(const std::string& session, const std::string& tool, const Json& arguments,
            const std::string& event, bool goes_on = true) {
    model().script({tool_call("call_1", tool, arguments)});
    if (goes_on) model().script({text("Done."), reply({core::TextPart{"Done."}})});
    const Answer started =
        server_.post("/session/" + session + "/prompt_async?return=run", {{"text", "Do it"}});
    Asked out{.session = session, .run = started.json().at("runID")};
    const auto events = until(out, event);
    out.event = events.back();
    return out;
  }
  Asked ask_to_send() { return ask(new_session(), "send", {{"to", "ann"}}, "permission.request"); }
  std::vector<Json> until(const Asked& asked, const std::string& type) {
    WireStream stream = server_.stream("/event?sessionID=" + asked.session + "&runID=" + asked.run);
    return events_until(stream, type);
  }
  Json result_of(const Asked& asked) {
    for (const Json& event : until(asked, "session.run.finished")) {
      if (event.at("type") == "session.tool_result") return event.at("properties");
    }
    return nullptr;
  }
  Answer reply_to(const std::string& id, const std::string& word) {
    return server_.post("/permission/" + id + "/reply", {{"reply", word}});
  }

  TemporaryFolder folder_;
  TandemServer server_{folder_.file("colonnade.db"), {.engine = with_tools(folder_)}};
};

TEST_F(TandemPermissions, ACallIsAskedAboutAndListed) {
  const Asked asked = ask_to_send();
  const Json& told = asked.event.at("properties");
  const std::string id = told.at("id");
  EXPECT_EQ(told.at("requestID"), id);
  EXPECT_EQ(told.at("permission"), "send");
  EXPECT_EQ(told.at("args"), (Json{{"to", "ann"}}));
  EXPECT_EQ(told.at("status"), "pending");
  const auto events = until(asked, "permission.request");
  EXPECT_EQ(events[events.size() - 2].at("type"), "permission.asked");
  EXPECT_EQ(events[events.size() - 3].at("properties").at("part").at("state"), "pending");
  EXPECT_EQ(events[events.size() - 3].at("properties").at("part").at("id"), id);

  const Json list = server_.get("/permission").json();
  ASSERT_EQ(list.at("requests").size(), 1U);
  const Json& request = list.at("requests").at(0);
  EXPECT_EQ(request.at("id"), id);
  EXPECT_EQ(request.at("sessionID"), asked.session);
  EXPECT_EQ(request.at("tool"), "send");
  EXPECT_EQ(request.at("status"), "pending");
  EXPECT_EQ(list.at("rules"), Json::array());

  const Answer replied = reply_to(id, "once");
  EXPECT_EQ(replied.json(), (Json{{"ok", true},
                                  {"requestID", id},
                                  {"reply", "once"},
                                  {"status", "applied"},
                                  {"persistedRule", false}}));
  EXPECT_EQ(result_of(asked).at("output"), "sent to ann");
  EXPECT_EQ(server_.get("/permission").json().at("requests"), Json::array()) << "it was decided";
  EXPECT_EQ(reply_to(id, "once").status, 200) << "twice";
  EXPECT_EQ(reply_to(id, "deny").status, 409) << "it ran";
}

TEST_F(TandemPermissions, OnceAndAllowDecideThisCallOnly) {
  for (const char* word : {"once", "allow"}) {
    const Asked asked = ask_to_send();
    EXPECT_EQ(reply_to(asked.event.at("properties").at("id"), word).json().at("persistedRule"),
              false);
    EXPECT_EQ(result_of(asked).at("output"), "sent to ann") << word;
    EXPECT_EQ(server_.get("/permission").json().at("rules"), Json::array());
  }
}

TEST_F(TandemPermissions, DenyAndRejectStopTheCall) {
  for (const char* word : {"deny", "reject"}) {
    const Asked asked = ask_to_send();
    EXPECT_EQ(reply_to(asked.event.at("properties").at("id"), word).json().at("persistedRule"),
              false);
    const Json result = result_of(asked);
    EXPECT_EQ(result.at("output"), "") << word;
    EXPECT_EQ(result.at("state"), "denied");
    EXPECT_TRUE(result.contains("error"));
  }
}

TEST_F(TandemPermissions, AlwaysCountsAgain) {
  const Asked asked = ask_to_send();
  EXPECT_EQ(reply_to(asked.event.at("properties").at("id"), "always").json().at("persistedRule"),
            true);
  result_of(asked);
  const Json rules = server_.get("/permission").json().at("rules");
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules.at(0).at("permission"), "send");
  EXPECT_EQ(rules.at(0).at("action"), "allow");
  // The same again in that session runs unasked.
  model().script({tool_call("call_2", "send", {{"to", "bob"}})});
  model().script({text("Done."), reply({core::TextPart{"Done."}})});
  const Answer started =
      server_.post("/session/" + asked.session + "/prompt_async?return=run", {{"text", "Again"}});
  const Asked again{.session = asked.session, .run = started.json().at("runID")};
  EXPECT_EQ(result_of(again).at("output"), "sent to bob");
}

TEST_F(TandemPermissions, WrongRepliesSaySo) {
  const Answer word = reply_to("bad-word", "perhaps");
  EXPECT_EQ(word.status, 400);
  EXPECT_EQ(word.json().at("code"), "invalid_permission_reply");
  const Answer unknown = reply_to("unknown", "once");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json().at("code"), "permission_request_not_found");
}

TEST_F(TandemPermissions, AreAnsweredInTheirSession) {
  const Asked first = ask_to_send();
  const std::string id = first.event.at("properties").at("id");
  EXPECT_EQ(server_.post("/sessions/none/tools/" + id + "/approve").status, 404);
  EXPECT_EQ(server_.post("/sessions/" + first.session + "/tools/" + id + "/approve").json(),
            (Json{{"ok", true}}));
  EXPECT_EQ(result_of(first).at("output"), "sent to ann");
  const Asked second = ask_to_send();
  const std::string denied = second.event.at("properties").at("id");
  EXPECT_EQ(server_.post("/sessions/" + second.session + "/tools/" + denied + "/deny").status, 200);
  EXPECT_EQ(result_of(second).at("state"), "denied");
}

TEST_F(TandemPermissions, GoWithTheRunThatAsked) {
  for (const char* end : {"/abort", "/cancel", ""}) {
    const Asked asked =
        ask(new_session(), "send", {{"to", "ann"}}, "permission.request", /*goes_on=*/false);
    ASSERT_EQ(server_.get("/permission").json().at("requests").size(), 1U);
    const std::string target = "/session/" + asked.session + end;
    EXPECT_EQ(
        server_.ask(*end == '\0' ? "DELETE" : "POST", target, *end == '\0' ? "" : "{}").status,
        200);
    EXPECT_EQ(server_.get("/permission").json().at("requests"), Json::array()) << end;
  }
}

TEST_F(TandemPermissions, AnothersAreNotThere) {
  const Asked asked = ask_to_send();
  const std::string id = asked.event.at("properties").at("id");
  const net::Headers bob = {{"Authorization", "Bearer " + server_.new_token("bob")}};
  EXPECT_EQ(server_.ask("GET", "/permission", "", bob).json().at("requests"), Json::array());
  EXPECT_EQ(server_.ask("POST", "/permission/" + id + "/reply", R"({"reply":"once"})", bob).status,
            404);
  EXPECT_EQ(server_.ask("GET", "/session/" + asked.session, "", bob).status, 404);
  EXPECT_EQ(server_.ask("GET", "/event?runID=" + asked.run, "", bob).status, 404);
  EXPECT_EQ(server_.ask("GET", "/run/" + asked.run + "/events", "", bob).status, 404);
  EXPECT_EQ(server_.ask("GET", "/session", "", bob).json().at("count"), 0);
  reply_to(id, "deny");
}

TEST_F(TandemPermissions, AQuestionsAnswerGoesIntoTheRun) {
  const Json arguments = {{"question", "Which colour?"}, {"options", {"red", "blue"}}};
  const Asked asked = ask(new_session(), "question", arguments, "question.asked");
  const Json& told = asked.event.at("properties");
  const std::string id = told.at("id");
  ASSERT_EQ(told.at("questions").size(), 1U);
  EXPECT_EQ(told.at("questions").at(0).at("question"), "Which colour?");
  EXPECT_EQ(told.at("questions").at(0).at("options").at(0).at("label"), "red");
  const Json list = server_.get("/question").json();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list.at(0).at("id"), id);
  EXPECT_EQ(list.at(0).at("sessionID"), asked.session);
  EXPECT_EQ(list.at(0).at("text"), "Which colour?");
  EXPECT_EQ(list.at(0).at("choices"), (Json{"red", "blue"}));
  EXPECT_EQ(server_.get("/permission").json().at("requests"), Json::array()) << "no permission";
  EXPECT_EQ(server_.post("/question/" + id + "/reply").status, 422) << "no answer";
  EXPECT_EQ(server_.post("/question/none/reply", {{"answer", "x"}}).status, 404);
  EXPECT_EQ(server_.post("/question/" + id + "/reply", {{"answer", "blue"}}).json(),
            (Json{{"ok", true}}));
  EXPECT_EQ(result_of(asked).at("output"), "blue");
  EXPECT_EQ(server_.get("/question").json(), Json::array());
}

TEST_F(TandemPermissions, QuestionsAreAnsweredInTheirSessionOrRejected) {
  const Json arguments = {{"question", "Which colours?"}};
  const Asked first = ask(new_session(), "question", arguments, "question.asked");
  const std::string id = first.event.at("properties").at("id");
  const std::string target = "/questions/" + id + "/answer";
  EXPECT_EQ(server_.post("/sessions/none" + target, {{"answer", "x"}}).status, 404);
  EXPECT_EQ(server_
                .post("/sessions/" + first.session + target,
                      Json{{"answers", Json::array({Json::array({"red", "blue"})})}})
                .status,
            200);
  EXPECT_EQ(result_of(first).at("output"), "red, blue");
  const Asked second = ask(new_session(), "question", arguments, "question.asked");
  const std::string other = second.event.at("properties").at("id");
  EXPECT_EQ(server_.post("/question/" + other + "/reject").json(), (Json{{"ok", true}}));
  EXPECT_EQ(result_of(second).at("state"), "denied");
}

}  // namespace
}  // namespace colonnade::tests
