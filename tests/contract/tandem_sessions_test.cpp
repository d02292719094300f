// long: each session test needs the same fixture
// Sessions, prompts and the events of their runs (tandem §2.2, §3, §4.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "net/testing.hpp"
#include "tandem_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;

class TandemSessions : public ::testing::Test {
 protected:
  ScriptedProvider& model() { return *server_.engine.model; }
  Json make(const Json& body = Json::object()) {
    const Answer made = server_.post("/session", body);
    EXPECT_EQ(made.status, 200) << made.body;
    return made.json();
  }
  std::string new_session() { return make().at("id"); }
  static std::string path(const std::string& id, const std::string& rest = {}) {
    return "/session/" + id + rest;
  }
  Answer prompt(const std::string& id, const std::string& text = "hi", Json more = Json::object()) {
    more["parts"] = Json::array({{{"type", "text"}, {"text", text}}});
    return server_.post(path(id, "/prompt_async?return=run"), more);
  }
  std::string run_of(const Answer& answer) {
    EXPECT_EQ(answer.status, 202) << answer.body;
    return answer.json().at("runID");
  }
  static std::string events_of(const std::string& id, const std::string& run) {
    return "/event?sessionID=" + id + "&runID=" + run;
  }
  std::vector<Json> run_to_end(const std::string& id, const std::string& run) {
    WireStream stream = server_.stream(events_of(id, run));
    return events_until(stream, "session.run.finished");
  }
  static std::vector<std::string> types_of(const std::vector<Json>& events) {
    std::vector<std::string> out;
    for (const Json& one : events) out.push_back(one.at("type"));
    return out;
  }
  static const Json& first_of(const std::vector<Json>& events, const std::string& type) {
    for (const Json& one : events) {
      if (one.at("type") == type) return one;
    }
    throw std::runtime_error("no " + type);
  }
  static std::string said_in(const std::vector<Json>& events) {
    std::string out;
    for (const Json& one : events) {
      if (one.at("type") != "session.response") continue;
      out += one.at("properties").at("delta").get<std::string>();
    }
    return out;
  }
  void script_answer(const std::string& said = "Hello") {
    model().script({text(said.substr(0, 2)), text(said.substr(2)), reply({core::TextPart{said}})});
  }
  // A session whose run waits at a Hold.
  std::pair<std::string, std::string> busy_session() {
    const std::string id = new_session();
    model().script({text("Half"), Hold{}, reply({core::TextPart{"Half"}})});
    return {id, run_of(prompt(id))};
  }

  TemporaryFolder folder_;
  TandemServer server_{folder_.file("colonnade.db"),
                       {.engine = {.workspaces = folder_.file("workspaces")}}};
};

// --- sessions -----------------------------------------------------------------------------------

TEST_F(TandemSessions, AreMadeWithWhatClientsNeed) {
  const std::string directory = folder_.file("project");
  std::filesystem::create_directories(directory);
  const Json session = make({{"title", "My agent"},
                             {"directory", directory},
                             {"model", {{"providerID", "scripted"}, {"modelID", "scripted-1"}}},
                             {"provider", "scripted"}});
  EXPECT_EQ(session.at("title"), "My agent");
  EXPECT_EQ(session.at("directory"), directory);
  EXPECT_EQ(session.at("workspaceRoot"), directory);
  EXPECT_EQ(session.at("version"), "v1");
  EXPECT_THAT(session.at("projectID").get<std::string>(),
              ::testing::MatchesRegex("workspace-[0-9a-f]{12}"));
  EXPECT_EQ(session.at("model"), (Json{{"providerID", "scripted"}, {"modelID", "scripted-1"}}));
  EXPECT_EQ(session.at("provider"), "scripted");
  EXPECT_EQ(session.at("messages"), Json::array());
  EXPECT_TRUE(session.at("createdAtMs").is_number_integer());
  EXPECT_TRUE(session.at("time").at("created").is_number_integer());
  EXPECT_FALSE(session.contains("archived")) << "absent, not null";
  EXPECT_EQ(server_.get(path(session.at("id"))).json(), session);
  EXPECT_EQ(server_.get("/api" + path(session.at("id"))).json(), session);
}

TEST_F(TandemSessions, TakeEverySpelling) {
  EXPECT_EQ(make({{"model", {{"provider_id", "scripted"}, {"model_id", "m"}}}}).at("model"),
            (Json{{"providerID", "scripted"}, {"modelID", "m"}}));
  EXPECT_EQ(make({{"providerId", "scripted"}, {"modelId", "m"}}).at("model"),
            (Json{{"providerID", "scripted"}, {"modelID", "m"}}));
  const std::string other = folder_.file("not there");
  EXPECT_EQ(make({{"workspace_root", other}, {"directory", "."}}).at("directory"), other)
      << "one that is not there is kept";
  EXPECT_EQ(server_.ask("POST", "/session").status, 200) << "without a body";
}

TEST_F(TandemSessions, SayWhatIsWrongWithThem) {
  const std::pair<Json, std::string> rows[] = {
      {{{"title", 7}}, "title"},
      {{{"directory", "src"}}, "directory"},
      {{{"model", 7}}, "model"},
      {{{"permission", {{{"permission", "bash"}, {"action", "maybe"}}}}}, "permission"},
  };
  for (const auto& [body, field] : rows) {
    const Answer answer = server_.post("/session", body);
    EXPECT_EQ(answer.status, 422) << body << answer.body;
    EXPECT_EQ(answer.json().at("field"), field);
  }
}

TEST_F(TandemSessions, AreListedByPagesTextsAndFolders) {
  const std::string here = folder_.file("here");
  make({{"title", "Alpha agent"}, {"directory", here}});
  make({{"title", "Beta"}, {"directory", here}});
  const std::string gamma = make({{"title", "Gamma agent"}}).at("id");
  const auto titles = [&](const std::string& query) {
    const Json list = server_.get("/session" + query).json();
    std::vector<std::string> out;
    for (const Json& one : list.at("sessions")) out.push_back(one.at("title"));
    return out;
  };
  EXPECT_THAT(titles(""), ElementsAre("Gamma agent", "Beta", "Alpha agent"));
  EXPECT_THAT(titles("?q=AGENT"), ElementsAre("Gamma agent", "Alpha agent"));
  EXPECT_THAT(titles("?page=2&page_size=2"), ElementsAre("Alpha agent"));
  EXPECT_EQ(server_.get("/session?page_size=1").json().at("count"), 3);
  EXPECT_THAT(titles("?scope=workspace&workspace=" + here), ElementsAre("Beta", "Alpha agent"));
  EXPECT_THAT(titles("?scope=global&workspace=" + here).size(), 3);
  server_.ask("PATCH", path(gamma), R"({"archived":true})");
  EXPECT_THAT(titles("?archived=false"), ElementsAre("Beta", "Alpha agent"));
  EXPECT_THAT(titles("?archived=true"), ElementsAre("Gamma agent"));
  EXPECT_THAT(titles("").size(), 3) << "archived ones too";
  for (const char* query : {"?page=x", "?archived=maybe", "?scope=mine"}) {
    EXPECT_EQ(server_.get("/session" + std::string(query)).status, 400) << query;
  }
}

TEST_F(TandemSessions, AreRenamedArchivedAndDeleted) {
  const std::string id = new_session();
  const Answer changed = server_.ask("PATCH", path(id), R"({"title":"Renamed","archived":true})");
  EXPECT_EQ(changed.json().at("title"), "Renamed");
  EXPECT_EQ(changed.json().at("archived"), true);
  EXPECT_FALSE(server_.ask("PATCH", path(id), R"({"archived":false})").json().contains("archived"));
  EXPECT_EQ(server_.ask("DELETE", path(id)).json(), (Json{{"deleted", true}}));
  EXPECT_EQ(server_.ask("DELETE", path(id)).json(), (Json{{"deleted", false}}));
  EXPECT_EQ(server_.ask("DELETE", path("none")).status, 200);
  const Answer gone = server_.get(path(id));
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.json().at("code"), "SESSION_NOT_FOUND");
  for (const char* rest : {"/message", "/todo", "/run", "/children"}) {
    EXPECT_EQ(server_.get(path(id, rest)).status, 404) << rest;
  }
}

TEST_F(TandemSessions, AreForkedWithTheirMessages) {
  const std::string id = make({{"title", "My agent"}}).at("id");
  script_answer();
  run_to_end(id, run_of(prompt(id)));
  const Answer forked = server_.post(path(id, "/fork"));
  ASSERT_EQ(forked.status, 200) << forked.body;
  const Json child = forked.json();
  EXPECT_EQ(child.at("ok"), true);
  EXPECT_EQ(child.at("title"), "My agent (fork)");
  EXPECT_EQ(child.at("session").at("id"), child.at("id"));
  EXPECT_EQ(server_.get(path(child.at("id"), "/message")).json().size(), 2U);
  const Json children = server_.get(path(id, "/children")).json();
  EXPECT_EQ(children.at("count"), 1);
  EXPECT_EQ(children.at("sessions").at(0).at("id"), child.at("id"));
}

TEST_F(TandemSessions, AreAttachedToAnotherFolder) {
  const std::string from = folder_.file("from");
  const std::string to = folder_.file("to");
  const std::string id = make({{"directory", from}}).at("id");
  const Answer attached =
      server_.post(path(id, "/attach"), {{"target_workspace", to}, {"reason_tag", "review"}});
  ASSERT_EQ(attached.status, 200) << attached.body;
  const Json session = attached.json();
  EXPECT_EQ(session.at("directory"), to);
  EXPECT_EQ(session.at("originWorkspaceRoot"), from);
  EXPECT_EQ(session.at("attachedFromWorkspace"), from);
  EXPECT_EQ(session.at("attachedToWorkspace"), to);
  EXPECT_EQ(session.at("attachReason"), "review");
  EXPECT_TRUE(session.at("attachTimestampMs").is_number_integer());
  EXPECT_EQ(server_.post(path(id, "/attach")).json().at("field"), "target_workspace");
  EXPECT_EQ(server_.post(path("none", "/attach"), {{"target_workspace", to}}).status, 404);
}

// --- runs ---------------------------------------------------------------------------------------

TEST_F(TandemSessions, APromptsEventsComeInOrderAlsoForWhoComesLate) {
  const std::string id = new_session();
  script_answer();
  const Answer started = prompt(id);
  const std::string run = run_of(started);
  EXPECT_EQ(started.header("x-tandem-run-id"), run);
  EXPECT_EQ(started.json().at("attachEventStream"), events_of(id, run));
  EXPECT_FALSE(started.json().contains("id"));
  const auto first = run_to_end(id, run);
  const auto types = types_of(first);
  ASSERT_GE(types.size(), 10U);
  EXPECT_EQ(types[0], "server.connected");
  EXPECT_EQ(types[1], "engine.lifecycle.ready");
  EXPECT_EQ(types[2], "session.run.started");
  EXPECT_EQ(types[3], "run.started");
  EXPECT_EQ(types[4], "session.status");
  EXPECT_EQ(types[types.size() - 2], "run.completed");
  EXPECT_EQ(types[types.size() - 1], "session.run.finished");
  EXPECT_EQ(said_in(first), "Hello");
  for (std::size_t i = 2; i < first.size(); ++i) {
    for (const Json& place : {first[i], first[i].at("properties")}) {
      EXPECT_EQ(place.at("sessionID"), id) << first[i];
      EXPECT_EQ(place.at("runID"), run) << first[i];
    }
    EXPECT_TRUE(first[i].at("timestamp").is_string());
  }
  EXPECT_EQ(first.back().at("properties").at("status"), "completed");
  EXPECT_EQ(first_of(first, "provider.usage").at("properties").at("totalTokens"), 15);
  // Once more, after its end: the same.
  EXPECT_EQ(types_of(run_to_end(id, run)), types);
  EXPECT_EQ(first_of(first, "session.run.finished").at("properties").at("channel"), "system");
}

TEST_F(TandemSessions, AStreamGoesOnAfterTheLastEventThatItsReaderHas) {
  const std::string id = new_session();
  script_answer();
  const std::string run = run_of(prompt(id));
  WireStream stream = server_.stream(events_of(id, run));
  std::vector<WireEvent> seen;
  for (auto event = stream.next(); event; event = stream.next()) {
    seen.push_back(*event);
    if (event->json().at("type") == "session.run.finished") break;
  }
  ASSERT_GE(seen.size(), 8U);
  EXPECT_EQ(seen[0].id, "");
  const WireEvent& last = seen[5];
  ASSERT_NE(last.id, "");
  WireStream again = server_.stream(events_of(id, run), {{"Last-Event-ID", last.id}});
  const auto rest = events_until(again, "session.run.finished");
  ASSERT_EQ(rest.size(), seen.size() - 6 + 2) << "after the two greetings";
  for (std::size_t i = 2; i < rest.size(); ++i) EXPECT_EQ(rest[i], seen[i + 4].json());
  // Without a run: what came since, of this session.
  WireStream session = server_.stream("/event?sessionID=" + id, {{"Last-Event-ID", last.id}});
  EXPECT_EQ(events_until(session, "session.run.finished").size(), rest.size());
}

TEST_F(TandemSessions, StreamsAreFiltered) {
  const std::string mine = new_session();
  const std::string other = new_session();
  WireStream all = server_.stream("/global/event");
  WireStream one = server_.stream("/event?sessionID=" + mine);
  events_until(all, "engine.lifecycle.ready");
  events_until(one, "engine.lifecycle.ready");
  script_answer("first");
  run_to_end(other, run_of(prompt(other)));
  script_answer("second");
  const std::string run = run_of(prompt(mine));
  for (const Json& event : events_until(one, "session.run.finished")) {
    EXPECT_EQ(event.at("sessionID"), mine);
    if (event.contains("runID")) EXPECT_EQ(event.at("runID"), run);
  }
  events_until(all, "session.run.finished");
  const auto later = events_until(all, "session.run.finished");
  EXPECT_EQ(said_in(later), "second");
  EXPECT_EQ(server_.get("/event?sessionID=none").status, 404);
  EXPECT_EQ(server_.get("/event?runID=none").status, 404);
}

TEST_F(TandemSessions, ANewSessionIsTold) {
  WireStream all = server_.stream("/event");
  events_until(all, "engine.lifecycle.ready");
  const std::string id = make({{"title", "Told"}}).at("id");
  const auto events = events_until(all, "session.created");
  EXPECT_EQ(events.back().at("sessionID"), id);
  EXPECT_EQ(events.back().at("properties").at("title"), "Told");
}

TEST_F(TandemSessions, MessagesHoldWhatWasSaidAndDone) {
  const std::string id = new_session();
  model().script(
      {text("Let me see. "), tool_call("call_1", "calculator", {{"expression", "2+2"}})});
  model().script({text("Four."), reply({core::TextPart{"Four."}})});
  const auto events = run_to_end(id, run_of(prompt(id, "What is 2+2?")));
  const Json& call = first_of(events, "session.tool_call").at("properties");
  EXPECT_EQ(call.at("tool"), "calculator");
  EXPECT_EQ(call.at("args"), (Json{{"expression", "2+2"}}));
  const Json& result = first_of(events, "session.tool_result").at("properties");
  EXPECT_EQ(result.at("toolCallID"), call.at("toolCallID"));
  EXPECT_EQ(result.at("output"), "4");
  EXPECT_FALSE(result.contains("error"));

  const Json messages = server_.get(path(id, "/message")).json();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].at("info").at("role"), "user");
  EXPECT_EQ(messages[0].at("info").at("sessionID"), id);
  EXPECT_EQ(messages[0].at("parts"), Json::array({{{"type", "text"}, {"text", "What is 2+2?"}}}));
  EXPECT_EQ(messages[1].at("info").at("role"), "assistant");
  const Json tool = {{"type", "tool"},
                     {"tool", "calculator"},
                     {"args", {{"expression", "2+2"}}},
                     {"result", "4"},
                     {"error", nullptr}};
  EXPECT_THAT(messages[1].at("parts").get<std::vector<Json>>(), ::testing::Contains(tool));
  EXPECT_EQ(messages[1].at("parts").back(), (Json{{"type", "text"}, {"text", "Four."}}));
}

TEST_F(TandemSessions, PromptsWithoutReturnHaveNoBody) {
  const std::string id = new_session();
  script_answer();
  const Answer answer = server_.post(path(id, "/prompt_async"), {{"text", "hi"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  run_to_end(id, answer.header("x-tandem-run-id"));
}

TEST_F(TandemSessions, ABusySessionSaysWhoHasIt) {
  const auto [id, run] = busy_session();
  WireStream stream = server_.stream("/event?sessionID=" + id);
  events_until(stream, "engine.lifecycle.ready");
  for (const char* route : {"/prompt_async?return=run", "/prompt_sync"}) {
    const Answer busy = server_.post(path(id, route), {{"text", "again"}});
    ASSERT_EQ(busy.status, 409);
    const Json body = busy.json();
    EXPECT_EQ(body.at("code"), "SESSION_RUN_CONFLICT");
    EXPECT_EQ(body.at("sessionID"), id);
    EXPECT_EQ(body.at("activeRun").at("runID"), run);
    EXPECT_TRUE(body.at("activeRun").at("startedAtMs").is_number_integer());
    EXPECT_TRUE(body.at("activeRun").at("clientID").is_null());
    EXPECT_EQ(body.at("retryAfterMs"), 500);
    EXPECT_EQ(body.at("attachEventStream"), events_of(id, run));
    EXPECT_EQ(busy.header("Retry-After"), "");
  }
  const Json told = events_until(stream, "session.run.conflict").back();
  EXPECT_EQ(told.at("properties").at("attachEventStream"), events_of(id, run));
  model().release();
  run_to_end(id, run);
  script_answer();
  EXPECT_EQ(prompt(id).status, 202) << "free before the end is told";
}

TEST_F(TandemSessions, TheActiveRunIsShown) {
  const std::string id = new_session();
  EXPECT_EQ(server_.get(path(id, "/run")).json(), (Json{{"active", nullptr}}));
  model().script({text("Half"), Hold{}, reply({core::TextPart{"Half"}})});
  const Answer started = server_.ask("POST", path(id, "/prompt_async?return=run"),
                                     R"({"text":"hi"})", {{"x-tandem-client-id", "studio"}});
  const std::string run = run_of(started);
  const Json active = server_.get(path(id, "/run")).json().at("active");
  EXPECT_EQ(active.at("runID"), run);
  EXPECT_EQ(active.at("clientID"), "studio");
  EXPECT_GE(active.at("lastActivityAtMs"), active.at("startedAtMs"));
  model().release();
  run_to_end(id, run);
  EXPECT_EQ(server_.get(path(id, "/run")).json(), (Json{{"active", nullptr}}));
}

TEST_F(TandemSessions, ARunIsCancelled) {
  const auto [id, run] = busy_session();
  EXPECT_EQ(server_.post(path(id, "/run/none/cancel")).json().at("cancelled"), false);
  const Json stopped = {{"ok", true}, {"cancelled", true}, {"closedBrowserSessions", 0}};
  EXPECT_EQ(server_.post(path(id, "/run/" + run + "/cancel")).json(), stopped);
  const auto events = run_to_end(id, run);
  EXPECT_EQ(events.back().at("properties").at("status"), "cancelled");
  EXPECT_EQ(events[events.size() - 2].at("type"), "run.cancelled");
  EXPECT_EQ(server_.post(path(id, "/abort")).json().at("cancelled"), false) << "nothing runs";
  EXPECT_EQ(server_.post(path("none", "/cancel")).status, 200);
  const auto [next, next_run] = busy_session();
  EXPECT_EQ(server_.post(path(next, "/abort")).json(), stopped);
  const auto [last, last_run] = busy_session();
  EXPECT_EQ(server_.ask("DELETE", path(last)).json().at("deleted"), true) << "ends it first";
}

TEST_F(TandemSessions, AFailureIsToldAndKept) {
  const std::string id = new_session();
  model().script({Break{{.kind = base::ErrorKind::upstream, .message = "429 too many requests"}}});
  const auto events = run_to_end(id, run_of(prompt(id)));
  const Json& error = first_of(events, "session.error").at("properties").at("error");
  EXPECT_EQ(error.at("code"), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(events[events.size() - 2].at("type"), "run.failed");
  EXPECT_EQ(events.back().at("properties").at("status"), "error");
  const Json messages = server_.get(path(id, "/message")).json();
  ASSERT_EQ(messages.size(), 2U) << messages;
  EXPECT_EQ(messages[1].at("info").at("role"), "assistant");
  EXPECT_THAT(messages[1].at("parts").at(0).at("text").get<std::string>(),
              HasSubstr("ENGINE_ERROR: RATE_LIMIT_EXCEEDED: "));
}

// tandem §4.1: the prompt is taken, and its run fails with the events of any failure.
TEST_F(TandemSessions, AProviderThatIsNotThereFailsTheRun) {
  const std::string id = new_session();
  const Json named = {{"model", {{"providerID", "nowhere"}, {"modelID", "m"}}}};
  const std::string run = run_of(prompt(id, "hi", named));
  const auto events = run_to_end(id, run);
  std::vector<std::string> types;
  for (const Json& event : events) types.push_back(event.at("type"));
  EXPECT_THAT(types, ::testing::IsSupersetOf({"session.run.started", "run.started"}));
  const std::vector<std::string> end(types.end() - 5, types.end());
  EXPECT_THAT(end, ElementsAre("session.error", "session.status", "session.updated", "run.failed",
                               "session.run.finished"));
  const Json error = events.at(events.size() - 5).at("properties").at("error");
  EXPECT_EQ(error.at("code"), "ENGINE_DISPATCH_FAILED");
  const auto message = error.at("message").get<std::string>();
  EXPECT_THAT(message, ::testing::StartsWith("MODEL_SELECTION_REQUIRED:"));
  EXPECT_THAT(message, HasSubstr("'nowhere'"));
  EXPECT_EQ(events.back().at("properties").at("status"), "error");
  const Json messages = server_.get(path(id, "/message")).json();
  ASSERT_EQ(messages.size(), 2U) << messages;
  EXPECT_EQ(messages[0].at("parts").at(0).at("text"), "hi");
  EXPECT_EQ(messages[1].at("parts").at(0).at("text"),
            "ENGINE_ERROR: ENGINE_DISPATCH_FAILED: " + message);
  EXPECT_EQ(model().requests().size(), 0U);
  EXPECT_EQ(server_.get(path(id, "/run")).json().at("active"), nullptr);
  script_answer();
  run_to_end(id, run_of(prompt(id)));
  EXPECT_EQ(model().requests().size(), 1U) << "the session is free";
  Json sync = named;
  sync["text"] = "hi";
  const Answer waited = server_.post(path(id, "/prompt_sync"), sync);
  EXPECT_EQ(waited.status, 200);
  EXPECT_THAT(waited.json().at("reply").get<std::string>(), HasSubstr("MODEL_SELECTION_REQUIRED:"));
  EXPECT_EQ(waited.json().at("status"), "error");
}

// tandem §4.1, §6: only its provider knows that it does not have the model.
TEST_F(TandemSessions, AModelThatIsNotThereFailsTheRun) {
  const std::string id = new_session();
  const Break refusal{{.kind = base::ErrorKind::invalid,
                       .message = "scripted answered 404: no such model",
                       .field = core::unknown_model_field}};
  model().script({refusal});
  const Json named = {{"model", {{"providerID", "scripted"}, {"modelID", "m9"}}}};
  const auto events = run_to_end(id, run_of(prompt(id, "hi", named)));
  const Json& error = first_of(events, "session.error").at("properties").at("error");
  EXPECT_EQ(error.at("code"), "ENGINE_DISPATCH_FAILED");
  const auto message = error.at("message").get<std::string>();
  EXPECT_THAT(message, ::testing::StartsWith("MODEL_SELECTION_REQUIRED: "));
  for (const char* word : {"'m9'", "'scripted'", "no such model"}) {
    EXPECT_THAT(message, HasSubstr(word));
  }
  for (const char* type : {"run.failed", "session.run.finished"}) {
    EXPECT_EQ(first_of(events, type).at("properties").at("error"), message) << type;
  }
  const Json messages = server_.get(path(id, "/message")).json();
  ASSERT_EQ(messages.size(), 2U) << messages;
  EXPECT_EQ(messages[1].at("parts").at(0).at("text"),
            "ENGINE_ERROR: ENGINE_DISPATCH_FAILED: " + message);
  model().script({refusal});
  Json sync = named;
  sync["text"] = "hi";
  const Answer waited = server_.post(path(id, "/prompt_sync"), sync);
  EXPECT_EQ(waited.json().at("reply"), "ENGINE_ERROR: ENGINE_DISPATCH_FAILED: " + message);
}

// Nothing of it is stored beside a run that is under way.
TEST_F(TandemSessions, AProviderThatIsNotThereDoesNotPassARunUnderWay) {
  const std::string id = new_session();
  model().script({text("Hel"), Hold{}, reply({core::TextPart{"Hello"}})});
  const std::string run = run_of(prompt(id));
  const Answer second =
      prompt(id, "hi", {{"model", {{"providerID", "nowhere"}, {"modelID", "m"}}}});
  EXPECT_EQ(second.status, 409) << second.body;
  EXPECT_EQ(second.json().at("activeRun").at("runID"), run);
  model().release();
  run_to_end(id, run);
  EXPECT_EQ(server_.get(path(id, "/message")).json().size(), 2U);
}

TEST_F(TandemSessions, PromptSyncWaitsForTheAnswer) {
  const std::string id = new_session();
  script_answer();
  const Answer answer = server_.post(path(id, "/prompt_sync"), {{"text", "hi"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json().at("reply"), "Hello");
  EXPECT_EQ(server_.post(path("none", "/prompt_sync"), {{"text", "hi"}}).status, 404);
}

TEST_F(TandemSessions, PromptSyncStreamsItsRun) {
  const std::string id = new_session();
  script_answer();
  WireStream stream(server_.port(), {.method = "POST",
                                     .target = path(id, "/prompt_sync"),
                                     .body = R"({"parts":[{"type":"text","text":"hi"}]})",
                                     .token = server_.token,
                                     .headers = {{"Accept", "text/event-stream"}}});
  std::vector<Json> events;
  while (const auto event = stream.next()) events.push_back(event->json());
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().at("type"), "session.run.started");
  EXPECT_EQ(events.back().at("type"), "run.completed") << "it ends before session.run.finished";
  EXPECT_EQ(said_in(events), "Hello");
}

TEST_F(TandemSessions, APromptHasToSaySomething) {
  const std::string id = new_session();
  const std::pair<const char*, std::string> rows[] = {
      {R"({})", "parts"},
      {R"({"parts":[]})", "parts"},
      {R"({"parts":"hi"})", "parts"},
      {R"({"parts":[{"type":"video"}]})", "parts[0].type"},
      {R"({"parts":[{"type":"file"}]})", "parts[0].url"},
      {R"({"text":"hi","toolMode":"always"})", "toolMode"},
      {R"({"text":"hi","contextMode":"none"})", "contextMode"},
      {R"({"text":"hi","toolAllowlist":"read"})", "toolAllowlist"},
  };
  for (const auto& [body, field] : rows) {
    const Answer answer = server_.ask("POST", path(id, "/prompt_async"), body);
    EXPECT_EQ(answer.status, 422) << body << answer.body;
    EXPECT_EQ(answer.json().at("field"), field);
  }
}

TEST_F(TandemSessions, TitlesAreMadeOfTheFirstMessageWhereThereIsNone) {
  const auto title_after = [&](const Json& body) {
    const std::string id = make(body).at("id");
    script_answer();
    run_to_end(id, run_of(prompt(id, "Plan the trip\nto Rome")));
    return server_.get(path(id)).json().at("title").get<std::string>();
  };
  EXPECT_EQ(make({{"title", ""}}).at("title"), "New session");
  EXPECT_THAT(title_after({{"title", "New session"}}), HasSubstr("Plan the trip"));
  EXPECT_EQ(title_after({{"title", "Tandem SDK Session"}}), "Tandem SDK Session");
}

TEST_F(TandemSessions, ARunsEventsAreAlsoAList) {
  const std::string id = new_session();
  script_answer();
  const std::string run = run_of(prompt(id));
  const auto streamed = run_to_end(id, run);
  const Json listed = server_.get("/run/" + run + "/events").json();
  ASSERT_EQ(listed.size(), streamed.size() - 2);
  EXPECT_EQ(listed.at(0).at("type"), "session.run.started");
  const std::int64_t third = listed.at(2).at("seq");
  EXPECT_EQ(server_.get("/run/" + run + "/events?since_seq=" + std::to_string(third)).json().size(),
            listed.size() - 3);
  const Json tail = server_.get("/run/" + run + "/events?tail=1").json();
  ASSERT_EQ(tail.size(), 1U);
  EXPECT_EQ(tail.at(0).at("type"), "session.run.finished");
  EXPECT_EQ(server_.get("/run/none/events").status, 404);
  EXPECT_EQ(server_.get("/run/" + run + "/events?tail=x").status, 400);
  WireStream stream =
      server_.stream("/api/run/" + run + "/events", {{"Accept", "text/event-stream"}});
  EXPECT_EQ(stream.next()->json().at("type"), "run.stream.connected");
  EXPECT_EQ(events_until(stream, "session.run.finished").size(), listed.size());
}

TEST_F(TandemSessions, LongEventsStayJson) {
  const std::string id = new_session();
  const std::string book(100'000, 'x');
  model().script({text(book), reply({core::TextPart{book}})});
  WireStream stream = server_.stream(events_of(id, run_of(prompt(id, std::string(50'000, 'y')))));
  std::string said;
  for (auto event = stream.next(); event; event = stream.next()) {
    EXPECT_LE(event->data.size(), 16'000U);
    const Json json = event->json();
    if (json.at("type") == "session.response") said += json.at("properties").at("delta");
    if (json.at("type") == "session.run.finished") break;
  }
  EXPECT_EQ(said, book) << "no word of the answer is lost";
}

TEST_F(TandemSessions, ASummaryLeavesTheSessionAsItIs) {
  const std::string id = new_session();
  EXPECT_EQ(server_.post(path(id, "/summarize")).json(), (Json{{"ok", true}, {"summary", ""}}));
  script_answer();
  run_to_end(id, run_of(prompt(id)));
  script_answer("They greeted.");
  EXPECT_EQ(server_.post(path(id, "/summarize")).json(),
            (Json{{"ok", true}, {"summary", "They greeted."}}));
  const auto requests = model().requests();
  EXPECT_TRUE(requests.back().tools.empty());
  EXPECT_EQ(requests.back().messages.size(), 3U) << "what was said, and what is wanted";
  EXPECT_EQ(server_.get(path(id, "/message")).json().size(), 2U);
  EXPECT_EQ(server_.get("/session").json().at("count"), 1) << "the copy is gone";
  EXPECT_EQ(server_.post(path("none", "/summarize")).status, 404);
}

TEST_F(TandemSessions, TodosAreTheLastPlan) {
  const std::string id = new_session();
  EXPECT_EQ(server_.get(path(id, "/todo")).json(), Json::array());
}

// A key makes a prompt start one run, however often it is sent.
TEST_F(TandemSessions, AnIdempotencyKeyStartsOneRun) {
  const std::string id = new_session();
  script_answer();
  const net::Headers key = {{"Idempotency-Key", "once"}};
  const std::string target = path(id, "/prompt_async?return=run");
  const Answer first = server_.ask("POST", target, R"({"text":"hi"})", key);
  run_to_end(id, run_of(first));
  EXPECT_EQ(server_.ask("POST", target, R"({"text":"hi"})", key).json(), first.json());
  EXPECT_EQ(model().requests().size(), 1U);
}

// --- files --------------------------------------------------------------------------------------

class TandemFiles : public TandemSessions {
 protected:
  static constexpr const char* pixel =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
      "gg==";
  Answer send(const std::string& id, const Json& file) {
    return server_.post(path(id, "/prompt_async?return=run"),
                        {{"parts", Json::array({file, {{"type", "text"}, {"text", "Look"}}})}});
  }
};

TEST_F(TandemFiles, OfADataUrlReachTheModel) {
  const std::string id = new_session();
  script_answer();
  const Json file = {{"type", "file"},
                     {"mime", "image/png"},
                     {"filename", "dot.png"},
                     {"url", std::string("data:image/png;base64,") + pixel}};
  run_to_end(id, run_of(send(id, file)));
  const auto requests = model().requests();
  ASSERT_EQ(requests.size(), 1U);
  const auto* shown = std::get_if<core::FilePart>(&requests[0].messages.back().parts[0]);
  ASSERT_NE(shown, nullptr);
  EXPECT_EQ(shown->mime, "image/png");
  EXPECT_THAT(shown->url, HasSubstr(std::string(pixel).substr(0, 40)));
  const Json messages = server_.get(path(id, "/message")).json();
  EXPECT_THAT(messages.at(0).at("parts").at(0).at("text").get<std::string>(),
              HasSubstr("[file mime=image/png name=dot.png url="));
}

TEST_F(TandemFiles, OfTheDirectoryReachTheModelAndNoOthers) {
  const std::string directory = folder_.file("project");
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/notes.txt") << "the secret word is plum";
  std::ofstream(folder_.file("outside.txt")) << "not yours";
  const std::string id = make({{"directory", directory}}).at("id");
  for (const std::string& url :
       {directory + "/notes.txt", "file://" + directory + "/notes.txt", std::string("notes.txt")}) {
    script_answer();
    run_to_end(id, run_of(send(id, {{"type", "file"}, {"mime", "text/plain"}, {"url", url}})));
    const auto requests = model().requests();
    const auto* shown = std::get_if<core::FilePart>(&requests.back().messages.back().parts[0]);
    ASSERT_NE(shown, nullptr) << url;
    EXPECT_EQ(shown->filename, "notes.txt");
  }
  const std::size_t asked = model().requests().size();
  for (const std::string& url : {folder_.file("outside.txt"), std::string("/etc/passwd"),
                                 directory + "/../outside.txt", directory + "/none.txt"}) {
    const auto events =
        run_to_end(id, run_of(send(id, {{"type", "file"}, {"mime", "text/plain"}, {"url", url}})));
    const Json end = events.back().at("properties");
    EXPECT_EQ(end.at("status"), "error") << url;
    EXPECT_THAT(end.at("error").get<std::string>(), HasSubstr("parts[0].url")) << url;
    const auto is_error = [](const Json& event) { return event.at("type") == "session.error"; };
    const auto error = std::ranges::find_if(events, is_error);
    ASSERT_NE(error, events.end());
    EXPECT_EQ(error->at("properties").at("error").at("code"), "ENGINE_DISPATCH_FAILED");
    const Json messages = server_.get(path(id, "/message")).json();
    EXPECT_THAT(messages.dump(), ::testing::Not(HasSubstr("not yours")));
    const Json& asked_for = messages.at(messages.size() - 2);
    EXPECT_THAT(asked_for.at("parts").at(0).at("text").get<std::string>(),
                HasSubstr("[file mime=text/plain name= url=" + url + "]"));
    EXPECT_EQ(asked_for.at("parts").at(1).at("text"), "Look");
  }
  EXPECT_EQ(model().requests().size(), asked) << "no model was asked";
}

}  // namespace
}  // namespace colonnade::tests
