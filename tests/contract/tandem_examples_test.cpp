// The contract's examples (tandem-examples.jsonl) of sessions, runs, streams, permissions and
// questions, against a server: the same status, and every member of the example with a value of its
// type. Ids, times and texts are the server's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem_examples.hpp"
#include "tandem_server.hpp"
#include "tools/builtin/question.hpp"
#include "tools/builtin/todo_write.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

constexpr const char* session_id = "3f0c8a52-6d1e-4b0f-9a57-0d7c1f2e9b11";
constexpr const char* other_session_id = "a6a1d8de-0c5b-4f5d-8a54-5d9c6a3b7e20";
constexpr const char* run_id = "9a4f2c7e-1b33-4d1c-b2a8-6e5d4c3b2a19";
constexpr const char* request_id = "6f5e4d3c-2b1a-4c0d-8e9f-a0b1c2d3e4f5";

// Rows that no request to this server brings about, and why.
const std::map<std::string, std::string>& not_played() {
  static const std::string real = "the real engine's form, which only clients read; ours: ";
  static const std::string later = "not sent yet";
  static const std::map<std::string, std::string> rows = {
      {"error.engine_starting", "needs a store that cannot write: TandemReadiness"},
      {"engine046.sessions.list", real + "sessions.list"},
      {"engine046.event.message.part.updated.text", real + "event.message.part.updated.text"},
      {"engine046.event.message.part.updated.tool_delta", real + "the whole arguments at once"},
      {"event.memory.write.succeeded", later},
      {"event.memory.search.performed", later},
      {"event.memory.context.injected", later},
      {"event.mcp.tools.updated", later},
  };
  return rows;
}

// Rows of the routes of automation, which are played with those.
bool is_of_automation(std::string_view name) {
  for (const std::string_view begin : {"event.", "engine046."}) {
    if (name.starts_with(begin)) name.remove_prefix(begin.size());
  }
  for (const std::string_view begin :
       {"workflow_plans.", "ts064.", "agent_team.", "agent_teams.", "channels."}) {
    if (name.starts_with(begin)) return true;
  }
  return false;
}

// A tool under a name of the examples'.
class NamedTool final : public tools::Tool {
 public:
  NamedTool(std::string name, tools::Effect effect, std::string result)
      : effect_(effect), result_(std::move(result)) {
    definition_.name = std::move(name);
    definition_.description = "Answers.";
    definition_.input_schema = {{"type", "object"}};
  }
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return effect_; }
  bool uses_workspace() const override { return false; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, Json, std::stop_token) override {
    co_return core::ToolOutcome{.content = result_};
  }

 private:
  tools::Effect effect_;
  std::string result_;
  core::ToolDefinition definition_;
};

TandemServerOptions options_of(const TemporaryFolder& folder) {
  TandemServerOptions out;
  out.engine.workspaces = folder.file("workspaces");
  out.engine.extra_tools.push_back(
      std::make_unique<NamedTool>("read", tools::Effect::none, "# Project"));
  out.engine.extra_tools.push_back(
      std::make_unique<NamedTool>("shell", tools::Effect::changes, "README.md"));
  out.engine.extra_tools.push_back(std::make_unique<tools::QuestionTool>());
  out.engine.extra_tools.push_back(std::make_unique<tools::TodoWriteTool>());
  return out;
}

class TandemExamples : public ::testing::Test {
 protected:
  void TearDown() override { expect_played(played_); }
  ScriptedProvider& model() { return *server_.engine.model; }
  std::string new_session() {
    const Json body = {{"title", "My agent"},
                       {"directory", folder_.file("project")},
                       {"model", {{"providerID", "scripted"}, {"modelID", "scripted-1"}}},
                       {"provider", "scripted"}};
    return server_.post("/session", body).json().at("id");
  }
  std::string prompt(const std::string& session) {
    const Answer started =
        server_.post("/session/" + session + "/prompt_async?return=run", {{"text", "hi"}});
    EXPECT_EQ(started.status, 202) << started.body;
    return started.json().at("runID");
  }
  std::vector<Json> until(const std::string& session, const std::string& run,
                          const std::string& type) {
    WireStream stream = server_.stream("/event?sessionID=" + session + "&runID=" + run);
    return events_until(stream, type);
  }
  void script_answer() {
    model().script(
        {text("It is "), text("a project."), reply({core::TextPart{"It is a project."}})});
  }
  static Json plan() {
    const Json item = {{"content", "Audit contracts"}, {"status", "pending"}};
    return {{"todos", Json::array({item})}};
  }
  // A session that was asked twice, and whose model used tools.
  std::string used_session() {
    const std::string session = new_session();
    model().script({tool_call("c1", "read", {{"path", "README.md"}})});
    script_answer();
    until(session, prompt(session), "session.run.finished");
    model().script({tool_call("c2", "todo_write", plan())});
    script_answer();
    until(session, prompt(session), "session.run.finished");
    return session;
  }
  std::string busy_session() {
    const std::string session = new_session();
    model().script({text("Half"), Hold{}, reply({core::TextPart{"Half"}})});
    names_[run_id] = prompt(session);
    return session;
  }
  // A run that asks, until its event is there.
  std::vector<Json> asking(const std::string& tool, const Json& arguments, const std::string& type,
                           bool goes_on = true) {
    const std::string session = new_session();
    model().script({tool_call("c1", tool, arguments)});
    if (goes_on) script_answer();
    const std::string run = prompt(session);
    auto events = until(session, run, type);
    for (const Json& event : events) {
      const Json& properties = event.at("properties");
      if (event.at("type") == type && properties.contains("id"))
        names_[request_id] = properties.at("id");
    }
    names_[session_id] = session;
    names_[run_id] = run;
    return events;
  }
  std::string filled(std::string text) const {
    for (const auto& [example, actual] : names_) {
      for (auto at = text.find(example); at != std::string::npos; at = text.find(example, at)) {
        text.replace(at, example.size(), actual);
      }
    }
    return text;
  }
  // Sends the row as its client does, and compares.
  Json play(const std::string& name) {
    const Json row = rows_.at(name);
    played_.insert(name);
    const std::string body = row.at("request").is_null() ? "" : filled(row.at("request").dump());
    const Answer answer = server_.ask(row.at("method"), filled(row.at("path")), body);
    EXPECT_EQ(answer.status, row.at("status")) << name << ": " << answer.body;
    if (row.at("response").is_null()) return nullptr;
    const Json actual = answer.json();
    has_members(row.at("response"), actual, name);
    return actual;
  }
  void play_event(const std::string& name, const std::vector<Json>& events) {
    const Json example = rows_.at("event." + name).at("event");
    played_.insert("event." + name);
    for (const Json& event : events) {
      const bool failed = event.at("properties").contains("error");
      const bool wanted = example.at("properties").contains("error") &&
                          !example.at("properties").at("error").is_null();
      const auto state = [](const Json& one) {
        const Json& properties = one.at("properties");
        return properties.contains("part") ? properties.at("part").value("state", "text") : "";
      };
      const bool same =
          event.at("type") == example.at("type") && failed == wanted &&
          state(event) == state(example) &&
          event.at("properties").contains("delta") == example.at("properties").contains("delta");
      if (!same) continue;
      const bool prompt = event.at("properties").contains("agent");
      if (!prompt) return has_members(example, event, name);
    }
    ADD_FAILURE() << "no event like " << name;
  }

  TemporaryFolder folder_;
  TandemServer server_{folder_.file("colonnade.db"), options_of(folder_)};
  std::map<std::string, Json> rows_ = tandem_examples();
  std::map<std::string, std::string> names_{};
  std::set<std::string> played_{};
};

TEST(TandemExampleRows, EachIsPlayedOrHasAReason) {
  std::set<std::string> played;
  for (const auto& [test, rows] : played_tandem_rows()) played.insert(rows.begin(), rows.end());
  const auto rows = tandem_examples();
  ASSERT_GE(rows.size(), 184U);
  for (const auto& [name, row] : rows) {
    const int places =
        int(played.contains(name)) + int(not_played().contains(name)) + int(is_of_automation(name));
    EXPECT_EQ(places, 1) << name << " is played, has a reason, or is of automation";
  }
  for (const std::string& name : played) EXPECT_TRUE(rows.contains(name)) << name;
  for (const auto& [name, reason] : not_played()) EXPECT_TRUE(rows.contains(name)) << name;
}

TEST_F(TandemExamples, OfTheDoor) {
  played_ = {"client.health", "error.auth_required"};
  const Answer health = call(server_.port(), {.target = "/global/health"});
  Json example = rows_.at("client.health").at("response");
  example.erase("workspace_root");  // what is open to everybody names no folder
  has_members(example, health.json(), "client.health");
  const Answer refused = call(server_.port(), {.target = "/session"});
  EXPECT_EQ(refused.status, rows_.at("error.auth_required").at("status"));
  EXPECT_EQ(refused.json(), rows_.at("error.auth_required").at("response"));
}

TEST_F(TandemExamples, OfTools) {
  const Json ids = play("client.list_tool_ids");
  for (const Json& one : rows_.at("client.list_tool_ids").at("response")) {
    const bool of_this_server = one == "bash" || one == "read" || one == "todo_write";
    if (of_this_server) EXPECT_NE(std::ranges::find(ids, one), ids.end()) << one;
  }
  // Of the one tool that the example has.
  Json& listed = rows_.at("client.list_tools").at("response");
  listed.front().at("input_schema").erase("properties");
  listed.front().at("input_schema").erase("required");
  play("client.list_tools");
  EXPECT_EQ(play("client.execute_tool").at("output"), "# Project");
}

TEST_F(TandemExamples, OfSessions) {
  names_["/srv/project"] = folder_.file("project");
  names_["openrouter"] = "scripted";
  Json& created = rows_.at("sessions.create").at("response");
  created.erase("model");  // the row asks for none
  created.erase("provider");
  play("sessions.create");
  play("sessions.create.with_model");
  names_[session_id] = used_session();
  names_["%2Fsrv%2Fproject"] = folder_.file("project");
  std::filesystem::create_directories(folder_.file("project"));
  play("sessions.list");
  play("sessions.get");
  play("sessions.messages");
  play("sessions.todos");
  names_[other_session_id] = new_session();
  play("sessions.active_run.none");
  play("sessions.diff");
  play("sessions.revert");
  play("sessions.unrevert");
  script_answer();
  play("sessions.summarize");
  play("sessions.fork");
  play("sessions.children");
  play("sessions.attach");
  play("sessions.update");
  play("sessions.delete");
}

TEST_F(TandemExamples, OfRuns) {
  names_[session_id] = new_session();
  for (const char* name : {"sessions.prompt_async", "sessions.prompt_sync"}) {
    script_answer();
    const Json started = play(name);
    until(names_[session_id], started.at("runID"), "session.run.finished");
    names_[run_id] = started.at("runID");
  }
  play("client.run_events");
  model().script({tool_call("c1", "read", {{"path", "README.md"}})});
  script_answer();
  const Json routed = play("sessions.prompt_async.routing");
  until(names_[session_id], routed.at("runID"), "session.run.finished");
  play("sessions.prompt_async.not_found");
  names_[session_id] = busy_session();
  play("sessions.active_run");
  play("sessions.abort");
  names_[session_id] = busy_session();
  play("sessions.cancel");
  names_[session_id] = busy_session();
  play("sessions.cancel_run");
  WireStream all = server_.stream("/global/event");
  names_[other_session_id] = busy_session();
  const Json refused = play("sessions.prompt_async.conflict");
  std::vector<Json> told;
  while (const auto event = all.next()) {
    told.push_back(event->json());
    if (told.back().at("type") == "session.run.conflict") break;
  }
  play_event("session.run.conflict", told);
  EXPECT_EQ(told.back().at("runID"), refused.at("activeRun").at("runID"));
  // Its file is outside of what may be read (§6).
  names_[session_id] = new_session();
  play("sessions.prompt_async_parts");
  const Answer messages = server_.ask("GET", "/session/" + names_[session_id] + "/message", "");
  EXPECT_THAT(messages.body, testing::HasSubstr("ENGINE_ERROR")) << "its run fails";
}

TEST_F(TandemExamples, OfPermissionsAndQuestions) {
  asking("shell", {{"command", "ls"}}, "permission.request");
  Json& list = rows_.at("permissions.list").at("response");
  list.erase("rules");  // those of the example are another's
  play("permissions.list");
  play("permissions.reply");
  play("permissions.reply.invalid");
  play("permissions.reply.not_found");
  until(names_[session_id], names_[run_id], "session.run.finished");
  asking("question", {{"question", "Pick one"}, {"options", {"A"}}}, "question.asked");
  names_["q-1"] = names_[request_id];
  play("questions.list");
  play("questions.reply");
}

TEST_F(TandemExamples, OfEvents) {
  const std::string session = new_session();
  model().script({tool_call("c1", "read", {{"path", "README.md"}})});
  model().script({tool_call("c2", "todo_write", plan())});
  script_answer();
  const auto events = until(session, prompt(session), "session.run.finished");
  for (const char* name :
       {"server.connected", "engine.lifecycle.ready", "session.run.started", "session.status",
        "session.response.delta", "session.tool_call", "session.tool_result",
        "message.part.updated.text", "message.part.updated.tool_running",
        "message.part.updated.tool_completed", "todo.updated", "provider.usage", "session.updated",
        "run.completed", "session.run.finished"}) {
    play_event(name, events);
  }
  const auto asked = asking("shell", {{"command", "ls"}}, "permission.request");
  play_event("permission.asked", asked);
  play_event("permission.request", asked);
  server_.post("/permission/" + names_[request_id] + "/reply", {{"reply", "deny"}});
  const auto denied = until(names_[session_id], names_[run_id], "session.run.finished");
  play_event("permission.replied", denied);
  play_event("session.tool_result.failed", denied);
  const auto question =
      asking("question", {{"question", "Pick one"}, {"options", {"A"}}}, "question.asked",
             /*goes_on=*/false);
  play_event("question.asked", question);
  const std::string failing = new_session();
  model().script({Break{{.kind = base::ErrorKind::upstream, .message = "connect timeout"}}});
  const auto failed = until(failing, prompt(failing), "session.run.finished");
  play_event("session.error", failed);
  play_event("run.failed", failed);
}

}  // namespace
}  // namespace colonnade::tests
